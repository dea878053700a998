# Shared by the tests of web servers in front: a machine in a folder (VISAVIS_ROOT), the daemons behind, questions
# to the site, and what every web server has to do. Sourced, with the build folder as $1; runs in a network of its
# own, so that it can have the real ports.
# shellcheck shell=bash
if [ -z "${WEB_TEST_NETWORK-}" ]; then
    if ! unshare --net true 2>/dev/null; then
        echo 'a network of its own cannot be had here: needs root'
        echo '0 passed, 0 failed, 1 skipped'
        exit 0
    fi
    WEB_TEST_NETWORK=1 exec unshare --net "$0" "$@"
fi
ip link set lo up
ip addr add 198.51.100.10/24 dev lo # a network of this machine

build=$(cd "$1" && pwd)
repository=$(cd "$(dirname "$0")/../.." && pwd)
visavis=$build/bin/visavis
domain=meet.example.org
secret=aVeryLongSecretForTests12345
work=$(mktemp -d)
root=$work/root
export VISAVIS_ROOT=$root
conf=$root/etc/nginx
passed=0
failed=0
skipped=0
pids=()

cleanup() {
    server_stop
    for p in "${pids[@]}"; do { kill -KILL "$p" && wait "$p"; } 2>/dev/null; done
    rm -rf "$work"
}
trap cleanup EXIT

# shellcheck source=tests/system/lib.sh
. "$repository/tests/system/lib.sh"

# ---- a machine in a folder ----

make_machine() {
    local run=$root/run/visavis state=$root/var/lib/visavis
    chmod 755 "$work"
    mkdir -p "$conf/sites-enabled" "$conf/modules-enabled" "$root/log" "$root/etc/visavis/nginx.d" \
        "$run/nginx" "$run/turn" "$state/certs/live" "$state/acme/webroot/.well-known/acme-challenge" \
        "$state/recordings/ses_A" "$state/custom-layout/mine" "$state/conf" "$root/usr/share/visavis"
    cp -a /etc/nginx/. "$conf"
    rm -f "$conf"/sites-enabled/* "$conf"/conf.d/*
    sed -i -e "s#/etc/nginx#$conf#; s#/run/nginx.pid#$root/run/nginx.pid#; s#/var/log/nginx#$root/log#" "$conf/nginx.conf"
    cp "$conf/nginx.conf" "$work/nginx.conf"
    cp -R "$build/share/." "$root/usr/share/visavis/"
    echo a-recording >"$state/recordings/ses_A/ses_A.mp4"
    echo a-layout >"$state/custom-layout/mine/index.html"
    echo a-secret >"$state/secret.txt"
    echo a-token >"$state/acme/webroot/.well-known/acme-challenge/token"
    certificate "$state/certs/live" "$domain" "DNS:$domain,DNS:www.$domain,IP:127.0.0.1"
    cp "$state/certs/live/fullchain.pem" "$state/certs/live/ca.crt"
}

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$2" \
        -addext "subjectAltName=$3" -keyout "$1/privkey.pem" -out "$1/fullchain.pem" 2>/dev/null
}

settings() {
    { printf '%s\n' "DOMAIN_OR_PUBLIC_IP=$domain" "OPENVIDU_SECRET=$secret" "$@"; } >"$root/etc/visavis/.env"
    chmod 640 "$root/etc/visavis/.env"
}

start_signaling() {
    cat >"$work/signaling.cfg" <<END
listen = ["unix:$root/run/visavis/signaling.sock", "tcp:127.0.0.1:5443"];
public_url = "https://$domain";
secret = "$secret";
media_control = "$work/media.sock";
media_server = "kurento";
recordings_path = "$root/var/lib/visavis/recordings";
layouts_path = "$root/var/lib/visavis/custom-layout";
accel = $1;
deprecated_api = true;
END
    "$build/bin/visavis-signaling" --config "$work/signaling.cfg" 2>>"$work/signaling.log" &
    signaling=$!
    pids+=("$signaling")
    wait_for signaling_answers || return 1
    chmod 666 "$root/run/visavis/signaling.sock" # the group of the web server, without the group
}

start_media() {
    cat >"$work/media.cfg" <<END
control = "$work/media.sock";
port = 40000;
workers = 1;
public_name = "198.51.100.10";
END
    "$build/bin/visavis-media" --config "$work/media.cfg" 2>>"$work/media.log" &
    media=$!
    pids+=("$media")
    wait_for test -S "$work/media.sock"
}

# As far as the web server is concerned.
start_turn() {
    cat >"$work/turn.cfg" <<END
listen = ["udp:127.0.0.1:3478"];
secret = "$secret";
media = ["$work/media.sock"];
certificate = "$root/var/lib/visavis/certs/live/fullchain.pem";
certificate_key = "$root/var/lib/visavis/certs/live/privkey.pem";
web_listen = "$root/run/visavis/nginx/turn.sock";
web_backend = "$root/run/visavis/turn/site.sock";
END
    "$build/bin/visavis-turn" --config "$work/turn.cfg" 2>>"$work/turn.log" &
    turn=$!
    pids+=("$turn")
    wait_for test -S "$root/run/visavis/nginx/turn.sock" || return 1
    chmod 666 "$root/run/visavis/nginx/turn.sock" # the group of the web server, without the group
}

signaling_answers() { curl -s -o /dev/null http://127.0.0.1:5443/openvidu/api/config/openvidu-publicurl; }

start_call() {
    cat >"$work/call.cfg" <<END
listen = ["tcp:127.0.0.1:5442"];
openvidu_url = "http://127.0.0.1:5443";
openvidu_secret = "$secret";
pages = "$build/share/call";
END
    "$build/bin/visavis-call" --config "$work/call.cfg" 2>>"$work/call.log" &
    call=$!
    pids+=("$call")
    wait_for port_is_open 5442
}

# ---- asking ----

# Status, headers and body of https://$domain$1; further words are curl's, those of ask_more in each request.
ask_more=()
ask() {
    local path=$1
    shift
    curl -sS -i --max-time 10 --path-as-is --cacert "$root/var/lib/visavis/certs/live/fullchain.pem" \
        --resolve "*:${https:-443}:${to:-127.0.0.1}" "${ask_more[@]}" "$@" "https://$domain:${https:-443}$path" >"$work/answer" 2>"$work/err"
    local status=$?
    tr -d '\r' <"$work/answer" >"$work/text"
    return $status
}

# By address: with a name curl 8.14 leaves --interface out of plain HTTP.
ask_plain() {
    local path=$1 host=${to:-127.0.0.1}
    shift
    [ "$host" = "${host#*:}" ] || host="[$host]"
    curl -sS -i --max-time 10 -H "Host: $domain" "$@" "http://$host:${http:-80}$path" >"$work/answer" 2>"$work/err"
    local status=$?
    tr -d '\r' <"$work/answer" >"$work/text"
    return $status
}

upgrade() {
    ask "$@" --http1.1 --max-time 2 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
        -H 'Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng=='
    true # it ends by its time limit
}

status_is() { expect "status $1 (is $(head -n 1 "$work/text"))" grep -qE "^HTTP/[0-9.]+ $1" "$work/text"; }
says() { expect "'$1' in the answer" grep -qiF -- "$1" "$work/text"; }
says_not() { expect "no '$1' in the answer" not grep -qiF -- "$1" "$work/text"; }

# Signaling's answers let every origin read them, Call's none.
from_signaling() { says 'Access-Control-Allow-Origin: *'; }
from_call() { expect 'an answer of Call' not grep -qi '^access-control-allow-origin' "$work/text"; }

auth=(-u "OPENVIDUAPP:$secret")

# ---- routes; the same in both layouts ----

routes() {
    ask / && status_is 200 && says '<html' && from_call || return 1
    ask /openvidu/api/config/openvidu-publicurl && status_is 200 && says "https://$domain" || return 1
    ask /openvidu/api/sessions && status_is 401 && from_signaling || return 1
    ask /openvidu/api/sessions "${auth[@]}" -H 'Content-Type: application/json' -d '{"customSessionId":"openvidu"}' &&
        status_is 200 && says '"id":"openvidu"' || return 1
    # Ends as RPC's path does, and is REST.
    ask /openvidu/api/sessions/openvidu "${auth[@]}" && status_is 200 && says '"id":"openvidu"' || return 1
    ask /openvidu/api/sessions/openvidu "${auth[@]}" -X DELETE && status_is 204 || return 1
    ask /dashboard && from_signaling || return 1
    ask /openvidu/cdr && from_signaling || return 1
    ask /openvidu/accept-certificate && status_is 200 && from_signaling || return 1
    ask /openvidu/other && from_call || return 1
    ask /openvidu/apis && from_call
}

websockets() {
    upgrade /openvidu && status_is 101 && says 'Upgrade: websocket' || return 1
    upgrade /some/path/openvidu && status_is 101
}

# Who may: a list of "address path status".
access() {
    local from path status
    while read -r from path status; do
        [ -n "$from" ] || continue
        ask "$path" "${auth[@]}" --interface "$from" && status_is "$status" || { echo "    from $from: $path"; return 1; }
    done
}

# A participant, by REST and WebSocket: signaling knows where it is.
joins_from() {
    local seen
    seen=$(node "$repository/tests/system/join.mjs" "$domain" 443 "$root/var/lib/visavis/certs/live/fullchain.pem" \
        "$secret" "$1" 2>"$work/err")
    expect "a participant from $1 is one: '$seen'" [ "$seen" = "$1" ]
}
