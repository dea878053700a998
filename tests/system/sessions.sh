#!/bin/bash
# visavis sessions: what it lists, ends, and says when it cannot; beside a real signaling daemon.
# usage: tests/system/sessions.sh build/<flavour>
set -u
bin=$(cd "$1" && pwd)/bin
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
passed=0
failed=0
skipped=0
pids=()
port=$((20000 + $$ % 10000))
secret=aVeryLongSecretForTests12345
# shellcheck source=tests/system/lib.sh
. "$here/lib.sh"

end_all() {
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
    wait
    rm -rf "$work"
}
trap end_all EXIT

# An installed machine, as far as this command looks at it.
export VISAVIS_ROOT=$work/root
mkdir -p "$VISAVIS_ROOT/var/lib/visavis/conf/current"
settings() {
    printf '# Values in force, written by visavis; changes here are lost.\nOPENVIDU_SECRET=%s\nSERVER_PORT=%s\n' "$1" "$2" \
        >"$VISAVIS_ROOT/var/lib/visavis/conf/current/settings.env"
}
settings "$secret" "$port"

printf 'control = "%s/media";\nport = 43000;\nport_search = true;\nworkers = 1;\n' "$work" >"$work/media.cfg"
printf 'listen = ["tcp:127.0.0.1:%s"];\npublic_url = "http://localhost:%s";\nsecret = "%s";\nmedia_control = "%s/media";\n' \
    "$port" "$port" "$secret" "$work" >"$work/signaling.cfg"

start_servers() {
    "$bin/visavis-media" --config "$work/media.cfg" 2>"$work/media.log" &
    pids+=($!)
    "$bin/visavis-signaling" --config "$work/signaling.cfg" 2>"$work/signaling.log" &
    pids+=($!)
    wait_for grep -q 'media: ready' "$work/signaling.log"
}

# Somebody in a session; $last is the connection.
join() {
    : >"$work/stay.$1"
    node "$here/stay.mjs" "$port" "$secret" "$2" >"$work/stay.$1" 2>"$work/stay.err" </dev/null &
    pids+=($!)
    wait_for test -s "$work/stay.$1" || return 1
    last=$(cat "$work/stay.$1")
}

# Runs the command; $status, $work/text and $work/err tell.
sessions() {
    timeout 20 "$bin/visavis" sessions "$@" >"$work/text" 2>"$work/err" </dev/null
    status=$?
}
exits() { expect "exit status $1, it is $status" [ "$status" -eq "$1" ]; }
says() { expect "stdout says '$1'" grep -qE -- "$1" "$work/text"; }
says_not() { expect "stdout does not say '$1'" not grep -qE -- "$1" "$work/text"; }
complains() { expect "stderr says '$1'" grep -qF -- "$1" "$work/err"; }

none() {
    sessions
    exits 0 && says '^There are no sessions\.$' || return 1
    sessions --json
    exits 0 && expect 'an empty list' [ "$(jq -c . "$work/text")" = '{"sessions":[]}' ]
}

listed() {
    join 1 lesson && join 2 lesson && join 3 choir || return 1
    third=$last
    sessions
    exits 0 && says '^AGE +PEOPLE +PUBLISH +WATCH +SESSION$' && says ' 2 +0 +0  lesson$' && says ' 1 +0 +0  choir$' || return 1
    expect 'no line is longer than 80' not grep -qE '.{81}' "$work/text" || return 1
    sessions --json
    exits 0 && expect 'two sessions' [ "$(jq '.sessions | length' "$work/text")" = 2 ] &&
        expect 'the connection' [ "$(jq -r '.sessions[] | select(.session == "choir").connections[0].connection' "$work/text")" = "$third" ] &&
        says_not 'token|wss?://'
}

shown() {
    sessions show choir
    exits 0 && says '^choir, .* old, 1 participant$' && says " PUBLISHER +0 +0 +127.0.0.1 +$third\$" || return 1
    expect 'no line is longer than 80' not grep -qE '.{81}' "$work/text" || return 1
    sessions show choir --json
    exits 0 && expect 'its role' [ "$(jq -r '.connections[0].role' "$work/text")" = PUBLISHER ]
}

unknown_ones() {
    local id
    for id in nowhere ../config a/b 'a b'; do
        sessions show "$id"
        exits 1 && complains "there is no session $id" || return 1
        sessions close "$id"
        exits 1 && complains "there is no session $id" || return 1
    done
    sessions evict choir con_nobody
    exits 1 && complains 'there is no connection con_nobody in a session choir'
}

wrong_calls() {
    sessions show && exits 2 && complains 'which session?' || return 1
    sessions close && exits 2 && complains 'which session?' || return 1
    sessions close choir --all && exits 2 && complains "unexpected argument 'choir'" || return 1
    sessions close choir lesson && exits 2 || return 1
    sessions evict choir && exits 2 && complains 'which connection?' || return 1
    sessions shwo && exits 2 && complains "did you mean 'show'?"
}

thrown_out() {
    sessions evict choir "$third"
    exits 0 || return 1
    wait_for grep -q "connection $third join .*left (forceDisconnectByServer)" "$work/signaling.log" || return 1
    sessions
    exits 0 && says_not choir
}

ended() {
    sessions close lesson
    exits 0 || return 1
    wait_for grep -q '\[session lesson\] destroyed (sessionClosedByServer)' "$work/signaling.log" || return 1
    sessions
    says '^There are no sessions\.$'
}

all_ended() {
    join 4 one && join 5 two || return 1
    sessions close --all
    exits 2 && complains 'say it by --yes' || return 1
    sessions
    says ' one$' && says ' two$' || return 1
    sessions close --all --yes
    exits 0 && says '^2 sessions were closed\.$' || return 1
    sessions close --all --yes --json
    exits 0 && expect 'none any more' [ "$(jq -c . "$work/text")" = '{"closed":0}' ]
}

# As on a terminal.
asked_before() {
    join 6 asked || return 1
    echo n | script -qec "'$bin/visavis' sessions close --all" /dev/null >"$work/text" 2>&1
    says 'End 1 session for everybody' && says 'nothing was done' || return 1
    echo y | script -qec "'$bin/visavis' sessions close --all" /dev/null >"$work/text" 2>&1
    says '1 session was closed'
}

secret_stays() {
    sessions
    expect 'no secret in what is said' not grep -q "$secret" "$work/text" "$work/err" || return 1
    settings wrongwrongwrong "$port"
    sessions
    exits 1 && complains 'refuses the secret (OPENVIDU_SECRET)' && says_not . || return 1
    settings "$secret" "$port"
}

of_dev() {
    join 7 devs || return 1
    OPENVIDU_SECRET=$secret HTTPS_PORT=$port sessions --dev
    exits 0 && says ' devs$' || return 1
    OPENVIDU_SECRET=$secret HTTPS_PORT=nonsense sessions --dev
    exits 2 && complains 'HTTPS_PORT=nonsense is not valid'
}

nobody_there() {
    kill "${pids[1]}"
    wait "${pids[1]}"
    sessions
    exits 1 && complains "signaling does not answer on port $port" && complains 'visavis status' || return 1
    rm "$VISAVIS_ROOT/var/lib/visavis/conf/current/settings.env"
    sessions
    exits 1 && complains 'nothing is in force on this machine yet'
}

start_servers || { cat "$work"/*.log; echo '0 passed, 1 failed'; exit 1; }
test_case 'no sessions' none
test_case 'sessions and how full they are' listed
test_case 'one of them' shown
test_case 'what is not there' unknown_ones
test_case 'wrong calls' wrong_calls
test_case 'somebody is thrown out' thrown_out
test_case 'a session is ended' ended
test_case 'all are ended, when that is said' all_ended
test_case 'on a terminal it asks' asked_before
test_case 'the secret stays where it is, and a wrong one is told' secret_stays
test_case 'the server of visavis dev' of_dev
test_case 'a server that is not there' nobody_there
finish_tests
