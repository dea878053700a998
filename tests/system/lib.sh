# Shared by system tests that are sourced: cases, expectations, waiting. They set work, passed, failed, skipped.
# shellcheck shell=bash

not() { ! "$@"; }

expect() {
    local what=$1
    shift
    "$@" && return 0
    echo "    not so: $what"
    return 1
}

test_case() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        for f in text err; do
            [ ! -s "$work/$f" ] || sed "s/^/    $f: /" "$work/$f" | tail -n 15
        done
    fi
}

# Until the command succeeds, for ten seconds.
wait_for() {
    local i
    for i in $(seq 200); do
        "$@" && return 0
        sleep 0.05
    done
    echo "    waited in vain: $*"
    return 1
}

gone() { ! kill -0 "$1" 2>/dev/null; }

port_is_open() { [ -n "$(ss -Hltn "sport = :$1")" ]; }

finish_tests() {
    if [ "$skipped" -gt 0 ]; then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
