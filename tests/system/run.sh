#!/bin/bash
# `visavis run` in a folder (VISAVIS_ROOT) and a network of its own: it looks after the certificate with a child, and
# who serves it takes another one at once. usage: tests/system/run.sh build/<flavour>
set -u
if [ -z "${RUN_TEST_NETWORK-}" ]; then
    if ! unshare --net true 2>/dev/null; then
        echo 'a network of its own cannot be had here: needs root'
        echo '0 passed, 0 failed, 1 skipped'
        exit 0
    fi
    RUN_TEST_NETWORK=1 exec unshare --net "$0" "$@"
fi
cd "$(dirname "$0")/../.." || exit 1
ip link set lo up
work=$(mktemp -d /tmp/vr.XXXXXX)
export VISAVIS_ROOT=$work/root
visavis=$VISAVIS_ROOT/usr/bin/visavis
owncert=$VISAVIS_ROOT/etc/visavis/owncert
live=$VISAVIS_ROOT/var/lib/visavis/certs/live
log=$work/err
passed=0
failed=0
skipped=0
run=

cleanup() {
    [ -z "$run" ] || { kill -TERM "$run" && wait "$run"; } 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

# shellcheck source=tests/system/lib.sh
. tests/system/lib.sh

settings() {
    printf '%s\n' DOMAIN_OR_PUBLIC_IP=meet.example.org OPENVIDU_SECRET=a-long-enough-secret COTURN_IP=192.0.2.9 PROXY=site "$@" \
        >"$VISAVIS_ROOT/etc/visavis/.env"
    chmod 640 "$VISAVIS_ROOT/etc/visavis/.env"
}

machine() {
    make --no-print-directory FLAVOUR="$(basename "$1")" O="$1" install DESTDIR="$VISAVIS_ROOT" >/dev/null || return 1
    ln -sf /usr/bin/redis-check-rdb "$VISAVIS_ROOT/usr/bin/redis-check-rdb"
    chmod 755 "$work"
    mkdir -p "$VISAVIS_ROOT/etc/visavis" "$VISAVIS_ROOT"/etc/nginx/{sites-enabled,conf.d} "$VISAVIS_ROOT/run" \
        "$VISAVIS_ROOT/var/log/nginx"
    cp -R /etc/nginx/nginx.conf /etc/nginx/mime.types /etc/nginx/modules-enabled "$VISAVIS_ROOT/etc/nginx/"
    sed -i -e "s#/etc/nginx#$VISAVIS_ROOT/etc/nginx#; s#/run/nginx.pid#$VISAVIS_ROOT/run/nginx.pid#" \
        -e "s#/var/log/nginx#$VISAVIS_ROOT/var/log/nginx#" "$VISAVIS_ROOT/etc/nginx/nginx.conf"
}

fingerprint() { openssl x509 -noout -fingerprint -sha256 2>/dev/null; }
of_file() { fingerprint <"$live/fullchain.pem"; }
served() { openssl s_client -connect 127.0.0.1:443 -servername meet.example.org </dev/null 2>/dev/null | fingerprint; }
serves_live() { [ -n "$(served)" ] && [ "$(served)" = "$(of_file)" ]; }
logged() { grep -q "$1" "$log"; }
count() { grep -c "$1" "$log"; }

starts() {
    settings
    "$visavis" run >"$work/text" 2>"$log" &
    run=$!
    wait_for logged 'ready$' || return 1
    wait_for serves_live || return 1
    # The second when Redis was a little later than signaling.
    expect 'state is in our own Redis' logged "keeping state in Redis at \\|Redis at .* is there again and has everything"
}

# Whoever changes the pair.
swapped_by_hand() {
    local before began
    before=$(served)
    "$visavis" cert renew --force >"$work/text" 2>&1 || return 1
    began=$(date +%s%N)
    wait_for serves_live || return 1
    expect 'another one' [ "$(served)" != "$before" ] || return 1
    expect 'told' logged 'the certificate has changed' || return 1
    echo "    $((($(date +%s%N) - began) / 1000000)) ms"
}

# No reload of the settings: the child does it.
own_pair_taken_over() {
    settings CERTIFICATE_TYPE=owncert
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=own \
        -addext subjectAltName=DNS:meet.example.org -addext extendedKeyUsage=serverAuth -addext basicConstraints=critical,CA:FALSE \
        -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
    kill -HUP "$run"
    wait_for logged 'reading .* again' || return 1
    cp "$work/key.pem" "$owncert/certificate.key" && cp "$work/cert.pem" "$owncert/certificate.cert"
    wait_for own_is_served
}

own_is_served() { [ "$(served)" = "$(fingerprint <"$work/cert.pem")" ]; }

# A child that goes wrong keeps nothing from working.
broken_pair_is_told() {
    local n
    n=$(count 'cert renew. ended with')
    echo nonsense >"$owncert/certificate.cert"
    wait_for more_than "$n" 'cert renew. ended with' || return 1
    expect 'why' logged 'is no certificate' || return 1
    own_is_served
}

more_than() { [ "$(count "$2")" -gt "$1" ]; }

ends() {
    kill -TERM "$run"
    wait "$run"
    expect 'well' [ $? -eq 0 ] || return 1
    run=
    expect 'nothing listens' not port_is_open 443
}

machine "$1" || { echo '0 passed, 1 failed'; exit 1; }
test_case 'starts, and serves' starts
test_case 'another pair is served at once' swapped_by_hand
test_case 'an own pair is taken over' own_pair_taken_over
test_case 'a broken one is told, and the old one stays' broken_pair_is_told
test_case 'ends' ends

finish_tests
