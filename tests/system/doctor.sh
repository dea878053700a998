#!/bin/bash
# `visavis doctor` on broken machines, and on a good one: a network, processes, mounts and a root
# folder of their own, with the real server, nginx, Redis and packet filters in them.
# usage: tests/system/doctor.sh build/<flavour> [CASE...]      (as root)
set -u
if [ "${DOCTOR_INSIDE-}" != yes ]; then
    [ "$(id -u)" -eq 0 ] || { echo "$0: needs root" >&2; exit 1; }
    DOCTOR_INSIDE=yes exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@"
fi
flavour=$(basename "$1")
repository=$(cd "$(dirname "$0")/../.." && pwd)
only=${*:2}
work=$(mktemp -d /tmp/doctor.XXXXXX)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT # all processes end with this one, the first of its namespace
passed=0
failed=0
name=video.example.org
own=198.18.0.1

# ---- the machine ----

make -s -C "$repository" install FLAVOUR="$flavour" DESTDIR="$work/product" >"$work/install" 2>&1 ||
    { cat "$work/install"; exit 1; }
ln -sf "$(command -v redis-server)" "$work/product/usr/lib/visavis/redis-server"
visavis=$work/product/usr/bin/visavis

ip link set lo up
unshare --net sleep infinity &
peer=$!
until [ "$(readlink /proc/$peer/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add e0 type veth peer name e1
ip link set e1 netns $peer
ip address add $own/24 dev e0
ip link set e0 up
nsenter -t $peer -n sh -c 'ip address add 198.18.0.2/24 dev e1; ip link set e1 up; ip link set lo up'
ip route add default via 198.18.0.2

# Files of /etc and /proc as they should be here.
over() {
    printf '%s\n' "${@:2}" >"$work/$(basename "$1")"
    mount --bind "$work/$(basename "$1")" "$1"
}
over /etc/hosts '127.0.0.1 localhost' "$own $name"
over /etc/nsswitch.conf 'passwd: files' 'group: files' 'hosts: files'
over /etc/resolv.conf 'nameserver 127.0.0.1'
over /proc/sys/net/core/rmem_max 8388608
over /proc/sys/net/core/wmem_max 8388608

# A root folder without an installation.
machine() {
    export VISAVIS_ROOT=$1
    mkdir -p "$1"/etc/{visavis,nginx} "$1"/var/log/nginx "$1"/run "$1"/var/lib
    printf '%s\n' 'ID=debian' 'VERSION_ID="12"' 'PRETTY_NAME="Debian"' >"$1/etc/os-release"
    mkdir -p "$1"/etc/nginx/{sites-enabled,conf.d} "$1/run/visavis/redis"
    cp -R /etc/nginx/nginx.conf /etc/nginx/mime.types /etc/nginx/modules-enabled "$1/etc/nginx/"
    # Its workers are root: without the accounts of an installed machine sockets are root's.
    sed -i -e "s#^user .*#user root;#" -e "s#worker_connections.*#worker_connections 10240;#" -e "s#^pid .*#pid $1/run/nginx.pid;#" \
        -e "s#/etc/nginx#$1/etc/nginx#" -e "s#/var/log/nginx#$1/var/log/nginx#" "$1/etc/nginx/nginx.conf"
    reserve 40000-40063,57001-65535
}

reserve() {
    echo "$1" >/proc/sys/net/ipv4/ip_local_reserved_ports
}

settings() {
    printf '%s\n' "DOMAIN_OR_PUBLIC_IP=$name" OPENVIDU_SECRET=a-secret-that-is-long-enough "$@" >"$env"
    chmod 640 "$env"
}

wait_for() {
    for _ in $(seq 150); do
        "$@" && return 0
        sleep 0.1
    done
    return 1
}

is_ready() {
    grep -q ' visavis: ready' "$work/log" && bash -c 'exec 3<>/dev/tcp/127.0.0.1/443' 2>/dev/null
}

# The server as it is on a machine without systemd.
serve() {
    machine "$work/root"
    env=$VISAVIS_ROOT/etc/visavis/.env
    live=$VISAVIS_ROOT/var/lib/visavis/certs/live
    # Where the distribution's nginx looks, started by whom it may be.
    mount --bind "$VISAVIS_ROOT/etc/nginx" /etc/nginx
    settings
    "$visavis" run >"$work/log" 2>&1 &
    runner=$!
    wait_for is_ready || { cat "$work/log"; exit 1; }
}

# ---- asking ----

# The ids of checks with a severity, in order.
ids() {
    jq -r --arg s "$1" '[.checks[] | select(.severity == $s) | .id] | join(" ")' "$work/out"
}

doctor() {
    "$visavis" doctor --json "$@" >"$work/out" 2>"$work/err"
    status=$?
}

# The text of the first finding of a check with its command.
text() {
    jq -r --arg id "$1" '.checks[] | select(.id == $id) | .findings[0] | .text + " > " + (.command // "")' "$work/out"
}

expect() {
    local what=$1
    shift
    if "$@"; then return 0; fi
    echo "    not so: $what"
    return 1
}

# finds FAILURES WARNINGS: these and no others.
finds() {
    expect "failures are '$1', not '$(ids failure)'" [ "$(ids failure)" = "$1" ] || return 1
    expect "warnings are '$2', not '$(ids warning)'" [ "$(ids warning)" = "$2" ] || return 1
    local wanted=0
    [ -z "$2" ] || wanted=3
    [ -z "$1" ] || wanted=4
    expect "exit status $wanted, not $status" [ $status -eq $wanted ]
}

says() {
    expect "$1 says '$2', not: $(text "$1")" grep -q -- "$2" <<<"$(text "$1")"
}

test_case() {
    [ -z "$only" ] || [[ " $only " = *" $2 "* ]] || return
    if "$2"; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failed=$((failed + 1))
        echo "FAILED  $1"
        jq -c '.checks[] | select(.severity != "ok") | [.id, .severity, .findings[0].text]' "$work/out" 2>/dev/null | sed 's/^/    /'
        sed 's/^/    err: /' "$work/err" | tail -n 20
    fi
}

# ---- a machine before the installation ----

fit_machine() {
    doctor --preflight
    finds '' ''
}

taken_port() {
    socat UDP4-LISTEN:3478,fork /dev/null &
    local holder=$! ok=0
    wait_for sh -c "ss -Hlun 'sport = :3478' | grep -q ." || return 1
    doctor --preflight
    finds ports.taken '' && says ports.taken "UDP port 3478 is held by socat (process $holder, package socat" || ok=1
    kill $holder
    return $ok
}

taken_web_port_ipv6() {
    socat TCP6-LISTEN:443,bind=[::1],fork /dev/null &
    local holder=$! ok=0
    wait_for sh -c "ss -Hltn 'sport = :443' | grep -q ." || return 1
    doctor --preflight
    finds ports.taken '' && says ports.taken 'TCP port 443 is held by socat' || ok=1
    kill $holder
    return $ok
}

free_range_of_another() {
    socat UDP4-LISTEN:45000,fork /dev/null &
    local holder=$! ok=0
    doctor --preflight
    finds '' '' || ok=1
    kill $holder
    return $ok
}

other_turn_server() {
    cp "$(command -v sleep)" "$work/turnserver"
    "$work/turnserver" 1000 &
    local holder=$! ok=0
    wait_for grep -q turnserver /proc/$holder/comm
    doctor --preflight
    finds '' system.leftovers && says system.leftovers "coturn runs (process $holder)" || ok=1
    kill $holder
    return $ok
}

full_disk() {
    mount -t tmpfs -o size=40M tmpfs "$VISAVIS_ROOT/var/lib"
    doctor --preflight
    umount "$VISAVIS_ROOT/var/lib"
    finds system.disk '' && says system.disk '/var/lib/visavis has 40 MiB left'
}

other_distribution() {
    local ok=0
    printf '%s\n' ID=arch 'PRETTY_NAME="Arch Linux"' >"$VISAVIS_ROOT/etc/os-release"
    doctor --preflight
    finds '' system.distribution && says system.distribution 'Arch Linux is not supported' || ok=1
    printf '%s\n' ID=rocky 'ID_LIKE="rhel centos fedora"' >"$VISAVIS_ROOT/etc/os-release"
    doctor --preflight
    finds '' '' || ok=1
    printf '%s\n' ID=debian VERSION_ID=13 >"$VISAVIS_ROOT/etc/os-release"
    doctor --preflight
    finds '' '' && return $ok
}

wrong_clock() {
    local ok=0
    touch -d '+3 days' "$VISAVIS_ROOT/etc/os-release"
    doctor --preflight
    finds system.clock '' && says system.clock 'The clock is wrong' || ok=1
    touch "$VISAVIS_ROOT/etc/os-release"
    return $ok
}

not_installed() {
    doctor
    finds config.file ''
}

# ---- a server ----

good_machine() {
    doctor
    finds '' '' || return 1
    expect "all is known but what systemd knows: $(ids unknown)" \
        [ "$(ids unknown)" = 'certificates.timer services.units services.enabled' ]
}

wrong_value() {
    local ok=0
    settings HTTPS_PORT=abc
    doctor
    finds config.values '' && says config.values 'HTTPS_PORT=abc' || ok=1
    settings
    return $ok
}

weak_secret() {
    local ok=0
    printf '%s\n' "DOMAIN_OR_PUBLIC_IP=$name" OPENVIDU_SECRET=MY_SECRET >"$env"
    doctor config.secret-weak
    finds '' config.secret-weak && says config.secret-weak OPENVIDU_SECRET || ok=1
    expect 'it is not shown' [ -z "$(grep MY_SECRET "$work/out")" ] || ok=1
    settings
    return $ok
}

readable_by_all() {
    local ok=0
    chmod 644 "$env"
    doctor
    finds '' config.mode && says config.mode 'everybody may read .* > chmod 640' || ok=1
    chmod 640 "$env"
    return $ok
}

not_applied() {
    local ok=0
    settings OPENVIDU_CDR=true
    doctor
    finds '' config.in-force && says config.in-force OPENVIDU_CDR || ok=1
    settings
    return $ok
}

unreserved_ports() {
    local ok=0
    reserve 40000-40031,57001-65535
    doctor
    finds '' kernel.reserved-ports &&
        says kernel.reserved-ports 'ip_local_reserved_ports=40000-40031,57001-65535,40000-40063,57001-65535' || ok=1
    reserve 40000-40063,57001-65535
    return $ok
}

small_buffers() {
    local ok=0
    echo 212992 >"$work/rmem_max"
    doctor
    finds '' kernel.buffers && says kernel.buffers 'net.core.rmem_max=8388608' || ok=1
    echo 8388608 >"$work/rmem_max"
    return $ok
}

full_conntrack() {
    local ok=0
    over /proc/sys/net/netfilter/nf_conntrack_count 60000
    over /proc/sys/net/netfilter/nf_conntrack_max 65536
    doctor
    finds kernel.conntrack '' || ok=1
    umount /proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max
    return $ok
}

# ---- names ----

hosts() {
    printf '%s\n' '127.0.0.1 localhost' "$@" >"$work/hosts"
}

unknown_name() {
    local ok=0
    hosts
    doctor
    finds names.resolves '' && says names.resolves "The name $name has no address" || ok=1
    hosts "$own $name"
    return $ok
}

no_name_server() {
    local ok=0
    hosts
    echo 'hosts: dns' >"$work/nsswitch.conf"
    doctor
    finds '' '' && expect 'unknown' grep -q names.resolves <<<"$(ids unknown)" || ok=1
    echo 'hosts: files' >"$work/nsswitch.conf"
    hosts "$own $name"
    return $ok
}

# 198.18.0.0/15 is no private network, so another address than ours is another machine.
other_machine() {
    local ok=0
    hosts "203.0.113.9 $name"
    doctor names
    finds '' names.own && says names.own '203.0.113.9' || ok=1
    hosts "$own $name" "2001:db8::9 $name"
    doctor names
    finds '' names.own && says names.own 'AAAA record' || ok=1
    hosts "$own $name"
    return $ok
}

# ---- certificates ----

# certificate DAYS NAME: in the place of the one that is served.
certificate() {
    cp -a "$live/." "$work/saved"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$live/privkey.pem" \
        -out "$live/fullchain.pem" -days "$1" -subj "/CN=$2" -addext "subjectAltName=DNS:$2" 2>/dev/null
}

certificate_back() {
    cp -a "$work/saved/." "$live/"
    rm -rf "$work/saved"
}

wrong_certificate() {
    local ok=0
    certificate 100 other.example.org
    doctor certificates
    finds certificates.names '' && says certificates.names "for other.example.org, not for $name" || ok=1
    certificate_back
    return $ok
}

expiring_certificate() {
    local ok=0
    certificate 10 $name
    doctor certificates
    finds '' certificates.expiry && says certificates.expiry 'expires in ' || ok=1
    certificate_back
    return $ok
}

wrong_key() {
    local ok=0
    cp -a "$live/." "$work/saved"
    openssl ecparam -name prime256v1 -genkey -noout >"$live/privkey.pem"
    doctor certificates
    finds certificates.served '' || ok=1
    certificate_back
    return $ok
}

readable_key() {
    local ok=0
    chmod 644 "$live/privkey.pem"
    doctor
    finds certificates.key-mode '' || ok=1
    chmod 640 "$live/privkey.pem"
    return $ok
}

missing_own_certificate() {
    settings CERTIFICATE_TYPE=owncert
    doctor certificates.own
    settings
    finds certificates.own ''
}

# ---- services ----

# One of them is away, and nobody starts it again.
without() {
    kill -STOP $runner
    pkill -KILL --ns $$ -P $runner -x "$1"
    sleep 0.2
}

again() {
    kill -CONT $runner
    sleep 1
    wait_for sh -c "ss -Hlun 'sport = :3478' | grep -q ." && wait_for test -S "$VISAVIS_ROOT/run/visavis/redis/redis.sock"
}

dead_turn() {
    local ok=0
    without visavis-turn
    doctor
    finds ports.silent '' && says ports.silent 'Nobody listens on UDP port 3478' || ok=1
    again
    return $ok
}

dead_redis() {
    local ok=0
    without redis-server
    doctor
    finds services.redis '' || ok=1
    again
    return $ok
}

degraded_unit() {
    local ok=0 mark=$VISAVIS_ROOT/run/visavis/degraded/visavis-media.service
    mkdir -p "$(dirname "$mark")"
    echo 'Result=start-limit-hit' >"$mark"
    doctor
    finds services.degraded '' && says services.degraded 'start-limit-hit' || ok=1
    rm "$mark"
    return $ok
}

broken_site_of_another() {
    local ok=0
    echo 'server { listen 8081; no_such_directive on; }' >"$VISAVIS_ROOT/etc/nginx/sites-enabled/other"
    doctor
    finds services.nginx '' && says services.nginx no_such_directive || ok=1
    rm "$VISAVIS_ROOT/etc/nginx/sites-enabled/other"
    return $ok
}

web_server_away() {
    local ok=0
    kill -STOP $runner
    pkill -TERM --ns $$ -x nginx
    sleep 0.5
    doctor
    finds web.listens '' && says web.listens 'Connection refused' || ok=1
    kill -CONT $runner
    wait_for is_ready && return $ok
}

# It cannot come back by itself then.
web_server_killed() {
    local ok=0
    kill -STOP $runner
    pkill -KILL --ns $$ -x nginx
    sleep 0.2
    doctor
    finds web.listens '' && says web.listens "rm $VISAVIS_ROOT/run/visavis/nginx/https.sock" || ok=1
    rm -f "$VISAVIS_ROOT/run/visavis/nginx/https.sock"
    kill -CONT $runner
    wait_for is_ready && return $ok
}

# Four daemons, one of which holds the sockets and says nothing.
hanging_signaling() {
    local ok=0 pid
    pid=$(pgrep --ns $$ -x visavis-signali)
    kill -STOP "$pid"
    doctor
    kill -CONT "$pid"
    expect "the page is fine, the API is not: $(ids failure)" \
        [ "$(ids failure)" = 'web.api web.websocket auth.required' ] || ok=1
    return $ok
}

# ---- TURN ----

hanging_turn() {
    local ok=0 pid
    pid=$(pgrep --ns $$ -x visavis-turn)
    kill -STOP "$pid"
    doctor turn
    kill -CONT "$pid"
    finds 'turn.udp turn.tcp turn.tls' '' && says turn.udp 'over UDP on port 3478 (Connection timed out)' || ok=1
    return $ok
}

# Nobody tells it of a new pair while the server is stopped; then it reads that at once.
certificate_that_turn_has_not_read() {
    local ok=0
    kill -STOP $runner
    "$visavis" cert renew --force >"$work/renew" 2>&1 || return 1
    doctor turn
    finds '' turn.tls && says turn.tls 'another certificate' || ok=1
    kill -CONT $runner
    wait_for turn_is_well || ok=1
    return $ok
}

turn_is_well() {
    doctor turn
    [ "$(ids failure)$(ids warning)" = '' ]
}

own_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 300 -subj "/CN=$name" \
        -addext "subjectAltName=DNS:$name" -keyout "$work/own.key" -out "$work/own.pem" 2>/dev/null &&
        "$visavis" cert import "$work/own.pem" "$work/own.key" >"$work/import" 2>&1
}

put_in_force() {
    local before
    before=$(readlink "$VISAVIS_ROOT/var/lib/visavis/conf/current")
    settings "$@"
    kill -HUP $runner
    wait_for is_other_than "$before" && wait_for is_ready
}

is_other_than() { [ "$(readlink "$VISAVIS_ROOT/var/lib/visavis/conf/current")" != "$1" ]; }

serves_own() { openssl s_client -connect 127.0.0.1:"$1" </dev/null 2>/dev/null | openssl x509 -noout -serial | grep -q "$own_serial"; }

own_certificate_is_served() {
    own_serial=$(openssl x509 -noout -serial -in "$work/own.pem") && wait_for serves_own 5349 && wait_for serves_own 443
}

# With a certificate that its clients take; each new one is read at once.
turn_on_the_web_port() {
    local ok=0 signaling=$VISAVIS_ROOT/var/lib/visavis/conf/current/signaling.cfg turn_pid
    turn_pid=$(pgrep --ns $$ -x visavis-turn)
    put_in_force CERTIFICATE_TYPE=owncert PROXY=front
    own_certificate && own_certificate_is_served || ok=1
    wait_for turn_is_well || ok=1
    expect 'clients are told' grep -q "turns_url = \"turns:$name:443?transport=tcp\"" "$signaling" || ok=1
    own_certificate && own_certificate_is_served || ok=1
    put_in_force CERTIFICATE_TYPE=owncert PROXY=site
    wait_for turn_is_well || ok=1
    expect 'a note' [ "$(ids note)" = turn.web-port ] && says turn.web-port 'shares the port' || ok=1
    expect 'told of the other port' grep -q "turns:$name:5349" "$signaling" || ok=1
    put_in_force
    expect 'told of none' not grep -q turns_url "$signaling" || ok=1
    expect 'TURN is the one it was' [ "$(pgrep --ns $$ -x visavis-turn)" = "$turn_pid" ] || ok=1
    return $ok
}

not() { ! "$@"; }

stopped_server() {
    local ok=0
    kill -TERM $runner
    wait $runner
    doctor
    finds services.running '' || ok=1
    "$visavis" run >"$work/log" 2>&1 &
    runner=$!
    wait_for is_ready && return $ok
}

# ---- firewalls ----

# From the other machine: does a TCP connection to that port get in?
gets_in() {
    nsenter -t $peer -n timeout 2 bash -c "exec 3<>/dev/tcp/$own/$1" 2>/dev/null
}

nothing_open() {
    nft -f - <<E
table inet filter { chain input { type filter hook input priority 0; policy drop;
    iifname "lo" accept; ct state established,related accept; tcp dport 22 accept; }; }
E
    doctor
    local ok=0
    expect 'it is closed' eval '! gets_in 443' || ok=1
    finds 'firewall.web firewall.media firewall.turn' '' || ok=1
    says firewall.web 'chain input of the nftables table inet filter.* TCP port 443.*nft insert rule inet filter input tcp dport 443 accept' || ok=1
    says firewall.media 'ports 40000-40063' || ok=1
    # The commands help.
    jq -r '.checks[] | select(.group == "firewall") | .findings[].command // empty' "$work/out" >"$work/commands"
    bash -e "$work/commands" || ok=1
    doctor
    finds '' '' && expect 'it is open' gets_in 443 || ok=1
    nft flush ruleset
    return $ok
}

media_goes_out() {
    local ok=0
    settings MEDIA_ICE=agent
    nft -f - <<E
table inet filter { chain input { type filter hook input priority 0; policy drop;
    iifname "lo" accept; ct state established,related accept; }; }
E
    doctor firewall
    finds 'firewall.web firewall.turn' '' &&
        expect 'a note' grep -q firewall.media <<<"$(ids note)" && says firewall.media MEDIA_ICE_SERVERS || ok=1
    nft flush ruleset
    settings
    return $ok
}

media_forgotten() {
    nft -f - <<E
table inet f { set web { type inet_service; elements = { 80, 443 }; }
  chain in { type filter hook input priority 0; policy accept; iif lo accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    tcp dport @web accept; meta l4proto { tcp, udp } th dport { 3478, 5349, 57001-65535 } accept
    jump rest; }
  chain rest { reject with icmpx type admin-prohibited; }; }
E
    doctor
    local ok=0
    finds firewall.media '' && expect 'the web is open' gets_in 443 || ok=1
    nft flush ruleset
    return $ok
}

# What nft cannot show and iptables can.
closed_by_iptables() {
    local ok=0 save=$1 tables=$2
    "$tables" -A INPUT -i lo -j ACCEPT
    "$tables" -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    "$tables" -A INPUT -p tcp -m multiport --dports 443,3478,5349 -j ACCEPT
    "$tables" -A INPUT -p udp -m multiport --dports 3478,40000:40063 -m comment --comment 'a "quoted" one' -j ACCEPT
    "$tables" -A INPUT -p tcp -m multiport --dports 40000:40063 -j ACCEPT
    "$tables" -P INPUT DROP
    doctor
    finds '' firewall.web && says firewall.web "$save table filter.* port 80.*iptables -I INPUT -p tcp --dport 80" || ok=1
    expect '443 is open' gets_in 443 && expect '80 is closed' eval '! gets_in 80' || ok=1
    "$tables" -P INPUT ACCEPT
    "$tables" -F
    nft flush ruleset
    return $ok
}
closed_by_iptables_nft() { closed_by_iptables iptables iptables-nft; }
closed_by_iptables_legacy() { closed_by_iptables iptables-legacy iptables-legacy; }

closed_by_ufw() {
    local ok=0
    cp -a /etc/ufw "$work/ufw"
    mount --bind "$work/ufw" /etc/ufw
    mkdir -p "$work/libufw" && cp -a /lib/ufw/. "$work/libufw"
    ufw --force enable >"$work/ufw.log" 2>&1 || { cat "$work/ufw.log"; ok=1; }
    ufw allow 443/tcp >>"$work/ufw.log" 2>&1
    doctor
    finds 'firewall.media firewall.turn' firewall.web && says firewall.media 'ufw allow 40000:40063/udp' || ok=1
    expect '443 is open' gets_in 443 && expect '80 is closed' eval '! gets_in 80' || ok=1
    jq -r '.checks[] | select(.group == "firewall") | .findings[].command // empty' "$work/out" >"$work/commands"
    bash -e "$work/commands" >>"$work/ufw.log" 2>&1 || ok=1
    doctor
    finds '' '' && expect '80 is open' gets_in 80 || ok=1
    ufw --force disable >>"$work/ufw.log" 2>&1
    umount /etc/ufw
    iptables -F
    iptables -X
    ip6tables -F
    ip6tables -X
    nft flush ruleset
    return $ok
}

only_the_local_network() {
    local ok=0
    nft -f - <<E
table ip f { chain in { type filter hook input priority 0; policy drop; iif lo accept
    ip saddr 198.18.0.0/24 accept; }; }
E
    doctor
    finds '' 'firewall.web firewall.media firewall.turn' &&
        says firewall.web 'for all but the local network' || ok=1
    nft flush ruleset
    return $ok
}

closed_to_itself() {
    local ok=0
    nft -f - <<E
table inet filter { chain input { type filter hook input priority 0; policy accept; iifname "lo" tcp dport 5443 drop; }; }
E
    doctor firewall
    finds firewall.loopback '' || ok=1
    nft flush ruleset
    return $ok
}

sent_elsewhere() {
    local ok=0
    nft -f - <<E
table ip nat { chain pre { type nat hook prerouting priority -100; iifname "e0" tcp dport 443 dnat to 198.18.0.2; }; }
E
    doctor
    finds '' firewall.web && says firewall.web 'elsewhere' || ok=1
    nft flush ruleset
    return $ok
}

# ---- how it behaves ----

without_root() {
    cp "$visavis" "$work/visavis"
    chmod 755 "$work/visavis"
    setpriv --reuid=65534 --regid=65534 --clear-groups "$work/visavis" doctor --json >"$work/out" 2>"$work/err"
    status=$?
    finds '' '' && expect 'firewall is unknown' grep -q firewall.rules <<<"$(ids unknown)"
}

guessing_is_not_provoked() {
    for _ in 1 2 3 4 5 6 7 8; do doctor auth; done
    finds '' ''
}

one_screen() {
    local text
    text=$("$visavis" doctor 2>"$work/err")
    expect "at most 24 lines: $(wc -l <<<"$text")" [ "$(wc -l <<<"$text")" -le 24 ] &&
        expect 'no secret' [ -z "$(grep a-secret-that <<<"$text")" ]
}

words() {
    "$visavis" doctor ports nonsense >"$work/out" 2>"$work/err"
    expect 'status 2' [ $? -eq 2 ] && expect 'it is named' grep -q nonsense "$work/err" || return 1
    doctor kernel.buffers ports
    expect 'those alone' [ "$(jq -r '.checks[].id' "$work/out" | tr '\n' ' ')" = 'kernel.buffers ports.taken ports.silent ports.relay ' ] &&
        expect 'a list' grep -q '^ports.taken ' <<<"$("$visavis" doctor --list)" &&
        expect 'a list for programs' [ "$("$visavis" doctor --list --json | jq -r '.checks | length > 40')" = true ]
}

touch "$work/out" "$work/err"
machine "$work/bare"
test_case 'a fit machine' fit_machine
test_case 'a taken port' taken_port
test_case 'a taken web port, IPv6' taken_web_port_ipv6
test_case 'a port beside ours' free_range_of_another
test_case 'another TURN server' other_turn_server
test_case 'a full disk' full_disk
test_case 'other distributions' other_distribution
test_case 'a wrong clock' wrong_clock
test_case 'not installed' not_installed

serve
test_case 'a good machine' good_machine
test_case 'a wrong value' wrong_value
test_case 'a weak secret' weak_secret
test_case 'an .env for everybody' readable_by_all
test_case 'an .env not applied' not_applied
test_case 'ports not reserved' unreserved_ports
test_case 'small buffers' small_buffers
test_case 'a full table of connections' full_conntrack
test_case 'a name that nobody knows' unknown_name
test_case 'no name server' no_name_server
test_case 'a name of another machine' other_machine
test_case 'the certificate of another name' wrong_certificate
test_case 'an expiring certificate' expiring_certificate
test_case 'the wrong key' wrong_key
test_case 'a key for everybody' readable_key
test_case 'no own certificate' missing_own_certificate
test_case 'TURN is dead' dead_turn
test_case 'Redis is dead' dead_redis
test_case 'a degraded unit' degraded_unit
test_case 'a broken site of another' broken_site_of_another
test_case 'the web server is away' web_server_away
test_case 'the web server was killed' web_server_killed
test_case 'signaling hangs' hanging_signaling
test_case 'TURN hangs' hanging_turn
test_case 'TURN has an old certificate' certificate_that_turn_has_not_read
test_case 'TURN on the web port' turn_on_the_web_port
test_case 'a stopped server' stopped_server
test_case 'nftables: nothing is open' nothing_open
test_case 'nftables: media goes out by itself' media_goes_out
test_case 'nftables: media forgotten' media_forgotten
test_case 'iptables on nftables' closed_by_iptables_nft
test_case 'iptables of old' closed_by_iptables_legacy
test_case 'ufw' closed_by_ufw
test_case 'open for the local network' only_the_local_network
test_case 'closed to itself' closed_to_itself
test_case 'sent elsewhere' sent_elsewhere
test_case 'without root' without_root
test_case 'wrong secrets are not provoked' guessing_is_not_provoked
test_case 'one screen' one_screen
test_case 'arguments' words

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
