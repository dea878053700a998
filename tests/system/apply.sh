#!/bin/bash
# `visavis apply` in a folder of its own (VISAVIS_ROOT), with the real nginx on free ports.
# usage: tests/system/apply.sh build/<flavour> [CASE...]
set -u
visavis=$(cd "$1" && pwd)/bin/visavis
[ -x "$visavis" ] || exit 1
work=$(mktemp -d /tmp/va.XXXXXX)
export VISAVIS_ROOT=$work/root
env=$VISAVIS_ROOT/etc/visavis/.env
conf=$VISAVIS_ROOT/var/lib/visavis/conf
systemd=$VISAVIS_ROOT/etc/systemd/system
passed=0
failed=0
only=${*:2}
trap 'rm -rf "$work"' EXIT

free_port() {
    local p
    for _ in $(seq 50); do
        p=$((20000 + RANDOM % 12000))
        ss -Htuln "sport = :$p" | grep -q . || { echo $p; return; }
    done
}

http=$(free_port)
https=$(free_port)

# A fresh machine: nginx as Debian has it, and a .env file of these lines.
machine() {
    rm -rf "$VISAVIS_ROOT"
    mkdir -p "$VISAVIS_ROOT/etc/visavis" "$VISAVIS_ROOT"/etc/nginx/{sites-enabled,conf.d}
    cp -R /etc/nginx/nginx.conf /etc/nginx/mime.types /etc/nginx/modules-enabled "$VISAVIS_ROOT/etc/nginx/"
    sed -i "s#/etc/nginx#$VISAVIS_ROOT/etc/nginx#" "$VISAVIS_ROOT/etc/nginx/nginx.conf"
    settings "$@"
}

settings() {
    printf '%s\n' DOMAIN_OR_PUBLIC_IP=a.example.org OPENVIDU_SECRET="${secret:-a-long-enough-secret}" \
        "HTTP_PORT=$http" "HTTPS_PORT=$https" COTURN_IP=192.0.2.9 "$@" >"$env"
    chmod 640 "$env"
}

apply() {
    "$visavis" apply "$@" >"$work/out" 2>"$work/err"
    status=$?
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
    [ -z "$only" ] || [[ " $only " = *" $2 "* ]] || return
    if "$2"; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        sed 's/^/    out: /' "$work/out" | tail -n 20
        sed 's/^/    err: /' "$work/err" | tail -n 20
    fi
}

current() { readlink "$conf/current"; }
applied() { readlink "$conf/applied"; }
said() { grep -q -- "$1" "$work/out"; }
warned() { grep -q -- "$1" "$work/err"; }

# The steps as "signaling reload,call reload,".
steps() {
    sed -nE 's/^  (redis|media|turn|signaling|call|nginx) +([a-z]+).*/\1 \2/p' "$work/out" | tr '\n' ','
}

# The whole tree with contents, but for what a run may touch without meaning: times.
picture() {
    (cd "$VISAVIS_ROOT" && find . -path ./etc/visavis/.env -prune -o -printf '%p %y %m %l\n' | sort &&
        find . -type f ! -name .env -print0 | sort -z | xargs -0 sha256sum) | sha256sum
}

daemons_accept() {
    local d ok=0
    for d in signaling media turn call; do
        [ -e "$conf/current/$d.cfg" ] || continue
        "$(dirname "$visavis")/visavis-$d" --check --config "$conf/current/$d.cfg" >"$work/out" 2>"$work/err" || ok=1
    done
    return $ok
}

first_run() {
    machine
    apply
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'all start' [ "$(steps)" = 'redis start,media start,turn start,signaling start,call start,nginx reload,' ] || return 1
    expect 'in force' [ "$(current)$(applied)" = 11 ] || return 1
    expect 'secrets are read by few' [ -z "$(find "$VISAVIS_ROOT/var" -type f -perm /007 -print0 |
        xargs -0 grep -l -e a-long-enough-secret -e "$(cat "$VISAVIS_ROOT/var/lib/visavis/secrets/turn")")" ] || return 1
    expect 'modes' [ "$(stat -c %a "$conf"/current/{signaling.cfg,settings.env,decided.env} | tr '\n' ' ')" = '640 600 644 ' ] || return 1
    expect 'a certificate' [ -s "$VISAVIS_ROOT/var/lib/visavis/certs/live/fullchain.pem" ] || return 1
    expect 'nginx is led to it' [ -e "$VISAVIS_ROOT/etc/nginx/sites-enabled/visavis.conf" ] || return 1
    expect 'nothing is left to do for nginx' [ ! -e "$conf/nginx-pending" ] || return 1
    expect 'the daemons take it' daemons_accept
}

unchanged_run() {
    local before
    machine
    apply
    before=$(picture)
    touch "$work/stamp"
    apply
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'says so' said 'Nothing has changed; generation 1 is in force' || return 1
    expect 'nothing else is said' [ ! -s "$work/err" ] || return 1
    expect 'the same' [ "$before" = "$(picture)" ] || return 1
    expect 'nothing was written' [ -z "$(find "$conf" -newer "$work/stamp")" ] || return 1
    # Another way to write the same.
    printf '\n# a remark\n' >>"$env"
    apply
    expect 'a remark changes nothing' said 'Nothing has changed'
}

changed_secret() {
    machine
    apply
    secret=another-long-secret settings
    apply
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'two reload' [ "$(steps)" = 'signaling reload,call reload,' ] || return 1
    expect 'the key is named' said 'Changed: OPENVIDU_SECRET' || return 1
    expect 'in force' [ "$(current)$(applied)" = 22 ] || return 1
    expect 'in the file' grep -q 'secret = "another-long-secret"' "$conf/current/signaling.cfg" || return 1
    expect 'the value is not shown' [ "$(cat "$work/out" "$work/err" | grep -c another-long-secret)" = 0 ]
}

keys_and_their_effects() {
    local line bad=0
    machine
    apply
    while IFS='|' read -r line wanted; do
        # shellcheck disable=SC2086 # words
        settings $line
        apply
        expect "$line: status 0" [ $status -eq 0 ] || bad=1
        expect "$line: $wanted, not $(steps)" [ "$(steps)" = "$wanted" ] || bad=1
        daemons_accept || { expect "$line: the daemons take it" false; bad=1; }
        settings
        apply
    done <<END
MEDIA_PORT=42000|media restart,
COTURN_MAX_PORT=60000|turn restart,
OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH=700|signaling reload,
LOG_LEVEL=debug|redis restart,media reload,turn reload,signaling reload,call reload,
CALL_APP=off|call stop,
REDIS_URL=redis://:a-secret@10.0.0.9:6379/1|redis stop,signaling restart,
REDIRECT_WWW=false|
ALLOWED_ACCESS_TO_RESTAPI=192.0.2.0/24|nginx reload,
CALL_PRIVATE_ACCESS=DISABLED CALL_USER=somebody|call reload,
COTURN_IP=192.0.2.10|turn reload,signaling reload,
END
    return $bad
}

wrong_settings() {
    local before
    machine
    apply
    before=$(picture)
    settings COTURN_PORT=many MEDIA_PORT=0
    apply
    expect 'status 2' [ $status -eq 2 ] || return 1
    expect 'both are told' [ "$(grep -c 'error:' "$work/err")" = 2 ] || return 1
    expect 'with lines' warned '.env:6: error: COTURN_PORT=many' || return 1
    expect 'the old stays' warned 'generation 1) stays in force' || return 1
    expect 'nothing was touched' [ "$before" = "$(picture)" ] || return 1
    rm "$env"
    apply
    expect 'no file: not 0' [ $status -ne 0 ] || return 1
    expect 'nothing was touched' [ "$before" = "$(picture)" ]
}

wrong_settings_at_start() {
    machine
    apply
    settings COTURN_PORT=many
    socat -u UNIX-RECVFROM:"$work/notify",fork OPEN:"$work/notified",creat,append &
    local socat=$!
    for _ in $(seq 50); do [ -S "$work/notify" ] && break; sleep 0.05; done
    NOTIFY_SOCKET=$work/notify apply --at-start
    expect 'status 2' [ $status -eq 2 ]
    local a=$?
    for _ in $(seq 50); do [ -s "$work/notified" ] && break; sleep 0.05; done
    kill $socat
    wait $socat 2>/dev/null
    expect 'the reason is the status' grep -q 'STATUS=NOT applied.*COTURN_PORT=many' "$work/notified" || return 1
    expect 'one line each' [ "$(grep -c COTURN_PORT "$work/err")" = 1 ] && [ $a -eq 0 ]
}

dry_run() {
    local before
    machine
    before=$(picture)
    apply --dry-run
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'all would start' [ "$(steps)" = 'redis start,media start,turn start,signaling start,call start,nginx reload,' ] || return 1
    expect 'nothing was made' [ "$before" = "$(picture)" ] || return 1
    apply
    before=$(picture)
    secret=another-long-secret settings
    apply -n
    expect 'a reload' [ "$(steps)" = 'signaling reload,call reload,' ] || return 1
    expect 'nothing was changed' [ "$before" = "$(picture)" ]
}

# What an older version wrote looks different.
newer_version() {
    machine
    apply
    sed -i '1d' "$conf/current/media.cfg"
    apply
    expect 'that daemon alone' [ "$(steps)" = 'media restart,' ] || return 1
    expect 'in force' [ "$(current)" = 2 ] || return 1
    # Also when a key with a small effect changes at the same time.
    sed -i '1d' "$conf/current/signaling.cfg"
    secret=another-long-secret settings
    apply
    expect 'restart, not reload' [ "$(steps)" = 'signaling restart,call reload,' ] || return 1
    rm "$conf/current/settings.env"
    apply
    expect 'who knows' [ "$(steps)" = 'redis restart,media restart,turn restart,signaling restart,call restart,nginx reload,' ]
}

# Killed between the new generation and telling the daemons.
interrupted() {
    machine
    apply
    settings MEDIA_PORT=42000
    apply
    ln -sfn 1 "$conf/applied"
    apply
    expect 'told now' [ "$(steps)" = 'media restart,' ] || return 1
    expect 'no new one' [ "$(current)$(applied)" = 22 ]
}

dropins_come_and_go() {
    machine
    apply
    settings SERVER_PORT=6443 COTURN_PORT=1000
    apply
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'sockets too' said 'signaling *restart, with its sockets' || return 1
    expect 'the port' grep -q '^ListenStream=127.0.0.1:6443$' "$systemd/visavis-signaling.socket.d/50-visavis.conf" || return 1
    expect 'the capability' grep -q CAP_NET_BIND_SERVICE "$systemd/visavis-turn.service.d/50-visavis.conf" || return 1
    settings
    apply
    expect 'gone' [ -z "$(find "$systemd" -type f -o -name '*.d')" ]
}

folders_of_the_operator() {
    machine OPENVIDU_RECORDING_PATH=/srv/recordings
    apply
    expect 'made' [ -d "$VISAVIS_ROOT/srv/recordings" ] || return 1
    expect 'writable' grep -q '^ReadWritePaths=-/srv/recordings$' "$systemd/visavis-signaling.service.d/50-visavis.conf" || return 1
    chmod 711 "$VISAVIS_ROOT/srv/recordings"
    apply
    expect 'nothing to say' said 'Nothing has changed' || return 1
    rmdir "$VISAVIS_ROOT/srv/recordings"
    apply --folders
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'made, and that is all' [ -d "$VISAVIS_ROOT/srv/recordings" ] && [ ! -s "$work/out" ] || return 1
    chmod 711 "$VISAVIS_ROOT/srv/recordings"
    apply
    expect 'left as it is' [ "$(stat -c %a "$VISAVIS_ROOT/srv/recordings")" = 2711 ]
}

another_web_server() {
    machine
    apply
    settings PROXY=external
    apply
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'nginx forgets us' [ ! -L "$VISAVIS_ROOT/etc/nginx/sites-enabled/visavis.conf" ] || return 1
    expect 'signaling sends files' grep -q 'accel = false' "$conf/current/signaling.cfg" || return 1
    expect 'two of them' [ "$(steps)" = 'signaling reload,nginx reload,' ] || return 1
    apply
    expect 'and then nothing' said 'Nothing has changed'
}

broken_site_of_others() {
    local site=$VISAVIS_ROOT/etc/nginx/sites-enabled/other.conf
    machine
    apply
    echo 'server { listen nonsense; }' >"$site"
    settings "MEDIA_PORT=42000" CLIENT_MAX_BODY_SIZE=10M
    apply
    expect 'status 3' [ $status -eq 3 ] || return 1
    expect 'whose fault' warned 'other.conf' || return 1
    expect 'the daemons have it' [ "$(current)$(applied)" = 22 ] || return 1
    expect 'media at least' grep -q 42000 "$conf/current/media.cfg" || return 1
    apply
    expect 'still told' [ $status -eq 3 ] || return 1
    rm "$site"
    apply
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'nginx is told now' [ "$(steps)" = 'nginx reload,' ] || return 1
    apply
    expect 'once' said 'Nothing has changed'
}

taken_port() {
    local holder before
    machine
    apply
    before=$(current)
    settings "HTTPS_PORT=$(free_port)"
    socat "TCP-LISTEN:$(sed -n 's/^HTTPS_PORT=//p' "$env" | tail -1),fork" /dev/null &
    holder=$!
    sleep 0.3
    apply
    kill $holder
    wait $holder 2>/dev/null
    expect 'status 1' [ $status -eq 1 ] || return 1
    expect 'the old stays' [ "$(current)" = "$before" ] || return 1
    expect 'no remains' [ "$(find "$conf" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ] || return 1
    apply
    expect 'then it works' [ $status -eq 0 ]
}

several_at_once() {
    local pids=() p ok=0
    machine
    for _ in 1 2 3 4; do
        "$visavis" apply >>"$work/out" 2>>"$work/err" &
        pids+=($!)
    done
    for p in "${pids[@]}"; do wait "$p" || ok=1; done
    expect 'all are content' [ $ok -eq 0 ] || return 1
    expect 'one generation' [ "$(current)" = 1 ]
}

three_are_kept() {
    machine
    for i in 1 2 3 4 5; do
        secret=a-long-enough-secret-$i settings
        apply
    done
    expect 'the last three' [ "$(cd "$conf" && echo [0-9]*)" = '3 4 5' ] || return 1
    expect 'in force' [ "$(current)" = 5 ]
}

whole() {
    local a b
    [ -e "$conf/current" ] || return 0
    a=$(sed -n 's/^secret = "\(.*\)";/\1/p' "$conf/current/signaling.cfg")
    b=$(sed -n 's/^openvidu_secret = "\(.*\)";/\1/p' "$conf/current/call.cfg")
    [ -n "$a" ] && [ "$a" = "$b" ] && grep -q "^OPENVIDU_SECRET=$a\$" "$conf/current/settings.env"
}

# Who was killed during the trial of nginx has left that running, with the ports.
a_killed_trial() {
    local folder=$work/visavis-dev-left
    machine
    mkdir -p "$folder"
    printf 'pid %s/pid;\nerror_log /dev/null;\nevents {}\nhttp { access_log off; server { listen %s; } }\n' "$folder" "$http" >"$folder/nginx.conf"
    nginx -c "$folder/nginx.conf" || return 1
    expect 'it has the port' [ -n "$(ss -Hltn "sport = :$http")" ] || return 1
    apply
    expect 'status 0' [ $status -eq 0 ] && expect 'it is ended' [ -z "$(ss -Hltn "sport = :$http")" ] &&
        expect 'plain HTTP is served' grep -q "listen $http" "$conf/current/nginx-site.conf" || return 1
    apply
    expect 'done' said 'Nothing has changed'
}

killed_at_any_time() {
    local i pid
    machine
    for i in $(seq 30); do
        secret=a-long-enough-secret-$i settings "MEDIA_PORT=$((42000 + i))"
        "$visavis" apply >"$work/out" 2>"$work/err" &
        pid=$!
        sleep "0.$(printf %03d $((RANDOM % 160)))"
        kill -KILL $pid 2>/dev/null
        wait $pid 2>/dev/null
        expect "whole after kill $i" whole || return 1
        daemons_accept || { expect "usable after kill $i" false; return 1; }
    done
    apply
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'the last in force' grep -q a-long-enough-secret-30 "$conf/current/signaling.cfg" || return 1
    expect 'all told' [ "$(current)" = "$(applied)" ] || return 1
    expect 'no remains' [ -z "$(find "$conf" -name '*new*')" ] || return 1
    apply
    expect 'done' said 'Nothing has changed'
}

not_root() {
    (unset VISAVIS_ROOT && setpriv --reuid=65534 --clear-groups "$visavis" apply) >"$work/out" 2>"$work/err"
    status=$?
    expect 'status 1' [ $status -eq 1 ] || return 1
    expect 'says who may' warned 'sudo visavis apply'
}

as_json() {
    machine
    apply --json
    expect 'status 0' [ $status -eq 0 ] || return 1
    expect 'one document' [ "$(head -c 1 "$work/out")$(tail -c 2 "$work/out")" = '{}' ] || return 1
    expect 'with steps' said '"signaling": "start"' || return 1
    settings COTURN_PORT=many
    apply --json
    expect 'status 2' [ $status -eq 2 ] || return 1
    expect 'refused' said '"result": "refused"' || return 1
    expect 'with problems' said '"key": "COTURN_PORT"'
}

# What is asked of a CA is what is in force; other words in .env are told of.
ask_the_ca() {
    "$visavis" cert test >"$work/out" 2>"$work/err"
}

ca_goes_by_what_is_in_force() {
    local ca=(CERTIFICATE_TYPE=letsencrypt ACME_SERVER=http://127.0.0.1:9/directory)
    machine "${ca[@]}"
    apply
    ask_the_ca
    expect 'no word while .env is in force' [ "$(grep -c 'config diff' "$work/err")" -eq 0 ] || return 1
    settings "${ca[@]}" COTURN_PORT=3500
    ask_the_ca
    expect 'nor of what is not about certificates' [ "$(grep -c 'config diff' "$work/err")" -eq 0 ] || return 1
    settings "${ca[@]}" CERTIFICATE_NAMES=b.example.org
    ask_the_ca
    expect 'says that another name is not in force' warned 'sudo visavis apply' && expect 'and how to see it' warned 'config diff'
}

touch "$work/out" "$work/err"
test_case 'first run' first_run
test_case 'unchanged: nothing happens' unchanged_run
test_case 'another secret' changed_secret
test_case 'what each key does' keys_and_their_effects
test_case 'wrong settings keep the old' wrong_settings
test_case 'wrong settings within the unit' wrong_settings_at_start
test_case 'a dry run writes nothing' dry_run
test_case 'a newer version' newer_version
test_case 'interrupted before the daemons were told' interrupted
test_case 'drop-ins come and go' dropins_come_and_go
test_case 'folders of the operator' folders_of_the_operator
test_case 'another web server' another_web_server
test_case 'a broken site of others' broken_site_of_others
test_case 'a taken port' taken_port
test_case 'several at once' several_at_once
test_case 'three generations are kept' three_are_kept
test_case 'the trial of a killed run has the ports' a_killed_trial
test_case 'killed at any time' killed_at_any_time
test_case 'a CA is asked by what is in force' ca_goes_by_what_is_in_force
test_case 'not root' not_root
test_case 'as JSON' as_json

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
