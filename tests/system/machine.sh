#!/bin/bash
# The installed product on a fresh machine with systemd: package, call, configuration, certificates,
# failures, upgrade, removal, a CA (ACME). Needs root. usage: tests/system/machine.sh [SUITE [TEST...]]
# SUITE: bookworm or trixie (the suite of this machine). Tests build on one another, in their order.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=tests/system/machine
. $here/lib.bash

suite=${1:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
shift $(($# > 0 ? 1 : 0))
only=("$@")
passed=0
failed=0
work=$(mktemp -d)
caller_pid=

finish() {
    [ -z "$caller_pid" ] || kill "$caller_pid" 2>/dev/null
    bed_down
    machine_remove
    rm -rf "$work"
}
trap finish EXIT

. $here/tools.bash
. $here/install.bash
. $here/configuration.bash
. $here/certificates.bash
. $here/turn.bash
. $here/failures.bash
. $here/removal.bash
. $here/acme.bash

machine_browser || exit 1
machine_base "$suite" || exit 1
machine_packages_of "$suite" || exit 1
machine_net_up || exit 1
machine_new fresh "" || exit 1
machine_boot || exit 1

run_install
run_configuration
run_certificates
run_turn
run_failures
run_removal
run_acme

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
