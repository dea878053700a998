#!/bin/bash
# The visavis command as people and shells meet it, on a machine without systemd.
# usage: tests/system/cli.sh build/<flavour>
set -u
visavis=$(cd "$1" && pwd)/bin/visavis
work=$(mktemp -d)
passed=0
failed=0
trap 'rm -rf "$work"' EXIT

# Everything below this folder; so there is no service manager either.
export VISAVIS_ROOT=$work/root
mkdir -p "$VISAVIS_ROOT"

# Runs the command; $status, $work/out and $work/err tell.
run() {
    "$visavis" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}

expect() {
    local what=$1
    shift
    "$@" && return 0
    echo "    not so: $what"
    return 1
}

exits() { expect "exit status $1, it is $status" [ "$status" -eq "$1" ]; }
says() { expect "stdout says '$1'" grep -qF -- "$1" "$work/out"; }
complains() { expect "stderr says '$1'" grep -qF -- "$1" "$work/err"; }

test_case() {
    if "$2"; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failed=$((failed + 1))
        echo "FAILED  $1"
        sed 's/^/    out: /' "$work/out" | tail -n 15
        sed 's/^/    err: /' "$work/err" | tail -n 15
    fi
}

verbs() { "$visavis" help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'; }

helps() {
    run help
    exits 0 || return 1
    [ "$(verbs | wc -l)" -gt 5 ] || return 1
    for v in $(verbs); do
        run "$v" --help
        exits 0 && says "usage: visavis $v" && says --help || return 1
        cp "$work/out" "$work/first"
        run help "$v"
        cmp -s "$work/first" "$work/out" || return 1
    done
}

has_json_everywhere() {
    for v in $(verbs); do
        run "$v" --help
        # those that only have verbs below them, and what prints no result at all
        grep -q '^usage: visavis [a-z]* VERB' "$work/out" && continue
        case $v in dev | run) continue ;; esac
        says --json || { echo "    $v"; return 1; }
    done
}

suggests() {
    run statsu
    exits 2 && complains "did you mean 'status'?" || return 1
    run logs --folow
    exits 2 && complains 'did you mean --follow?' || return 1
    run
    exits 2 && complains 'usage: visavis VERB'
}

units_are_checked() {
    run logs medai
    exits 2 && complains "did you mean 'media'?" || return 1
    run start zebra
    exits 2 && complains 'there are signaling, media, turn' || return 1
    run stop nginx
    exits 2 && complains 'may serve other sites' || return 1
    run logs -n many
    exits 2 && complains 'for example 100'
}

names_run_without_systemd() {
    for v in start stop restart status logs kms-logs; do
        run $v
        exits 1 && complains "visavis $v: systemd does not run this machine; \`visavis run\`" || return 1
        expect 'one line' [ "$(wc -l <"$work/err")" -eq 1 ] || return 1
    done
}

tells_versions() {
    run version
    exits 0 && says 'OpenVidu clients  2.29.0 to 2.32.2' && says kernel || return 1
    grep -q '^visavis  *[0-9]' "$work/out" || return 1
    run --version
    exits 0 && says OpenSSL || return 1
    run version --json
    exits 0 && says '"version": "'
}

names_sudo() {
    VISAVIS_ROOT='' setpriv --reuid=65534 --regid=65534 --clear-groups "$visavis" report \
        >"$work/out" 2>"$work/err" </dev/null
    status=$?
    exits 1 && complains 'visavis report: this needs root: sudo visavis report'
}

notices_a_full_disk() {
    "$visavis" help >/dev/full 2>"$work/err"
    status=$?
    exits 1 && complains 'cannot write'
}

# What a pseudo-terminal shows.
on_terminal() { script -qec "$*" /dev/null </dev/null 2>&1; }

colours_obey() {
    TERM=xterm on_terminal "$visavis" help | grep -q $'\033\[1m' || return 1
    TERM=dumb on_terminal "$visavis" help | grep -q $'\033' && return 1
    TERM=xterm NO_COLOR=1 on_terminal "$visavis" help | grep -q $'\033' && return 1
    run help
    ! grep -q $'\033' "$work/out"
}

completes() {
    local shell
    for shell in bash zsh fish; do
        run completion $shell
        exits 0 || return 1
        cp "$work/out" "$work/$shell"
        command -v $shell >/dev/null || continue
        $shell -n "$work/$shell" 2>"$work/err" || return 1
    done
    cat >"$work/try" <<'EOF'
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_visavis
printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' ' -
EOF
    offers() { [ "$(bash "$work/try" "$work/bash" "${@:2}")" = "$1" ] || { echo "    ${*:2}"; return 1; }; }
    offers 'start status stop' visavis st && offers --follow visavis logs --fo &&
        offers 'media' visavis logs -f me && offers logs visavis help lo && offers '' visavis version x
}

has_manual_pages() {
    local page lint=
    run man --into "$work/man"
    exits 0 || return 1
    for v in $(verbs); do
        [ -s "$work/man/visavis-$v.1" ] || { echo "    no page of $v"; return 1; }
    done
    [ -s "$work/man/visavis.1" ] && [ ! -e "$work/man/visavis-man.1" ] || return 1
    command -v mandoc >/dev/null && lint='mandoc -Tlint -W warning'
    [ -z "$lint" ] && command -v groff >/dev/null && lint='groff -man -ww -z -Tutf8 -K utf8'
    for page in "$work"/man/*.1; do
        [ -z "$lint" ] || $lint "$page" >"$work/err" 2>&1 || return 1
        [ ! -s "$work/err" ] || return 1
    done
}

# A marker for each place where a secret can be.
prepare_secrets() {
    mkdir -p "$VISAVIS_ROOT"/etc/visavis "$VISAVIS_ROOT"/var/lib/visavis/conf/1 "$VISAVIS_ROOT"/var/log \
        "$VISAVIS_ROOT"/var/lib/visavis/secrets
    cat >"$VISAVIS_ROOT/etc/visavis/.env" <<'EOF'
DOMAIN_OR_PUBLIC_IP=meet.example.org
OPENVIDU_SECRET=MARKER-env-secret-1
CALL_SECRET=MARKER-call-secret-2
COTURN_SHARED_SECRET_KEY=MARKER-turn-secret-3
OPENVIDU_WEBHOOK=true
OPENVIDU_WEBHOOK_ENDPOINT=https://joe:MARKER-4@hooks.example.org/
OPENVIDU_WEBHOOK_HEADERS=["Authorization: Basic MARKER5=="]
SOMETHING_ELSE=MARKER-6
EOF
    chmod 640 "$VISAVIS_ROOT/etc/visavis/.env"
    {
        echo '# Values in force, written by visavis; changes here are lost.'
        cat "$VISAVIS_ROOT/etc/visavis/.env"
    } >"$VISAVIS_ROOT/var/lib/visavis/conf/1/settings.env"
    echo 'MARKER-generated-secret-7' >"$VISAVIS_ROOT/var/lib/visavis/secrets/turn"
    echo 'turn_secret = "MARKER-rendered-8"; plain = "MARKER-env-secret-1";' \
        >"$VISAVIS_ROOT/var/lib/visavis/conf/1/signaling.cfg"
    ln -sfn 1 "$VISAVIS_ROOT/var/lib/visavis/conf/current"
    cat >"$VISAVIS_ROOT/var/log/visavis.log" <<'EOF'
a line with MARKER-env-secret-1, MARKER-call-secret-2 and MARKER-turn-secret-3
https://joe:MARKER-4@hooks.example.org/ MARKER5== MARKER-6 MARKER-generated-secret-7 MARKER-rendered-8
wss://meet.example.org?sessionId=x&token=tok_MARKER-9
EOF
}

reports_without_secrets() {
    prepare_secrets
    run report --output "$work/report.tar.gz"
    expect 'not without a yes' [ ! -e "$work/report.tar.gz" ] || return 1
    complains '[y/N]' || return 1
    run report --yes --output "$work/report.tar.gz"
    exits 0 && says run.log || return 1
    expect 'root alone can read it' [ "$(stat -c %a "$work/report.tar.gz")" = 600 ] || return 1
    mkdir "$work/unpacked"
    tar -xzf "$work/report.tar.gz" -C "$work/unpacked" || return 1
    for f in versions.txt settings.txt config-check.txt signaling.cfg run.log doctor.json; do
        ls "$work"/unpacked/*/$f >/dev/null || return 1
    done
    ! grep -rn MARKER "$work/unpacked" || return 1
    grep -q 'a line with \[hidden\]' "$work"/unpacked/*/run.log || return 1
    run report --yes --output "$work/report.tar.gz"
    exits 1 && complains 'File exists' || return 1
    run report --yes --json --output "$work/second.tar.gz"
    exits 0 && says '"file": "' && says '"contents": ['
}

leaves_nothing_behind() {
    ! compgen -G '/tmp/visavis-report-*' >/dev/null
}

test_case 'help, and of each verb' helps
test_case '--json everywhere' has_json_everywhere
test_case 'a misspelt verb or option' suggests
test_case 'wrong units and numbers' units_are_checked
test_case 'without systemd: visavis run' names_run_without_systemd
test_case 'versions' tells_versions
test_case 'root needed: sudo' names_sudo
test_case 'a full disk' notices_a_full_disk
test_case 'colours, and none' colours_obey
test_case 'completion' completes
test_case 'manual pages' has_manual_pages
test_case 'a report without secrets' reports_without_secrets
test_case 'no staging folder stays' leaves_nothing_behind

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
