#!/bin/sh
# What holds while strangers flood visavis-turn, at any speed: answers to them are bounded, they get no
# allocation, clients go on, and others can begin. usage: tests/system/turn_flood.sh build/<flavour>
# Makes networks of its own: needs root, or user namespaces.
set -eu
out=${1:-build/release}
make --no-print-directory FLAVOUR="$(basename "$out")" bins "$out/bench/turn_flood" >/dev/null
"$out/bench/turn_flood" check
