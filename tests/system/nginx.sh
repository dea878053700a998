#!/bin/bash
# The web server in front, with the real nginx: routes, rules, layouts, other people's sites, faults.
# usage: tests/system/nginx.sh build/<flavour>
set -u
# shellcheck source=tests/system/web_kit.sh
. "$(dirname "$0")/web_kit.sh"

# Renders and links, as applying the settings does.
generation=0
install_files() {
    local layout folder
    generation=$((generation + 1))
    folder=$root/var/lib/visavis/conf/$generation
    mkdir "$folder"
    layout=$("$visavis" proxy show --json 2>"$work/err" | sed -n 's/.*"layout": "\(.*\)".*/\1/p')
    "$visavis" proxy show --file site >"$folder/nginx-site.conf" || return 1
    "$visavis" proxy show --file stream >"$folder/nginx-stream.conf" || return 1
    ln -sfn "$generation" "$root/var/lib/visavis/conf/current"
    ln -sfn "$root/var/lib/visavis/conf/current/nginx-site.conf" "$conf/sites-enabled/visavis.conf"
    rm -f "$conf/modules-enabled/90-visavis-stream.conf"
    [ "$layout" = site ] ||
        ln -sfn "$root/var/lib/visavis/conf/current/nginx-stream.conf" "$conf/modules-enabled/90-visavis-stream.conf"
}

uninstall_files() {
    rm -f "$conf/sites-enabled/visavis.conf" "$conf/modules-enabled/90-visavis-stream.conf"
}

nginx_start() {
    : >"$root/log/error.log"
    nginx -c "$conf/nginx.conf" 2>"$work/err" || { cat "$work/err"; return 1; }
    wait_for nginx_accepts
}

nginx_accepts() { [ -s "$root/run/nginx.pid" ]; }

server_stop() {
    local pid
    pid=$(cat "$root/run/nginx.pid" 2>/dev/null) || return 0
    kill -TERM "$pid" 2>/dev/null
    wait_for gone "$pid"
    rm -f "$root/run/nginx.pid" "$root/run/visavis/nginx/https.sock" "$root/run/visavis/turn/site.sock"
}

# Workers of before are gone when it returns.
nginx_reload() {
    local pid old
    pid=$(cat "$root/run/nginx.pid")
    old=$(ps -o pid= --ppid "$pid")
    kill -HUP "$pid"
    for p in $old; do wait_for gone "$p"; done
}

# With settings, from nothing.
restart_with() {
    server_stop
    settings "$@"
    install_files && nginx_start
}

recordings() {
    ask /openvidu/recordings/ses_A/ses_A.mp4 && status_is 401 || return 1
    ask /openvidu/recordings/ses_A/ses_A.mp4 "${auth[@]}" && status_is 200 && says a-recording && says_not X-Accel || return 1
    says 'video/mp4' || return 1
    ask /openvidu/recordings/ses_A/ses_A.mp4 "${auth[@]}" -r 2-4 && status_is 206 && says ' 2-4/12' || return 1
    ask /openvidu/recordings/ses_A/none.mp4 "${auth[@]}" && status_is 404 || return 1
    ask /_visavis/recordings/ses_A/ses_A.mp4 "${auth[@]}" && status_is 404 && says_not a-recording
}

layouts() {
    ask /openvidu/layouts/mine/index.html && status_is 200 && says a-layout || return 1
    ask /openvidu/layouts/mine/ && status_is 200 && says a-layout || return 1
    ask /openvidu/layouts/mine && status_is 301 && says 'location: /openvidu/layouts/mine/' || return 1
    ask /openvidu/layouts/none && status_is 404 || return 1
    ask /openvidu/layouts../secret.txt && says_not a-secret || return 1
    ask '/openvidu/layouts/..%2fsecret.txt' && says_not a-secret
}

# A path with dots would be one thing to nginx and another to the daemon behind.
dots() {
    local p
    for p in /openvidu/api/sessions/../../../x/openvidu '/openvidu/api/%2e%2e/%2E./openvidu' /dashboard/../openvidu/api/sessions /a/.. \
        '/openvidu/api%2f..%2f..%2fopenvidu'; do
        ask "$p" "${auth[@]}" && status_is 400 || return 1
    done
    ask '/openvidu/api/config/openvidu-publicurl?a=../..' && status_is 200 || return 1
    ask '/.well-known/acme-challenge/token' && status_is 200
}

plain_http() {
    ask_plain '/a/b?c=d&e' && status_is 301 && says "Location: https://$domain/a/b?c=d&e" || return 1
    ask_plain /.well-known/acme-challenge/token && status_is 200 && says a-token || return 1
    ask_plain /.well-known/acme-challenge/none && status_is 404 || return 1
    ask_plain /nginx_status && status_is 200 && says 'Active connections' || return 1
    ask_plain /nginx_status --interface 127.0.0.2 && status_is 403 || return 1
    http=443 ask_plain /x && status_is 301 && says "Location: https://$domain/x"
}

headers() {
    ask / && says_not strict-transport && says_not nginx/ || return 1
    expect 'HTTP/2' [ "$(head -n 1 "$work/text" | cut -d' ' -f1)" = HTTP/2 ] || return 1
    ask /openvidu/ca.crt && status_is 200 && says 'application/x-x509-ca-cert' && says 'BEGIN CERTIFICATE' || return 1
    ask /main.js -H 'Accept-Encoding: gzip' -o /dev/null -D "$work/answer"
    tr -d '\r' <"$work/answer" >"$work/text"
    status_is 200 && says 'content-encoding: gzip' || return 1
    ask /openvidu/api/config/openvidu-publicurl -H 'Accept-Encoding: gzip' && says_not 'content-encoding'
}

ipv6() {
    to=::1 ask / && status_is 200 || return 1
    to=::1 ask_plain / && status_is 301
}

all_routes() {
    local t
    for t in routes websockets recordings layouts dots plain_http headers ipv6; do
        "$t" || { echo "    in: $t"; return 1; }
    done
}

front_layout() {
    restart_with PROXY=front || return 1
    expect 'a stream server has the port' grep -q 'listen 443' "$root/var/lib/visavis/conf/current/nginx-stream.conf" || return 1
    expect 'the site has not' not grep -q 'listen 443' "$root/var/lib/visavis/conf/current/nginx-site.conf" || return 1
    all_routes
}

site_layout() {
    restart_with PROXY=site || return 1
    expect 'no stream server' not test -e "$conf/modules-enabled/90-visavis-stream.conf" || return 1
    all_routes
}

layouts_by_reload() {
    restart_with PROXY=site || return 1
    settings PROXY=front
    install_files && nginx_reload || return 1
    expect 'the socket of the front layout' test -S "$root/run/visavis/nginx/https.sock" || return 1
    ask / && status_is 200 || return 1
    settings PROXY=site
    install_files && nginx_reload || return 1
    expect 'no socket any more' not test -e "$root/run/visavis/nginx/https.sock" || return 1
    ask / && status_is 200
}

# ---- rules ----

dashboard_list() {
    restart_with "PROXY=$1" 'ALLOWED_ACCESS_TO_DASHBOARD=127.0.0.9, 127.0.1.0/24' || return 1
    access <<END
127.0.0.1 /openvidu/info 404
127.0.0.9 /openvidu/info 404
127.0.1.200 /openvidu/info 404
127.0.0.2 /openvidu/info 403
127.0.0.90 /dashboard 403
127.0.0.90 /dashboard/openvidu 403
198.51.100.10 /openvidu/info 404
127.0.0.2 /openvidu/api/sessions 200
127.0.0.2 /openvidu/recordings/ses_A/ses_A.mp4 200
127.0.0.2 / 200
END
}

rest_list() {
    restart_with "PROXY=$1" ALLOWED_ACCESS_TO_DASHBOARD=127.0.0.9 ALLOWED_ACCESS_TO_RESTAPI=127.0.0.10 SUPPORT_DEPRECATED_API=true || return 1
    access <<END
127.0.0.1 /openvidu/api/sessions 200
127.0.0.10 /openvidu/api/sessions 200
127.0.0.9 /openvidu/api/sessions 200
127.0.0.100 /openvidu/api/sessions 403
127.0.0.100 /openvidu/api/sessions/openvidu 403
127.0.0.100 /openvidu/%61pi/sessions 403
127.0.0.100 //openvidu/api/sessions 403
127.0.0.100 /openvidu/cdr 403
127.0.0.100 /api/sessions 403
127.0.0.100 /config 403
127.0.0.100 /cdr 403
127.0.0.10 /openvidu/info 403
127.0.0.100 /openvidu/accept-certificate 200
127.0.0.100 / 200
END
}

public_address() {
    restart_with ALLOWED_ACCESS_TO_RESTAPI=192.0.2.1 PROXY_PUBLIC_IP=127.0.0.77 || return 1
    access <<END
127.0.0.77 /openvidu/api/sessions 200
127.0.0.78 /openvidu/api/sessions 403
END
}

deprecated() {
    restart_with SUPPORT_DEPRECATED_API=false || return 1
    ask /api/sessions "${auth[@]}" && from_call || return 1
    ask /layouts/custom/mine/ && from_call || return 1
    restart_with SUPPORT_DEPRECATED_API=true || return 1
    ask /api/sessions "${auth[@]}" && status_is 200 && from_signaling || return 1
    ask /config "${auth[@]}" && status_is 200 && from_signaling || return 1
    ask /layouts/custom/mine/ && status_is 200 && says a-layout || return 1
    ask /recordings/ses_A/ses_A.mp4 "${auth[@]}" && status_is 200 && says a-recording || return 1
    ask /accept-certificate && status_is 200 && from_signaling || return 1
    ask /recordings-of-mine && from_call
}

other_ports() {
    restart_with HTTPS_PORT=8443 HTTP_PORT=8080 REDIRECT_WWW=true "PROXY=$1" || return 1
    http=8080 ask_plain '/a?b=c' && status_is 301 && says "Location: https://$domain:8443/a?b=c" || return 1
    https=8443 ask / && status_is 200 || return 1
    local to
    for to in 127.0.0.1 ::1; do
        curl -sS -i --max-time 10 --cacert "$root/var/lib/visavis/certs/live/fullchain.pem" --resolve "*:8443:$to" \
            "https://www.$domain:8443/a?b=c" | tr -d '\r' >"$work/text"
        status_is 301 && says "https://$domain:8443/a?b=c" || return 1
    done
    curl -sS -i --max-time 10 --resolve "*:8080:127.0.0.1" "http://www.$domain:8080/a" | tr -d '\r' >"$work/text"
    status_is 301 && says "https://$domain:8443/a"
}

options() {
    restart_with CERTIFICATE_TYPE=owncert XFRAME_SAMEORIGIN=true CLIENT_MAX_BODY_SIZE=1k HTTPS_PROTOCOLS=TLSv1.3 || return 1
    ask / && says 'strict-transport-security: max-age=63072000' && says 'x-frame-options: SAMEORIGIN' || return 1
    ask /openvidu/ca.crt && from_call || return 1
    ask /openvidu/api/sessions "${auth[@]}" -H 'Content-Type: application/json' -d "{\"a\":\"$(printf '%2000s' x)\"}" && status_is 413 || return 1
    expect 'no TLS 1.2' not ask / --tls-max 1.2
}

own_locations() {
    echo 'location /mine { return 200 "own place"; }' >"$root/etc/visavis/nginx.d/mine.conf"
    restart_with || return 1
    ask /mine && status_is 200 && says 'own place'
    local r=$?
    rm -f "$root/etc/visavis/nginx.d/mine.conf"
    return $r
}

names() {
    local long
    long=$(printf 'a%.0s' $(seq 60)).$(printf 'b%.0s' $(seq 60)).example.org
    restart_with "DOMAIN_OR_PUBLIC_IP=$long" || return 1
    expect 'nginx takes it' not grep -q emerg "$root/log/error.log" || return 1
    restart_with DOMAIN_OR_PUBLIC_IP=127.0.0.1 || return 1
    curl -sS -i --max-time 10 --cacert "$root/var/lib/visavis/certs/live/fullchain.pem" https://127.0.0.1/ | tr -d '\r' >"$work/text"
    status_is 200 || return 1
    restart_with DOMAIN_OR_PUBLIC_IP=::1 || return 1
    curl -sS -i --max-time 10 -k 'http://[::1]/a' | tr -d '\r' >"$work/text"
    status_is 301 && says 'Location: https://[::1]/a' || return 1
    curl -sS -i --max-time 10 -k 'https://[::1]/' | tr -d '\r' >"$work/text"
    status_is 200
}

# ---- certificates from a CA ----

# TLS with a certificate of its own on the socket, behind the PROXY protocol's line, which it says again.
acme_server() {
    mkdir -p "$work/proof"
    certificate "$work/proof" proof DNS:proof
    cat >"$work/proof/server.mjs" <<'END'
import net from 'node:net';
import tls from 'node:tls';
import fs from 'node:fs';
const [, , path, folder] = process.argv;
const proofs = tls.createServer({
    key: fs.readFileSync(`${folder}/privkey.pem`), cert: fs.readFileSync(`${folder}/fullchain.pem`), ALPNProtocols: ['acme-tls/1'],
}, c => c.end());
net.createServer(c => c.once('data', d => {
    const end = d.indexOf('\r\n');
    fs.appendFileSync(`${folder}/lines`, d.subarray(0, end + 2));
    c.pause();
    c.unshift(d.subarray(end + 2));
    proofs.emit('connection', c);
})).listen(path, () => fs.chmodSync(path, 0o666));
END
    node "$work/proof/server.mjs" "$root/run/visavis/nginx/acme.sock" "$work/proof" &
    acme_server=$!
    pids+=("$acme_server")
    wait_for test -S "$root/run/visavis/nginx/acme.sock"
}

# Whose certificate, for these protocols.
hello() {
    openssl s_client -connect "${to:-127.0.0.1}:443" -servername "$domain" -alpn "$1" </dev/null >"$work/text" 2>"$work/err"
    grep -o 'subject=.*' "$work/text"
}

acme_tls() {
    restart_with PROXY=front && acme_server || return 1
    expect 'a CA gets the proof' [ "$(hello acme-tls/1)" = 'subject=CN = proof' ] || return 1
    says 'ALPN protocol: acme-tls/1' || return 1
    expect 'its address is told' grep -q '^PROXY TCP4 127.0.0.1 127.0.0.1 [0-9]* 443' "$work/proof/lines" || return 1
    [ "$(to='[::1]' hello acme-tls/1)" = 'subject=CN = proof' ] || return 1
    for alpn in h2 http/1.1 h2,http/1.1 acme-tls/1,h2 h2,acme-tls/1 acme-tls/10 xacme-tls/1; do
        hello "$alpn" >/dev/null
        expect "the site for $alpn" not grep -q 'CN = proof' "$work/text" || return 1
    done
    ask / && status_is 200 || return 1
    kill -KILL "$acme_server" && wait "$acme_server" 2>/dev/null
    expect 'refused when nobody is there' not hello acme-tls/1 || return 1
    ask / && status_is 200
}

ask_name() {
    curl -sS -i --max-time 10 --cacert "$root/var/lib/visavis/certs/live/fullchain.pem" --resolve '*:80:127.0.0.1' --resolve '*:443:127.0.0.1' \
        "$1" 2>"$work/err" | tr -d '\r' >"$work/text"
}

all_names() {
    local name live=$root/var/lib/visavis/certs/live
    cp "$live/fullchain.pem" "$live/privkey.pem" "$work/"
    certificate "$live" "$domain" "DNS:$domain,DNS:www.$domain,DNS:media.example.org,DNS:*.wild.example.org"
    other_site
    restart_with CERTIFICATE_TYPE=letsencrypt "PROXY=site" REDIRECT_WWW=true \
        'CERTIFICATE_NAMES=media.example.org, *.wild.example.org, shop.example.org, 127.0.0.1' || return 1
    for name in "$domain" "www.$domain" media.example.org a.wild.example.org 127.0.0.1; do
        ask_name "http://$name/.well-known/acme-challenge/token" && status_is 200 && says a-token || return 1
        ask_name "http://$name/a?b=c" && status_is 301 && says "Location: https://$domain/a?b=c" || return 1
    done
    for name in "www.$domain" media.example.org a.wild.example.org; do
        ask_name "https://$name/.well-known/acme-challenge/token" && status_is 200 && says a-token || return 1
        ask_name "https://$name/a?b=c" && status_is 301 && says "location: https://$domain/a?b=c" || return 1
    done
    ask / && says strict-transport || return 1
    # The name of another site stays that one's.
    ask_shop && says 'the shop' || return 1
    expect 'nginx has nothing to say' not grep -q 'conflicting server name' "$root/log/error.log" || return 1
    rm "$conf/sites-enabled/shop"
    cp "$work/fullchain.pem" "$work/privkey.pem" "$live/"
}

# ---- somebody else has port 80 ----

# In its own session: what it starts ends with it.
hold() {
    setsid "$@" >/dev/null 2>&1 &
    holder=$!
    pids+=("$holder")
    wait_for port_is_open 80
}

let_go() {
    kill -TERM -- "-$holder" 2>/dev/null
    wait "$holder" 2>/dev/null
    wait_for not port_is_open 80
}

apache() {
    printf 'ServerName other\nPidFile %s\nErrorLog /dev/null\nListen 0.0.0.0:80\nListen [::]:80\n' "$work/apache.pid" >"$work/apache.conf"
    for m in mpm_event authz_core; do
        echo "LoadModule ${m}_module /usr/lib/apache2/modules/mod_$m.so" >>"$work/apache.conf"
    done
    hold apache2 -d "$work" -f "$work/apache.conf" -DFOREGROUND
}

site_without() {
    "$visavis" proxy show >"$work/out" 2>&1
    expect "told: $1" grep -q "$1" "$work/out" || { cat "$work/out"; return 1; }
    try_says 0 'would start' || return 1
    install_files && nginx_start || return 1
    ask / && status_is 200 || return 1
    to=::1 ask / && status_is 200
}

released() {
    "$@"
    local r=$?
    server_stop
    let_go && return $r
}

http_port_held() {
    server_stop
    uninstall_files
    settings "PROXY=$1"
    apache || return 1
    site_without "port 80 (HTTP_PORT) is held by apache2 (process $holder" || return 1
    expect 'no server for it' not grep -q 'listen 80' "$root/var/lib/visavis/conf/current/nginx-site.conf" || return 1
    install_files && nginx_reload && ask / && status_is 200 || return 1
    let_go || return 1
    install_files && nginx_reload || return 1
    ask_plain /a && status_is 301 || return 1
    to=::1 ask_plain /a && status_is 301
}

http_port_held_in_half() {
    server_stop
    uninstall_files
    settings
    hold socat TCP4-LISTEN:80,fork,reuseaddr SYSTEM:'echo other' || return 1
    site_without 'port 80 (HTTP_PORT), on IPv4, is held by socat' || return 1
    to=::1 ask_plain /a && status_is 301 || return 1
    server_stop
    let_go || return 1
    hold socat TCP6-LISTEN:80,fork,reuseaddr,ipv6only=1 SYSTEM:'echo other' || return 1
    uninstall_files
    site_without 'port 80 (HTTP_PORT), on IPv6, is held by socat' || return 1
    ask_plain /a && status_is 301 || return 1
    server_stop
    let_go || return 1
    # One address of the machine is enough.
    hold socat TCP4-LISTEN:80,bind=127.0.0.9,fork,reuseaddr SYSTEM:'echo other' || return 1
    uninstall_files
    site_without 'on IPv4, is held by socat' || return 1
    server_stop
    let_go
}

# ---- what is behind ----

# An app of the operator's own in Call's place, which says what it is told.
client_address() {
    local layout
    kill -TERM "$call" && wait "$call"
    node "$repository/tests/system/echo_app.mjs" 5442 &
    echo_app=$!
    pids+=("$echo_app")
    wait_for port_is_open 5442 || return 1
    for layout in site front; do
        restart_with "PROXY=$layout" || return 1
        ask /x --interface 127.0.0.5 -H 'X-Real-IP: 9.9.9.9' && status_is 200 && says 'x-real-ip: 127.0.0.5' &&
            says 'x-forwarded-for: 127.0.0.5' && says 'x-forwarded-proto: https' && says "host: $domain" && says_not 9.9.9.9 || return 1
        upgrade /sock && status_is 101 || return 1
        to=::1 ask /x && says 'x-real-ip: ::1' || return 1
        joins_from 127.0.0.7 || return 1
    done
}

away() {
    restart_with || return 1
    kill -TERM "$echo_app" && wait "$echo_app"
    ask / && status_is 502 && says 'One moment, please' && says 'visavis status' && says 'retry-after: 5' && says_not nginx/ || return 1
    kill -TERM "$signaling" && wait "$signaling"
    ask /openvidu/api/sessions "${auth[@]}" && status_is 502 && says 'application/json' && says '"error"' && says_not nginx/ || return 1
    ask /dashboard && status_is 502 && says 'One moment, please' || return 1
    # And back at once, without waiting for nginx to forget.
    start_call && start_signaling true || return 1
    ask / && status_is 200 || return 1
    ask /openvidu/api/sessions "${auth[@]}" && status_is 200
}

# ---- other people's nginx ----

other_site() {
    mkdir -p "$work/other"
    certificate "$work/other" shop.example.org DNS:shop.example.org
    cat >"$conf/sites-enabled/shop" <<END
server {
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name shop.example.org;
    ssl_certificate $work/other/fullchain.pem;
    ssl_certificate_key $work/other/privkey.pem;
    location / { return 200 "the shop\n"; }
}
server {
    listen 80;
    server_name shop.example.org;
    location / { return 200 "the plain shop\n"; }
}
END
}

ask_shop() {
    curl -sS --max-time 10 --cacert "$work/other/fullchain.pem" --resolve '*:443:127.0.0.1' https://shop.example.org/ >"$work/text" 2>"$work/err"
}

beside_another_site() {
    other_site
    restart_with && "$visavis" proxy show >"$work/out" || return 1
    expect 'the site layout, with the reason' grep -q "layout   site: .*$conf/sites-enabled/shop:1" "$work/out" || return 1
    ask_shop && says 'the shop' || return 1
    routes && websockets || return 1
    # The one that was the default stays it.
    curl -sS --max-time 10 -H 'Host: unknown.example.org' http://127.0.0.1/ >"$work/text"
    says 'the plain shop' || return 1
    settings PROXY=front
    expect 'front is refused' not "$visavis" proxy show >"$work/out" 2>"$work/err" || return 1
    expect 'with the place' grep -q "front cannot be.*shop:1" "$work/err" || return 1
    rm -f "$conf/sites-enabled/shop"
}

same_name() {
    server_stop
    uninstall_files
    echo "server { listen 443; server_name $domain; }" >"$conf/sites-enabled/old"
    settings
    expect 'refused' not "$visavis" proxy test >"$work/out" 2>"$work/err" || return 1
    expect 'with the place' grep -q "another site with the name $domain.*$conf/sites-enabled/old:1" "$work/err" || return 1
    rm "$conf/sites-enabled/old"
}

try_says() {
    local status=$1 words=$2
    "$visavis" proxy test >"$work/out" 2>&1
    [ $? -eq "$status" ] && grep -q "$words" "$work/out" && return 0
    echo "    not so: status $status and '$words': $(cat "$work/out")"
    return 1
}

good_trial() {
    server_stop
    uninstall_files
    settings PROXY=front
    try_says 0 'would start with the front layout' || return 1
    settings PROXY=site
    try_says 0 'would start with the site layout' || return 1
    expect 'nothing runs afterwards' not port_is_open 443 || return 1
    expect 'no socket stays' not test -e "$root/run/visavis/nginx/https.sock" || return 1
    # What an nginx that was killed left behind is no obstacle.
    settings PROXY=front
    install_files && nginx_start || return 1
    kill -KILL "$(cat "$root/run/nginx.pid")" && sleep 0.2
    pkill_workers
    try_says 0 'would start' || return 1
    rm -f "$root/run/nginx.pid" "$root/run/visavis/nginx/https.sock"
    uninstall_files
}

# Those of this network, left by a master that was killed.
pkill_workers() {
    local p
    for p in $(ss -Hltnp 'sport = :443' | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -u); do
        kill -KILL "$p"
        wait_for gone "$p"
    done
}

port_conflict() {
    local holder layout
    server_stop
    uninstall_files
    node -e 'require("net").createServer().listen(443, "0.0.0.0")' &
    holder=$!
    pids+=("$holder")
    wait_for port_is_open 443 || return 1
    for layout in front site; do
        settings "PROXY=$layout"
        try_says 1 "port 443, .* is held by node (process $holder" || return 1
    done
    kill -KILL $holder
    wait $holder 2>/dev/null
    try_says 0 'would start'
}

port_conflict_while_running() {
    local holder
    server_stop
    uninstall_files
    echo 'server { listen 80; }' >"$conf/sites-enabled/plain"
    nginx_start || return 1
    settings
    try_says 0 'would start' || return 1
    node -e 'require("net").createServer().listen(443, "::")' &
    holder=$!
    pids+=("$holder")
    wait_for port_is_open 443 || return 1
    try_says 1 "port 443, .* is held by node (process $holder" || return 1
    kill -KILL $holder
    wait $holder 2>/dev/null
    expect 'the other goes on' curl -s -o /dev/null http://127.0.0.1/ || return 1
    rm "$conf/sites-enabled/plain"
    server_stop
}

# nginx -t passes, the start fails.
stream_and_http_on_one_port() {
    server_stop
    uninstall_files
    printf 'stream { server { listen 9443; proxy_pass 127.0.0.1:1; } }\n' >"$conf/modules-enabled/99-own.conf"
    echo 'server { listen 127.0.0.1:9443; }' >"$conf/sites-enabled/nine"
    expect 'nginx -t sees nothing' nginx -q -t -c "$conf/nginx.conf" || return 1
    settings PROXY=site
    try_says 1 'port 9443 is asked for by .*99-own.conf:1 .*nine:1.*a file that is not Visavis' || return 1
    rm "$conf/sites-enabled/nine"
    settings
    try_says 0 'site layout' || return 1
    settings PROXY=front
    try_says 1 "stream{} block already, at $conf/modules-enabled/99-own.conf:1" || return 1
    settings HTTPS_PORT=9443
    try_says 1 'a stream server of nginx has HTTPS_PORT' || return 1
    rm "$conf/modules-enabled/99-own.conf"
}

broken_foreign_site() {
    server_stop
    uninstall_files
    printf '\nserver {\n    listen 8081;\n    nonsense on;\n}\n' >"$conf/sites-enabled/broken"
    settings
    try_says 1 "wrong already without Visavis.*unknown directive \"nonsense\" in $conf/sites-enabled/broken:4" || return 1
    rm "$conf/sites-enabled/broken"
    echo 'nonsense on;' >"$root/etc/visavis/nginx.d/own.conf"
    try_says 1 "unknown directive \"nonsense\" in $root/etc/visavis/nginx.d/own.conf:1.*not Visavis" || return 1
    rm "$root/etc/visavis/nginx.d/own.conf"
    mv "$root/var/lib/visavis/certs/live/privkey.pem" "$work/key"
    "$visavis" proxy test >"$work/out" 2>&1
    expect 'our own fault is ours' not grep -q 'not Visavis' "$work/out" || return 1
    expect 'and told' grep -q 'cannot load certificate key' "$work/out" || return 1
    mv "$work/key" "$root/var/lib/visavis/certs/live/privkey.pem"
}

# Ours as it was has a fault: that says nothing about the new files.
old_files_do_not_count() {
    settings
    install_files || return 1
    echo 'nonsense on;' >>"$root/var/lib/visavis/conf/current/nginx-site.conf"
    expect 'nginx is broken now' not nginx -q -t -c "$conf/nginx.conf" || return 1
    try_says 0 'would start' || return 1
    uninstall_files
}

daemon_off() {
    server_stop
    sed -i '1i daemon off; master_process on;' "$conf/nginx.conf"
    settings
    try_says 0 'would start' || return 1
    cp "$work/nginx.conf" "$conf/nginx.conf"
}

no_stream_module() {
    mv "$conf"/modules-enabled/*stream* "$work/"
    settings
    try_says 0 'site layout' || return 1
    "$visavis" proxy show >"$work/out" 2>&1
    expect 'names the package' grep -q libnginx-mod-stream "$work/out" || return 1
    mv "$work"/*stream.conf "$conf/modules-enabled/"
}

few_connections() {
    settings
    "$visavis" proxy show >"$work/out" || return 1
    expect 'advice with the place' grep -q "768 connections ($conf/nginx.conf:[0-9]*), WORKER_CONNECTIONS asks for 10240" "$work/out" || return 1
    sed -i 's/worker_connections 768/worker_connections 20000/' "$conf/nginx.conf"
    "$visavis" proxy show >"$work/out" || return 1
    expect 'no advice' not grep -q advice "$work/out" || return 1
    cp "$work/nginx.conf" "$conf/nginx.conf"
}

# ---- TURN on the web port ----

# The beginning of the answer to a STUN Binding request over TLS, in hexadecimal; further words are s_client's.
stun_over_tls() {
    { printf '\0\1\0\0\x21\x12\xa4\x42123456789012' && sleep 1; } |
        timeout 5 openssl s_client -quiet -connect 127.0.0.1:443 -servername "$domain" "$@" 2>/dev/null | head -c 20 | xxd -p
}

turn_answers() {
    local got
    got=$(stun_over_tls "$@")
    expect "a STUN answer${1:+ ($*)}: '$got'" [ "${got:0:4}${got:8:32}" = 01012112a442313233343536373839303132 ]
}

turn_on_the_web_port() {
    restart_with PROXY=front CERTIFICATE_TYPE=owncert || return 1
    turn_answers && turn_answers -tls1_2 && turn_answers -alpn stun.turn || return 1
    ask / && status_is 200 && says HTTP/2 || return 1 # browsers go straight to the site
    http=443 ask_plain /x && status_is 301 && says "Location: https://$domain/x"
}

# Programs that offer no protocol come by way of TURN, and find the same site.
site_behind_turn() {
    local t ask_more=(--no-alpn --http1.1)
    restart_with PROXY=front CERTIFICATE_TYPE=owncert REDIRECT_WWW=true || return 1
    for t in routes websockets recordings layouts dots; do
        "$t" || { echo "    in: $t"; return 1; }
    done
    ask / && says 'strict-transport-security' || return 1
    ask '/a?b' -H "Host: www.$domain" && status_is 301 && says "Location: https://$domain/a?b" || return 1
    # A way that others cannot take: it wants a PROXY protocol header.
    expect 'nothing without that' [ "$(curl -s --max-time 5 -o /dev/null -w '%{http_code}' --unix-socket "$root/run/visavis/turn/site.sock" http://x/)" = 000 ]
}

# With the addresses that they come from.
addresses_behind_turn() {
    local ask_more=(--no-alpn --http1.1)
    restart_with PROXY=front CERTIFICATE_TYPE=owncert ALLOWED_ACCESS_TO_RESTAPI=127.0.0.10 || return 1
    access <<END
127.0.0.1 /openvidu/api/sessions 200
127.0.0.10 /openvidu/api/sessions 200
127.0.0.100 /openvidu/api/sessions 403
127.0.0.100 / 200
END
}

turn_off_the_web_port() {
    restart_with PROXY=front CERTIFICATE_TYPE=owncert || return 1
    expect 'the way back' test -S "$root/run/visavis/turn/site.sock" || return 1
    settings PROXY=front CERTIFICATE_TYPE=owncert TURN_ON_HTTPS_PORT=false
    install_files && nginx_reload || return 1
    expect 'no way back' not test -e "$root/run/visavis/turn/site.sock" || return 1
    expect 'no STUN' not turn_answers >/dev/null || return 1
    ask / --no-alpn --http1.1 && status_is 200 || return 1
    settings PROXY=front CERTIFICATE_TYPE=owncert
    install_files && nginx_reload || return 1
    turn_answers && ask / --no-alpn --http1.1 && status_is 200
}

make_machine
settings
start_media && start_signaling true && start_call && start_turn || exit 1
test_case 'front layout: every route' front_layout
test_case 'site layout: every route' site_layout
test_case 'from one layout to the other by reload' layouts_by_reload
test_case 'dashboard list, site layout' dashboard_list site
test_case 'dashboard list, front layout' dashboard_list front
test_case 'REST list, site layout' rest_list site
test_case 'REST list, front layout' rest_list front
test_case 'own public address' public_address
test_case 'deprecated routes' deprecated
test_case 'other ports and www, site layout' other_ports site
test_case 'other ports and www, front layout' other_ports front
test_case 'HSTS, frames, body limit, protocols' options
test_case 'locations of the operator' own_locations
test_case 'long names and addresses' names
test_case 'acme-tls/1 to a socket of its own, the rest to the site' acme_tls
test_case 'all names of the certificate' all_names
test_case 'TURN on the web port' turn_on_the_web_port
test_case 'TURN on the web port: the site for those who offer no protocol' site_behind_turn
test_case 'TURN on the web port: their addresses' addresses_behind_turn
test_case 'TURN on the web port, off and on by reload' turn_off_the_web_port
test_case 'port 80 is held by Apache, front layout' released http_port_held front
test_case 'port 80 is held by Apache, site layout' released http_port_held site
test_case 'port 80 is held on IPv4 or IPv6 alone' released http_port_held_in_half
test_case "the client's address, WebSockets of an own app" client_address
test_case 'pages while daemons are away' away
test_case 'beside another site' beside_another_site
test_case 'a site with our name' same_name
test_case 'a trial that is good' good_trial
test_case 'a trial with a port that is taken' port_conflict
test_case 'the same while nginx runs' port_conflict_while_running
test_case 'stream and http on one port' stream_and_http_on_one_port
test_case 'broken sites of others' broken_foreign_site
test_case 'broken files of ours from before' old_files_do_not_count
test_case 'nginx that is told to stay in the foreground' daemon_off
test_case 'without the stream module' no_stream_module
test_case 'worker_connections' few_connections

finish_tests
