#!/bin/bash
# visavis-turn against the tools of coturn, as clients and as peers: UDP, TCP and TLS, IPv4 and IPv6,
# credentials by shared secret. Three network namespaces: clients, the server, a peer.
# Both families in one allocation are not among the cases: the tool asks for them by the number of a
# draft (0x8032).
# usage: tests/system/turn.sh [build/<flavour> [CASE...]]      Needs root and coturn's programs.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=tests/system
. $here/lib.sh

build=${1:-build/release}
shift $(($# > 0))
bin=$build/bin
preload=$PWD/$build/tests/channel_numbers.so
work=$(mktemp -d)
passed=0
failed=0
skipped=0
only=("$@")
secret=conformance-secret
client_ns=vv-tc-$$ server_ns=vv-ts-$$ peer_ns=vv-tp-$$
server4=10.97.1.1 server6=fd97:1::1 # as the clients have it
peer4=10.97.2.2 peer6=fd97:2::2
server_pid=
peer_pids=()

in_clients() { ip netns exec $client_ns "$@"; }
in_server() { ip netns exec $server_ns "$@"; }
in_peer() { ip netns exec $peer_ns "$@"; }

# ---- the network ----

join() { # NAMESPACE NUMBER: a cable to the server's
    local ns=$1 n=$2
    ip -n $server_ns link add "to$n" type veth peer name eth0 netns "$ns"
    ip -n $server_ns addr add "10.97.$n.1/24" dev "to$n"
    ip -n $server_ns addr add "fd97:$n::1/64" dev "to$n" nodad
    ip -n "$ns" addr add "10.97.$n.2/24" dev eth0
    ip -n "$ns" addr add "fd97:$n::2/64" dev eth0 nodad
    ip -n $server_ns link set "to$n" up
    ip -n "$ns" link set eth0 up && ip -n "$ns" link set lo up
    ip -n "$ns" route add default via "10.97.$n.1"
    ip -n "$ns" -6 route add default via "fd97:$n::1"
}

net_up() {
    local ns
    for ns in $client_ns $server_ns $peer_ns; do ip netns add $ns || return 1; done
    ip -n $server_ns link set lo up
    join $client_ns 1 && join $peer_ns 2 || return 1
    # As a machine has it: the way to the world says which addresses are its own.
    ip -n $server_ns route add default via $peer4 && ip -n $server_ns -6 route add default via $peer6
}

net_down() {
    local ns
    for ns in $client_ns $server_ns $peer_ns; do ip netns del $ns 2>/dev/null; done
}

finish() {
    local p
    server_stop
    for p in "${peer_pids[@]}"; do kill "$p" 2>/dev/null; done
    net_down
    rm -rf "$work"
}
trap finish EXIT

# ---- the server and the peer ----

make_pair() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=turn.test \
        -addext "subjectAltName=DNS:turn.test,IP:$server4,IP:$server6" -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

server_start() {
    server_stop # of a case that failed
    cat >"$work/turn.cfg" <<EOF
listen = ["udp:$server4:3478", "tcp:$server4:3478", "tls:$server4:5349", "dtls:$server4:5349",
          "udp:[$server6]:3478", "tcp:[$server6]:3478", "tls:[$server6]:5349", "dtls:[$server6]:5349"];
certificate = "$work/cert.pem";
certificate_key = "$work/key.pem";
secret = "$secret";
realm = "turn.test";
media = ["$work/media.sock"];
relay_min = 20000;
relay_max = 29999;
allowed_peers = ["$peer4:3480-3481", "[$peer6]:3480-3481"];
user_quota = 100;
total_quota = 2000;
threads = 2;
metrics = "$work/turn.prom";
EOF
    ip netns exec $server_ns "$bin/visavis-turn" --config "$work/turn.cfg" >"$work/server.log" 2>&1 &
    server_pid=$!
    for _ in $(seq 100); do
        [ -n "$(in_server ss -Hltn 'sport = :5349')" ] && return 0
        kill -0 $server_pid 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/server.log"
    return 1
}

# Its counters are complete when it has ended.
server_stop() {
    [ -n "$server_pid" ] || return 0
    kill "$server_pid" 2>/dev/null
    wait "$server_pid"
    server_pid=
}

peers_start() {
    local a
    for a in $peer4 $peer6; do
        ip netns exec $peer_ns turnutils_peer -p 3480 -L $a >>"$work/peer.log" 2>&1 &
        peer_pids+=($!)
        ip netns exec $peer_ns turnutils_peer -p 3481 -L $a >>"$work/peer.log" 2>&1 &
        peer_pids+=($!)
    done
    for _ in $(seq 50); do
        [ "$(in_peer ss -Hlun | grep -c ':348[01]')" -ge 4 ] && return 0
        sleep 0.1
    done
    return 1
}

# The sum of a counter over its labels.
metric() {
    awk -v name="${1//\"/\\\"}" '$1 == name || index($1, name "{") == 1 { n += $2; found = 1 } END { if (!found) exit 1; printf "%d\n", n }' "$work/turn.prom"
}

# ---- cases ----

# What the server relayed: as many back as there, and nothing lost. The tool's own reader loses some
# over TLS.
all_relayed() {
    local there back lost
    there=$(metric 'visavis_turn_packets_total{to="peers"}') && back=$(metric 'visavis_turn_packets_total{to="clients"}') &&
        lost=$(metric visavis_turn_packets_lost_total) || { echo '    no counters'; return 1; }
    echo "    server: $there packets to peers, $back to clients, $lost lost"
    [ "$there" -ge "$1" ] && [ "$there" -eq "$back" ] && [ "$lost" -eq 0 ]
}

# CLIENTS MESSAGES ADDRESS PEER OPTION...: each client sends its messages to the peer and back. Its
# channel numbers are RFC 5766's without the preloaded library.
uclient() {
    local clients=$1 messages=$2 server=$3 peer=$4
    shift 4
    in_clients timeout 60 env LD_PRELOAD="$preload" turnutils_uclient -u user -W $secret -m "$clients" -n "$messages" -z 5 -l 200 -e "$peer" -r 3480 "$@" "$server" \
        >"$work/text" 2>"$work/err"
}

tool_lost_nothing() {
    grep -q 'Total lost packets 0 (0.000000%), total send dropped 0 (0.000000%)' "$work/text"
}

# COUNT ADDRESS PEER OPTION...
relays() {
    local least=$1 server=$2 peer=$3
    shift 3
    server_start || return 1
    uclient 10 100 "$server" "$peer" -c "$@"
    expect 'the tool is content' [ $? -eq 0 ] || return 1
    server_stop
    case " $* " in
    *' -S '*) ;;
    *) expect 'the tool got everything' tool_lost_nothing || return 1 ;;
    esac
    expect 'the server relayed everything' all_relayed "$least"
}

over_udp() { relays 1000 "$@"; }
over_tcp() { relays 1000 "$@" -t; }
over_tls() { relays 1000 "$@" -t -S; }

udp_channels() { over_udp $server4 $peer4; }
udp_sends() { over_udp $server4 $peer4 -s; }

# A second allocation takes the port that the first one reserved. With one client: when an answer is
# late the tool asks again for a port that it has, and cannot go on.
udp_reservation() {
    server_start || return 1
    uclient 1 50 $server4 $peer4
    expect 'the tool is content' [ $? -eq 0 ] || return 1
    server_stop
    expect 'the tool got everything' tool_lost_nothing && expect 'the server relayed everything' all_relayed 50
}

udp_padding() { over_udp $server4 $peer4 -D; }
udp_dont_fragment() { over_udp $server4 $peer4 -g; }
udp_extra() { over_udp $server4 $peer4 -G; }
udp_over_6() { over_udp $server6 $peer4 -X; }
udp_to_6() { over_udp $server4 $peer6 -x; }
udp_6() { over_udp $server6 $peer6 -x; }
tcp_channels() { over_tcp $server4 $peer4; }
tcp_sends() { over_tcp $server4 $peer4 -s; }
tcp_6() { over_tcp $server6 $peer6 -x; }
tls_channels() { over_tls $server4 $peer4; }
tls_sends() { over_tls $server4 $peer4 -s; }
tls_6() { over_tls $server6 $peer6 -x; }

# The tool's "negative tests": what must be refused is.
negative() {
    server_start || return 1
    uclient 1 5 $server4 $peer4 -c -N
    uclient 1 5 $server4 $peer4 -c -R
    uclient 2 20 $server4 $peer4 -c
    expect 'the server goes on' tool_lost_nothing
    local status=$?
    server_stop
    return $status
}

wrong_secret() {
    server_start || return 1
    in_clients timeout 20 turnutils_uclient -u user -W wrong -e $peer4 -n 2 $server4 >"$work/text" 2>"$work/err"
    expect 'no allocation' grep -qi '401\|unauthorized\|cannot complete allocation' "$work/text" "$work/err"
    local status=$?
    server_stop
    expect 'refusals are counted' [ "$(metric visavis_turn_allocations_made_total)" = 0 ] || status=1
    return $status
}

# Who the client is, as the server sees it.
stun() {
    local address=$1 expected=$2 status
    server_start || return 1
    in_clients timeout 20 turnutils_stunclient "$address" >"$work/text" 2>"$work/err"
    expect 'the address of the client' grep -q "UDP reflexive addr: $expected" "$work/text"
    status=$?
    server_stop
    return $status
}
stun_4() { stun $server4 '10\.97\.1\.2:'; }
stun_6() { stun $server6 '.*fd97:1::2'; }

# A handshake with each version of TLS, and DTLS, with our certificate.
handshake() { # OPTION...
    in_clients timeout 10 openssl s_client -connect $server4:5349 -CAfile "$work/cert.pem" -verify_return_error "$@" </dev/null >"$work/text" 2>"$work/err"
    grep -q 'Verify return code: 0' "$work/text" && ! grep -q 'Cipher is (NONE)' "$work/text"
}
handshakes() {
    local status=0
    server_start || return 1
    expect 'TLS 1.2' handshake -tls1_2 || status=1
    expect 'TLS 1.3' handshake -tls1_3 || status=1
    expect 'no TLS 1.1' not handshake -tls1_1 -cipher 'DEFAULT:@SECLEVEL=0' || status=1
    expect 'DTLS 1.2' handshake -dtls1_2 || status=1
    server_stop
    return $status
}

case_of() { # NAME FUNCTION
    if [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $2 "* ]]; then return 0; fi
    test_case "$1" "$2"
}

make --no-print-directory "$build/tests/channel_numbers.so" && net_up && make_pair && peers_start || exit 1
case_of 'STUN client, IPv4' stun_4
case_of 'STUN client, IPv6' stun_6
case_of 'UDP, channels' udp_channels
case_of 'UDP, Send and Data' udp_sends
case_of 'UDP, a reserved port for a second allocation' udp_reservation
case_of 'UDP, padded ChannelData' udp_padding
case_of 'UDP, DONT-FRAGMENT' udp_dont_fragment
case_of 'UDP, extra requests' udp_extra
case_of 'UDP over IPv6 to IPv4' udp_over_6
case_of 'UDP over IPv4 to IPv6' udp_to_6
case_of 'UDP over IPv6 to IPv6' udp_6
case_of 'TCP, channels' tcp_channels
case_of 'TCP, Send and Data' tcp_sends
case_of 'TCP over IPv6 to IPv6' tcp_6
case_of 'TLS, channels' tls_channels
case_of 'TLS, Send and Data' tls_sends
case_of 'TLS over IPv6 to IPv6' tls_6
case_of 'handshakes' handshakes
case_of 'wrong secret' wrong_secret
case_of 'negative tests of the tool' negative

finish_tests
