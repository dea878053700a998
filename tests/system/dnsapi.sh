#!/bin/bash
# What files of acme.sh's dnsapi find in acme-dnsapi: the functions they lean on, requests, values that
# are kept; and that no secret gets out. usage: tests/system/dnsapi.sh build/<flavour>
# shellcheck disable=SC2016 # what is tried is a line of shell
set -u
repository=$(cd "$(dirname "$0")/../.." && pwd)
dnsapi=$repository/units/scripts/acme-dnsapi
work=$(mktemp -d)
passed=0
failed=0
pids=()

cleanup() {
    [ ${#pids[@]} -eq 0 ] || { kill "${pids[@]}"; wait "${pids[@]}"; } 2>/dev/null
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

# The body of dns_t_add, from the input; NAME=value before it for its environment. $out, $status.
add() {
    local state=$work/state
    mkdir -p "$state"
    { echo 'dns_t_add() {'; cat; echo; echo '}'; } >"$work/dns_t.sh"
    out=$(env "$@" STATE_DIRECTORY="$state" "$dnsapi" add "$work/dns_t.sh" _acme-challenge.a.example.org VALUE 2>&1)
    status=$?
}

is() {
    [ "$2" = "$1" ] && return 0
    printf '    wanted: %s\n    is:     %s\n' "$1" "$2"
    return 1
}

# what a line of shell prints, then whether it is that
prints() {
    add <<<"$1" || return 1
    is "$2" "$out" || { echo "    of: $1"; return 1; }
}

test_case() {
    if "$2" >"$work/said" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failed=$((failed + 1))
        echo "FAILED  $1"
        cat "$work/said"
    fi
}

# ---- the functions ----

text() {
    prints 'printf "a b/c+é~._-Z9" | _url_encode' 'a%20b%2fc%2b%c3%a9~._-Z9' &&
        prints 'printf "a b/é" | _url_encode upper-hex' 'a%20b%2F%C3%A9' &&
        prints 'printf "%%s%%" | _url_encode' '%25s%25' &&
        prints 'printf AbZ | _lower_case; printf AbZ | _upper_case' 'abzABZ' &&
        prints '_contains "one two" "e t" && _contains abc "a.c" && ! _contains abc x && echo yes' yes &&
        prints '_startswith abc ab && ! _startswith abc b && _endswith abc bc && ! _endswith abc b && echo yes' yes &&
        prints '_contains "$(seq 200000)" 1 && echo yes' yes &&
        prints '_getfield a,b,c 2; _getfield "a;;c" 2 ";"; _getfield plain 3' baplain &&
        prints '_math 7 - 2 \* 3; _math "1" + 1' 12 &&
        prints 'printf "1\n2\n3\n" | _head_n 2 | _tail_n 1' 2 &&
        prints 'echo "id:12,id:7" | _egrep_o "id:[0-9]+" | _tail_n 1' id:7 &&
        prints '_stripquotes "\"x\""' x &&
        prints 'echo old >"$HOME/f"; _sed_i s/old/new/ "$HOME/f"; cat "$HOME/f"' new &&
        prints '_idn a.example.org; _is_idn bücher.example && echo " yes"' 'a.example.org yes'
}

json() {
    prints 'printf "{ \"a\" : \"b\",\r\n   \"c\": [ 1 ],\n \"d\" :{\"e\": 3}}\n" | _normalizeJson' \
        '{ "a":"b","c":[ 1 ],"d":{"e": 3}}' &&
        prints 'printf "a\"b\nc\\\\d" | _json_encode' 'a\"b\nc\\d' &&
        prints 'echo "http:\/\/x" | _json_decode' 'http://x'
}

binary() {
    prints 'printf "a\000b" | _hex_dump' ' 61 00 62' &&
        prints 'printf "610062" | _h2b | _hex_dump' ' 61 00 62' &&
        prints 'printf "6g" | _h2b || echo no' no &&
        prints 'head -c 100 /dev/zero | _base64 | wc -l' 0 &&
        prints 'printf abc | _base64 | _dbase64' abc &&
        prints 'printf "\373\377" | _base64 | _url_replace' '-_8' &&
        prints 'printf -- "-_8" | _durl_replace_base64' '+/8='
}

# RFC 2202, RFC 4231
hashes() {
    prints 'printf abc | _digest sha256 hex' ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad &&
        prints 'printf abc | _digest md5' kAFQmDzST7DWlj99KOF/cg== &&
        prints 'printf "what do ya want for nothing?" | _hmac sha256 4a656665 hex' \
            5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843 &&
        prints 'printf "what do ya want for nothing?" | _hmac sha1 4a656665 | _hex_dump | tr -d " "' \
            effcdf6ae5eb2fa2d27416d5f184df9c259a7c79 &&
        prints 'printf "Test Using Larger Than Block-Size Key - Hash Key First" |
            _hmac sha256 "$(printf "aa%.0s" $(seq 131))" hex' \
            60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54 &&
        prints 'printf "what do ya want for nothing?" | _hmac sha512 4a656665 hex | cut -c 1-32' \
            164b7a7bfcf819e2e395fbe73b56e0a3 &&
        prints 'printf x | _hmac sha256 xyz || echo no' '_hmac: the key is not in hex
no' &&
        prints 'printf x | _digest "md5;id" hex || echo no' "the hash 'md5;id' is not known
no"
}

signatures() {
    openssl genrsa -out "$work/rsa.pem" 2048 2>/dev/null
    openssl rsa -in "$work/rsa.pem" -pubout -out "$work/rsa.pub" 2>/dev/null
    add KEY="$work/rsa.pem" <<<'printf data | _sign "$KEY" sha256' || return 1
    base64 -d <<<"$out" >"$work/signature"
    printf data | openssl dgst -sha256 -verify "$work/rsa.pub" -signature "$work/signature"
}

# ---- values that are kept ----

kept() {
    local value="it's \"x\" \$y \\z
second line"
    add <<'END'
_saveaccountconf_mutable T_Key "it's \"x\" \$y \\z
second line"
_saveaccountconf T_Plain plain
_savedomainconf T_Zone zone1
END
    [ $status -eq 0 ] || return 1
    add DEBUG=0 <<<'_readaccountconf_mutable T_Key | _base64; _readaccountconf T_Plain; _readdomainconf T_Zone'
    is "$(printf %s "$value" | base64 -w 0)plainzone1" "$out" || return 1
    is 0 "$(find "$work/state" -type f -perm /077 | wc -l)" || return 1
    is 0 "$(find "$work/state" -mindepth 1 -type d -perm /077 | wc -l)" || return 1
    add <<'END'
_clearaccountconf_mutable T_Key
_saveaccountconf T_Plain ""
_cleardomainconf T_Zone
_readaccountconf_mutable T_Key
_readaccountconf T_Plain
_readdomainconf T_Zone
_saveaccountconf ../../x y || echo refused
END
    is "'../../x' is no name to keep a value by
refused" "$out" || return 1
    is 0 "$(find "$work/state" -type f -name '*T_*' | wc -l)"
}

# Lines of an account.conf of acme.sh as the environment.
taken_over() {
    add SAVED_T_Old="old value" SAVED_T_Coded="__ACME_BASE64__START_$(printf coded | base64)__ACME_BASE64__END_" \
        <<<'_readaccountconf_mutable T_Old; echo; _readaccountconf_mutable T_Coded'
    is "old value
coded" "$out"
}

# ---- requests ----

server() {
    cat >"$work/server.mjs" <<'END'
import { createServer } from 'node:http';
createServer((q, a) => {
    let body = '';
    q.on('data', (d) => (body += d));
    q.on('end', () => {
        if (q.url === '/moved') { a.writeHead(302, { Location: '/here' }); a.end(); return; }
        a.writeHead(q.url.startsWith('/missing') ? 404 : 200, { 'Set-Cookie': 'c=1' });
        a.end([q.method, q.url, q.headers['content-type'] ?? '-', q.headers['x-one'] ?? '-',
            q.headers['x-five'] ?? '-', q.headers['user-agent'], body].join('|'));
    });
}).listen(+process.argv[2], '127.0.0.1');
END
    port=$(free_port)
    node "$work/server.mjs" "$port" &
    pids+=($!)
    for _ in $(seq 100); do
        curl -s "http://127.0.0.1:$port/" >/dev/null && return 0
        sleep 0.1
    done
    return 1
}

get_and_post() {
    local url=http://127.0.0.1:$port
    prints "_get $url/x" 'GET|/x|-|-|-|visavis-dnsapi|' &&
        prints "_H1='X-One: \"1\\2'; _H5='X-Five: 5'; _get $url/x" 'GET|/x|-|"1\2|5|visavis-dnsapi|' &&
        prints "_get $url/moved" 'GET|/here|-|-|-|visavis-dnsapi|' &&
        prints "ACME_HTTP_NO_REDIRECTS=1; _get $url/moved; grep -c '^HTTP/1.1 302' \"\$HTTP_HEADER\"" 1 &&
        prints "_get $url/x onlyheader | grep -c 'Set-Cookie: c=1'" 1 &&
        prints "_post 'a=1&b=2' $url/x" 'POST|/x|application/x-www-form-urlencoded|-|-|visavis-dnsapi|a=1&b=2' &&
        prints "_post '{\"a\": \"b\\c'\$'\n''d\"}' $url/x '' PUT application/json" \
            'PUT|/x|application/json|-|-|visavis-dnsapi|{"a": "b\c
d"}' &&
        prints "_post '' $url/x '' DELETE" 'DELETE|/x|-|-|-|visavis-dnsapi|' &&
        prints "_post x $url/x base64 | _dbase64 | cut -c 1-7" 'POST|/x' &&
        prints "_post x $url/x >/dev/null; printf %s \"\$response\" | cut -c 1-7" 'POST|/x' &&
        prints "_get '$url/missing?q=[1]{2}' >/dev/null; echo \$?
            grep '^HTTP' \"\$HTTP_HEADER\" | _tail_n 1 | cut -d ' ' -f 2" '0
404' &&
        prints "_get http://127.0.0.1:1/x?token=hush 2>/dev/null || echo none" none
}

# ---- secrets ----

# A program of that name that keeps its arguments, then does its work.
watched() {
    local real
    mkdir -p "$work/bin"
    real=$(command -v "$1")
    printf '#!/bin/bash\nprintf "%%s\\n" "$0 $*" >>%q\nexec %q "$@"\n' "$work/args" "$real" >"$work/bin/$1"
    chmod 755 "$work/bin/$1"
}

command_lines() {
    watched curl
    watched openssl
    watched cat
    add PATH="$work/bin:$PATH" T_Token=very-secret-token T_Secret=736563726574736563726574 <<END
_H1="Authorization: Bearer \$T_Token"
_post "password=\$T_Token" "http://127.0.0.1:$port/?key=\$T_Token" >/dev/null
printf x | _hmac sha256 "\$T_Secret" hex >/dev/null
_saveaccountconf_mutable T_Token "\$T_Token"
_readaccountconf_mutable T_Token >/dev/null
END
    [ $status -eq 0 ] && grep -q curl "$work/args" && grep -q openssl "$work/args" &&
        ! grep -E 'very-secret-token|736563726574' "$work/args"
}

debug_output() {
    local level
    for level in 1 2 3; do
        add DEBUG=$level T_Token=very-secret-token <<END
_H1="Authorization: Bearer \$T_Token"
_post '{"user":"joe","apikey":"found-on-the-way"}' "http://127.0.0.1:$port/?access_token=\$T_Token"
_debug session_id abcdefgh-session
_debug2 response '{"result": "fine", "token": "found-on-the-way"}'
_debug3 "Cookie: sid=found-on-the-way"
_secure_debug3 value found-on-the-way
_err "refused: \$T_Token"
END
        echo "$out"
        grep -q 'refused: \[hidden\]' <<<"$out" || return 1
        ! grep -E 'very-secret-token|abcdefgh-session' <<<"$out" || return 1
    done
    # the answer of the server itself is the file's to print or not
    ! grep -v '^POST|' <<<"$out" | grep found-on-the-way
}

quiet_without_debug() {
    prints '_debug one; _debug2 two; _secure_debug three; _info four five; _err six' "four='five'
six"
}

key_files_are_told() {
    add T_KEY="$work/rsa.pem" <<<'echo "no key in $T_KEY"'
    is "no key in $work/rsa.pem" "$out"
}

# ---- the call ----

call() {
    echo 'dns_t_add() { [ "$1 $2 $#" = "_acme-challenge.x.test v 2" ]; }' >"$work/dns_t.sh"
    export STATE_DIRECTORY=$work/state
    "$dnsapi" add "$work/dns_t.sh" _acme-challenge.x.test v || return 1
    out=$("$dnsapi" rm "$work/dns_t.sh" _acme-challenge.x.test v) || return 1
    is "$work/dns_t.sh has no function dns_t_rm: the record _acme-challenge.x.test stays" "$out" || return 1
    echo 'dns_t_add() { exit 9; }' >"$work/dns_t.sh"
    "$dnsapi" add "$work/dns_t.sh" _acme-challenge.x.test v
    is 9 $? || return 1
    echo 'dns_other_add() { :; }' >"$work/dns_t.sh"
    out=$("$dnsapi" add "$work/dns_t.sh" _acme-challenge.x.test v)
    is 127 $? || return 1
    out=$("$dnsapi" add "$work/none.sh" _acme-challenge.x.test v)
    is 126 $? && "$dnsapi" put a b c 2>/dev/null
    is 2 $? && STATE_DIRECTORY=$work/none "$dnsapi" add "$work/dns_t.sh" n v 2>/dev/null
    is 2 $? || return 1
    # nothing stays behind
    mkdir "$work/tmp"
    TMPDIR=$work/tmp add <<<'_mktemp >/dev/null; echo $?'
    is 0 "$out" && is "" "$(ls "$work/tmp")"
}

# ---- a real name server ----

name_server() {
    mkdir "$work/named"
    dns_port=$(free_port)
    tsig-keygen -a hmac-sha256 hook >"$work/named/key" || return 1
    cat >"$work/named/conf" <<END
include "$work/named/key";
options { directory "$work/named"; pid-file none; session-keyfile "$work/named/session"; recursion no;
    listen-on port $dns_port { 127.0.0.1; }; listen-on-v6 { none; }; };
controls { };
zone "example.org" { type primary; file "$work/named/zone"; allow-update { key hook; }; };
END
    printf '$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\n' >"$work/named/zone"
    named -c "$work/named/conf" -g >"$work/named/log" 2>&1 &
    pids+=($!)
    for _ in $(seq 100); do
        dig +short +time=1 +tries=1 -p "$dns_port" @127.0.0.1 SOA example.org | grep -q ns && return 0
        sleep 0.1
    done
    cat "$work/named/log"
    return 1
}

txt() {
    dig +short -p "$dns_port" @127.0.0.1 TXT _acme-challenge.example.org | sort | tr '\n' ' '
}

updates() {
    name_server || return 1
    cat >"$work/dns_update.sh" <<'END'
_update() {
    T_KEY=${T_KEY:-$(_readaccountconf_mutable T_KEY)}
    T_PORT=${T_PORT:-$(_readaccountconf_mutable T_PORT)}
    [ -n "$T_KEY" ] || { _err "T_KEY is not set"; return 1; }
    _saveaccountconf_mutable T_KEY "$T_KEY"
    _saveaccountconf_mutable T_PORT "$T_PORT"
    nsupdate -k "$T_KEY" <<EOF
server 127.0.0.1 $T_PORT
update $1
send
EOF
}
dns_update_add() { _update "add $1. 60 TXT \"$2\""; }
dns_update_rm() { _update "delete $1. TXT \"$2\""; }
END
    export STATE_DIRECTORY=$work/state
    T_KEY=$work/named/key T_PORT=$dns_port "$dnsapi" add "$work/dns_update.sh" _acme-challenge.example.org one &&
        "$dnsapi" add "$work/dns_update.sh" _acme-challenge.example.org two &&
        is '"one" "two" ' "$(txt)" &&
        "$dnsapi" rm "$work/dns_update.sh" _acme-challenge.example.org one &&
        is '"two" ' "$(txt)" &&
        "$dnsapi" rm "$work/dns_update.sh" _acme-challenge.example.org two &&
        is '' "$(txt)" || return 1
    out=$("$dnsapi" add "$work/dns_update.sh" _acme-challenge.example.com one 2>&1) && return 1
    grep -q REFUSED <<<"$out"
}

test_case 'text' text
test_case 'JSON' json
test_case 'bytes, hex, base64' binary
test_case 'hashes and HMAC' hashes
test_case 'RSA signatures' signatures
test_case 'values are kept for us alone' kept
test_case 'values of an account.conf' taken_over
server || echo 'no server'
test_case 'requests' get_and_post
test_case 'no secret on a command line' command_lines
test_case 'no secret in what is said for debugging' debug_output
test_case 'quiet without DEBUG' quiet_without_debug
test_case 'paths of key files are told' key_files_are_told
test_case 'the call and its end' call
test_case 'updates of a name server with a key' updates

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
