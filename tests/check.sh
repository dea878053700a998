#!/bin/sh
# Looks at the includes, runs the unit and flow tests, and replays the fuzz seeds of one build folder,
# as many programs at once as there are processors, with a summary line.
# usage: tests/check.sh build/<flavour>
set -u

# One program: a line "passed failed seconds name" in the sums, what a failed one printed beside them.
# A test program counts its own tests (cmocka's closing lines), a replay counts as one.
one() {
    work=$1
    name=$2
    shift 2
    log=$work/$(echo "$name" | tr / -).log
    begin=$(date +%s)
    if timeout 300 "$@" >"$log" 2>&1; then status=0; else status=$?; fi
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    if [ "$status" -eq 0 ] && [ "$ok" -eq 0 ]; then
        case $name in
        fuzz/* | tests/*) ok=1 ;;
        *) bad=1 ;;
        esac
    fi
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ "$bad" -ne 0 ]; then
        echo "FAILED $name (exit status $status)"
        tail -n 60 "$log" >"$log.failed"
    fi
    rm -f "$log"
    echo "$ok $bad $(($(date +%s) - begin)) $name" >>"$work/sums"
}

# Name and command of each, one a line: the flow tests first, since some of them wait for long.
programs() {
    for t in "$out"/tests/flow/test_* "$out"/tests/unit/*/test_*; do
        source=tests/${t#"$out"/tests/}.c
        if [ -x "$t" ] && [ -f "$t" ] && [ -f "$source" ]; then echo "${t#"$out"/tests/} $t"; fi
    done
    for t in "$out"/tests/fuzz/replay_*; do
        name=${t##*/replay_}
        if [ -x "$t" ] && [ -f "$t" ] && [ -f "tests/fuzz/fuzz_$name.c" ]; then
            echo "fuzz/$name $t tests/fuzz/corpus/$name"
        fi
    done
    echo 'tests/includes.sh tests/includes.sh'
}

if [ "$1" = --one ]; then
    shift
    one "$@"
    exit 0
fi
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
programs | xargs -L 1 -P "$(nproc)" "$0" --one "$work"
for f in "$work"/*.failed; do
    [ -f "$f" ] || continue
    echo "--- $(basename "$f" .log.failed)"
    cat "$f"
done
echo "longest: $(sort -k 3,3nr "$work/sums" | awk 'NR <= 8 { printf "%s%s %s s", (NR > 1 ? ", " : ""), $4, $3 }')"
awk -v begun="$(programs | wc -l)" '
    { passed += $1; failed += $2 }
    END {
        # One that was ended by a signal has left no line.
        failed += begun - NR
        print passed + 0 " passed, " failed " failed"
        exit !(failed == 0 && passed > 0)
    }' "$work/sums"
