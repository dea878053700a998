# Every type of challenge, by everybody who can meet it.
# shellcheck shell=bash disable=SC2016,SC2154 # programs for other shells

run_challenges() {
    test_case 'http-01 by a server of our own' http_by_responder
    test_case 'http-01 by nginx' http_by_nginx
    test_case 'tls-alpn-01 by a server of our own' tls_by_responder
    test_case 'tls-alpn-01 through nginx in the front layout' tls_by_front
    test_case 'tls-alpn-01 is refused in the site layout' tls_not_in_site
    test_case 'tls-alpn-01 is refused where HTTPS_PORT is not 443' tls_not_on_other_port
    test_case 'dns-01 by a hook of uacme, with a wildcard' dns_by_uacme_hook
    test_case 'dns-01 by a file for dnsapi, with a wildcard' dns_by_dnsapi
    test_case 'dns-01 by a script that fails: what it said is told' dns_hook_fails
    test_case 'a wildcard without dns-01 is refused' wildcard_without_hook
    test_case 'an IPv4 address' address_of_ipv4
    test_case 'an IPv6 address' address_of_ipv6
    test_case 'from http-01 to the next type, in a new order' next_type
}

port_is_free() { expect "port $1 is free again" not bed_in sh -c "ss -Hltn 'sport = :$1' | grep -q ."; }

http_by_responder() {
    fresh ACME_CHALLENGE=http-01
    issues && expect 'the name' [ "$(names)" = "DNS:$domain" ] && orders_are 1 && port_is_free 80 &&
        expect 'the key is private' [ -z "$(find "$vault" -name privkey.pem -perm /077)" ]
}

http_by_nginx() {
    fresh ACME_CHALLENGE=http-01
    web_up && serves_temporary || return 1
    issues && orders_are 1 &&
        expect 'nginx showed the proof' grep -q 'GET /.well-known/acme-challenge/[^ ]* HTTP/1.1" 200' "$root/log/access.log" &&
        expect 'no proof is left' [ -z "$(find "$vault/webroot" -type f)" ]
}

tls_by_responder() {
    fresh ACME_CHALLENGE=tls-alpn-01 PROXY=front
    issues && orders_are 1 && port_is_free 443
}

tls_by_front() {
    fresh ACME_CHALLENGE=tls-alpn-01 PROXY=front
    web_up || return 1
    issues && orders_are 1 && expect 'nginx stays' web_answers
}

tls_not_in_site() {
    fresh ACME_CHALLENGE=tls-alpn-01 PROXY=site
    web_up || return 1
    cert issue
    fails && says 'PROXY=site' && says 'PROXY=front' && orders_are 0 && serves_temporary
}

tls_not_on_other_port() {
    fresh ACME_CHALLENGE=tls-alpn-01 HTTPS_PORT=8443
    cert issue
    fails && says 'HTTPS_PORT is 8443' && orders_are 0
}

# ---- dns-01 ----

# usage: write_hook FILE PROGRAM, which tells the DNS by curl
write_hook() {
    printf '%s\n' '#!/bin/sh' 'tell() { curl -sSf -d "$2" "http://127.0.0.1:8055/$1"; }' "$2" >"$1"
    chmod 755 "$1"
}

write_uacme_hook() {
    write_hook "$work/uacme-hook" 'echo "$@" >>'"$work/hook-calls"'
case $2 in dns-01) ;; *) exit 1 ;; esac
case $1 in
begin) tell set-txt "{\"host\": \"_acme-challenge.$3.\", \"value\": \"$5\"}" ;;
done | failed) tell clear-txt "{\"host\": \"_acme-challenge.$3.\"}" ;;
esac'
    : >"$work/hook-calls"
}

write_dnsapi() {
    write_hook "$work/dns_bed.sh" 'dns_bed_add() {
    BED_TOKEN="${BED_TOKEN:-$(_readaccountconf_mutable BED_TOKEN)}"
    [ "$BED_TOKEN" = a-token-of-the-bed ] || return 1
    _saveaccountconf_mutable BED_TOKEN "$BED_TOKEN"
    echo "add $1" >>'"$work/hook-calls"'
    tell set-txt "{\"host\": \"$1.\", \"value\": \"$2\"}"
}
dns_bed_rm() {
    echo "rm $1" >>'"$work/hook-calls"'
    tell clear-txt "{\"host\": \"$1.\"}"
}'
    : >"$work/hook-calls"
    echo BED_TOKEN=a-token-of-the-bed >"$work/dns.env"
    chmod 600 "$work/dns.env"
}

has_wildcard() { expect 'both names' [ "$(names | tr , '\n' | sort | tr '\n' ,)" = "DNS:*.$domain,DNS:$domain," ]; }

dns_by_uacme_hook() {
    write_uacme_hook
    fresh "ACME_DNS_HOOK=$work/uacme-hook" "CERTIFICATE_NAMES=*.$domain"
    issues && has_wildcard && orders_are 1 &&
        expect 'put up and taken away, for both' [ "$(cut -d' ' -f1-3 "$work/hook-calls" | sort | uniq -c | tr -s ' ' | tr '\n' ,)" = \
            " 2 begin dns-01 $domain, 2 done dns-01 $domain," ] &&
        expect 'nobody came to port 80' not test -e "$root/log/access.log"
}

dns_by_dnsapi() {
    write_dnsapi
    fresh "ACME_DNS_HOOK=$work/dns_bed.sh" "ACME_DNS_ENV=$work/dns.env" "CERTIFICATE_NAMES=*.$domain" ACME_CHALLENGE=dns-01
    issues && has_wildcard && orders_are 1 &&
        expect 'put up and taken away, for both' [ "$(sort "$work/hook-calls" | uniq -c | tr -s ' ' | tr '\n' ,)" = \
            " 2 add _acme-challenge.$domain, 2 rm _acme-challenge.$domain," ] || return 1
    # What the file has saved does for the next time.
    : >"$work/dns.env"
    issues
}

dns_hook_fails() {
    write_hook "$work/hook" 'echo "the zone is locked by its owner"; exit 3'
    fresh "ACME_DNS_HOOK=$work/hook" ACME_CHALLENGE=dns-01
    cert issue
    fails && says 'the zone is locked by its owner' && says "$work/hook" || return 1
    cert status
    says 'the zone is locked by its owner'
}

wildcard_without_hook() {
    fresh "CERTIFICATE_NAMES=*.$domain"
    cert issue
    fails && says "*.$domain" && says 'ACME_DNS_HOOK' && orders_are 0
}

# ---- addresses ----

is_ordered_as() { orders_are 1 ".payload.identifiers == [{\"type\": \"ip\", \"value\": \"$1\"}]"; }

address_of_ipv4() {
    fresh "DOMAIN_OR_PUBLIC_IP=$BED_IPV4" ACME_CHALLENGE=http-01
    issues && is_ordered_as "$BED_IPV4" && expect 'the address' [ "$(names)" = "IPAddress:$BED_IPV4" ] || return 1
    fresh "DOMAIN_OR_PUBLIC_IP=$BED_IPV4" ACME_CHALLENGE=tls-alpn-01
    issues && is_ordered_as "$BED_IPV4"
}

address_of_ipv6() {
    fresh "DOMAIN_OR_PUBLIC_IP=$BED_IPV6" ACME_CHALLENGE=http-01
    issues && is_ordered_as "$BED_IPV6" && expect 'the address' [ "$(names)" = IPAddress:2001:DB8:0:0:0:0:0:10 ] || return 1
    fresh "DOMAIN_OR_PUBLIC_IP=$BED_IPV6" ACME_CHALLENGE=tls-alpn-01
    issues && is_ordered_as "$BED_IPV6"
}

# The CA comes to another port than we look at, so that it alone does not find the proof.
next_type() {
    bed_pebble '{"httpPort": 81}' || return 1
    fresh
    issues && orders_are 2 && says 'another order'
    local result=$?
    bed_pebble && return $result
}
