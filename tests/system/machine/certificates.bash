# Certificates change under a call, and through TURN, without anybody noticing.

run_certificates() {
    test_case 'own certificate put in place during a call: live in a minute, nothing dropped' owncert_replaced
    test_case 'own certificate replaced by a wrong one: told, the old one stays' owncert_wrong
    test_case 'self-signed renewed during a relayed call: nothing dropped' selfsigned_renewed
}

# A CA of the operator's company and a certificate of it, into the machine.
make_own_pair() {
    local folder=$work/own
    mkdir -p "$folder"
    [ -f "$folder/ca.key" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj '/CN=Company CA' \
        -keyout "$folder/ca.key" -out "$folder/ca.crt" 2>/dev/null
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$machine_name" \
        -keyout "$folder/key.pem" -out "$folder/csr.pem" 2>/dev/null
    printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\n' "${1:-$machine_name}" >"$folder/ext"
    openssl x509 -req -in "$folder/csr.pem" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -days 60 -extfile "$folder/ext" \
        -out "$folder/cert.pem" 2>/dev/null
    cat "$folder/cert.pem" "$folder/ca.crt" >"$folder/chain.pem"
}

put_own_pair() {
    install -m 600 "$work/own/key.pem" "$machine/etc/visavis/owncert/certificate.key.new"
    install -m 644 "$work/own/chain.pem" "$machine/etc/visavis/owncert/certificate.cert.new"
    machine_shell 'cd /etc/visavis/owncert && mv certificate.key.new certificate.key && mv certificate.cert.new certificate.cert'
}

serial_changed() {
    [ -n "$(serial)" ] && [ "$(serial)" != "$1" ]
}

owncert_replaced() {
    local old status
    make_own_pair && put_own_pair && trust "$work/own/ca.crt"
    set_key CERTIFICATE_TYPE owncert
    old=$(serial)
    machine systemctl restart visavis.target && expect 'the own pair is served' within 100 serial_changed "$old" &&
        expect 'and trusted' within 50 serves || return 1
    call_start --relay || return 1
    old=$(serial)
    make_own_pair && put_own_pair
    expect 'the new serial within a minute' within 600 serial_changed "$old" || return 1
    sleep 2
    call_was_untouched
    status=$?
    call_end
    return $status
}

owncert_wrong() {
    local old
    old=$(serial)
    make_own_pair other.example.org && put_own_pair
    sleep 5
    expect 'the old one stays' [ "$(serial)" = "$old" ] || return 1
    machine visavis cert status >"$work/out" 2>&1
    expect 'cert status says so' [ $? -ne 0 ] && expect 'with the name' grep -q 'other.example.org' "$work/out" || { cat "$work/out"; return 1; }
    make_own_pair && put_own_pair
    expect 'mended by itself' within 600 serial_changed "$old"
}

selfsigned_renewed() {
    local old status
    set_key CERTIFICATE_TYPE selfsigned
    machine systemctl restart visavis.target && within 100 take_ca && within 50 serves || return 1
    call_start --relay || return 1
    old=$(serial)
    machine visavis cert renew --force || return 1
    expect 'a new serial' within 100 serial_changed "$old" || return 1
    sleep 3
    call_was_untouched
    status=$?
    expect 'the call is relayed' node -e 'process.exit(JSON.parse(process.argv[1]).relayed.every((n) => n > 0) ? 0 : 1)' "$(call_report)" || status=1
    call_end
    return $status
}
