#!/bin/bash
# How `visavis dev` behaves towards the person who runs it. usage: tests/system/dev.sh build/<flavour>
set -u
visavis=$(cd "$1" && pwd)/bin/visavis
flavour=$(basename "$1")
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
passed=0
failed=0
pid=

cleanup() {
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

# Free ports for this run; another program may take one in between, so tests use them at once.
free_port() {
    local p
    for _ in $(seq 50); do
        p=$((20000 + RANDOM % 12000))
        ss -Htuln "sport = :$p" | grep -q . || { echo $p; return; }
    done
}

api=$(free_port)
call=$(free_port)
media=$(free_port)
export XDG_RUNTIME_DIR=$work HTTPS_PORT=$api CALL_PORT=$call MEDIA_PORT=$media

start() {
    : >"$work/out" # nothing of the last run
    setsid "$visavis" dev "$@" >"$work/out" 2>"$work/err" &
    pid=$!
    for _ in $(seq 100); do
        grep -q 'Visavis is ready' "$work/out" && return 0
        kill -0 $pid 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/err"
    return 1
}

# Waits for the end; the exit status is in $status.
finish() {
    wait "$pid"
    status=$?
    pid=
}

children() {
    ps -o pid= --ppid "$1" | tr -d ' '
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
    if "$2"; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        sed 's/^/    out: /' "$work/out" | tail -n 15
        sed 's/^/    err: /' "$work/err" | tail -n 25
        [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
        pid=
    fi
}

ready_block() {
    start || return 1
    local kids gone=0 began
    kids=$(children $pid)
    expect 'four children' [ "$(echo "$kids" | wc -l)" -eq 4 ] &&
        expect 'the Call URL' grep -q "http://localhost:$call" "$work/out" &&
        expect 'the API URL' grep -q "http://localhost:$api" "$work/out" &&
        expect 'the user' grep -q OPENVIDUAPP "$work/out" &&
        expect 'the secret' grep -q MY_SECRET "$work/out" || return 1
    began=$(date +%s%N)
    kill -INT "$pid"
    finish
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'nobody misses the one that others need' [ -z "$(grep 'link' "$work/err")" ] || return 1
    expect 'an end within a second or so' [ $((($(date +%s%N) - began) / 1000000)) -lt 2000 ] || return 1
    for k in $kids; do kill -0 "$k" 2>/dev/null && gone=1; done
    expect 'no orphan' [ $gone -eq 0 ] && expect 'no folder left' [ -z "$(ls -d "$work"/visavis-dev-* 2>/dev/null)" ]
}

listens_on_loopback_alone() {
    start || return 1
    local listening
    listening=$(ss -Htln "sport = :$api or sport = :$call" | awk '{print $4}' | sort)
    kill -TERM "$pid"
    finish
    expect "only loopback: $listening" [ -z "$(echo "$listening" | grep -vE '^(127\.0\.0\.1|\[::1\]):')" ] &&
        expect 'IPv4 and the API' grep -q "^127.0.0.1:$api\$" <<<"$listening"
}

no_secret_in_the_children() {
    OPENVIDU_SECRET=TopSecretMarker start || return 1
    local bad=0 k
    for k in $(children $pid); do
        grep -qa TopSecretMarker "/proc/$k/environ" "/proc/$k/cmdline" && bad=1
    done
    expect 'files are private' [ -z "$(find "$work"/visavis-dev-*/ -name '*.cfg' -perm /077)" ] || bad=1
    kill -TERM "$pid"
    finish
    expect 'no secret in environment or arguments' [ $bad -eq 0 ] &&
        expect 'no secret in the log' [ -z "$(grep TopSecretMarker "$work/err")" ]
}

# The URLs are those where something listens.
listens_elsewhere() {
    local ip
    ip=$(hostname -I | tr ' ' '\n' | grep -m 1 -E '^[0-9.]+$')
    if [ -z "$ip" ]; then
        echo "    this machine has no address but loopback, nothing to see"
        return 0
    fi
    start --listen "$ip" || return 1
    kill -TERM "$pid"
    finish
    expect 'Call there' grep -q "http://$ip:$call\$" "$work/out" &&
        expect 'the API there' grep -q "http://$ip:$api\$" "$work/out" || return 1
    DOMAIN_OR_PUBLIC_IP=example.org start --listen "$ip" || return 1
    kill -TERM "$pid"
    finish
    expect 'the given name' grep -q "http://example.org:$call\$" "$work/out"
}

taken_http_port() {
    start || return 1
    local first=$pid
    "$visavis" dev >"$work/out2" 2>"$work/err2"
    status=$?
    kill -TERM "$first"
    finish_first=$status
    wait "$first"
    pid=
    expect 'status 1' [ "$finish_first" -eq 1 ] &&
        expect 'the port is named' grep -q ":$api" "$work/err2" &&
        expect 'the mending setting is named' grep -q HTTPS_PORT= "$work/err2"
}

address_of_another_machine() {
    "$visavis" dev --listen 203.0.113.9 >"$work/out" 2>"$work/err"
    status=$?
    expect 'status 1' [ $status -eq 1 ] &&
        expect 'it is named' grep -q "203.0.113.9:$api.*no such address" "$work/err"
}

taken_media_and_turn_port() {
    start || return 1
    local first=$pid
    HTTPS_PORT=$(free_port) CALL_PORT=$(free_port) start
    local second_ready=$?
    kill -TERM "$pid"
    finish
    kill -TERM "$first"
    wait "$first"
    expect 'a second one runs beside the first' [ $second_ready -eq 0 ]
}

wrong_settings_all_at_once() {
    HTTPS_PORT=abc OPENVIDU_SECRET='not good' OPENVIDU_MEDIA_SERVER=Kurento "$visavis" dev >"$work/out" 2>"$work/err"
    status=$?
    expect 'status 2' [ $status -eq 2 ] &&
        expect 'first problem' grep -q 'HTTPS_PORT=abc' "$work/err" &&
        expect 'second problem' grep -q 'OPENVIDU_SECRET' "$work/err" &&
        expect 'third problem' grep -q 'one of kurento mediasoup' "$work/err" &&
        expect 'the secret is not shown' [ -z "$(grep 'not good' "$work/err")" ]
}

every_log_level() {
    local level bad=0
    for level in error warning info debug; do
        LOG_LEVEL=$level start || { echo "    not so: it starts with LOG_LEVEL=$level"; bad=1; continue; }
        kill -TERM "$pid"
        finish
    done
    return $bad
}

misspelt_key() {
    OPENVIDU_SECRT=x start || return 1
    kill -TERM "$pid"
    finish
    expect 'a suggestion' grep -q 'Did you mean OPENVIDU_SECRET' "$work/err"
}

a_child_dies() {
    start || return 1
    local kids victim gone=0
    kids=$(children $pid)
    victim=$(pgrep -P $pid -f visavis-media)
    kill -KILL "$victim"
    finish
    for k in $kids; do kill -0 "$k" 2>/dev/null && gone=1; done
    expect 'status 1' [ $status -eq 1 ] &&
        expect 'it is named' grep -q 'visavis-media ended by itself (signal 9' "$work/err" &&
        expect 'no orphan' [ $gone -eq 0 ]
}

killed_hard() {
    start || return 1
    local kids alive=1
    kids=$(children $pid)
    kill -KILL "$pid"
    finish
    for _ in $(seq 30); do
        alive=0
        for k in $kids; do kill -0 "$k" 2>/dev/null && alive=1; done
        [ $alive -eq 0 ] && break
        sleep 0.1
    done
    rm -rf "$work"/visavis-dev-*
    expect 'children die with it' [ $alive -eq 0 ]
}

# Nobody reads what it says: neither it nor a child may die of that and leave secrets behind.
closed_pipe() {
    mkfifo "$work/pipe"
    setsid "$visavis" dev >"$work/pipe" 2>"$work/err" &
    pid=$!
    exec 3<"$work/pipe" 3<&-
    for _ in $(seq 100); do
        grep -q 'ready, video server' "$work/err" && break
        sleep 0.1
    done
    sleep 0.3
    expect 'it still runs' kill -0 "$pid" || return 1
    kill -TERM "$pid"
    finish
    expect 'status 0' [ $status -eq 0 ] &&
        expect 'no folder left' [ -z "$(ls -d "$work"/visavis-dev-* 2>/dev/null)" ]
}

# Without the three standard descriptors the next ones opened would take their numbers, and the log
# would be written into them.
closed_descriptors() {
    local kids k bad=0 n
    setsid "$visavis" dev <&- >&- 2>&- &
    pid=$!
    for _ in $(seq 100); do
        ss -Htln "sport = :$call" | grep -q . && break
        sleep 0.1
    done
    kids=$(children $pid)
    expect 'four children' [ "$(echo "$kids" | wc -l)" -eq 4 ] || bad=1
    for k in $pid $kids; do
        for n in 0 1 2; do
            expect "descriptor $n of $k is /dev/null" [ "$(readlink "/proc/$k/fd/$n")" = /dev/null ] || bad=1
        done
    done
    kill -TERM "$pid"
    finish
    expect 'status 0' [ $status -eq 0 ] && [ $bad -eq 0 ]
}

# A shell's "ignore hangups" (nohup) holds for it.
nohup_holds() {
    nohup setsid "$visavis" dev >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    for _ in $(seq 100); do
        grep -q 'Visavis is ready' "$work/out" && break
        sleep 0.1
    done
    kill -HUP "$pid"
    sleep 0.5
    expect 'it goes on' kill -0 "$pid" || return 1
    kill -TERM "$pid"
    finish
    expect 'status 0' [ $status -eq 0 ]
}

# The first reason to stop is the one that counts.
interrupted_while_failing() {
    start || return 1
    kill -STOP "$(pgrep -P $pid -f visavis-call)"
    kill -KILL "$(pgrep -P $pid -f visavis-media)"
    for _ in $(seq 50); do
        grep -q 'ended by itself' "$work/err" && break
        sleep 0.05
    done
    kill -INT "$pid"
    finish
    expect 'status 1' [ $status -eq 1 ]
}

# Whatever the umask of the one who installs: everybody may run it.
installed_for_everybody() {
    local root=$work/root closed
    (umask 077 && mkdir "$root" && make -s -C "$repository" install FLAVOUR="$flavour" DESTDIR="$root") >"$work/out" 2>"$work/err" ||
        return 1
    closed=$(find "$root/usr/bin" "$root/usr/lib" "$root/usr/share" ! -perm -o=r -o -type d ! -perm -o=x -o -path '*/bin/*' ! -perm -o=x)
    expect "all can be read: $closed" [ -z "$closed" ] || return 1
    visavis=$root/usr/bin/visavis start || return 1
    kill -TERM "$pid"
    finish
    expect 'the installed one starts' [ $status -eq 0 ]
}

unknown_verbs_and_options() {
    "$visavis" nonsense >"$work/out" 2>"$work/err"
    local a=$?
    "$visavis" dev --nonsense >"$work/out" 2>>"$work/err"
    local b=$?
    "$visavis" dev --listen example.org >"$work/out" 2>>"$work/err"
    local c=$?
    expect 'status 2' [ "$a$b$c" = 222 ] && expect 'where help is' grep -q 'visavis help' "$work/err"
}

# Runs a daemon with options; its output is in out and err, its exit status in $status.
daemon() {
    "$(dirname "$visavis")/visavis-$1" "${@:2}" >"$work/out" 2>"$work/err"
    status=$?
}

broken_config_files() {
    local d bad=0
    for d in signaling media turn call; do
        printf 'log_level = "info";\nlisten = 5;\n???\n' >"$work/$d.cfg"
        daemon $d --config "$work/$d.cfg"
        expect "visavis-$d ends with 78" [ $status -eq 78 ] || bad=1
        expect "visavis-$d names file and line" grep -q "error visavis-$d: $work/$d.cfg:3: " "$work/err" || bad=1
        printf 'log_level = "loud";\nno_such_key = 1;\n' >"$work/$d.cfg"
        daemon $d --check --config "$work/$d.cfg"
        expect "visavis-$d refuses an unknown key" [ $status -eq 78 ] || bad=1
        expect "visavis-$d names the key" grep -q "error visavis-$d: $work/$d.cfg:2: no_such_key: " "$work/err" || bad=1
        expect "visavis-$d knows the levels" \
            grep -q "error visavis-$d: $work/$d.cfg:1: log_level: must be one of error, warning, notice, info, debug" \
            "$work/err" || bad=1
        daemon $d --config "$work/nowhere.cfg"
        expect "visavis-$d wants a file" [ $status -eq 78 ] || bad=1
        expect "visavis-$d names the file" grep -q "$work/nowhere.cfg: No such file" "$work/err" || bad=1
    done
    return $bad
}

good_config_files() {
    local d bad=0
    start || return 1
    for d in signaling media turn call; do
        daemon $d --check --config "$work"/visavis-dev-*/$d.cfg
        expect "visavis-$d accepts its file" [ $status -eq 0 ] || bad=1
        expect "visavis-$d has nothing to say" [ ! -s "$work/out" ] && [ ! -s "$work/err" ] || bad=1
    done
    kill -TERM "$pid"
    finish
    return $bad
}

options_of_the_daemons() {
    local d bad=0
    for d in signaling media turn call; do
        daemon $d --help
        expect "visavis-$d helps" [ $status -eq 0 ] || bad=1
        expect "visavis-$d shows its usage" grep -q "^usage: visavis-$d --config FILE" "$work/out" || bad=1
        daemon $d --nonsense
        expect "visavis-$d ends with 64" [ $status -eq 64 ] || bad=1
        expect "visavis-$d shows its usage with errors" grep -q "^usage: visavis-$d" "$work/err" || bad=1
        daemon $d
        expect "visavis-$d wants --config" [ $status -eq 64 ] || bad=1
    done
    return $bad
}

touch "$work/out" "$work/err"
test_case 'ready block, Ctrl+C, nothing left' ready_block
test_case 'listens on loopback alone' listens_on_loopback_alone
test_case 'listens elsewhere' listens_elsewhere
test_case 'no secret in the children' no_secret_in_the_children
test_case 'a taken HTTP port' taken_http_port
test_case 'an address of another machine' address_of_another_machine
test_case 'two side by side: media and TURN take other ports' taken_media_and_turn_port
test_case 'wrong settings, all at once' wrong_settings_all_at_once
test_case 'every log level' every_log_level
test_case 'a misspelt key' misspelt_key
test_case 'a child dies' a_child_dies
test_case 'killed hard' killed_hard
test_case 'interrupted while failing' interrupted_while_failing
test_case 'a closed pipe' closed_pipe
test_case 'closed standard descriptors' closed_descriptors
test_case 'nohup' nohup_holds
test_case 'installed for everybody' installed_for_everybody
test_case 'unknown verbs and options' unknown_verbs_and_options
test_case 'broken configuration files' broken_config_files
test_case 'good configuration files' good_config_files
test_case 'options of the daemons' options_of_the_daemons

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
