#!/bin/bash
# Are the units right, and are their sandboxes as tight as they were meant? Asks systemd-analyze of
# this machine and, with VISAVIS_ROOTS, of roots of other releases: folders, each with a systemd of
# its own. usage: tests/system/units.sh build/<flavour>
set -u
cd "$(dirname "$0")/../.." || exit 1
out=$1
flavour=$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# service: the most exposure it may have, times ten
limits='
visavis-signaling: 13
visavis-media: 13
visavis-turn: 13
visavis-call: 13
visavis-redis: 13
visavis-setup: 25
visavis-cert: 26
visavis-degraded@x: 22
visavis-stop: 22
'

expect() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "FAILED $what"
    tail -n 30 "$work/log"
}

# What verify needs of a system beside ours: its own units, and the programs that ours name.
prepare_root() {
    make --no-print-directory FLAVOUR="$flavour" O="$out" install DESTDIR="$work/root" >/dev/null || return 1
    mkdir -p "$work/root/etc" "$work/root/usr/share"
    for f in network.target sysinit.target sockets.target basic.target shutdown.target multi-user.target dbus.socket \
        local-fs.target swap.target paths.target timers.target slices.target umount.target -.slice system.slice; do
        f=$(find /usr/lib/systemd/system /lib/systemd/system -maxdepth 1 -name "$f" 2>/dev/null | head -n 1)
        [ -z "$f" ] || cp -L "$f" "$work/root/usr/lib/systemd/system/"
    done
    for f in /bin/kill /bin/true /usr/bin/systemctl; do
        mkdir -p "$work/root$(dirname $f)"
        cp "$(readlink -f $f)" "$work/root$f"
    done
    cp "$work/root/usr/lib/visavis/visavis-call" "$work/root/usr/lib/visavis/redis-server.real"
    ln -sf redis-server.real "$work/root/usr/lib/visavis/redis-server"
}

# verify prints what it finds, and ends with 0 all the same where it only ignores a line.
verify() {
    local said
    said=$("$@" 2>&1) || { echo "$said"; return 1; }
    [ -z "$said" ] || { echo "$said"; return 1; }
}

# Without /proc systemd takes it that there is no IPv6.
in_root() {
    unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$@"
}

# name, the installed tree as that systemd-analyze sees it, its command
check() {
    local name=$1 tree=$2 unit limit analyze=("${@:3}")
    for unit in "$work"/root/usr/lib/systemd/system/visavis*.*; do
        unit=$(basename "$unit")
        [ "$unit" != visavis-.service.d ] || continue
        expect "$name: verify $unit" verify "${analyze[@]}" --man=no --root="$tree" verify "${unit/@./@x.}"
    done
    while IFS=': ' read -r unit limit; do
        [ -n "$unit" ] || continue
        expect "$name: $unit is exposed by $limit/10 at most" \
            "${analyze[@]}" security --offline=yes --threshold="$limit" --root="$tree" "$unit.service"
    done <<<"$limits"
}

prepare_root || { echo '0 passed, 1 failed'; exit 1; }
check here "$work/root" systemd-analyze
for root in ${VISAVIS_ROOTS-}; do
    tree=$(mktemp -d "$root/tmp/units.XXXXXX")
    cp -a "$work/root/." "$tree/"
    check "$(basename "$root")" "/tmp/$(basename "$tree")" in_root "$root" systemd-analyze
    rm -rf "$tree"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
