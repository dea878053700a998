#!/bin/sh
# Looks at the sources' folder and includes, runs the unit and flow tests, and replays the fuzz seeds of
# one build folder, with a summary line. Some programs at a time: many of them wait for servers most of their time.
# usage: tests/check.sh build/<flavour>      JOBS=n: at most that many at a time
set -u
out=$1
jobs=${JOBS:-$(($(nproc) * 3))}

# One program; its "passed failed" goes to a file named after it. A test program counts its own tests
# (cmocka's closing lines), a replay counts as one.
if [ "${2-}" = --one ]; then
    results=$3 name=$4
    shift 4
    file=$results/$(echo "$name" | tr / -)
    log=$file.log
    if timeout 300 "$@" >"$log" 2>&1; then status=0; else status=$?; fi
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    left=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    if [ "$status" -eq 0 ] && [ $((ok + left)) -eq 0 ]; then
        if [ "${name#fuzz/}" = "$name" ]; then bad=1; else ok=1; fi
    fi
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    echo "$ok $bad $left" >"$file"
    if [ "$bad" -ne 0 ]; then
        { echo "FAILED $name (exit status $status)"; tail -n 60 "$log"; } >"$log.failed"
        cat "$log.failed" # whole, not line by line between those of others
    fi
    rm -f "$log" "$log.failed"
    exit 0
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

for look in tree includes; do
    if tests/$look.sh >"$results/text"; then
        echo 1 0 0 >"$results/$look"
    else
        echo "FAILED tests/$look.sh"
        cat "$results/text"
        echo 0 1 0 >"$results/$look"
    fi
done
rm -f "$results/text"

{
    # The flow tests first: some of them take long.
    for t in "$out"/tests/flow/test_* "$out"/tests/unit/*/test_*; do
        [ -x "$t" ] && [ -f "$t" ] || continue
        [ -f "tests/${t#"$out"/tests/}.c" ] || continue
        echo "${t#"$out"/tests/} $t"
    done
    for t in "$out"/tests/fuzz/replay_*; do
        [ -x "$t" ] && [ -f "$t" ] || continue
        name=${t##*/replay_}
        [ -f "tests/fuzz/fuzz_$name.c" ] || continue
        echo "fuzz/$name $t tests/fuzz/corpus/$name"
    done
} >"$results/list"
xargs -r -P "$jobs" -L 1 "$0" "$out" --one "$results" <"$results/list"
wanted=$(($(wc -l <"$results/list") + 2))
rm -f "$results/list"

cat "$results"/* | awk -v wanted="$wanted" '
    { passed += $1; failed += $2; skipped += $3 }
    END {
        if (NR != wanted) { print wanted - NR " programs came to no end"; failed += wanted - NR }
        print passed + 0 " passed, " failed + 0 " failed" (skipped ? ", " skipped " skipped" : "")
        exit failed || !passed
    }'
