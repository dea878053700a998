#!/bin/sh
# The unmodified npm clients against our daemons. usage: tests/conformance/run.sh build/<flavour> [raw|client]
set -eu
build=$(cd "$1" && pwd)
cd "$(dirname "$0")"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-audit --no-fund --loglevel=error
fi
shift
exec node main.mjs "$build" "$@"
