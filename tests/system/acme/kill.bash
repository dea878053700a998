# Killed before every single step of getting a certificate and putting it in force: what is served is whole, the old or
# the new, and the next run ends it with one more order at most.
# shellcheck shell=bash disable=SC2154

run_kill() {
    test_case 'killed at every step of a renewal, with authorisations of before' killed_at_every_step renewal_begins PEBBLE_AUTHZREUSE=100
    test_case 'killed at every step of the first certificate' killed_at_every_step first_begins PEBBLE_AUTHZREUSE=0
}

dying() {
    bed_dying "$1" visavis env VISAVIS_ROOT="$root" "$visavis" cert renew >"$work/text" 2>&1
    status=$?
}

begin_again() {
    rm -rf "$root"
    cp -a "$work/begin" "$root"
    bed_front_tell DELETE requests
}

whole() { # The old or the new.
    is_as_before && return
    key_fits "$live" && { chain_fits "$work/ca-root.pem" "$live" || chain_fits "$live/ca.crt" "$live"; }
}

is_as_before() {
    local f
    for f in fullchain.pem privkey.pem; do cmp -s "$live/$f" "${live/"$root"/"$work/begin"}/$f" || return 1; done
}

ended_well() {
    ends_with 0 && key_fits "$live" && chain_fits "$work/ca-root.pem" "$live" && expect 'a new one' [ "$(serial)" != "$1" ]
}

# usage: killed_at_every_step BEGIN CA-SETTING      the steps are shared out to some machines, each in a bed of its own
killed_at_every_step() {
    local i workers=4 pids=() result=0
    for ((i = 1; i <= workers; i++)); do
        kill_steps "$work/kill-$i" "$i" "$workers" "$@" >"$work/kill-$i.log" 2>&1 &
        pids+=($!)
    done
    for ((i = 1; i <= workers; i++)); do
        wait "${pids[i - 1]}" || result=1
        cat "$work/kill-$i.log"
    done
    expect 'there are many steps' [ "$(awk '/died at/ { n += $3 } END { print n + 0 }' "$work"/kill-*.log)" -gt 30 ] && return $result
}

# usage: kill_steps FOLDER FIRST EACH BEGIN CA-SETTING
kill_steps() (
    local n died=0
    rm -rf "$1" && mkdir "$1" || return 1
    work=$1 root=$1/root BED_DIR=$1/bed live=$1/root/var/lib/visavis/certs/live
    trap bed_down EXIT
    bed_up && bed_pebble "$5" && "$4" || return 1
    rm -rf "$work/begin" && cp -a "$root" "$work/begin"
    bed_root >"$work/ca-root.pem"
    for ((n = $2; ; n += $3)); do
        kill_at "$n" || { tail -n 1 "$BED_DIR/trace"; return 1; }
        [ "$status" -eq 137 ] || break
        died=$((died + 1))
    done
    echo "    died at $died steps"
)

# One that has not been killed: status is not 137.
kill_at() {
    local old
    begin_again
    old=$(serial)
    dying "$1"
    if [ "$status" -ne 137 ]; then
        ended_well "$old"
        return
    fi
    whole || { echo "    step $1: the pair is not whole"; return 1; }
    cert renew
    expect "step $1: the next run ends well" ended_well "$old" &&
        expect "step $1: one more order at most" [ "$(bed_front count newOrder)" -le 2 ] || return 1
    cert renew
    expect "step $1: then all is quiet" is_silent && ends_with 0 && status=137
}

renewal_begins() {
    fresh ACME_KEY_TYPE=rsa2048
    issues && settings
}

first_begins() {
    fresh CERTIFICATE_TYPE=selfsigned
    cert renew
    ends_with 0 && settings ACME_CHALLENGE=http-01
}
