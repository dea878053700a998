#!/bin/sh
# Runs every bench of one build folder, in order of name.
# usage: tests/bench/run.sh build/<flavour>
set -eu
out=$1
for b in "$out"/bench/*; do
    if [ ! -x "$b" ] || [ ! -f "tests/bench/bench_${b##*/}.c" ]; then continue; fi
    echo "== ${b##*/}"
    "$b"
done
