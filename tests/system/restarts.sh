#!/bin/bash
# Signaling is restarted and killed under load with its state in Redis: nothing is lost or doubled.
# usage: tests/system/restarts.sh build/<flavour> [CLIENTS SESSIONS RESTARTS KILLS]   (40 10 5 5)
set -eu
build=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../conformance"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-audit --no-fund --loglevel=error
fi
exec node ../system/restarts/main.mjs "$build" "$@"
