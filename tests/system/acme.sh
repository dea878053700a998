#!/bin/bash
# Certificates from an ACME CA by `visavis cert`, against a real Pebble in a network of its own: acme/bed.bash has the
# bed, acme/machine.bash the machine in it, the other files the cases by topic.
# usage: tests/system/acme.sh build/<flavour> [TOPIC...]      (as root; topics: see below)
set -u
if ! unshare --net --mount true 2>/dev/null; then
    echo 'a network of its own cannot be had here: needs root'
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
fi
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
topics="challenges accounts certificates matrix answers renewal reach retries clock kill"
for topic in "${@:2}"; do
    case " $topics " in
    *" $topic "*) ;;
    *)
        echo "acme.sh: there is no topic '$topic'; the topics are: $topics" >&2
        exit 2
        ;;
    esac
done

# shellcheck source=tests/system/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/system/acme/bed.bash
. "$here/acme/bed.bash"
# shellcheck source=tests/system/acme/machine.bash
. "$here/acme/machine.bash"
for topic in $topics; do
    # shellcheck source=/dev/null
    . "$here/acme/$topic.bash"
done

machine_begin || exit 1
# shellcheck disable=SC2086 # a list of words
[ $# -gt 1 ] || set -- "$1" $topics
for topic in "${@:2}"; do "run_$topic"; done
finish_tests
