# What is asked for, and what is done with it later: keys, names, profiles, chains, revocation, refusals.
# shellcheck shell=bash disable=SC2154

run_certificates() {
    test_case 'every kind of key, new with each certificate' key_types
    test_case 'further names, and a new certificate when they change' further_names
    test_case 'a type that leaves and comes back finds its certificate' type_and_back
    test_case 'a profile: preferred, required, not offered' profiles
    test_case 'an IP address has the profile shortlived where it is offered' profile_of_addresses
    test_case 'an alternate chain by the name of its issuer, by the fingerprint of its root' alternate_chain
    test_case 'revoked with a reason, then replaced' revocation
    test_case 'revoked without the account, by the key of the certificate' revocation_by_key
    test_case 'a name that the CA refuses' blocked_name
    test_case 'a dry run at the staging server changes nothing' dry_run
    test_case 'staging first after a failure' staging_first
    test_case 'a second CA after failures of the first' second_ca
    test_case 'two runs at once: the second waits' two_runs
}

key_is() { expect "a key of $1" grep -qF -- "$1" <(openssl pkey -in "$live/privkey.pem" -noout -text); }

key_types() {
    local before
    fresh ACME_KEY_TYPE=rsa2048
    issues && key_is '2048 bit' || return 1
    settings ACME_KEY_TYPE=p384
    cert renew
    ends_with 0 && serves_issued && key_is secp384r1 || return 1
    settings
    cert renew
    ends_with 0 && serves_issued && key_is prime256v1 || return 1
    before=$(sha256sum <"$live/privkey.pem")
    issues && expect 'a new key' [ "$(sha256sum <"$live/privkey.pem")" != "$before" ] &&
        expect 'the last two are kept' [ "$(find "$vault"/sets/*/pairs -mindepth 1 -maxdepth 1 -type d | wc -l)" = 2 ]
}

further_names() {
    local old
    fresh "CERTIFICATE_NAMES=chat.example.org, $BED_IPV4"
    issues && expect 'all names' [ "$(names | tr , '\n' | sort | tr '\n' ,)" = "DNS:chat.example.org,DNS:$domain,IPAddress:$BED_IPV4," ] || return 1
    old=$(serial)
    settings
    cert renew
    ends_with 0 && serves_issued && expect 'the one name' [ "$(names)" = "DNS:$domain" ] || return 1
    # The other is kept.
    settings "CERTIFICATE_NAMES=chat.example.org, $BED_IPV4"
    cert renew
    ends_with 0 && expect 'the old one' [ "$(serial)" = "$old" ] && orders_are 2
}

type_and_back() {
    local old
    fresh
    issues || return 1
    old=$(serial)
    settings CERTIFICATE_TYPE=selfsigned
    cert renew
    ends_with 0 && serves_temporary || return 1
    settings
    cert renew
    ends_with 0 && expect 'the old one' [ "$(serial)" = "$old" ] && orders_are 1
}

profiles() {
    fresh ACME_PROFILE=shortlived
    bed_front profiles classic shortlived
    issues && orders_are 1 '.payload.profile == "shortlived"' || return 1
    fresh ACME_PROFILE=tlsserver
    bed_front profiles classic shortlived
    issues && orders_are 1 '.payload | has("profile") | not' && says tlsserver && says 'classic, shortlived' || return 1
    fresh ACME_PROFILE=tlsserver ACME_PROFILE_REQUIRED=true
    bed_front profiles classic shortlived
    cert issue
    fails && says tlsserver && says 'classic, shortlived' && orders_are 0
}

profile_of_addresses() {
    fresh "DOMAIN_OR_PUBLIC_IP=$BED_IPV4"
    bed_front profiles classic shortlived
    issues && orders_are 1 '.payload.profile == "shortlived"' || return 1
    fresh
    bed_front profiles classic shortlived
    issues && orders_are 1 '.payload | has("profile") | not'
}

alternate_chain() {
    local result=0
    bed_pebble PEBBLE_ALTERNATE_ROOTS=2 || return 1
    alternate_chain_all || result=1
    bed_pebble && return $result
}

alternate_chain_all() {
    local n name fingerprint
    for n in 1 2; do
        bed_root $n >"$work/root-$n.pem"
        name=$(openssl x509 -in "$work/root-$n.pem" -noout -subject -nameopt multiline | sed -n 's/ *commonName *= //p')
        fresh "ACME_PREFERRED_CHAIN=$name"
        issues $n || return 1
    done
    # A root that the machine trusts.
    fingerprint=$(openssl x509 -in "$work/root-2.pem" -noout -fingerprint -sha256 | cut -d= -f2)
    cat /etc/ssl/certs/ca-certificates.crt "$work/root-2.pem" >"$work/bundle.crt"
    bed_in mount --bind "$work/bundle.crt" "$(readlink -f /etc/ssl/certs/ca-certificates.crt)"
    fresh "ACME_PREFERRED_CHAIN=$fingerprint"
    cert issue
    bed_in umount "$(readlink -f /etc/ssl/certs/ca-certificates.crt)"
    ends_with 0 && serves_issued 2 || return 1
    # One that there is not: the first, and a word about it.
    fresh 'ACME_PREFERRED_CHAIN=Nobody Root X1'
    issues && says 'Nobody Root X1'
}

reason_of() { bed_curl -f "https://localhost:$(bed_port 2)/cert-status-by-serial/$1" | jq -r .Reason; }

revocation() {
    local old
    fresh
    issues || return 1
    old=$(serial)
    cp "$live/fullchain.pem" "$work/old.pem"
    cert revoke --yes --reason nonsense
    fails && expect 'it stays' [ "$(bed_cert_status "$work/old.pem")" = Valid ] || return 1
    cert revoke --yes --reason keyCompromise
    ends_with 0 && expect 'revoked' [ "$(bed_cert_status "$work/old.pem")" = Revoked ] &&
        expect "for reason 1, not $(reason_of "$old")" [ "$(reason_of "$old")" = 1 ] || return 1
    cert status
    says revoked || return 1
    cert renew
    ends_with 0 && serves_issued && expect 'another one' [ "$(serial)" != "$old" ] &&
        expect 'that is good' [ "$(bed_cert_status "$live/fullchain.pem")" = Valid ]
}

revocation_by_key() {
    fresh
    issues || return 1
    cp "$live/fullchain.pem" "$work/old.pem"
    rm -rf "$vault/accounts"
    cert revoke --yes
    ends_with 0 && expect 'revoked' [ "$(bed_cert_status "$work/old.pem")" = Revoked ] || return 1
    cert revoke --yes
    fails && says 'revoked already'
}

blocked_name() {
    local result=0
    bed_pebble '{"domainBlocklist": ["meet.example.org"]}' || return 1
    fresh
    web_up
    cert issue
    fails && says "$domain" && says 'by its policy' && serves_temporary || result=1
    cert status
    says 'by its policy' || result=1
    bed_pebble && return $result
}

# ---- several CAs ----

with_second_ca() {
    [ -e "$BED_DIR/second.port" ] || bed_ca second 14010 || return 1
    BED_CA=second bed_front clear
}

second_url() { BED_CA=second bed_url; }

dry_run() {
    local before
    with_second_ca || return 1
    fresh "ACME_STAGING_SERVER=$(second_url)"
    issues || return 1
    before=$(picture)
    cert test
    ends_with 0 && orders_are 1 && BED_CA=second orders_are 1 && expect 'nothing has changed' [ "$(picture)" = "$before" ] || return 1
    # And what does not work there is told.
    BED_CA=second bed_front reject "$domain" rejectedIdentifier
    cert test
    fails && says 'by rule of the test' && orders_are 1 && expect 'nothing has changed' [ "$(picture)" = "$before" ]
}

staging_first() {
    with_second_ca && fresh "ACME_STAGING_SERVER=$(second_url)" || return 1
    issues || return 1
    # Something that the first try of the staging server finds as well: nothing more is spent at the CA.
    bed_front reject "$domain" rejectedIdentifier
    cert issue --force
    fails && orders_are 2 && BED_CA=second orders_are 0 || return 1
    # It is due.
    bed_front clear
    cert_at $((80 * day)) renew
    ends_with 0 && BED_CA=second orders_are 1 && orders_are 1 && says "$(second_url)" || return 1
    # That is forgotten now.
    issues && BED_CA=second orders_are 1
}

second_ca() {
    with_second_ca && fresh "ACME_FALLBACK_SERVER=$(second_url)" ACME_FALLBACK_AFTER=2 || return 1
    bed_front reject "$domain" serverInternal
    cert renew
    fails && orders_are 1 && BED_CA=second orders_are 0 || return 1
    cert_at 120 renew
    fails && orders_are 2 && BED_CA=second orders_are 0 || return 1
    cert_at 1200 renew
    ends_with 0 && orders_are 2 && BED_CA=second orders_are 1 && BED_CA=second serves_issued
}

two_runs() {
    fresh
    bed_front rule '{"kind": "newOrder", "delay": 1500}'
    bed_start first-run env VISAVIS_ROOT="$root" "$visavis" cert issue
    wait_for order_is_asked || return 1
    cert renew
    wait_for gone "$(bed_pid first-run)"
    ends_with 0 && expect 'one order' [ "$(bed_front count newOrder '.status == 201')" = 1 ] && serves_issued
}

order_is_asked() { [ "$(bed_front count newOrder)" -ge 1 ]; }
