#!/bin/bash
# `visavis cert` with a real nginx and real clients. usage: tests/system/certs.sh build/<flavour>
set -u
visavis=$(cd "$1" && pwd)/bin/visavis
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
passed=0
failed=0
skipped=0
nginx_pid=
pids=()

export VISAVIS_ROOT=$work/root
certs=$VISAVIS_ROOT/var/lib/visavis/certs
owncert=$VISAVIS_ROOT/etc/visavis/owncert
ca=$certs/live/ca.crt

cleanup() {
    local p
    [ -z "$nginx_pid" ] || kill -TERM "$nginx_pid" 2>/dev/null # its workers with it
    for p in "${pids[@]}"; do kill -KILL "$p" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

free_port() {
    local p
    for _ in $(seq 50); do
        p=$((20000 + RANDOM % 12000))
        ss -Htuln "sport = :$p" | grep -q . || { echo $p; return; }
    done
}

expect() {
    local what=$1
    shift
    if "$@"; then return 0; fi
    echo "    not so: $what"
    return 1
}

test_case() {
    local name=$1
    shift
    "$@"
    case $? in
    0)
        passed=$((passed + 1))
        echo "ok      $name"
        ;;
    77)
        skipped=$((skipped + 1))
        echo "skipped $name"
        ;;
    *)
        failed=$((failed + 1))
        echo "FAILED  $name"
        sed 's/^/    out: /' "$work/out" | tail -n 15
        sed 's/^/    err: /' "$work/err" | tail -n 25
        ;;
    esac
}

# Runs the command with what it says in files; its status is in $status.
run() {
    "$@" >"$work/out" 2>"$work/err"
    status=$?
}

# ---- the machine: settings, nginx

env_file() { # DOMAIN TYPE
    mkdir -p "$VISAVIS_ROOT"/etc/visavis "$VISAVIS_ROOT"/var/lib/visavis/conf
    printf 'DOMAIN_OR_PUBLIC_IP=%s\nOPENVIDU_SECRET=aSecretForThisTest42\nCERTIFICATE_TYPE=%s\n' "$1" "$2" \
        >"$VISAVIS_ROOT/etc/visavis/.env"
}

port=$(free_port)
back=$(free_port)

start_nginx() {
    cat >"$work/nginx.conf" <<X
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.log info;
events {}
http {
    access_log $work/access.log;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    server {
        listen $port ssl http2;
        listen [::]:$port ssl http2;
        ssl_certificate $certs/live/fullchain.pem;
        ssl_certificate_key $certs/live/privkey.pem;
        location / {
            proxy_pass http://127.0.0.1:$back;
            proxy_http_version 1.1;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection upgrade;
        }
    }
}
X
    node "$here/certs.mjs" upstream "$back" >"$work/upstream" 2>&1 &
    pids+=($!)
    wait_for grep -q listening "$work/upstream" || return 1
    /usr/sbin/nginx -c "$work/nginx.conf" -p "$work" 2>>"$work/nginx.log" &
    nginx_pid=$!
    wait_for ss_listens
}

ss_listens() {
    ss -Htln "sport = :$port" | grep -q .
}

wait_for() {
    for _ in $(seq 100); do
        "$@" && return 0
        sleep 0.1
    done
    return 1
}

served_serial() { # ADDRESS NAME
    openssl s_client -connect "$1:$port" -servername "$2" </dev/null 2>/dev/null |
        openssl x509 -noout -serial 2>/dev/null | cut -d= -f2
}

live_serial() {
    openssl x509 -in "$certs/live/fullchain.pem" -noout -serial | cut -d= -f2
}

serves_live() { # ADDRESS NAME
    [ "$(served_serial "$1" "$2")" = "$(live_serial)" ]
}

reload_nginx() { # ADDRESS NAME
    kill -HUP "$nginx_pid"
    wait_for serves_it_for_good "$1" "$2"
}

# Workers of before may still take a connection for a moment.
serves_it_for_good() {
    for _ in 1 2 3 4 5; do
        serves_live "$1" "$2" || return 1
        sleep 0.1
    done
}

# ---- clients: each trusts the CA alone, and asks ADDRESS for https://NAME/

bracketed() {
    case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac
}

says_hello() {
    [ "$status" -eq 0 ] && grep -q 'hello of visavis' "$work/out"
}

with_openssl() {
    local kind=-verify_hostname
    case $1 in *:* | *[0-9].[0-9]*) kind=-verify_ip ;; esac
    run openssl s_client -connect "$(bracketed "$2"):$port" -CAfile "$ca" -verify_return_error "$kind" "$1" </dev/null
    [ "$status" -eq 0 ] && grep -q 'Verification: OK' "$work/out"
}

with_curl() {
    run curl -sS --cacert "$ca" --connect-to "::$(bracketed "$2"):$port" "https://$(bracketed "$1"):$port/"
    says_hello
}

with_gnutls() {
    command -v gnutls-cli >/dev/null || return 77
    run gnutls-cli --x509cafile="$ca" --verify-hostname="$1" -p "$port" "$2" </dev/null
    [ "$status" -eq 0 ] && grep -q 'certificate is trusted' "$work/out"
}

with_node() {
    NODE_EXTRA_CA_CERTS=$ca run node "$here/certs.mjs" get "$1" "$port" "$2"
    says_hello
}

with_java() {
    command -v javac >/dev/null || return 77
    [ -e "$work/TlsGet.class" ] || javac -d "$work" "$here/TlsGet.java" || return 1
    rm -f "$work/store.jks"
    keytool -importcert -noprompt -keystore "$work/store.jks" -storepass changeit -alias visavis -file "$ca" 2>/dev/null
    printf '%s %s\n127.0.0.1 localhost\n' "$2" "$1" >"$work/hosts"
    run java -Djavax.net.ssl.trustStore="$work/store.jks" -Djavax.net.ssl.trustStorePassword=changeit -Djdk.net.hosts.file="$work/hosts" -cp "$work" TlsGet \
        "https://$(bracketed "$1"):$port/"
    says_hello
}

nssdb() { # FOLDER
    rm -rf "$1"
    mkdir -p "$1"
    certutil -d "sql:$1" -N --empty-password && certutil -d "sql:$1" -A -t C,, -n Visavis -i "$ca"
}

with_chromium() {
    nssdb "$work/home/.pki/nssdb" || return 1
    HOME=$work/home run timeout 60 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-quic \
        --disable-background-networking --user-data-dir="$work/home/profile" \
        --host-resolver-rules="MAP $1 $(bracketed "$2")" --dump-dom "https://$(bracketed "$1"):$port/"
    says_hello
}

# Firefox shows nothing to us; that it asked for the page shows that it believed the certificate.
with_firefox() {
    command -v firefox-esr >/dev/null || return 77
    local mark="mark-$RANDOM$RANDOM" name=$1
    nssdb "$work/firefox" || return 1
    cat >"$work/firefox/user.js" <<X
user_pref("network.dns.localDomains", "$name");
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("security.enterprise_roots.enabled", false);
X
    HOME=$work/home setsid timeout 60 firefox-esr --headless --no-remote --profile "$work/firefox" \
        --screenshot "$work/shot.png" "https://$(bracketed "$name"):$port/$mark" >"$work/out" 2>"$work/err"
    grep -q "GET /$mark .* 200 .*Firefox" "$work/access.log"
}

clients() { # NAME ADDRESS CLIENT...
    local name=$1 address=$2 client
    shift 2
    env_file "$name" selfsigned
    run "$visavis" cert renew
    [ "$status" -eq 0 ] || { cat "$work/err"; return 1; }
    reload_nginx "$(bracketed "$address")" "$name" || return 1
    for client in "$@"; do
        test_case "$client takes https://$(bracketed "$name")/" "with_$client" "$name" "$address"
    done
}

# A client that trusts nothing must refuse, or the tests above prove nothing.
without_trust() {
    run curl -sS --connect-to "::127.0.0.1:$port" "https://localhost:$port/"
    expect 'curl refuses' [ "$status" -eq 60 ] || return 1
    run node "$here/certs.mjs" get localhost "$port" 127.0.0.1
    expect 'Node.js refuses' [ "$status" -ne 0 ] || return 1
    HOME=$work/empty run timeout 60 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-quic \
        --user-data-dir="$work/empty/profile" --dump-dom "https://localhost:$port/"
    expect 'Chromium refuses' [ -z "$(grep 'hello of visavis' "$work/out")" ]
}

# ---- the verbs

first_time() {
    env_file video.example.org selfsigned
    run "$visavis" cert status
    expect 'status 4 without one' [ "$status" -eq 4 ] || return 1
    run "$visavis" cert renew
    expect 'renew makes one' [ "$status" -eq 0 ] && expect 'and says so' grep -q 'local CA' "$work/out" || return 1
    run "$visavis" cert renew
    expect 'then it is quiet' [ "$status" -eq 0 ] && expect 'no word' [ ! -s "$work/out" ] && [ ! -s "$work/err" ] || return 1
    run "$visavis" cert status
    expect 'status 0' [ "$status" -eq 0 ] && expect 'the name' grep -q video.example.org "$work/out" || return 1
    run "$visavis" cert status --json
    expect 'the serial' [ "$(node -pe 'JSON.parse(fs.readFileSync(0)).serial' <"$work/out")" = "$(live_serial)" ]
}

keys_are_private() {
    expect 'no key for others' [ -z "$(find "$certs" -name '*.key' -perm /077)$(find "$certs" -name privkey.pem -perm /027)" ] &&
        expect 'the CA folder' [ "$(stat -c %a "$certs/ca")" = 700 ] &&
        expect 'ca.crt is for all' [ -n "$(find "$certs/live/" -name ca.crt -perm -004)" ]
}

trust_tells() {
    run "$visavis" cert trust
    for word in openvidu/ca.crt update-ca-certificates update-ca-trust certutil keytool NODE_EXTRA_CA_CERTS --cacert Firefox \
        Android iPhone Windows macOS "$(openssl x509 -in "$ca" -noout -fingerprint -sha256 | cut -d= -f2)"; do
        expect "$word" grep -qe "$word" "$work/out" || return 1
    done
    run "$visavis" cert trust --json
    expect 'the file' [ "$(node -pe 'JSON.parse(fs.readFileSync(0)).file' <"$work/out")" = "$ca" ]
}

own_pair() { # FOLDER DAYS
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1/privkey.pem" -out "$1/fullchain.pem" \
        -days "$2" -subj /CN=own -addext subjectAltName=DNS:video.example.org -addext basicConstraints=CA:FALSE 2>/dev/null
}

import_pem() {
    mkdir -p "$work/le"
    own_pair "$work/le" 90
    env_file video.example.org selfsigned
    run "$visavis" cert import "$work/le/fullchain.pem" "$work/le/privkey.pem"
    expect 'imported' [ "$status" -eq 0 ] && expect 'what to set' grep -q 'CERTIFICATE_TYPE=owncert' "$work/out" || return 1
    expect 'the key is private' [ "$(stat -c %a "$owncert/certificate.key")" = 600 ] || return 1
    env_file video.example.org owncert
    run "$visavis" cert status
    expect 'status 3 while it is not served' [ "$status" -eq 3 ] || return 1
    run "$visavis" cert renew
    expect 'it is taken over' [ "$status" -eq 0 ] || return 1
    run "$visavis" cert status
    expect 'status 0' [ "$status" -eq 0 ] && expect 'owncert' grep -q owncert "$work/out"
}

import_folder_either_way() {
    own_pair "$work/le" 90
    run "$visavis" cert import --path "$work/le"
    expect 'a folder' [ "$status" -eq 0 ] && expect 'live at once' cmp -s "$work/le/fullchain.pem" "$certs/live/fullchain.pem" || return 1
    expect 'the old one stays' [ -s "$owncert/certificate.cert.old" ] && [ -s "$owncert/certificate.key.old" ] || return 1
    own_pair "$work/le" 90
    run "$visavis" cert import "$work/le/privkey.pem" "$work/le/fullchain.pem"
    expect 'key first' cmp -s "$work/le/fullchain.pem" "$certs/live/fullchain.pem" || return 1
    own_pair "$work/le" 90
    cat "$work/le/privkey.pem" "$work/le/fullchain.pem" >"$work/both.pem"
    run "$visavis" cert import "$work/both.pem"
    expect 'both in one' cmp -s "$work/le/fullchain.pem" "$certs/live/fullchain.pem"
}

import_pfx() {
    local legacy
    echo TopSecretMarker >"$work/password"
    echo wrong >"$work/wrong"
    for legacy in '' -legacy; do
        own_pair "$work/le" 90
        openssl pkcs12 -export $legacy -in "$work/le/fullchain.pem" -inkey "$work/le/privkey.pem" -passout pass:TopSecretMarker \
            -out "$work/x.pfx" || return 1
        run setsid "$visavis" cert import "$work/x.pfx" </dev/null
        expect 'no terminal, no password' [ "$status" -eq 2 ] && grep -q password-file "$work/err" || return 1
        run "$visavis" cert import "$work/x.pfx" --password-file "$work/wrong"
        expect 'a wrong one' [ "$status" -eq 2 ] || return 1
        run "$visavis" cert import "$work/x.pfx" --password-file "$work/password"
        expect 'the right one' [ "$status" -eq 0 ] || return 1
        expect 'live' cmp -s "$work/le/fullchain.pem" "$certs/live/fullchain.pem" || return 1
        expect 'the password is nowhere' [ -z "$(grep -r TopSecretMarker "$VISAVIS_ROOT" "$work/out" "$work/err")" ] || return 1
    done
}

import_wrong() {
    local before
    before=$(sha256sum "$owncert"/* "$certs"/live/*)
    own_pair "$work/le" 90
    openssl genpkey -algorithm RSA -out "$work/other.key" 2>/dev/null
    run "$visavis" cert import "$work/le/fullchain.pem" "$work/other.key"
    expect 'refused' [ "$status" -eq 2 ] && expect 'why' grep -q 'do not belong together' "$work/err" || return 1
    run "$visavis" cert import "$work/le/fullchain.pem" "$work/le/privkey.pem" --check
    expect 'only checked' [ "$status" -eq 0 ] || return 1
    expect 'nothing was touched' [ "$(sha256sum "$owncert"/* "$certs"/live/*)" = "$before" ]
}

wrong_files_change_nothing() {
    local before
    before=$(live_serial)
    echo nonsense >"$owncert/certificate.cert"
    run "$visavis" cert renew
    expect 'status 3' [ "$status" -eq 3 ] && expect 'why' grep -q 'is no certificate' "$work/err" || return 1
    expect 'the same is served' [ "$(live_serial)" = "$before" ]
}

soon_over() {
    own_pair "$work/le" 5
    run "$visavis" cert import --path "$work/le"
    expect 'a warning' grep -q 'expires in [45] days' "$work/err" || return 1
    run "$visavis" cert renew
    expect 'once' [ ! -s "$work/err" ] || return 1
    run "$visavis" cert status
    expect 'status 3' [ "$status" -eq 3 ]
}

# A connection that is in use stays on the old pair, new ones get the new.
live_swap() {
    local words old
    env_file video.example.org selfsigned
    run "$visavis" cert renew
    reload_nginx 127.0.0.1 video.example.org || return 1
    old=$(live_serial)
    cp "$ca" "$work/ca.crt"
    node "$here/certs.mjs" hold video.example.org "$port" 127.0.0.1 "$work/ca.crt" "$work/words" >"$work/held" &
    pids+=($!)
    wait_for test -s "$work/words" || return 1
    for _ in 1 2 3; do
        run "$visavis" cert renew --force
        expect 'a new one' [ "$(live_serial)" != "$old" ] || return 1
        expect 'nginx serves it' reload_nginx 127.0.0.1 video.example.org || return 1
        with_openssl video.example.org 127.0.0.1 || return 1
        words=$(cat "$work/words")
        more_words() { [ "$(cat "$work/words")" -ge $((words + 5)) ]; }
        expect 'the connection goes on' wait_for more_words || return 1
    done
    expect 'on the first pair' grep -qi "open 0*$old" "$work/held" &&
        expect 'it was never cut' [ -z "$(grep closed "$work/held")" ]
}

# A folder that cannot be had: what is kept cannot tell of it, and the next run is not made at once.
no_run_again_at_once() {
    local acme=$VISAVIS_ROOT/var/lib/visavis/acme
    env_file video.example.org letsencrypt
    rm -rf "$acme"
    : >"$acme"
    run "$visavis" cert renew
    rm -f "$acme"
    expect 'status 1' [ "$status" -eq 1 ] && expect 'and says where' grep -q "$acme" "$work/err" &&
        expect 'not before ten minutes' [ "$(cat "$VISAVIS_ROOT/run/visavis/cert.next")" -gt $(($(date +%s) + 550)) ]
}

: >"$work/out"
: >"$work/err"
test_case 'the first certificate' first_time
test_case 'keys are private, the CA is not' keys_are_private
test_case 'cert trust tells how' trust_tells
if expect 'nginx starts' start_nginx; then
    address=$(hostname -I | tr ' ' '\n' | grep -m 1 -E '^[0-9.]+$')
    all='openssl curl gnutls node java chromium firefox'
    # shellcheck disable=SC2086 # a list of words
    {
        clients video.example.org 127.0.0.1 $all
        clients kiosk 127.0.0.1 $all
        [ -z "$address" ] || clients "$address" "$address" openssl curl gnutls node java chromium firefox
        clients localhost 127.0.0.1 $all
    }
    test_case 'without trust they refuse' without_trust
    test_case 'a new certificate goes live, no connection is lost' live_swap
else
    failed=$((failed + 1))
    cat "$work/nginx.log"
fi
test_case 'import of PEM files' import_pem
test_case 'import of a folder, of one file, key first' import_folder_either_way
test_case 'import of PFX files, new and old' import_pfx
test_case 'import of what does not fit' import_wrong
test_case 'wrong files change nothing' wrong_files_change_nothing
test_case 'a warning before it expires' soon_over
test_case 'after an error the next run has time' no_run_again_at_once

if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
