#!/bin/bash
# PROXY=external: what `visavis proxy snippet` prints, in the real nginx, Apache, Caddy and HAProxy, in front of real
# daemons. usage: tests/system/snippets.sh build/<flavour>
set -u
# shellcheck source=tests/system/web_kit.sh
. "$(dirname "$0")/web_kit.sh"

server=
stop_server=

server_stop() {
    [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
    server=
    [ -z "$stop_server" ] || $stop_server
    stop_server=
}

snippet() { "$visavis" proxy snippet "$1" 2>"$work/err" || { cat "$work/err"; return 1; }; }

# Runs in the foreground, as a child.
run_server() {
    "$@" >"$work/server.log" 2>&1 &
    server=$!
    wait_for port_is_open 443 && wait_for port_is_open 80 || { tail -n 20 "$work/server.log"; return 1; }
}

start_nginx() {
    snippet nginx >"$conf/conf.d/visavis.conf" || return 1
    run_server nginx -c "$conf/nginx.conf" -g 'daemon off;'
}

start_apache() {
    local dir=$work/apache m
    mkdir -p "$dir"
    {
        echo "ServerName test
PidFile $dir/pid
ErrorLog $dir/error.log
User www-data
Group www-data
Listen 0.0.0.0:80
Listen [::]:80
Listen 0.0.0.0:443
Listen [::]:443"
        for m in mpm_event authz_core authz_host alias headers rewrite ssl socache_shmcb proxy proxy_http; do
            echo "LoadModule ${m}_module /usr/lib/apache2/modules/mod_$m.so"
        done
        snippet apache
    } >"$dir/apache2.conf" || return 1
    run_server apache2 -d "$dir" -f "$dir/apache2.conf" -DFOREGROUND
}

start_caddy() {
    mkdir -p "$work/caddy"
    { printf '{\n    admin off\n}\n'; snippet caddy; } >"$work/caddy/Caddyfile" || return 1
    XDG_DATA_HOME=$work/caddy XDG_CONFIG_HOME=$work/caddy run_server caddy run --adapter caddyfile --config "$work/caddy/Caddyfile"
}

# Where it cannot see more than its own folder, as on Debian: what the snippet tells to do, by hand.
start_haproxy() {
    local dir=$work/haproxy
    mkdir -p "$dir/jail/$root/run/visavis"
    ln -sf "$root/var/lib/visavis/certs/live/fullchain.pem" "$dir/visavis.pem"
    ln -sf "$root/var/lib/visavis/certs/live/privkey.pem" "$dir/visavis.pem.key"
    { printf 'global\n    chroot %s/jail\n    user haproxy\n    group haproxy\n' "$dir"
        snippet haproxy | sed "s#/etc/haproxy/#$dir/#"; } >"$dir/haproxy.cfg" || return 1
    run_server unshare --mount sh -c "mount --bind '$root/run/visavis' '$dir/jail/$root/run/visavis' && exec haproxy -db -f '$dir/haproxy.cfg'"
}

start() {
    server_stop
    settings PROXY=external ALLOWED_ACCESS_TO_RESTAPI=127.0.0.10 ALLOWED_ACCESS_TO_DASHBOARD=127.0.0.9 CLIENT_MAX_BODY_SIZE=2k "${@:2}"
    "start_$1"
}

no_faults() {
    ask_plain '/a/b?c=d&e' && status_is 301 && says "Location: https://$domain/a/b?c=d&e" || return 1
    # Asked before the body is sent: some servers cut the connection then.
    ask /openvidu/api/sessions "${auth[@]}" --http1.1 -H 'Expect: 100-continue' -H 'Content-Type: application/json' \
        -d "{\"a\":\"$(printf '%4000s' x)\"}" && status_is 413
}

lists() {
    access <<END
127.0.0.1 /openvidu/api/sessions 200
127.0.0.10 /openvidu/api/sessions 200
127.0.0.9 /openvidu/api/sessions 200
127.0.0.100 /openvidu/api/sessions 403
127.0.0.100 /openvidu/%61pi/sessions 403
127.0.0.100 /openvidu/api/sessions/openvidu 403
127.0.0.100 /openvidu/cdr 403
127.0.0.10 /openvidu/info 403
127.0.0.9 /openvidu/info 404
127.0.0.100 / 200
END
}

files() {
    ask /openvidu/recordings/ses_A/ses_A.mp4 && status_is 401 || return 1
    ask /openvidu/recordings/ses_A/ses_A.mp4 "${auth[@]}" && status_is 200 && says a-recording && says video/mp4 || return 1
    ask /openvidu/layouts/mine/index.html && status_is 200 && says a-layout
}

# No rule may be passed by a path that means one thing in front and another behind.
crooked_paths() {
    local p
    for p in /openvidu/api/sessions/../../../x/openvidu '/openvidu/api/%2e%2e/%2E./openvidu' /dashboard/../openvidu/api/sessions \
        '/x/%2e%2e/openvidu/api/sessions' //openvidu/api/sessions /openvidu//api/sessions '/openvidu%2Fapi/sessions' /OPENVIDU/API/sessions; do
        ask "$p" "${auth[@]}" --interface 127.0.0.100
        says_not numberOfElements || { echo "    $p"; return 1; }
    done
}

joins() {
    joins_from 127.0.0.10 && joins_from ::1
}

everything() {
    start "$1" || return 1
    for t in routes websockets files lists crooked_paths no_faults joins; do
        "$t" || { echo "    in: $t"; return 1; }
    done
}

# A CA asks for each name, by http, and follows no redirect to get there.
proofs() {
    local name
    start "$1" CERTIFICATE_TYPE=letsencrypt LETSENCRYPT_EMAIL=admin@example.org REDIRECT_WWW=true CERTIFICATE_NAMES=media.example.org || return 1
    [ "$1" != haproxy ] || proof_server || return 1
    for name in "$domain" "www.$domain" media.example.org; do
        ask_plain /.well-known/acme-challenge/token -H "Host: $name" && status_is 200 && says a-token || return 1
        ask_plain /x/.well-known/acme-challenge/token -H "Host: $name" && status_is 301 || return 1
    done
    ask /.well-known/acme-challenge/token && status_is 200 && says a-token && ask / && status_is 200
}

# What `visavis cert renew` has there meanwhile.
proof_server() {
    cat >"$work/proofs.mjs" <<'END'
import net from 'node:net';
import fs from 'node:fs';
net.createServer(c => {
    let text = ''; // the PROXY line and the request may come apart
    c.on('error', () => {}).on('data', d => {
        text += d;
        if (!text.includes('\r\n\r\n')) return;
        const ok = /^PROXY TCP[46] [^\r]*\r\nGET \/\.well-known\/acme-challenge\/token /.test(text);
        c.end(`HTTP/1.1 ${ok ? 200 : 400} X\r\nConnection: close\r\nContent-Length: 8\r\n\r\na-token\n`);
    });
}).listen(process.argv[2], () => fs.chmodSync(process.argv[2], 0o666));
END
    node "$work/proofs.mjs" "$root/run/visavis/nginx/acme-http.sock" &
    pids+=($!)
    chmod 755 "$root/run/visavis/nginx"
    wait_for test -S "$root/run/visavis/nginx/acme-http.sock"
}

options_of() {
    start "$1" CERTIFICATE_TYPE=owncert XFRAME_SAMEORIGIN=true HTTPS_PORT=443 SUPPORT_DEPRECATED_API=true || return 1
    ask / && says 'strict-transport-security: max-age=63072000' && says 'x-frame-options: SAMEORIGIN' || return 1
    ask /api/sessions "${auth[@]}" && status_is 200 && from_signaling || return 1
    ask /api/sessions "${auth[@]}" --interface 127.0.0.100 && status_is 403
}

unknown_server() {
    expect 'refused' not "$visavis" proxy snippet lighttpd >"$work/out" 2>"$work/err" || return 1
    expect 'with the names' grep -q 'nginx, apache, caddy and haproxy' "$work/err"
}

make_machine
start_media && start_signaling false && start_call || exit 1
for s in nginx apache caddy haproxy; do
    test_case "$s: routes, lists, WebSocket, addresses" everything $s
    test_case "$s: headers, deprecated routes" options_of $s
    test_case "$s: proofs for a CA" proofs $s
done
test_case 'another server' unknown_server

finish_tests
