#!/bin/bash
# Certificates from an ACME CA by `visavis cert`, against a real Pebble in a network of its own: acme/bed.bash has the
# bed, acme/machine.bash the machine in it, the other files the cases by topic.
# usage: tests/system/acme.sh build/<flavour> [TOPIC...]      (as root; topics: see below)
# BED_NONCEREJECT=90 and BED_AUTHZREUSE=100 have the CA refuse nonces and reuse authorisations (percent) in the topics
# challenges, accounts and certificates, too; the topic matrix does so with what goes well.
set -u
if ! unshare --net --mount true 2>/dev/null; then
    echo 'a network of its own cannot be had here: needs root'
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
fi
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

# Most of the time is waiting, so each line is a run of its own when all are wanted, with a bed of its own.
lanes=('challenges accounts certificates matrix' 'answers renewal reach retries clock' 'waiting' 'short' 'kill')
topics=${lanes[*]}
for topic in "${@:2}"; do
    case " $topics " in
    *" $topic "*) ;;
    *)
        echo "acme.sh: there is no topic '$topic'; the topics are: $topics" >&2
        exit 2
        ;;
    esac
done

run_lanes() {
    local i logs pids=() result=0
    logs=$(mktemp -d)
    for i in "${!lanes[@]}"; do
        # shellcheck disable=SC2086 # a list of words
        "$here/acme.sh" "$build" ${lanes[i]} >"$logs/$i" 2>&1 &
        pids+=($!)
    done
    # shellcheck disable=SC2064 # as they are now
    trap "kill ${pids[*]} 2>/dev/null; wait; rm -rf '$logs'" EXIT
    for i in "${!lanes[@]}"; do
        wait "${pids[i]}" || result=1
        cat "$logs/$i"
    done
    tail -q -n 1 "$logs"/* | awk '/passed/ { p += $1; f += $3 } END { print p + 0 " passed, " f + 0 " failed" }'
    pids=()
    return $result
}

if [ $# -eq 1 ]; then
    run_lanes
    exit
fi

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
for topic in "${@:2}"; do "run_$topic"; done
finish_tests
