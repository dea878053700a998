#!/bin/bash
# Runs a command, or a shell, in a test bed of its own, with BED_DIR and ACME_DIRECTORY in its environment.
# usage: tests/system/acme/with_bed.sh [COMMAND...]      (as root)
set -u
# shellcheck source=tests/system/acme/bed.bash
. "$(dirname "$0")/bed.bash"
trap bed_down EXIT
bed_up || exit 1
export BED_DIR
ACME_DIRECTORY=$(bed_url)
export ACME_DIRECTORY
bed_in "${@:-bash}"
