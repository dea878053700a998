#!/bin/sh
# Real browsers against a real `visavis dev`. usage: tests/e2e/run.sh build/<flavour> [--short|--sanitized|--long] [NAME...]
set -eu
build=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-audit --no-fund --loglevel=error
fi
exec node main.mjs "$build" "$@"
