# After failures: the next try, and what the operator is told meanwhile.
# shellcheck shell=bash disable=SC2154

run_retries() {
    test_case 'after 1, 10, 100 minutes, then daily' back_off
    test_case 'an order is gone on with' order_goes_on
    test_case 'the old certificate is served meanwhile' old_one_stays
}

# usage: tries_after SECONDS N      nobody is asked before, then the CA is; N failures in a row by then
tries_after() {
    local orders offset
    orders=$(bed_front count newOrder)
    asked_nothing cert_at $((last + $1 - 20 - $(date +%s))) renew || { echo "    too early: $1 s"; return 1; }
    fails && says 'not asked again before' || return 1
    offset=$((last + $1 + 5 - $(date +%s)))
    cert_at $offset renew
    last=$(($(date +%s) + offset))
    fails && says 'by rule of the test' && orders_are $((orders + 1)) && says_failures "$2" || return 1
    cert_at $offset status
    says 'by rule of the test'
}

says_failures() {
    local n
    n=$(cert_status .acme.failures)
    expect "$1 failures, not $n" [ "$n" = "$1" ]
}

back_off() {
    local last
    fresh
    bed_front reject "$domain" rejectedIdentifier
    cert renew
    last=$(date +%s)
    fails && orders_are 1 && says_failures 1 || return 1
    tries_after 60 2 && tries_after 600 3 && tries_after 6000 4 && tries_after "$day" 5 && tries_after "$day" 6 || return 1
    bed_front clear
    cert_at $((last + day + 5 - $(date +%s))) renew
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
