# A CA that answers oddly: what is repeated, what is given up, and what is said of it.
# shellcheck shell=bash disable=SC2154

run_answers() {
    test_case 'a rate limit: its words and its end are told, nobody asks before' rate_limit_in_seconds
    test_case 'a rate limit until a date' rate_limit_by_date
    test_case 'busy for a moment: asked again when it says so' busy_for_a_moment
    test_case 'busy for hours: the next try waits for it' busy_for_hours
    test_case 'an answer that ends too early is asked for again' cut_once
    test_case 'a connection that is reset' reset_once
    test_case 'an order that is processed for a while' order_processing
    test_case 'an answer without a nonce' answer_without_nonce
    test_case 'no nonces at all' no_nonces
    test_case 'no JSON' no_json
    test_case 'JSON that is no directory' no_directory
    test_case 'an order that lacks what it must have' half_an_order
    test_case 'a page of somebody else' a_page
    test_case 'another content type does not matter while the body is right' wrong_type_right_body
    test_case 'a body without end' huge_body
    test_case 'no certificate in the answer' no_certificate
    test_case 'a certificate for somebody else' foreign_certificate
    test_case 'a problem document is told in words, and kept as it came' problem_is_kept
    test_case 'nothing due: nobody is asked, nothing is said' nothing_due
}

# usage: told MESSAGE...      the last try failed, and both it and the status say these
told() {
    local text
    fails || return 1
    for text in "$@"; do says "$text" || return 1; done
    cert status
    for text in "$@"; do says "$text" || return 1; done
}

# That many seconds from now, as times are told; a minute may have passed since.
says_time() {
    expect "$(date -u -d "$1 seconds" '+%F %H:%M') is said" grep -qF -e "$(date -u -d "$1 seconds" '+%F %H:%M')" \
        -e "$(date -u -d "$(($1 - 60)) seconds" '+%F %H:%M')" "$work/text"
}

asked_nothing() { # COMMAND...
    local before
    before=$(bed_front requests length)
    "$@"
    expect 'the CA is not asked' [ "$(bed_front requests length)" = "$before" ]
}

rate_limit_in_seconds() {
    fresh
    bed_front fail newOrder 429 rateLimited 7200
    cert renew
    told 'rate limit' 'by rule of the test' && says_time $((2 * hour)) || return 1
    asked_nothing cert renew && asked_nothing cert issue && fails && says_time $((2 * hour)) || return 1
    asked_nothing cert_at "$hour" renew || return 1
    cert_at $((2 * hour + 60)) renew
    ends_with 0 && serves_issued
}

rate_limit_by_date() {
    fresh
    bed_front fail newOrder 429 rateLimited "$(date -u -d '+3 hours' '+%a, %d %b %Y %H:%M:%S GMT')"
    cert renew
    told 'rate limit' && says_time $((3 * hour)) || return 1
    asked_nothing cert_at $((2 * hour)) renew || return 1
    cert_at $((3 * hour + 60)) renew
    ends_with 0 && serves_issued
}

busy_for_a_moment() {
    fresh
    bed_front fail directory 503 serverInternal 1
    bed_front fail newOrder 503 serverInternal 1 2
    issues && orders_are 3 || return 1
    fresh
    bed_front fail finalize 503 serverInternal "$(date -u -d '+2 seconds' '+%a, %d %b %Y %H:%M:%S GMT')"
    issues && orders_are 1
}

busy_for_hours() {
    fresh
    bed_front fail newOrder 503 serverInternal 18000
    cert renew
    told 'trouble of its own' && says_time $((5 * hour)) || return 1
    asked_nothing cert_at $((4 * hour)) renew || return 1
    cert_at $((5 * hour + 60)) renew
    ends_with 0 && serves_issued
}

cut_once() {
    fresh
    bed_front rule '{"kind": "directory", "cut": 40}'
    bed_front rule '{"kind": "authz", "cut": 20}'
    bed_front rule '{"kind": "certificate", "cut": 100}'
    issues && orders_are 1
}

reset_once() {
    fresh
    bed_front rule '{"kind": "directory", "reset": true}'
    bed_front rule '{"kind": "finalize", "reset": true, "reached": true}'
    issues && orders_are 1
}

order_processing() {
    fresh
    bed_front processing 2 1
    issues && orders_are 1
}

answer_without_nonce() {
    fresh
    bed_front rule '{"method": "POST", "headers": {"replay-nonce": null}, "times": 0}'
    issues && orders_are 1
}

no_nonces() {
    fresh
    bed_front rule '{"kind": "newNonce", "headers": {"replay-nonce": null}, "times": 0}'
    cert renew
    told nonce "localhost:$(bed_port)" && orders_are 0
}

no_json() {
    fresh
    bed_front rule '{"kind": "directory", "body": "{\"newNonce\": \"https", "times": 0}'
    cert renew
    told JSON "$(bed_url)"
}

no_directory() {
    fresh
    bed_front rule '{"kind": "directory", "json": {"meta": {}}, "times": 0}'
    cert renew
    told newNonce "$(bed_url)"
}

half_an_order() {
    fresh
    bed_front rule '{"kind": "newOrder", "merge": {"finalize": null}}'
    cert renew
    told finalize order-plz
}

a_page() {
    fresh
    bed_front rule '{"kind": "directory", "body": "<html>Please log in", "headers": {"content-type": "text/html"}, "times": 0}'
    cert renew
    told text/html "$(bed_url)"
}

wrong_type_right_body() {
    fresh
    bed_front rule '{"headers": {"content-type": "text/html"}, "times": 0}'
    issues && orders_are 1
}

huge_body() {
    fresh
    bed_front rule '{"kind": "directory", "body": "0123456789abcdef", "repeat": 1000000, "times": 0}'
    cert renew
    told "$(bed_url)" 'bigger than 262144 bytes' && orders_are 0
}

no_certificate() {
    fresh
    bed_front rule '{"kind": "certificate", "body": "Nothing to see here"}'
    cert renew
    told certZ PEM || return 1
    # The order is there still.
    cert_at 120 renew
    ends_with 0 && serves_issued && orders_are 1
}

foreign_certificate() {
    fresh
    bed_front rule "$(jq -n --rawfile pem "$BED_DIR/listener.pem" '{kind: "certificate", body: $pem}')"
    cert renew
    told certZ && expect 'it is not served' not cmp -s "$BED_DIR/listener.pem" "$live/fullchain.pem"
}

problem_is_kept() {
    fresh
    bed_front rule '{"kind": "newOrder", "status": 403, "problem": "userActionRequired", "detail": "Read https://ca.example/terms/7 first",
        "more": {"instance": "https://ca.example/terms/7"}}'
    cert renew
    told 'Read https://ca.example/terms/7 first' 'visavis cert issue' || return 1
    expect 'the document is kept' grep -qrF '\"instance\":\"https://ca.example/terms/7\"' "$vault/sets"
}

nothing_due() {
    fresh
    issues || return 1
    bed_front off
    asked_nothing_at_all
    local result=$?
    bed_front on
    return $result
}

asked_nothing_at_all() {
    cert renew
    ends_with 0 && is_silent || return 1
    cert status
    ends_with 0
}
