#!/bin/bash
# `visavis config` as an operator meets it. usage: tests/system/config.sh build/<flavour>
set -u
visavis=$(cd "$1" && pwd)/bin/visavis
work=$(mktemp -d)
export VISAVIS_ROOT=$work/root NO_COLOR=1
env=$VISAVIS_ROOT/etc/visavis/.env
marker=S3cretMarkerS3cretMarker
passed=0
failed=0
pid=

cleanup() {
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
unset DOTENV_PATH

# A file of these lines; \r and the like are taken as such.
file() {
    mkdir -p "$(dirname "$env")"
    printf '%b\n' "$@" >"$env"
    chmod 640 "$env"
}

# Behind the two that every file needs.
more() {
    file DOMAIN_OR_PUBLIC_IP=meet.example.org "OPENVIDU_SECRET=$marker" "$@"
}

config() {
    local began
    began=$(date +%s%N)
    "$visavis" config "$@" >"$work/out" 2>"$work/err"
    status=$?
    took=$((($(date +%s%N) - began) / 1000000))
}

expect() {
    local what=$1
    shift
    if "$@"; then return 0; fi
    echo "    not so: $what"
    return 1
}

said() { grep -qF -- "$1" "$work/out"; }
complained() { grep -qF -- "$1" "$work/err"; }
summary() { [ "$(tail -n 1 "$work/out")" = "$env: $1" ]; }
no_marker() { ! grep -q "$marker" "$work/out" "$work/err"; }

test_case() {
    local name=$1
    if "$2"; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        sed 's/^/    out: /' "$work/out" | tail -n 30
        sed 's/^/    err: /' "$work/err" | tail -n 15
    fi
}

# A wrong line: exit status 2, an explanation on one screen, that line and these words, a command.
# usage: wrong LINE-NUMBER "WORDS" LINES...
wrong() {
    local line=$1 words=$2
    shift 2
    more "$@"
    config check
    expect "status 2: $*" [ $status -eq 2 ] &&
        expect "line $line: $*" grep -qE "^$env:$line: error: " "$work/out" &&
        expect "says: $words" said "$words" &&
        expect "a command: $*" said '    mend:    ' &&
        expect 'one screen' [ "$(wc -l <"$work/out")" -le 24 ] &&
        expect 'at once' [ "$took" -lt 2000 ] &&
        expect 'no secret' no_marker
}

# Lines that are taken, with these words about them, or none: '-'.
taken() {
    local words=$1
    shift
    more "$@"
    config check
    expect "status 0: $*" [ $status -eq 0 ] || return 1
    if [ "$words" = - ]; then
        expect 'no problems' summary 'no problems'
    else
        expect "says: $words" said "$words" && expect 'no secret' no_marker
    fi
}

# ---- the list of ten ----

untouched_template() {
    mkdir -p "$(dirname "$env")"
    "$visavis" config template >"$env" && chmod 640 "$env"
    config check
    expect 'status 2' [ $status -eq 2 ] &&
        expect 'exactly two errors' summary '2 errors' &&
        expect 'domain' said 'DOMAIN_OR_PUBLIC_IP is not set' &&
        expect 'secret' said 'OPENVIDU_SECRET is not set'
}

mended_by_its_own_commands() {
    untouched_template || return 1
    grep -o 'visavis config set .*' "$work/out" | sed 's/^visavis //' >"$work/commands"
    expect 'two commands' [ "$(wc -l <"$work/commands")" -eq 2 ] || return 1
    while read -r line; do
        # shellcheck disable=SC2086 # a command line as it was printed
        "$visavis" $line >"$work/out" 2>"$work/err" || return 1
    done <"$work/commands"
    config check
    expect 'status 0' [ $status -eq 0 ] &&
        expect 'no problems' summary 'no problems' || return 1
    config show --json
    expect 'self-signed' grep -A1 '"CERTIFICATE_TYPE"' "$work/out" | grep -q selfsigned &&
        expect '443' grep -A1 '"HTTPS_PORT"' "$work/out" | grep -q '"443"' &&
        expect '80' grep -A1 '"HTTP_PORT"' "$work/out" | grep -q '"80"'
}

file_forms() {
    file '\xef\xbb\xbfDOMAIN_OR_PUBLIC_IP=meet.example.org\r' "OPENVIDU_SECRET=$marker\r"
    config check
    expect 'status 0' [ $status -eq 0 ] && expect 'two words' summary '2 warnings' || return 1
    printf '%s' "$(cat "$env")" >"$env" # no line end behind the last line
    config check
    expect 'status 0' [ $status -eq 0 ] && expect 'two words' summary '2 warnings'
}

value_forms() {
    taken - 'CALL_SECRET=abc=def==0123456789' &&
        taken 'blanks around' 'CALL_USER= x ' &&
        taken 'quotes around' 'CALL_USER="x"' &&
        taken 'a comment behind' 'CALL_USER=x # note' &&
        taken - 'CALL_USER = x'
}

line_forms() {
    taken 'is set twice: this line holds, line 3 does not' HTTP_PORT=80 HTTP_PORT=81 &&
        taken 'is it HTTPS_PORT?' HTTPS_PORTT=444 &&
        taken 'a comment that is indented' '  # x' &&
        taken 'written with "export"' 'export HTTPS_PORT=444' &&
        wrong 3 'malformed line' 'HTTPS_PORT 444' &&
        wrong 3 'malformed line' "$marker"
}

booleans_and_numbers() {
    taken - OPENVIDU_RECORDING=TrUe OPENVIDU_CDR= &&
        wrong 3 'neither true nor false' OPENVIDU_RECORDING=yes &&
        wrong 3 'is negative' OPENVIDU_SESSIONS_GARBAGE_INTERVAL=-5 &&
        wrong 3 'is no whole number' OPENVIDU_SESSIONS_GARBAGE_INTERVAL=soon &&
        taken - OPENVIDU_SESSIONS_GARBAGE_INTERVAL=
}

lists() {
    taken - 'OPENVIDU_WEBHOOK_EVENTS=["sessionCreated"]' &&
        taken - 'OPENVIDU_WEBHOOK_EVENTS=[sessionCreated, signalSent]' &&
        taken - 'OPENVIDU_WEBHOOK_EVENTS=[]' &&
        taken - 'OPENVIDU_WEBHOOK_EVENTS=' &&
        wrong 3 'lacks the closing ]' 'OPENVIDU_WEBHOOK_EVENTS=[sessionCreated'
}

domains() {
    local form words
    while IFS='|' read -r form words; do
        file "OPENVIDU_SECRET=$marker" "DOMAIN_OR_PUBLIC_IP=$form"
        config check
        expect "status 2: $form" [ $status -eq 2 ] && expect "says: $words" said "$words" || return 1
    done <<'FORMS'
host:8080|HTTPS_PORT=8080
https://a.example|is a URL
a.example.|ends in a dot
m\xc3\xbcller.example|xn--mller-kva.example
[::1]|has brackets
FORMS
    for form in meet 2001:db8::1 192.0.2.1 xn--mller-kva.example; do
        file "OPENVIDU_SECRET=$marker" "DOMAIN_OR_PUBLIC_IP=$form"
        config check
        expect "status 0: $form" [ $status -eq 0 ] || return 1
    done
}

certificate_types_and_ports() {
    taken - CERTIFICATE_TYPE=owncert HTTPS_PORT=8443 HTTP_PORT=8080 &&
        taken - CERTIFICATE_TYPE=selfsigned HTTPS_PORT=443 HTTP_PORT=80 &&
        taken - CERTIFICATE_TYPE=letsencrypt LETSENCRYPT_EMAIL=admin@example.org &&
        taken 'the authority can warn nobody' CERTIFICATE_TYPE=letsencrypt LETSENCRYPT_EMAIL=user@example.com &&
        wrong 4 'is the port of HTTPS_PORT' HTTPS_PORT=8443 HTTP_PORT=8443
}

# GET /openvidu/api/config of a running server
values_in_force_at_the_api() {
    local port=$((20000 + RANDOM % 12000))
    (
        unset VISAVIS_ROOT
        XDG_RUNTIME_DIR=$work HTTPS_PORT=$port CALL_PORT=$((port + 1)) OPENVIDU_SECRET=$marker \
            OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH=1234 OPENVIDU_STREAMS_FORCED_VIDEO_CODEC=H264 \
            exec setsid "$visavis" dev
    ) >"$work/out" 2>"$work/err" &
    pid=$!
    for _ in $(seq 100); do
        grep -q 'Visavis is ready' "$work/out" && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.1
    done
    node - "http://127.0.0.1:$port/openvidu/api/config" "$marker" <<'NODE'
const [url, secret] = process.argv.slice(2);
const authorization = 'Basic ' + Buffer.from('OPENVIDUAPP:' + secret).toString('base64');
const wanted = { OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH: 1234, OPENVIDU_STREAMS_FORCED_VIDEO_CODEC: 'H264' };
fetch(url, { headers: { authorization } }).then((answer) => answer.json()).then((config) => {
    for (const key of Object.keys(wanted)) if (config[key] !== wanted[key]) process.exitCode = 1;
}, () => { process.exitCode = 1; });
NODE
    status=$?
    kill -TERM $pid 2>/dev/null
    wait $pid
    pid=
    expect 'the values' [ $status -eq 0 ]
}

# ---- the rest ----

every_problem_at_once() {
    more HTTPS_PORT=x OPENVIDU_RECORDING=maybe nonsense CERTIFICATE_TYPE=x openvidu.secret=y OPENVIDU_WEBHOOK=true
    config check
    expect 'status 2' [ $status -eq 2 ] &&
        expect 'six errors' summary '6 errors' &&
        expect 'one screen' [ "$(wc -l <"$work/out")" -le 24 ]
}

json_document() {
    more HTTPS_PORT=x
    config check --json
    expect 'status 2' [ $status -eq 2 ] || return 1
    node - "$work/out" <<'NODE'
const d = JSON.parse(require('fs').readFileSync(process.argv[2], 'utf8'));
const p = d.problems[0];
const ok = d.ok === false && d.errors === 1 && d.problems.length === 1 && p.key === 'HTTPS_PORT' &&
    p.line === 3 && p.severity === 'error' && p.value === 'x' && p.allowed && p.example && p.mend;
process.exit(ok ? 0 : 1);
NODE
}

is_json() {
    node -e 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))' "$work/out" 2>/dev/null
}

which_file() {
    more
    mv "$env" "$work/other.env"
    config check
    expect 'there is none: status 2' [ $status -eq 2 ] && expect 'setup' said 'visavis setup' || return 1
    config check --file "$work/other.env"
    expect '--file' [ $status -eq 0 ] || return 1
    config check --file - <"$work/other.env"
    expect 'standard input' [ $status -eq 0 ] || return 1
    DOTENV_PATH=$work/other.env config check
    expect 'DOTENV_PATH, a file' [ $status -eq 0 ] || return 1
    mkdir "$work/folder"
    mv "$work/other.env" "$work/folder/.env"
    DOTENV_PATH=$work/folder config check
    expect 'DOTENV_PATH, a folder' [ $status -eq 0 ] || return 1
    DOTENV_PATH=$work/folder/ config check
    expect 'DOTENV_PATH, with a slash' [ $status -eq 0 ] || return 1
    head -c 70000 /dev/zero | tr '\0' '\n' | "$visavis" config check --file - >"$work/out" 2>"$work/err"
    expect 'too large' said 'larger than 64 KiB'
}

readable_by_everybody() {
    more
    chmod 644 "$env"
    config check
    expect 'status 0' [ $status -eq 0 ] && expect 'a warning' said 'read by everybody' &&
        expect 'the command' said "chmod 640 $env"
}

shown() {
    more HTTPS_PORT=8443 'OPENVIDU_WEBHOOK_HEADERS=["Authorization: Basic '$marker'"]'
    config show
    expect 'status 0' [ $status -eq 0 ] && expect 'says where from' complained 'Nothing is in force yet' &&
        expect 'marked' said '* HTTPS_PORT=8443' && expect 'default' said '  HTTP_PORT=80' &&
        expect 'hidden' said '* OPENVIDU_SECRET=(hidden)' && expect 'no secret' no_marker || return 1
    config show --secrets
    expect 'shown' said "OPENVIDU_SECRET=$marker" || return 1
    config show --changed
    expect 'only those' said HTTPS_PORT && ! said HTTP_PORT=80 || return 1
    config show --json
    expect 'no secret' no_marker && expect 'JSON' is_json
}

# What `visavis apply` leaves beside what it made.
in_force() {
    local conf=$VISAVIS_ROOT/var/lib/visavis/conf
    mkdir -p "$conf/1"
    {
        echo '# Values in force, written by visavis; changes here are lost.'
        printf '%s\n' "$@"
    } >"$conf/1/settings.env"
    ln -sfn 1 "$conf/current"
}

differences() {
    in_force DOMAIN_OR_PUBLIC_IP=meet.example.org "OPENVIDU_SECRET=$marker"
    more
    config diff
    expect 'status 0' [ $status -eq 0 ] && expect 'none' said 'No difference' || return 1
    file DOMAIN_OR_PUBLIC_IP=meet.example.org "OPENVIDU_SECRET=x$marker" HTTPS_PORT=8443 COTURN_PORT=3479
    config diff
    expect 'status 0' [ $status -eq 0 ] && expect 'key' said HTTPS_PORT && expect 'old' said 'in force:  443' &&
        expect 'new' said 'file:      8443' && expect 'restarts' said 'restarts turn' &&
        expect 'reloads' said 'reloads  signaling, call, nginx' &&
        expect 'only what was changed' [ "$(grep -c SECRET "$work/out")" -eq 1 ] && expect 'no secret' no_marker || return 1
    config diff --json
    expect 'JSON' is_json || return 1
    config show
    expect 'what is in force' said '  HTTPS_PORT=443' || return 1
    more HTTPS_PORT=x
    config diff
    expect 'status 2' [ $status -eq 2 ] && expect 'the reason' complained 'HTTPS_PORT=x' || return 1
    rm -r "$VISAVIS_ROOT/var/lib/visavis"
    config diff
    expect 'status 1' [ $status -eq 1 ] && expect 'nothing yet' complained 'nothing is in force yet'
}

set_at_once() {
    local n pids=()
    more
    for n in 1 2 3 4 5 6 7 8; do
        "$visavis" config set "$(sed -n ${n}p <<'END'
HTTPS_PORT=8443
HTTP_PORT=8080
CALL_USER=y
COTURN_PORT=3479
SERVER_PORT=5444
REDIRECT_WWW=true
CLIENT_MAX_BODY_SIZE=5m
WORKER_CONNECTIONS=512
END
        )" >"$work/set.$n" 2>&1 &
        pids+=($!)
    done
    wait "${pids[@]}"
    expect 'none is lost' [ "$(wc -l <"$env")" -eq 10 ]
}

setting_keys() {
    more '# a comment' '#HTTPS_PORT=443' 'CALL_USER=x'
    chmod 600 "$env"
    config set HTTPS_PORT=8443 CALL_USER=y
    expect 'status 0' [ $status -eq 0 ] &&
        expect 'in place' [ "$(sed -n 4p "$env")" = HTTPS_PORT=8443 ] &&
        expect 'in place' [ "$(sed -n 5p "$env")" = CALL_USER=y ] &&
        expect 'the comment' [ "$(sed -n 3p "$env")" = '# a comment' ] &&
        expect 'its mode' [ "$(stat -c %a "$env")" = 600 ] || return 1
    cp "$env" "$work/before"
    config set HTTPS_PORT=x
    expect 'refused' [ $status -eq 2 ] && expect 'why' complained 'is no whole number' || return 1
    config set HTTPS_PROT=1
    expect 'refused' [ $status -eq 2 ] && expect 'why' complained 'is it HTTPS_PORT?' || return 1
    config set "OPENVIDU_SECRET=$marker"
    expect 'no secret there' [ $status -eq 2 ] && expect 'how' complained 'OPENVIDU_SECRET=-' || return 1
    config set 'CALL_USER=a #b'
    expect 'what cannot stand there' [ $status -eq 2 ] || return 1
    config set CALL_PORT=5
    expect 'not here' [ $status -eq 2 ] || return 1
    config set
    expect 'nothing' [ $status -eq 2 ] && expect 'unchanged' cmp -s "$env" "$work/before" || return 1
    config set OPENVIDU_SECRET=- <<<"another-$marker"
    expect 'read' [ $status -eq 0 ] && expect 'set' grep -q "^OPENVIDU_SECRET=another-$marker\$" "$env" &&
        expect 'no secret' no_marker || return 1
    config set --random OPENVIDU_SECRET --json
    expect 'random' grep -qE '^OPENVIDU_SECRET=[A-Za-z0-9]{32}$' "$env" || return 1
    mv "$env" "$work/real"
    ln -s "$work/real" "$env"
    config set HTTPS_PORT=444
    expect 'a link stays one' [ -L "$env" ] && expect 'set' grep -q '^HTTPS_PORT=444' "$work/real" || return 1
    rm "$env"
    config set DOMAIN_OR_PUBLIC_IP=a.example --random OPENVIDU_SECRET
    expect 'a new file' [ $status -eq 0 ] && expect 'private' [ "$(stat -c %a "$env")" = 640 ] || return 1
    config check
    expect 'which is good' summary 'no problems'
}

generated_texts() {
    config reference
    expect 'status 0' [ $status -eq 0 ] && expect 'a key' said '### HTTPS_PORT' || return 1
    config reference --json
    expect 'JSON' is_json && expect 'a key' said '"HTTPS_PORT"' || return 1
    config template --json
    expect 'JSON' is_json || return 1
    "$visavis" config template >/dev/full 2>"$work/err"
    expect 'a full disk is told' [ $? -eq 1 ]
}

touch "$work/out" "$work/err"
test_case '1 the untouched template fails with exactly two problems' untouched_template
test_case '2 the two set by the commands told: self-signed, 443 and 80' mended_by_its_own_commands
test_case '3 CRLF, no final newline, byte order mark' file_forms
test_case '4 =, blanks, quotes and a note in a value' value_forms
test_case '5 duplicate, unknown, malformed, indented' line_forms
test_case '6 booleans and numbers' booleans_and_numbers
test_case '7 lists' lists
test_case '8 forms of domains' domains
test_case '9 certificate types and ports' certificate_types_and_ports
test_case '10 the API shows the values in force' values_in_force_at_the_api
test_case 'every problem at once' every_problem_at_once
test_case 'one JSON document' json_document
test_case 'which file' which_file
test_case 'a file that everybody can read' readable_by_everybody
test_case 'show' shown
test_case 'diff' differences
test_case 'set' setting_keys
test_case 'set, several at once' set_at_once
test_case 'reference and template' generated_texts

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
