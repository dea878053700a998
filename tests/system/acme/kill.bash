# Killed before every single step of getting a certificate and putting it in force: what is served is whole, the old or
# the new, and the next run ends it with one more order at most.
# shellcheck shell=bash disable=SC2154

run_kill() {
    bed_pebble PEBBLE_AUTHZREUSE=100
    test_case 'killed at every step of a renewal' killed_at_renewal
    bed_pebble PEBBLE_AUTHZREUSE=0
    test_case 'killed at every step of the first certificate' killed_at_first
}

dying() {
    bed_dying "$1" visavis env VISAVIS_ROOT="$root" "$visavis" cert renew >"$work/text" 2>&1
    status=$?
}

# A state to begin at, again and again.
keep_state() {
    rm -rf "$work/begin"
    cp -a "$root" "$work/begin"
}

begin_again() {
    rm -rf "$root"
    cp -a "$work/begin" "$root"
    bed_front_tell DELETE requests
}

whole() { # The old or the new.
    key_fits "$live" && { chain_fits "$work/ca-root.pem" "$live" || chain_fits "$live/ca.crt" "$live"; }
}

ended_well() {
    ends_with 0 && key_fits "$live" && chain_fits "$work/ca-root.pem" "$live" && expect 'a new one' [ "$(serial)" != "$1" ]
}

# usage: kills_all SERIAL-OF-THE-OLD
kills_all() {
    local n=0 died=0
    bed_root >"$work/ca-root.pem"
    while :; do
        n=$((n + 1))
        begin_again
        dying $n
        [ "$status" -ne 137 ] && break
        died=$((died + 1))
        expect "step $n: the pair is whole" whole || return 1
        cert renew
        expect "step $n: the next run ends well" ended_well "$1" &&
            expect "step $n: one more order at most" [ "$(bed_front count newOrder)" -le 2 ] || { tail -n 1 "$BED_DIR/trace"; return 1; }
        cert renew
        expect "step $n: then all is quiet" is_silent && ends_with 0 || return 1
    done
    echo "        killed at $died steps"
    ended_well "$1" && expect 'there are many steps' [ $died -gt 30 ]
}

killed_at_renewal() {
    fresh ACME_KEY_TYPE=rsa2048
    issues || return 1
    settings
    keep_state
    kills_all "$(serial)"
}

killed_at_first() {
    fresh CERTIFICATE_TYPE=selfsigned
    cert renew
    ends_with 0 || return 1
    settings ACME_CHALLENGE=http-01
    keep_state
    kills_all "$(serial)"
}
