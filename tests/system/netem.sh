#!/bin/sh
# What of a video is lost for good, and whether it keeps moving, when the cables of its publisher and of
# its subscriber lose, delay and reorder packets in both directions.
# usage: tests/system/netem.sh build/<flavour> [SECONDS]     SECONDS: the promised percentages, too
# Makes networks of its own: needs root, or user namespaces.
set -eu
out=${1:-build/release}
make --no-print-directory FLAVOUR="$(basename "$out")" bins "$out/tools/loss" >/dev/null
if [ $# -gt 1 ]; then
    "$out/tools/loss" promises "$2"
else
    "$out/tools/loss" check
fi
