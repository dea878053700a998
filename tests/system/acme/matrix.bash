# What goes well, with a CA that refuses nonces, and with one that has validated before or never has.
# shellcheck shell=bash disable=SC2154

run_matrix() {
    local nonces reuse
    for nonces in 0 5 90; do
        for reuse in 0 100; do
            test_case "all that goes well: $nonces % of nonces refused, $reuse % of authorisations reused" \
                well_with "$nonces" "$reuse"
        done
    done
    bed_pebble
}

well_with() {
    bed_pebble PEBBLE_WFE_NONCEREJECT="$1" PEBBLE_AUTHZREUSE="$2" PEBBLE_ALTERNATE_ROOTS=1 || return 1
    well_http && well_tls && well_dns && well_addresses && well_chain && well_account
}

well_http() {
    fresh ACME_CHALLENGE=http-01
    issues && issues && orders_are 2
}

well_tls() {
    fresh ACME_CHALLENGE=tls-alpn-01
    issues && orders_are 1
}

well_dns() {
    write_uacme_hook
    fresh "ACME_DNS_HOOK=$work/uacme-hook" "CERTIFICATE_NAMES=*.$domain" ACME_CHALLENGE=dns-01
    issues && has_wildcard && issues && orders_are 2
}

well_addresses() {
    local address
    for address in "$BED_IPV4" "$BED_IPV6"; do
        fresh "DOMAIN_OR_PUBLIC_IP=$address"
        issues && is_ordered_as "$address" || return 1
    done
}

well_chain() {
    bed_root 1 >"$work/root-1.pem"
    fresh "ACME_PREFERRED_CHAIN=$(openssl x509 -in "$work/root-1.pem" -noout -subject -nameopt multiline | sed -n 's/ *commonName *= //p')"
    cert issue
    ends_with 0 && serves_issued 1
}

well_account() {
    fresh
    issues || return 1
    cp "$live/fullchain.pem" "$work/old.pem"
    cert account rollover
    ends_with 0 || return 1
    cert revoke --yes --reason superseded
    ends_with 0 && expect 'revoked' [ "$(bed_cert_status "$work/old.pem")" = Revoked ] || return 1
    cert renew
    ends_with 0 && serves_issued || return 1
    cert account deactivate
    ends_with 0 && issues
}
