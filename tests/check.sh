#!/bin/sh
# Looks at the includes, runs the unit and flow tests, and replays the fuzz seeds of one build folder,
# with a summary line.
# usage: tests/check.sh build/<flavour>
set -u
out=$1
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A test program counts its own tests (cmocka's closing lines), a replay counts as one.
run() {
    name=$1
    shift
    if timeout 300 "$@" >"$log" 2>&1; then status=0; else status=$?; fi
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    if [ "$status" -eq 0 ] && [ "$ok" -eq 0 ]; then
        if [ "${name#fuzz/}" = "$name" ]; then bad=1; else ok=1; fi
    fi
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ "$bad" -ne 0 ]; then
        echo "FAILED $name (exit status $status)"
        tail -n 60 "$log"
    fi
    passed=$((passed + ok))
    failed=$((failed + bad))
}

if tests/includes.sh >"$log"; then
    passed=$((passed + 1))
else
    echo 'FAILED tests/includes.sh'
    cat "$log"
    failed=$((failed + 1))
fi
for t in "$out"/tests/unit/*/test_* "$out"/tests/flow/test_*; do
    [ -x "$t" ] && [ -f "$t" ] || continue
    source=tests/${t#"$out"/tests/}.c
    [ -f "$source" ] || continue
    run "${t#"$out"/tests/}" "$t"
done
for t in "$out"/tests/fuzz/replay_*; do
    [ -x "$t" ] && [ -f "$t" ] || continue
    name=${t##*/replay_}
    [ -f "tests/fuzz/fuzz_$name.c" ] || continue
    run "fuzz/$name" "$t" "tests/fuzz/corpus/$name"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
