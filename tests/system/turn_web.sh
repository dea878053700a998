#!/bin/bash
# TURN on the web server's port, with the real nginx: its stream module hands over connections without ALPN, and we
# hand HTTP back. Certificates that change under all that. usage: tests/system/turn_web.sh build/<flavour>
set -u
if [ -z "${TURN_WEB_NETWORK-}" ]; then
    if ! unshare --net true 2>/dev/null; then
        echo 'a network of its own cannot be had here: needs root'
        echo '0 passed, 0 failed, 1 skipped'
        exit 0
    fi
    TURN_WEB_NETWORK=1 exec unshare --net "$0" "$@"
fi

# Another machine, 198.51.100.20, where clients and peers are: peers of our own machine are refused.
unshare --net sleep infinity &
machine=$!
outside() { nsenter --net="/proc/$machine/ns/net" "$@"; }

address() { # ADDRESS [COMMAND]: of the interface "wire"
    local a=$1
    shift
    "$@" ip link set lo up && "$@" ip link set wire up && "$@" ip addr add "198.51.100.$a/24" dev wire &&
        "$@" ip -6 addr add "2001:db8::$a/64" dev wire nodad
}

until [ "$(readlink "/proc/$machine/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add wire type veth peer name wire netns "$machine"
address 10 && address 20 outside || exit 1

build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
secret=aVeryLongSecretForTests12345
work=$(mktemp -d)
chmod 755 "$work"
passed=0
failed=0
skipped=0
pids=("$machine")

cleanup() {
    exec 7>&- 2>/dev/null
    for p in "${pids[@]}"; do { kill -TERM "$p" && wait "$p"; } 2>/dev/null; done
    rm -rf "$work"
}
trap cleanup EXIT
# shellcheck source=tests/system/lib.sh
. "$here/lib.sh"

start() {
    "$@" &
    last=$!
    pids+=("$last")
}

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$1" \
        -addext "subjectAltName=DNS:$1" -keyout "$work/new.key" -out "$work/new.pem" 2>/dev/null
    mv "$work/new.key" "$work/key.pem"
    mv "$work/new.pem" "$work/cert.pem"
}

write_nginx() {
    cat >"$work/nginx.conf" <<END
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
user root;
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 512; }
stream {
    map \$ssl_preread_alpn_protocols \$to {
        default unix:$work/https.sock;
        "~(^|,)stun\.(turn|nat-discovery)(,|\$)" unix:$work/turn.sock;
        "" unix:$work/turn.sock;
    }
    server {
        listen 443;
        listen [::]:443;
        ssl_preread on;
        proxy_pass \$to;
        proxy_protocol on;
    }
}
http {
    access_log off;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    client_max_body_size 200m;
    set_real_ip_from unix:;
    real_ip_header proxy_protocol;
    map \$http_upgrade \$connection_upgrade { default upgrade; "" ""; }
    server {
        listen unix:$work/https.sock ssl http2 proxy_protocol;
        listen unix:$work/site.sock proxy_protocol;
        ssl_certificate $work/cert.pem;
        ssl_certificate_key $work/key.pem;
        location / {
            proxy_pass http://127.0.0.1:8080;
            proxy_http_version 1.1;
            proxy_set_header Host \$host;
            proxy_set_header X-Real-IP \$remote_addr;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection \$connection_upgrade;
        }
    }
}
END
}

start_nginx() {
    rm -f "$work/https.sock" "$work/site.sock"
    write_nginx
    start nginx -c "$work/nginx.conf" 2>/dev/null
    nginx=$last
    wait_for port_is_open 443
}

stop_nginx() {
    kill -TERM "$nginx"
    wait_for gone "$nginx"
}

start_turn() {
    cat >"$work/turn.cfg" <<END
listen = ["udp:198.51.100.10:3478", "tcp:198.51.100.10:3478", "tls:198.51.100.10:5349", "tls:[2001:db8::10]:5349"];
secret = "$secret";
media = ["$work/media.sock"];
allowed_peers = ["198.51.100.20:20000-20003"];
certificate = "$work/cert.pem";
certificate_key = "$work/key.pem";
web_listen = "$work/turn.sock";
web_backend = "$work/site.sock";
threads = 2;
END
    start "$build/bin/visavis-turn" --config "$work/turn.cfg" 2>"$work/turn.log"
    turn=$last
    wait_for port_is_open 3478
}

stop_turn() {
    kill -TERM "$turn"
    wait_for gone "$turn"
}

reload_turn() {
    local before
    before=$(grep -c 'read again' "$work/turn.log")
    kill -HUP "$turn"
    wait_for reloaded "$before"
}

reloaded() { [ "$(grep -c 'read again' "$work/turn.log")" -gt "$1" ]; }

# Without ALPN, so by way of TURN.
ask() {
    outside curl --silent --show-error --insecure --max-time 60 --no-alpn --http1.1 --resolve meet.example.org:443:198.51.100.10 \
        "$@" >"$work/text" 2>"$work/err"
}

says() { grep -qF -- "$1" "$work/text" || { echo "    it does not say: $1"; return 1; }; }

page() {
    outside curl --silent --insecure --resolve meet.example.org:443:198.51.100.10 \
        https://meet.example.org/ >"$work/text" 2>"$work/err" || return 1
    says 'client 198.51.100.20 scheme https host meet.example.org' || return 1
    ask https://meet.example.org/ && says 'client 198.51.100.20 scheme https host meet.example.org' || return 1
    ask --resolve six.example.org:443:2001:db8::10 https://six.example.org/ || return 1
    says 'client 2001:db8::20 scheme https host six.example.org'
}

one_connection() {
    ask --write-out '%{num_connects}\n' https://meet.example.org/1 https://meet.example.org/2 || return 1
    expect 'the connection stays' [ "$(grep -cx 0 "$work/text")" = 1 ]
}

large_bodies() {
    local sum
    dd if=/dev/urandom of="$work/upload" bs=1M count=60 2>/dev/null
    sum=$(sha256sum <"$work/upload" | cut -d' ' -f1)
    ask --data-binary "@$work/upload" https://meet.example.org/ && says "$sum" || return 1
    ask --data-binary "@$work/upload" --header 'Transfer-Encoding: chunked' https://meet.example.org/ && says "$sum" || return 1
    curl --silent http://127.0.0.1:8080/big?n=60000001 | sha256sum >"$work/expected"
    ask https://meet.example.org/big?n=60000001 || return 1
    sha256sum <"$work/text" | cmp - "$work/expected" || return 1
    ask --limit-rate 20M https://meet.example.org/big?n=60000001 || return 1
    sha256sum <"$work/text" | cmp - "$work/expected"
}

many_at_once() {
    local i clients=()
    for i in $(seq 40); do
        outside curl --silent --insecure --no-alpn --http1.1 --resolve meet.example.org:443:198.51.100.10 \
            "https://meet.example.org/big?n=1000001" | sha256sum >"$work/many.$i" &
        clients+=("$!")
    done
    wait "${clients[@]}"
    curl --silent http://127.0.0.1:8080/big?n=1000001 | sha256sum >"$work/expected"
    for i in $(seq 40); do cmp "$work/many.$i" "$work/expected" || return 1; done
}

websocket_says() { grep -qF -- "$1" "$work/ws.out"; }

start_websocket() {
    rm -f "$work/ws.in"
    mkfifo "$work/ws.in"
    exec 7<>"$work/ws.in" # both, so that nobody waits for the other
    outside node "$here/turn_web.mjs" websocket 198.51.100.10 443 meet.example.org <"$work/ws.in" >"$work/ws.out" &
    websocket=$!
    pids+=("$websocket")
    wait_for websocket_says '101 Switching'
}

websocket_goes_on() {
    echo "$1" >&7
    wait_for websocket_says "$1"
}

websocket() {
    start_websocket && websocket_goes_on hello && websocket_goes_on 'hello again'
}

# All that the server was sent came back, and is what it says itself; the tool's TLS reader may lose some of it.
relays() {
    outside timeout 30 turnutils_uclient "$@" -s -W "$secret" -u test -e 198.51.100.20 -r 20000 -n 50 -m 2 -l 400 -z 5 -c \
        >"$work/text" 2>"$work/err" || return 1
    grep -Eq 'Total transmit time' "$work/text" || return 1
    expect 'something came back' grep -Eq 'tot_recv_msgs=[1-9]' "$work/text"
}

turn_by_443() {
    relays -t -S -p 443 198.51.100.10
}

turn_by_its_own_ports() {
    relays 198.51.100.10 && expect 'udp: nothing is lost' grep -q 'Total lost packets 0 ' "$work/text" || return 1
    relays -t 198.51.100.10 && expect 'tcp: nothing is lost' grep -q 'Total lost packets 0 ' "$work/text" || return 1
    relays -t -S -p 5349 198.51.100.10
}

# The server's TLS as it says so itself.
tls() {
    outside openssl s_client -connect "$@" </dev/null >"$work/text" 2>"$work/err"
}

protocols() {
    tls 198.51.100.10:443 -alpn stun.turn && says 'ALPN protocol: stun.turn' || return 1
    tls 198.51.100.10:5349 -alpn stun.turn -tls1_2 && says 'ALPN protocol: stun.turn' && says 'TLSv1.2' || return 1
    tls 198.51.100.10:5349 -tls1_3 && says 'No ALPN negotiated' && says 'TLSv1.3' || return 1
    tls '[2001:db8::10]:5349' && says 'CN = meet.example.org' || return 1
    expect 'only h2 is no business of ours' not tls 198.51.100.10:5349 -alpn h2 || return 1
    expect 'TLS 1.1 is too old' not tls 198.51.100.10:5349 -tls1_1 -cipher DEFAULT@SECLEVEL=0
}

new_certificate() {
    certificate new.example.org
    tls 198.51.100.10:5349 && says 'CN = meet.example.org' || return 1
    reload_turn
    tls 198.51.100.10:5349 && says 'CN = new.example.org' || return 1
    tls 198.51.100.10:443 && says 'CN = new.example.org' || return 1
    websocket_goes_on 'with the old certificate still'
}

wrong_certificates() {
    cp "$work/key.pem" "$work/right.pem"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$work/key.pem" 2>/dev/null
    reload_turn
    tls 198.51.100.10:5349 && says 'CN = new.example.org' || return 1
    grep -q 'does not belong to the certificate.*going on with the certificate from before' "$work/turn.log" || return 1
    rm "$work/key.pem"
    reload_turn
    tls 198.51.100.10:5349 && says 'CN = new.example.org' || return 1
    grep -q 'key.pem cannot be read: No such file.*going on' "$work/turn.log" || return 1
    websocket_goes_on 'and nothing happened' || return 1
    mv "$work/right.pem" "$work/key.pem"
}

# It starts all the same, and serves TLS when there is one.
no_certificate() {
    stop_turn || return 1
    mv "$work/cert.pem" "$work/away.pem"
    start_turn || return 1
    relays -t 198.51.100.10 || return 1
    expect 'no TLS yet' not tls 198.51.100.10:5349 || return 1
    expect 'no TLS yet' not tls 198.51.100.10:443 || return 1
    grep -q 'nobody is served over TLS until a reload finds a certificate' "$work/turn.log" || return 1
    mv "$work/away.pem" "$work/cert.pem"
    reload_turn
    tls 198.51.100.10:5349 && says 'CN = new.example.org' || return 1
    ask https://meet.example.org/ && says 'scheme https'
}

no_site() {
    mv "$work/site.sock" "$work/away.sock"
    ask --include https://meet.example.org/ && says 'HTTP/1.1 502 Bad Gateway' || return 1
    ask --include --data-binary "@$work/upload" https://meet.example.org/ && says 'HTTP/1.1 502 Bad Gateway' || return 1
    mv "$work/away.sock" "$work/site.sock"
    ask https://meet.example.org/ && says 'scheme https' || return 1
    grep -q 'cannot be handed to the web server by .*site.sock: No such file' "$work/turn.log"
}

web_server_restarts() {
    stop_nginx && start_nginx || return 1
    ask https://meet.example.org/ && says 'scheme https' || return 1
    start_websocket && websocket_goes_on 'after it' || return 1
    stop_turn || return 1
    wait_for gone "$websocket" || return 1
    start_turn && ask https://meet.example.org/ && says 'scheme https'
}

# What is left of all that in the daemon: nothing but its own sockets.
nothing_is_left() {
    wait_for only_its_own
}

only_its_own() {
    [ "$(ss -Hxtp state connected | grep -c "pid=$turn,")" -eq 0 ]
}

certificate meet.example.org
start node "$here/turn_web.mjs" site 8080
start outside turnutils_peer -L 198.51.100.20 -p 20000 >/dev/null 2>&1
start_turn && start_nginx && wait_for port_is_open 8080 || exit 1

test_case 'pages, with and without ALPN: client and scheme arrive' page
test_case 'a connection is used again' one_connection
test_case 'large bodies both ways' large_bodies
test_case 'many clients at once' many_at_once
test_case 'a WebSocket' websocket
test_case 'TURN over TLS on the same port' turn_by_443
test_case 'TURN on its own ports' turn_by_its_own_ports
test_case 'versions and protocols of TLS' protocols
test_case 'a new certificate under connections that go on' new_certificate
test_case 'certificates that cannot be used' wrong_certificates
test_case 'the site is away' no_site
test_case 'no certificate at the start' no_certificate
test_case 'the web server and TURN start anew' web_server_restarts
test_case 'nothing is left behind' nothing_is_left
finish_tests
