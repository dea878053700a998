# What takes its time without keeping anybody busy: answers that do not come, a CA that is down.
# shellcheck shell=bash disable=SC2154

run_waiting() {
    test_case 'a CA that is down' ca_is_down
    test_case 'renewal information is down: by age' renewal_info_is_down
    test_case 'a request without an answer is repeated, newOrder once' no_answer
    test_case 'an answer that ends in the middle, each time' cut_each_time
    test_case 'the clock is wrong, and no CA is there to tell' clock_and_no_ca
}

ca_is_down() {
    local result=0
    fresh
    bed_front off
    ca_is_down_all || result=1
    bed_front on && [ $result -eq 0 ] || return 1
    cert_at 120 renew
    ends_with 0 && serves_issued
}

ca_is_down_all() {
    web_up && serves_temporary || return 1
    cert renew
    told "localhost:$(bed_port)" 'there is no connection to the CA' && serves_temporary && expect 'the site is there' web_answers || return 1
    # Nobody is asked again at once.
    cert renew
    fails && says 'not asked again before'
}

renewal_info_is_down() {
    fresh
    bed_front ari $((24 * hour)) $((25 * hour))
    bed_front fail renewalInfo 503 serverInternal 1 0
    issues || return 1
    cert_at $((61 * day)) renew
    ends_with 0 && orders_are 2
}

no_answer() {
    fresh
    bed_front rule '{"kind": "finalize", "stall": true}'
    bed_front rule '{"kind": "newOrder", "stall": true, "reached": true, "skip": 1}'
    issues && orders_are 1 || return 1
    issues && orders_are 3
}

cut_each_time() {
    fresh
    bed_front rule '{"kind": "directory", "cut": 40, "times": 0}'
    cert renew
    told "$(bed_url)" && orders_are 0
}

clock_and_no_ca() {
    local before result=0
    fresh
    issues || return 1
    before=$(sha256sum "$live"/*.pem)
    bed_front off
    run_with_clock $((365 * day)) cert renew
    expect 'the same is served' [ "$(sha256sum "$live"/*.pem)" = "$before" ] || result=1
    bed_front on && [ $result -eq 0 ] || return 1
    cert renew
    ends_with 0 && orders_are 1
}
