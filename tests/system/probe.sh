#!/bin/bash
# Our own client against a whole server (`visavis run` in a folder and a network of its own): `visavis test` and
# `visavis doctor media` on a good machine, and what they say when something is wrong with it.
# usage: tests/system/probe.sh build/<flavour>
set -u
if [ -z "${PROBE_TEST_NETWORK-}" ]; then
    if ! unshare --net --mount true 2>/dev/null; then
        echo 'a network of its own cannot be had here: needs root'
        echo '0 passed, 0 failed, 1 skipped'
        exit 0
    fi
    PROBE_TEST_NETWORK=1 exec unshare --net --mount "$0" "$@"
fi
cd "$(dirname "$0")/../.." || exit 1
ip link set lo up
ip link add eth0 type veth peer name far0 && ip link set far0 up && ip addr add 198.51.100.10/24 dev eth0 && ip link set eth0 up
ip route add default via 198.51.100.1
# The client's ports, apart from those of the relays.
echo '32768 50000' >/proc/sys/net/ipv4/ip_local_port_range
ip=198.51.100.10
work=$(mktemp -d /tmp/vp.XXXXXX)
export VISAVIS_ROOT=$work/root
visavis=$VISAVIS_ROOT/usr/bin/visavis
probe=$VISAVIS_ROOT/usr/lib/visavis/visavis-probe
log=$work/err
secret=a-long-enough-secret
passed=0
failed=0
skipped=0
run=

cleanup() {
    [ -z "$run" ] || { kill -TERM "$run" && wait "$run"; } 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
# Nobody answers for names, and says so at once: a name server of the outside is out of reach here, and waited for.
: >"$work/resolv.conf"
[ ! -e /etc/resolv.conf ] || mount --bind "$work/resolv.conf" /etc/resolv.conf || exit 1

# shellcheck source=tests/system/lib.sh
. tests/system/lib.sh

settings() {
    printf '%s\n' "DOMAIN_OR_PUBLIC_IP=$ip" "OPENVIDU_SECRET=$secret" "COTURN_IP=$ip" CERTIFICATE_TYPE=owncert PROXY=site \
        COTURN_MIN_PORT=57001 "$@" >"$VISAVIS_ROOT/etc/visavis/.env"
    chmod 640 "$VISAVIS_ROOT/etc/visavis/.env"
}

machine() {
    make --no-print-directory FLAVOUR="$(basename "$1")" O="$1" install DESTDIR="$VISAVIS_ROOT" >/dev/null || return 1
    ln -sf /usr/bin/redis-check-rdb "$VISAVIS_ROOT/usr/bin/redis-check-rdb"
    chmod 755 "$work"
    mkdir -p "$VISAVIS_ROOT"/etc/visavis/owncert "$VISAVIS_ROOT"/etc/nginx/{sites-enabled,conf.d} "$VISAVIS_ROOT/run" \
        "$VISAVIS_ROOT/var/log/nginx"
    cp -R /etc/nginx/nginx.conf /etc/nginx/mime.types /etc/nginx/modules-enabled "$VISAVIS_ROOT/etc/nginx/"
    sed -i -e "s#/etc/nginx#$VISAVIS_ROOT/etc/nginx#; s#/run/nginx.pid#$VISAVIS_ROOT/run/nginx.pid#" \
        -e "s#/var/log/nginx#$VISAVIS_ROOT/var/log/nginx#" "$VISAVIS_ROOT/etc/nginx/nginx.conf"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=own \
        -addext "subjectAltName=IP:$ip" -addext extendedKeyUsage=serverAuth -addext basicConstraints=critical,CA:FALSE \
        -keyout "$VISAVIS_ROOT/etc/visavis/owncert/certificate.key" \
        -out "$VISAVIS_ROOT/etc/visavis/owncert/certificate.cert" 2>/dev/null
}

logged() { grep -q "$1" "$log"; }
count() { grep -c "$1" "$log"; }
more_than() { [ "$(count "$2")" -gt "$1" ]; }

starts() {
    settings
    : >"$log"
    "$visavis" run >"$work/text" 2>"$log" &
    run=$!
    wait_for logged 'ready$' && wait_for port_is_open 3478 || return 1
    chmod 666 "$VISAVIS_ROOT/run/visavis/signaling.sock" # the group of the web server, without the group
    wait_for api_answers
}

api_answers() { [ "$(curl -sk -o /dev/null -w '%{http_code}' -u "OPENVIDUAPP:$secret" "https://$ip/openvidu/api/sessions")" = 200 ]; }

announces() {
    probe any --light --no-video --duration 1
    jq -e --arg a "$1:" '[.offered[].address | startswith($a)] | any' "$work/text" >/dev/null
}

# ADDRESS SETTING...: new settings, until media announces this address.
settings_again() {
    local address=$1
    shift
    settings "$@"
    kill -HUP "$run"
    wait_for announces "$address"
}

# OPTION...: the whole of it as JSON in $work/text.
call() { timeout 120 "$visavis" test --json "$@" >"$work/text" 2>"$work/cmd.err"; }

# PATH OPTION...: the probe itself.
probe() {
    echo "$secret" | timeout 120 "$probe" --json --url "https://$ip" --secret-file - --insecure --path "$@" >"$work/text"
}

# WHAT EXPRESSION: about what was printed last.
holds() { expect "$1" is_true "$2"; }
is_true() { jq -e "$1" "$work/text" >/dev/null; }

step() { jq -r --arg s "$1" '.steps[] | select(.name == $s) | .verdict' "$work/text"; }
reason() { jq -r '.steps[] | select(.verdict == "failed") | .name + " " + .reason' "$work/text"; }
reason_is() {
    [ "$(reason)" = "$1" ] && return 0
    echo "    failed: $(reason), not $1"
    return 1
}

# CHECK SEVERITY [TEXT [COMMAND]]: what the doctor says.
doctor() { timeout 240 "$visavis" doctor --json "$@" >"$work/text" 2>"$work/cmd.err"; }
says() {
    local got
    got=$(jq -r --arg id "$1" '.checks[] | select(.id == $id) | .severity' "$work/text")
    [ "$got" = "$2" ] || { echo "    $1: $got, not $2"; jq -c --arg id "$1" '.checks[] | select(.id == $id)' "$work/text"; return 1; }
    [ $# -lt 3 ] || holds "$1 says: $3" "[.checks[] | select(.id == \"$1\") | .findings[].text | contains(\"$3\")] | any" || return 1
    [ $# -lt 4 ] || holds "$1 advises: $4" "[.checks[] | select(.id == \"$1\") | .findings[].command // \"\" | contains(\"$4\")] | any"
}

# ---- a good machine ----

a_call_works() {
    call || return 1
    for s in rest websocket join publish subscribe echo; do
        expect "$s" [ "$(step $s)" = ok ] || return 1
    done
    holds 'nothing lost' '[.totals[].lossPercent] | add == 0' || return 1
    holds 'delay' '.subscriptions[0].video.delayMs.median > 0' || return 1
    "$visavis" test >"$work/text" 2>&1 && expect 'in words' grep -q 'A call works here' "$work/text"
}

each_path_works() {
    for p in udp tcp turn-udp turn-tcp turn-tls; do
        probe $p --duration 2 || { echo "    $p"; reason; return 1; }
        case $p in
        turn-*) holds "$p over a relay" '.publishers[0].path.local == "relay"' || return 1 ;;
        *) holds "$p straight" ".publishers[0].path | .local != \"relay\" and .protocol == \"$p\"" || return 1 ;;
        esac
        holds "nothing lost over $p" '[.totals[].lossPercent] | add == 0' || return 1
    done
}

many_at_once() {
    probe udp --light --publishers 2 --subscribers 40 --duration 2 &&
        holds 'all watch all' '.subscriptions | length == 80' &&
        holds 'and get something' '[.subscriptions[].video.packets > 0] | all'
}

recorded_media() {
    probe udp --duration 2 --video-file tests/system/probe/grey.ivf --audio-file tests/system/probe/silence.rtp || return 1
    holds 'pictures' '.subscriptions[0].video.packets > 30' &&
        holds 'sound' '.subscriptions[0].audio.packets > 50' &&
        holds 'no delay told' '.subscriptions[0].video.delayMs == null' || return 1
    probe udp --video-file "$0"
    reason_is 'publish local'
}

server_offers() {
    settings OPENVIDU_MEDIA_SERVER=mediasoup
    kill -HUP "$run"
    wait_for offers true || return 1
    probe udp --publishers 2 --subscribers 2 --duration 1 || { reason; return 1; }
    settings
    kill -HUP "$run"
    wait_for offers false
}

offers() { probe any --light --no-video --duration 1 && [ "$(jq .serverOffers "$work/text")" = "$1" ]; }

doctor_finds_it_good() {
    doctor media || { cat "$work/text"; return 1; }
    says media.udp ok && says media.ice-tcp ok && says media.turn-udp ok && says media.turn-tcp ok && says media.turn-tls ok
}

# ---- what can be wrong ----

wrong_secret() {
    echo "another-secret-altogether" | timeout 60 "$probe" --json --url "https://$ip" --secret-file - --insecure >"$work/text"
    expect 'status' [ $? -eq 1 ] && reason_is 'rest secret'
}

# What is in force is not what signaling has.
changed_secret() {
    local file
    file=$(grep -rl "OPENVIDU_SECRET=$secret" "$VISAVIS_ROOT/var/lib/visavis/conf/current/")
    sed -i "s/OPENVIDU_SECRET=$secret/OPENVIDU_SECRET=another-secret-altogether/" "$file"
    call
    local status=$?
    sed -i "s/OPENVIDU_SECRET=another-secret-altogether/OPENVIDU_SECRET=$secret/" "$file"
    expect 'status' [ $status -eq 1 ] && reason_is 'rest secret' &&
        holds 'advice' '.advice.text | contains("OPENVIDU_SECRET")'
}

drop() { nft -f - <<<"table inet probe { chain input { type filter hook input priority 0; $1; }; }"; }
undrop() { nft delete table inet probe; }

# From clients, that is: relays go on.
udp_dropped() {
    drop 'udp sport 32768-50000 udp dport { 3478, 40000-40063 } drop' || return 1
    doctor media
    undrop
    says media.udp failure 'over UDP' 'udp' && says media.ice-tcp ok && says media.turn-udp failure 'TURN over UDP' '3478' &&
        says media.turn-tcp ok && says media.turn-tls ok
}

# TURN is reached, and does not reach media.
media_closed() {
    drop 'udp dport 40000-40063 drop' || return 1
    doctor media.udp media.turn-udp
    undrop
    says media.udp failure 'over UDP' 'dport 40000' && says media.turn-udp failure TURN_PEERS || return 1
    holds 'no rule for TURN' '[.checks[] | select(.id == "media.turn-udp") | .findings[].command // "" | contains("3478")] | any | not'
}

# A call finds its way all the same.
a_call_gets_around() {
    drop 'udp sport 32768-50000 udp dport { 3478, 40000-40063 } drop' || return 1
    call
    local status=$?
    undrop
    expect 'works' [ $status -eq 0 ] && holds 'over TCP' '.publishers[0].path | .protocol == "tcp" or .local == "relay"'
}

turn_pid() { pgrep -P "$run" -f visavis-turn | head -n 1; }

turn_stopped() {
    local pid
    pid=$(turn_pid)
    kill -STOP "$pid" || return 1
    doctor media
    kill -CONT "$pid"
    says media.udp ok && says media.turn-udp failure 'a relay from TURN' && says media.turn-tcp failure 'a relay from TURN' &&
        says media.turn-tls failure
}

turn_refuses() {
    drop 'tcp dport { 3478, 5349 } reject with tcp reset' || return 1
    probe turn-tcp
    undrop
    reason_is 'relay refused'
}

wrong_public_address() {
    settings_again 203.0.113.77 "MEDIA_NODES_PUBLIC_IPS=[\"$ip:203.0.113.77\"]" || return 1
    doctor media.udp
    says media.udp failure '203.0.113.77' MEDIA_NODES_PUBLIC_IPS || return 1
    settings_again $ip
}

media_gone() {
    local pid
    pid=$(pgrep -P "$run" -f visavis-media | head -n 1)
    kill -STOP "$pid" || return 1
    call
    local status=$?
    kill -CONT "$pid"
    expect 'status' [ $status -eq 1 ] && reason_is 'publish rpc'
}

nobody_there() {
    echo x | timeout 60 "$probe" --json --url https://127.0.0.2:9 --secret-file - >"$work/text"
    expect 'status' [ $? -eq 1 ] && reason_is 'rest refused' || return 1
    echo x | timeout 60 "$probe" --json --url https://no-such-host.invalid --secret-file - >"$work/text"
    reason_is 'rest name' || return 1
    echo x | timeout 60 "$probe" --json --url "https://$ip" --secret-file - >"$work/text"
    reason_is 'rest tls-issuer'
}

wrong_use() {
    "$probe" >"$work/text" 2>&1
    expect 'status 2' [ $? -eq 2 ] || return 1
    "$probe" --url https://x --secret-file /dev/null >"$work/text" 2>&1
    expect 'no secret' [ $? -eq 2 ] || return 1
    echo x | "$probe" --url https://x --secret-file - --path carrier-pigeon >"$work/text" 2>&1
    expect 'no path' [ $? -eq 2 ] && expect 'said' grep -q 'no such path' "$work/text"
}

machine "$1" || { echo '0 passed, 1 failed'; exit 1; }
test_case 'wrong use is told' wrong_use
test_case 'the server starts' starts
test_case 'a call works' a_call_works
test_case 'over each path' each_path_works
test_case 'many at once' many_at_once
test_case 'recorded media' recorded_media
test_case 'the server offers' server_offers
test_case 'the doctor finds nothing' doctor_finds_it_good
test_case 'nobody there, or somebody else' nobody_there
test_case 'a wrong secret' wrong_secret
test_case 'another secret than in force' changed_secret
test_case 'UDP dropped' udp_dropped
test_case 'the media ports closed' media_closed
test_case 'UDP dropped: a call gets around it' a_call_gets_around
test_case 'TURN stopped' turn_stopped
test_case 'TURN refuses connections' turn_refuses
test_case 'a wrong public address' wrong_public_address
test_case 'media stands still' media_gone

finish_tests
