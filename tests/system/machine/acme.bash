# Certificates of a CA that speaks ACME, on a machine of its own: from the first start, with what can be wrong there,
# and renewed under a call. CA and DNS are in the client's namespace, and come to the machine's real ports 80 and 443.

. tests/system/acme/bed.bash

acme_tests="acme_fresh acme_call acme_placeholder acme_ca_down acme_port_taken acme_dns_wrong acme_other_port acme_reboot acme_tls_alpn
    acme_dns_hook acme_renewals"

run_acme() {
    acme_is_wanted || return 0
    acme_up || { echo 'no machine for the tests of certificates from a CA' && failed=$((failed + 1)) && return 1; }
    test_case 'CERTIFICATE_TYPE=letsencrypt: the CA'\''s certificate is there after the install' acme_fresh needed
    test_case 'CA: two people meet, nothing but its root trusted' acme_call
    test_case 'CA: the placeholder as address: no address' acme_placeholder
    test_case 'CA: away at the first start: told, and come right by itself' acme_ca_down
    test_case 'CA: port 80 taken at the first start' acme_port_taken
    test_case 'CA: a name that leads elsewhere, or nowhere' acme_dns_wrong
    test_case 'CA: HTTP_PORT=8080' acme_other_port
    test_case 'CA: power lost within an order' acme_reboot
    test_case 'CA: tls-alpn-01 through the front layout' acme_tls_alpn
    test_case 'CA: dns-01 by a script, in its sandbox' acme_dns_hook
    test_case 'CA: five renewals by timer under a relayed call: nothing dropped' acme_renewals
    bed_down
}

acme_is_wanted() {
    local t
    [ ${#only[@]} -gt 0 ] || return 0
    for t in "${only[@]}"; do [[ " $(echo $acme_tests) " != *" $t "* ]] || return 0; done
    return 1
}

# ---- the machine, its CA and its DNS ----

acme_ca_file=/etc/ssl/acme-test-ca.pem

acme_up() {
    machine_drop
    echo 'nameserver 127.0.0.1' >"/etc/netns/$client_ns/resolv.conf"
    ip netns exec "$client_ns" sleep infinity &
    BED_DIR=$work/bed BED_IPV4=$machine_address BED_IPV6='' BED_LISTEN=0.0.0.0 BED_NAMES='DNS:localhost,DNS:ca.visavis.test,IP:127.0.0.1'
    bed_wait bed_has_own_network $! && bed_up $! && bed_dns a ca.visavis.test $client_address >/dev/null || return 1
    machine_new acme '' || return 1
    echo "nameserver $client_address" >"$machine/etc/resolv.conf"
    cp "$BED_DIR/ca.pem" "$machine$acme_ca_file"
    cp "$deb" "$machine/repository/"
    machine_boot
}

# The settings of the first day; KEY=VALUE... in place of them, or more.
acme_env() {
    local change
    machine mkdir -p /etc/visavis
    printf '%s\n' "DOMAIN_OR_PUBLIC_IP=$machine_name" "OPENVIDU_SECRET=$secret" CERTIFICATE_TYPE=letsencrypt \
        LETSENCRYPT_EMAIL=operator@visavis.test ACME_SERVER=https://ca.visavis.test:14000/dir "ACME_CA_FILE=$acme_ca_file" |
        machine_shell 'umask 077 && cat >/etc/visavis/.env'
    for change in "$@"; do set_key "${change%%=*}" "${change#*=}"; done
}

acme_install() {
    machine apt-get install -q -y "/repository/$(basename "$deb")" >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log"; return 1; }
}

acme_forget() {
    machine dpkg --purge visavis >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log"; return 1; }
}

# As on the first day, with these settings.
acme_first_start() {
    acme_forget || return 1
    acme_begin
    acme_env "$@" && acme_install
}

# What is told is told of what comes now.
acme_begin() {
    acme_since=$(date +%s)
    bed_front clear
}

# ---- what is served ----

# The browser trusts the CA's root, and nothing else of ours; the machine, as it does with those of real CAs.
acme_trust() {
    local db
    bed_root >"$work/ca.crt" || return 1
    rm -rf "$work/home"
    for db in .pki/nssdb .local/share/pki/nssdb; do
        mkdir -p "$work/home/$db"
        certutil -d "sql:$work/home/$db" -N --empty-password
        certutil -d "sql:$work/home/$db" -A -t C,, -n ca -i "$work/ca.crt"
    done
    cp "$work/ca.crt" "$machine/usr/local/share/ca-certificates/acme-root.crt"
    machine update-ca-certificates --fresh >/dev/null 2>&1
}

# By openssl, to the CA's root, with the name.
is_verified() {
    client openssl s_client -connect "$machine_address:443" -servername $machine_name -verify_hostname $machine_name \
        -verify_return_error -CAfile "$work/ca.crt" </dev/null >/dev/null 2>&1
}

# By a certificate of its own.
is_temporary() {
    ! is_verified && [ "$(client curl -s -k -m 10 -o /dev/null -w '%{http_code}' -u "OPENVIDUAPP:$secret" "$(url /openvidu/api/config)")" = 200 ]
}

# Status, `cert status` and the journal, each by itself, say it.
acme_explains() {
    local words f bad=0
    machine visavis status >"$work/told.status" 2>&1
    machine visavis cert status >"$work/told.cert" 2>&1
    machine journalctl -q --no-pager -o cat -u visavis-cert --since "@$acme_since" >"$work/told.journal"
    for words in "$@"; do
        for f in status cert journal; do
            tr -s ' \n' ' ' <"$work/told.$f" | grep -Eqi -- "$words" || { echo "    $f does not tell: $words"; bad=1; }
        done
    done
    [ $bad -eq 0 ] || { tail -n 40 "$work"/told.*; return 1; }
}

# ---- the tests ----

# Nobody asks for it and no timer has come.
acme_fresh() {
    local began
    began=$(now_ms)
    acme_begin
    acme_env && acme_install && acme_trust || return 1
    expect 'the issued chain' within 300 is_verified || return 1
    echo "    from apt install to the CA's certificate: $(($(now_ms) - began)) ms"
    expect 'no timer has come' [ -z "$(machine systemctl show --value -p LastTriggerUSec visavis-cert.timer visavis-cert-next.timer)" ] &&
        expect 'API and Call answer' within 100 serves && system_runs && status_is_good
}

acme_call() {
    expect 'verified' is_verified && call_over_https
}

# Nobody's address is told to a CA.
acme_placeholder() {
    acme_first_start LETSENCRYPT_EMAIL=user@example.com || return 1
    expect 'the issued chain' within 300 is_verified || return 1
    expect 'an account' [ "$(bed_front count newAccount)" -gt 0 ] &&
        expect 'without an address' [ "$(bed_front count newAccount '.payload.contact // [] != []')" = 0 ] && system_runs
}

# A call goes on while the temporary certificate is replaced.
acme_ca_down() {
    local status=0
    bed_front off
    acme_first_start || return 1
    within 100 take_ca && expect 'served meanwhile' is_temporary && expect 'nothing failed' within 100 system_is running &&
        within 300 has_failed && acme_explains 'no connection to the CA' 'ca.visavis.test:14000' 'next try is made after' || return 1
    call_start || return 1
    bed_front on
    acme_trust_too
    expect 'by itself' within 900 is_verified || status=1
    sleep 2
    call_was_untouched || status=1
    call_end
    system_runs && status_is_good && return $status
}

# Has the service done what it could?
has_failed() {
    machine visavis cert status --json >"$work/cert.json" 2>/dev/null
    [ "$(jq -r .acme.result "$work/cert.json")" = failed ]
}

# Another program at port 80, that answers all alike.
other_web() {
    printf '%s\n' 'use IO::Socket::INET;' '$s = IO::Socket::INET->new(LocalPort => 80, Listen => 9, ReuseAddr => 1) or die $!;' \
        'while ($c = $s->accept) { <$c>; print $c "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nother\n"; close $c }' \
        >"$machine/usr/local/bin/other-web.pl"
    machine systemd-run -q --unit=other-web perl /usr/local/bin/other-web.pl
}
