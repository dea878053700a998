# After failures: the next try, and what the operator is told meanwhile.
# shellcheck shell=bash disable=SC2154

run_retries() {
    test_case 'after 1, 10, 100 minutes, then daily' back_off
    test_case 'an order is gone on with' order_goes_on
    test_case 'the old certificate is served meanwhile' old_one_stays
}

# usage: tries_at SECONDS N      a run at that time asks the CA; N failures in a row by then
tries_at() {
    local before
    before=$(bed_front count newOrder)
    asked_nothing cert_at $(($1 - 10)) renew || { echo "    at $1 s"; return 1; }
    ends_with 0 || return 1
    cert_at "$1" renew
    fails && says 'by rule of the test' && orders_are $((before + 1)) && cert_at "$1" status && says 'by rule of the test' &&
        says_failures "$2"
}

says_failures() {
    cert_at 0 status --json
    expect "$1 failures, not $(jq -r '.acme.failures' "$work/text")" [ "$(jq -r '.acme.failures' "$work/text")" = "$1" ]
}

back_off() {
    local at=0
    fresh
    bed_front reject "$domain" rejectedIdentifier
    cert renew
    fails && orders_are 1 && says_failures 1 || return 1
    at=$((at + 70)) && tries_at $at 2 || return 1
    at=$((at + 610)) && tries_at $at 3 || return 1
    at=$((at + 6010)) && tries_at $at 4 || return 1
    at=$((at + day + 10)) && tries_at $at 5 || return 1
    at=$((at + day + 10)) && tries_at $at 6 || return 1
    bed_front clear
    at=$((at + day + 10))
    cert_at $at renew
    ends_with 0 && serves_issued && says_failures 0
}

order_goes_on() {
    fresh
    bed_front fail finalize 503 serverInternal 7200
    cert renew
    fails && orders_are 1 || return 1
    cert_at $((2 * hour + 60)) renew
    ends_with 0 && serves_issued && orders_are 1
}

old_one_stays() {
    local old
    fresh
    issues || return 1
    old=$(serial)
    bed_front reject "$domain" rejectedIdentifier
    cert_at $((61 * day)) renew
    fails && says 'by rule of the test' && expect 'the old one is served' [ "$(serial)" = "$old" ] && serves_issued || return 1
    cert_at $((100 * day)) renew
    fails && expect 'also when it has expired' [ "$(serial)" = "$old" ]
}
