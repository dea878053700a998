#!/bin/bash
# Everything that can be tested, on a fresh Debian 12 or 13: installs what the tests need, builds,
# runs every suite. The last line is "N passed, N failed", with ", N skipped" where that happened.
#
# usage: sudo tests/run.sh [SUITE...]      tests/run.sh --list shows the suites
set -u
cd "$(dirname "$0")/.." || exit 1

PACKAGES="gcc make libc6-dev pkg-config git ca-certificates libsystemd-dev libmicrohttpd-dev libwslay-dev
  libjansson-dev libcurl4-openssl-dev libssl-dev libconfig-dev libsrtp2-dev libhiredis-dev libnice-dev libcmocka-dev
  clang chromium firefox-esr procps iproute2 fonts-dejavu-core openssl curl gnutls-bin libnss3-tools socat
  nftables iptables ufw jq"
SERVERS="nginx libnginx-mod-stream redis-server apache2-bin caddy haproxy bind9 bind9-dnsutils pebble coturn"
PACKAGING="build-essential debhelper po-debconf lintian rpm rpmlint piuparts apt-utils faketime"
MACHINES="systemd-container mmdebstrap"
FUZZ_SECONDS=${FUZZ_SECONDS:-3}

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

have() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

install_packages() {
    local missing=() p
    for p in "$@"; do have "$p" || missing+=("$p"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "tests/run.sh: these packages are missing: ${missing[*]}; run it with sudo once" >&2
        return 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q || return 1
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# What we are compared with, where this Debian has it: its tests are left out without it. It is ours
# to start; as a service of the machine it would take ports of its own.
install_janus() {
    have janus && return 0
    [ "$(id -u)" -eq 0 ] && apt-cache show janus >/dev/null 2>&1 || return 0
    mkdir -p /etc/systemd/system && ln -sfn /dev/null /etc/systemd/system/janus.service && install_packages janus
}

prepare() {
    # Node.js may have come from elsewhere, with an npm of its own that Debian's would conflict with.
    command -v node >/dev/null && command -v npm >/dev/null || PACKAGES="$PACKAGES nodejs npm"
    # shellcheck disable=SC2086 # a list of words
    install_packages $PACKAGES $SERVERS $PACKAGING $MACHINES || return 1
    install_janus || return 1
    # libFuzzer and the sanitizers of clang have its version in their name.
    install_packages "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
}

# Runs one suite. A suite's own last line of the form "N passed, N failed[, N skipped]" is counted;
# one without such a line, or with another exit status than it says, counts as one failure.
suite() {
    local name=$1 log="$logs/$1" status line p f s begin=$SECONDS
    shift
    printf '\n=== %s\n' "$name"
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1)
    read -r p f s < <(sed -E 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/' <<<"${line:-0 passed, 0 failed}")
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
        echo "$name: exit status $status"
        f=1
    fi
    if [ $((p + f + ${s:-0})) -eq 0 ]; then
        echo "$name: no test was run"
        f=1
    fi
    echo "$p $f ${s:-0}" >"$logs/$name.sum"
    printf -- '--- %s: %s passed, %s failed, %s skipped, %s s\n' "$name" "$p" "$f" "${s:-0}" $((SECONDS - begin))
}

build_all() {
    make -j"$(nproc)" all && make -j"$(nproc)" CC=clang O=build/clang bins && echo '2 passed, 0 failed'
}

check() {
    make -j"$(nproc)" "$@"
}

# All are built first: those that run side by side must not build the same library.
fuzz() {
    local names ok=0 bad=0 f
    names=$(find tests/fuzz -name 'fuzz_*.c' -printf '%f\n' | sed 's/^fuzz_//; s/\.c$//' | sort)
    # shellcheck disable=SC2046,SC2086 # a list of words
    make -j"$(nproc)" FLAVOUR=fuzz $(printf 'build/fuzz/fuzz/%s ' $names) >"$logs/build-fuzz" 2>&1 ||
        { tail -n 30 "$logs/build-fuzz"; return 1; }
    # shellcheck disable=SC2016 # expanded inside
    xargs -P "$(nproc)" -I NAME sh -c '
        if make --no-print-directory "fuzz-$1" FUZZ_SECONDS="$2" >"$3/fuzz-$1" 2>&1; then touch "$3/fuzz-$1.ok"; fi' \
        - NAME "$FUZZ_SECONDS" "$logs" <<<"$names"
    for f in $names; do
        if [ -e "$logs/fuzz-$f.ok" ]; then
            ok=$((ok + 1))
        else
            bad=$((bad + 1))
            echo "FAILED fuzz-$f"
            tail -n 40 "$logs/fuzz-$f"
        fi
    done
    echo "$ok passed, $bad failed"
    [ "$bad" -eq 0 ]
}

# The suite's command needs the programs of a flavour.
with_build() {
    local flavour=$1
    shift
    make -j"$(nproc)" FLAVOUR="$flavour" all >"$logs/build-$flavour" 2>&1 || { tail -n 30 "$logs/build-$flavour"; return 1; }
    "$@"
}

# Those without a line of their own below are tests/system/<suite>.sh build/release.
SUITES="build check units config apply certs nginx snippets run cli doctor env-init dnsapi acme packages piuparts install dev
  sessions probe turn turn_web turn_flood netem machine-bookworm machine-trixie asan tsan coverage fuzz conformance restarts e2e e2e-asan"

run_suite() {
    case $1 in
    build) suite build build_all ;;
    check) suite check check check ;;
    asan) suite asan check asan ;;
    tsan) suite tsan check tsan ;;
    coverage) suite coverage check coverage ;;
    fuzz) suite fuzz fuzz ;;
    conformance) suite conformance with_build release tests/conformance/run.sh build/release ;;
    e2e) suite e2e with_build release tests/e2e/run.sh build/release ;;
    e2e-asan) suite e2e-asan with_build asan tests/e2e/run.sh build/asan --sanitized ;;
    machine-*) suite "$1" tests/system/machine.sh "${1#machine-}" ;;
    *) suite "$1" with_build release "tests/system/$1.sh" build/release ;;
    esac
}

if [ "${1-}" = --list ]; then
    echo "$SUITES"
    exit 0
fi
for s in "$@"; do
    case " $SUITES " in
    *" $s "*) ;;
    *)
        echo "tests/run.sh: there is no suite '$s'; the suites are: $SUITES" >&2
        exit 2
        ;;
    esac
done
prepare || exit 1

# These wait a lot: one after the other in each lane, beside the rest. Those of the first lane have packages in
# folders that they share.
LANES=("packages piuparts install machine-bookworm machine-trixie" "turn acme nginx apply certs doctor snippets turn_web dev")

# lane_of SUITE: the number of its lane; none: with the rest.
lane_of() {
    local i
    for i in "${!LANES[@]}"; do
        case " ${LANES[i]} " in *" $1 "*) echo "$i" ;; esac
    done
}

rest=
lanes=()
# shellcheck disable=SC2048,SC2086 # a list of words
for s in ${*:-$SUITES}; do
    i=$(lane_of "$s")
    if [ -n "$i" ]; then lanes[i]="${lanes[i]-} $s"; else rest="$rest $s"; fi
done
if [ ${#lanes[@]} -gt 0 ]; then
    # All lanes find it built.
    make -j"$(nproc)" all >"$logs/build-all" 2>&1 || { tail -n 30 "$logs/build-all"; echo '0 passed, 1 failed'; exit 1; }
    for i in "${!lanes[@]}"; do
        for s in ${lanes[i]}; do run_suite "$s"; done >"$logs/lane-$i" 2>&1 &
        printf '\n=== beside the others, and told at their end:%s\n' "${lanes[i]}"
    done
fi
for s in $rest; do run_suite "$s"; done
wait
for i in "${!lanes[@]}"; do cat "$logs/lane-$i"; done

read -r passed failed skipped < <(cat "$logs"/*.sum | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
# shellcheck disable=SC2048 # a list of words
for s in $rest ${lanes[*]-}; do
    [ -f "$logs/$s.sum" ] && continue
    echo "$s came to no end"
    failed=$((failed + 1))
done
echo
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
