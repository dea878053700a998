#!/bin/sh
# Runs every bench of one build folder, in order of name, or those whose name begins with a word.
# usage: tests/bench/run.sh build/<flavour> [WORD]
set -eu
out=$1
for b in "$out/bench/${2-}"*; do
    if [ ! -x "$b" ] || [ ! -f "tests/bench/bench_${b##*/}.c" ]; then continue; fi
    echo "== ${b##*/}"
    "$b"
done
