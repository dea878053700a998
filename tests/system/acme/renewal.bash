# When a certificate is renewed: by the CA's own word, else by its age.
# shellcheck shell=bash disable=SC2154

run_renewal() {
    test_case 'by age: not before two thirds of its life' renewal_by_age
    test_case 'by the window of the CA: a moment in it, then a new one that names the old' renewal_in_window
    test_case 'a window that has been is explained' renewal_explained
    test_case 'a CA that does not tell: by age' renewal_without_word
}

renewal_by_age() {
    local old
    fresh
    issues || return 1
    old=$(serial)
    cert_at $((59 * day)) renew
    ends_with 0 && is_silent && orders_are 1 || return 1
    cert_at $((60 * day + hour)) renew
    ends_with 0 && orders_are 2 && expect 'another one' [ "$(serial)" != "$old" ]
}

at() { date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ; }

window() { # FROM TO as seconds from now, but not for the CA's clock
    bed_front_tell POST settings "$(jq -n --arg s "$(at "$1")" --arg e "$(at "$2")" \
        '{ari: {"*": {start: $s, end: $e, retryAfter: 60, explanationURL: "https://ca.example/why"}}}')"
}

# RFC 9773 section 4.1, by openssl.
ari_id() {
    local aki number
    aki=$(openssl x509 -in "$live/fullchain.pem" -noout -ext authorityKeyIdentifier | tail -n 1 | tr -d ' :\n' | sed s/keyid//I)
    number=$(serial)
    [[ $number == [89A-F]* ]] && number=00$number
    echo "$(basenc -d --base16 <<<"$aki" | basenc --base64url | tr -d =).$(basenc -d --base16 <<<"$number" | basenc --base64url | tr -d =)"
}

renewal_in_window() {
    local old
    fresh
    window $((24 * hour)) $((25 * hour))
    issues || return 1
    old=$(ari_id)
    expect 'the CA was asked for this one' [ "$(bed_front requests '[.[] | select(.kind == "renewalInfo")][0].path')" = "\"/renewal-info/$old\"" ] || return 1
    cert_at $((23 * hour)) renew
    ends_with 0 && is_silent && orders_are 1 || return 1
    cert_at $((26 * hour)) renew
    ends_with 0 && serves_issued && orders_are 2 && orders_are 1 ".payload.replaces == \"$old\""
}

renewal_explained() {
    fresh
    issues || return 1
    window -20 -10
    cert_at $((7 * hour)) renew
    ends_with 0 && says https://ca.example/why && orders_are 2
}

renewal_without_word() {
    fresh
    bed_front ari $((24 * hour)) $((25 * hour))
    bed_front rule '{"kind": "renewalInfo", "status": 404, "problem": "malformed", "times": 0}'
    issues || return 1
    cert_at $((59 * day)) renew
    ends_with 0 && orders_are 1 || return 1
    cert_at $((61 * day)) renew
    ends_with 0 && orders_are 2
}
