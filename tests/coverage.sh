#!/bin/sh
# Which lines of a folder's sources its unit tests and the fuzz seeds reach, file by file; fails when
# a file has fewer than it must. Builds of FLAVOUR=coverage.
# usage: tests/coverage.sh build/coverage FOLDER LEAST PROGRAM...      LEAST in percent
set -u
out=$1 folder=$2 least=$3
shift 3
objects=$out/obj/$folder
log=$(mktemp)
trap 'rm -f "$log"' EXIT

find "$out/obj" -name '*.gcda' -delete
for program in "$@"; do
    name=${program##*/replay_}
    if [ "$name" = "$program" ]; then set -- "$program"; else set -- "$program" "tests/fuzz/corpus/$name"; fi
    if ! timeout 300 "$@" >"$log" 2>&1; then
        tail -n 40 "$log"
        echo "FAILED $program"
        exit 1
    fi
done

for c in "$folder"/*.c; do
    name=${c##*/}
    # Of what a file includes, too: its own lines are those that count.
    gcov --no-output --object-directory "$objects" "$objects/${name%.c}.gcno" 2>/dev/null |
        awk -v file="$c" '$0 == "File \x27" file "\x27" { getline; print file, $0; found = 1 }
            END { if (!found) print file, "Lines executed:0.00% of 0" }'
done | awk -v least="$least" '
    {
        split($0, a, /[:%]| of /)
        percent = a[2]; lines = a[4]
        printf "%6.2f %% of %4d lines  %s\n", percent, lines, $1
        all += lines; reached += lines * percent / 100
        if (lines == 0 || percent < least) { low++; print "FAILED " $1 ": below " least " %" } else good++
    }
    END {
        if (all) printf "%6.2f %% of %4d lines  all\n", 100 * reached / all, all
        print good + 0 " passed, " low + 0 " failed"
        exit low || !good
    }'
