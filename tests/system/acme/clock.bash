# A machine whose clock is wrong: told, and nothing is thrown away or spent for it.
# shellcheck shell=bash disable=SC2154

year=31536000

run_clock() {
    test_case 'a year ahead: a finding, no order, the pair stays' clock_wrong "$year"
    test_case 'a year behind: a finding, no order, the pair stays' clock_wrong "-$year"
    test_case 'a year ahead, and the certificate of the CA itself seems over' clock_and_listener "$year"
    test_case 'a year behind, and the certificate of the CA itself seems to come' clock_and_listener "-$year"
    test_case 'wrong from the beginning: no certificate yet, and why' clock_from_beginning
}

clock_told() {
    local before=$1 offset=$2
    run_with_clock "$offset" cert renew
    fails && says clock && says "$(date -u +%Y-%m-%d)" && says_not 'browsers refuse it' && orders_are 1 || return 1
    run_with_clock "$offset" cert renew
    orders_are 1 && expect 'the same is served' [ "$(sha256sum "$live"/*.pem)" = "$before" ] || return 1
    run_with_clock "$offset" cert status
    fails && says clock || return 1
    run_with_clock "$offset" doctor certificates
    fails && says "the CA's server says"
}

clock_right_again() {
    cert renew
    ends_with 0 && orders_are 1 && expect 'the same is served' [ "$(sha256sum "$live"/*.pem)" = "$1" ] || return 1
    cert renew
    is_silent && orders_are 1 || return 1
    cert status
    ends_with 0 && says_not clock
}

clock_wrong() {
    local before
    fresh
    issues || return 1
    before=$(sha256sum "$live"/*.pem)
    clock_told "$before" "$1" && clock_right_again "$before" && serves_issued
}

# Valid now, as those of real CAs are.
clock_and_listener() {
    local result=0
    bed_listener -1h 90 || return 1
    clock_wrong "$1" || result=1
    bed_listener -10y 7300 && return $result
}

clock_from_beginning() {
    fresh
    run_with_clock "$year" cert renew
    fails && says clock && orders_are 0 || return 1
    cert renew
    ends_with 0 && orders_are 1 && serves_issued
}
