#!/bin/sh
# Runs every bench of one build folder, in order of name, or those whose name begins with a word. Ends
# well when at least one could measure here and none missed a bar or failed.
# usage: tests/bench/run.sh build/<flavour> [WORD]
set -u
out=$1
ran=0
bad=
left=
for b in "$out/bench/${2-}"*; do
    name=${b##*/}
    if [ ! -x "$b" ] || [ ! -f "tests/bench/bench_$name.c" ]; then continue; fi
    echo "== $name"
    "$b"
    case $? in
    0) ran=$((ran + 1)) ;;
    77) left="$left $name" ;; # MEASURE_NOT_HERE
    *) ran=$((ran + 1)) bad="$bad $name" ;;
    esac
done
echo "== $ran measured"
[ -z "$left" ] || echo "not possible here:$left"
[ -z "$bad" ] || echo "a bar is missed, or it failed:$bad"
[ -z "$bad" ] && [ "$ran" -gt 0 ]
