# Certificates of a CA that speaks ACME, on a machine of its own: from the first start, with what can be wrong there,
# and renewed under a call. CA and DNS are in the client's namespace, and come to the machine's real ports 80 and 443.

. tests/system/acme/bed.bash

run_acme() {
    acme_is_wanted || return 0
    if ! acme_up; then
        echo 'FAILED  a machine with a CA beside it'
        failed=$((failed + 1))
        return
    fi
    test_case "CERTIFICATE_TYPE=letsencrypt: the CA's certificate is served from the install on" acme_fresh needed
    test_case 'CA: the placeholder of the e-mail address is no address' acme_placeholder
    test_case 'CA: down at the first start: told, and mended by itself under a call' acme_ca_down
    test_case 'CA: port 80 is taken by another program' acme_port_taken
    test_case 'CA: the name leads elsewhere, or nowhere' acme_dns_wrong
    test_case 'CA: HTTP_PORT=8080' acme_other_port
    test_case 'CA: the power fails within an order' acme_power_cut
    test_case 'CA: tls-alpn-01 through the front layout' acme_tls_alpn
    test_case 'CA: dns-01 by a script in its sandbox' acme_dns_hook
    test_case 'CA: five renewals by timer under a relayed call: nothing dropped' acme_renewals
    bed_down
}

acme_is_wanted() {
    [ ${#only[@]} -eq 0 ] || [[ " ${only[*]} " == *' acme_'* ]]
}

# ---- the machine, its CA and its DNS ----

acme_ca_file=/etc/ssl/acme-test-ca.pem

acme_up() {
    machine_drop
    echo 'nameserver 127.0.0.1' >"/etc/netns/$client_ns/resolv.conf"
    ip netns exec "$client_ns" sleep infinity &
    disown $!
    BED_DIR=$work/bed
    BED_IPV4=$machine_address
    BED_IPV6=
    BED_LISTEN=0.0.0.0
    BED_NAMES=DNS:localhost,DNS:ca.visavis.test,IP:127.0.0.1
    bed_wait bed_has_own_network $! && bed_up $! && bed_dns a ca.visavis.test $client_address || return 1
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

# With these settings as on the first day; the record of the CA and what is told begin here.
acme_first_start() {
    machine dpkg --purge visavis >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log"; return 1; }
    acme_since=$(date +%s)
    bed_front_tell DELETE requests
    acme_env "$@"
    machine apt-get install -q -y "/repository/$(basename "$deb")" >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log"; return 1; }
}

# The browser trusts the CA's root, and nothing else of ours; the machine does as with those of real CAs.
acme_trust() {
    bed_root >"$work/root.pem" || return 1
    trust_none && trust "$work/root.pem"
    cp "$work/root.pem" "$machine/usr/local/share/ca-certificates/acme-root.crt"
    machine update-ca-certificates --fresh >/dev/null 2>&1
}

# ---- what is served, and what is told ----

# The serial number, when the chain leads to the CA's root and has the name.
verified_serial() {
    client openssl s_client -connect "$machine_address:443" -servername $machine_name -verify_hostname $machine_name \
        -verify_return_error -CAfile "$work/root.pem" </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null
}
is_verified() {
    [ -n "$(verified_serial)" ]
}

# By a certificate of its own, and all of it.
is_temporary() {
    ! is_verified && client curl -s -k -m 10 -f -o /dev/null -u "OPENVIDUAPP:$secret" "$(url /openvidu/api/config)"
}

acme_json() {
    machine visavis cert status --json 2>/dev/null | jq -r ".acme.$1"
}
acme_says() {
    [ "$(acme_json "$1")" = "$2" ]
}

# How often the service was started by a timer.
acme_timer_runs() {
    local daily
    daily=$(machine systemctl show --value -p LastTriggerUSec visavis-cert.timer)
    [ -z "$daily" ] || { echo "    the daily timer has come: $daily" >&2; echo 1000; return; }
    machine journalctl -q --no-pager -o cat -u visavis-cert-next.service --since "@$acme_since" | grep -c '^Starting '
}

# acme_tells PLACES WORDS...: all of these are told in each of these places (journal, cert, status, doctor).
acme_tells() {
    local place words bad=0
    machine visavis status >"$work/told.status" 2>&1
    machine visavis cert status >"$work/told.cert" 2>&1
    machine visavis doctor >"$work/told.doctor" 2>&1
    machine journalctl -q --no-pager -o cat -u visavis-cert --since "@$acme_since" >"$work/told.journal"
    for place in $1; do
        for words in "${@:2}"; do
            tr -s ' \n' ' ' <"$work/told.$place" | grep -qF -- "$words" && continue
            bad=1
            echo "    $place does not tell: $words"
            sed "s/^/    $place: /" "$work/told.$place" | tail -n 30
        done
    done
    [ $bad -eq 0 ]
}

# acme_failed_well FOUND ADVICE: all runs as long as the CA has not issued; what was found and what to do is told.
acme_failed_well() {
    expect 'the try has ended' within 450 acme_says result failed || return 1
    expect 'all is served meanwhile' within 100 is_temporary || { fetch -k -i "$(url /openvidu/api/config)" | head -n 3; return 1; }
    expect 'nothing has failed' within 100 system_is running &&
        acme_tells 'journal cert status doctor' "$1" && acme_tells 'journal cert' "$2" &&
        acme_tells 'cert status doctor' 'A temporary self-signed certificate is served' 'The next try is made after'
}

# ---- the first start ----

# Nobody asks for it, and no timer comes.
acme_fresh() {
    local began
    began=$(now_ms)
    acme_first_start && acme_trust || return 1
    expect 'the issued chain' within 300 is_verified || return 1
    echo "    from apt install to the CA's certificate: $(($(now_ms) - began)) ms"
    expect 'no timer has come' [ "$(acme_timer_runs)" -eq 0 ] &&
        expect 'API and Call answer' within 100 serves && system_runs && status_is_good
}

acme_placeholder() {
    bed_pebble # which forgets the account
    acme_first_start LETSENCRYPT_EMAIL=user@example.com && acme_trust || return 1
    expect 'the issued chain' within 300 is_verified || return 1
    expect 'an account' [ "$(bed_front count newAccount)" -gt 0 ] &&
        expect 'without an address' [ "$(bed_front count newAccount '.payload | has("contact")')" = 0 ] || return 1
    machine visavis config check >"$work/out" 2>&1
    expect 'told of' grep -q 'LETSENCRYPT_EMAIL is not set (or still the placeholder)' "$work/out" && system_runs
}

acme_ca_down() {
    local status=0
    bed_front off
    acme_first_start
    acme_failed_well '(https://ca.visavis.test:14000/dir): there is no connection to the CA' 'Try `curl -I https://ca.visavis.test:14000/`' || status=1
    bed_front on
    machine cat /var/lib/visavis/certs/live/ca.crt >"$work/own-ca.crt"
    [ $status -eq 0 ] && trust "$work/own-ca.crt" && call_start || return 1
    expect 'by itself' within 900 is_verified || status=1
    sleep 2
    call_was_untouched || status=1
    call_end
    expect 'by the timer' [ "$(acme_timer_runs)" -eq 1 ] && acme_trust && system_runs && status_is_good && return $status
}

# Answers all alike, at port 80.
other_web_start() {
    cat >"$machine/usr/local/bin/other-web" <<'X'
#!/usr/bin/perl
use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalPort => 80, Listen => 9, ReuseAddr => 1) or die $!;
while (my $c = $s->accept) {
    while (<$c>) { last if /^\r$/ }
    print $c "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nother\n";
    close $c;
}
X
    chmod 755 "$machine/usr/local/bin/other-web"
    machine systemctl stop nginx && machine systemd-run -q --unit=other-web /usr/local/bin/other-web
}

example_is_enabled() { [ -L "$machine/etc/nginx/sites-enabled/default" ]; }

# nginx' example site wants port 80 for itself, and would keep nginx from starting. One that was changed is the operator's.
example_goes_and_comes() {
    expect 'the example site is set aside' [ ! -L "$machine/etc/nginx/sites-enabled/default" ] &&
        expect 'and the journal says so' machine_shell "journalctl -q -o cat -u visavis-setup | grep -qF \"nginx' example site wants port 80, which is held by\"" || return 1
    machine systemctl stop nginx
    machine_shell 'cd /etc/nginx && cp -p sites-available/default /root/ && echo "# mine" >>sites-available/default &&
        ln -s /etc/nginx/sites-available/default sites-enabled/default && rm -f /var/lib/visavis/conf/applied && visavis apply' >"$work/out" 2>&1
    expect 'a changed one stays, and what comes of it is told' example_is_enabled && expect 'by its unit' grep -q nginx.service "$work/out" ||
        { cat "$work/out"; return 1; }
    machine_shell 'cd /etc/nginx && mv /root/default sites-available/default && rm sites-enabled/default' &&
        machine dpkg --remove visavis >"$work/apt.log" 2>&1 && expect 'it is back with the removal' example_is_enabled
}

# Where the CA may come to port 443, it does.
acme_port_taken() {
    local status=0
    machine dpkg --purge visavis >"$work/apt.log" 2>&1
    other_web_start && expect 'the example site is there' example_is_enabled || return 1
    acme_first_start && expect 'by tls-alpn-01' within 300 is_verified && expect 'and told' within 30 acme_says challenge tls-alpn-01 &&
        acme_tells journal 'http-01 is left out for meet.visavis.test: self-check (A 10.98.0.2 port 80): "other' &&
        acme_tells doctor 'TCP port 80 is held by' 'other-web.service' || status=1
    acme_first_start ACME_CHALLENGE=http-01 &&
        acme_failed_well 'came instead of the proof' '`visavis doctor` tells which one has the port' &&
        example_goes_and_comes && acme_first_start ACME_CHALLENGE=http-01 || status=1
    machine systemctl stop other-web
    [ $status -eq 0 ] && expect 'let go: another try' machine visavis restart && machine visavis cert issue >"$work/out" 2>&1 &&
        expect 'the issued chain' within 50 is_verified && expect 'by http-01' acme_says challenge http-01
}

acme_dns_wrong() {
    local status=0
    bed_dns a $machine_name $client_address
    acme_first_start
    acme_failed_well 'to 10.98.0.1:443' "See that the name's A and AAAA records lead to this machine alone" &&
        acme_tells journal 'change the A record of meet.visavis.test from 10.98.0.1 to the public address of this machine' || status=1
    bed_dns a $machine_name none
    acme_first_start
    acme_failed_well 'meet.visavis.test has no A and no AAAA record (asked 10.98.0.1)' 'Add an A record of meet.visavis.test' || status=1
    expect 'the CA was not asked for nothing' [ "$(bed_front count newOrder)" = 0 ] || status=1
    bed_dns clear $machine_name
    expect 'mended: issued' machine visavis cert issue >"$work/out" 2>&1 && expect 'served' within 50 is_verified && return $status
}

acme_other_port() {
    acme_first_start HTTP_PORT=8080 ACME_CHALLENGE=http-01 &&
        acme_failed_well 'self-check (A 10.98.0.2 port 80)' 'HTTP_PORT is 8080, but a CA comes to port 80 alone' || return 1
    machine visavis config set ACME_CHALLENGE=auto >"$work/out" 2>&1 && machine visavis restart >"$work/out" 2>&1 &&
        machine visavis cert issue >"$work/out" 2>&1
    expect 'by tls-alpn-01' within 50 is_verified && acme_says challenge tls-alpn-01 &&
        expect 'the port that was asked for' [ "$(client curl -s -o /dev/null -w '%{http_code}' "http://$machine_name:8080/")" = 301 ]
}

# ---- within an order ----

acme_power_cut() {
    local more
    bed_front processing 0 1
    acme_first_start
    expect 'the order is there' within 300 acme_has_finalized || return 1
    machine_cut
    bed_front clear
    machine_boot || return 1
    expect 'finished by itself' within 300 is_verified && expect 'running' within 300 system_is running || return 1
    more=$(bed_front count newOrder)
    echo "    orders after the cut: $more"
    expect 'one more order at most' [ "$more" -le 1 ]
}

acme_has_finalized() {
    [ "$(bed_front count finalize)" -gt 0 ]
}

# ---- other challenges ----

acme_tls_alpn() {
    local old
    acme_first_start PROXY=front ACME_CHALLENGE=tls-alpn-01 || return 1
    expect 'the issued chain' within 300 is_verified && acme_says challenge tls-alpn-01 || return 1
    old=$(verified_serial)
    machine visavis cert issue --force >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
    expect 'another one' within 50 serial_changed "$old" && expect 'verified' is_verified && expect 'API and Call answer' serves &&
        expect 'no other challenge was looked for' [ "$(bed_front count newOrder)" = 2 ]
}

# As uacme calls one.
hook_put() {
    mkdir -p "$machine/usr/local/lib/acme"
    cat >"$machine/usr/local/lib/acme/hook" <<X
#!/bin/sh
{
    echo "user \$(id -un), unit \$(cut -d/ -f3 /proc/self/cgroup)"
    touch /etc/written && echo 'has written /etc'
    cat /etc/visavis/.env >/dev/null && echo 'has read .env'
    cat /var/lib/visavis/acme/accounts/*/* >/dev/null && echo 'has read accounts'
} >>"\$HOME/seen" 2>/dev/null
name="_acme-challenge.\${3#\\*.}."
case \$1 in
begin) curl -sSf -d "{\\"host\\": \\"\$name\\", \\"value\\": \\"\$5\\"}" http://$client_address:8055/set-txt ;;
*) curl -sSf -d "{\\"host\\": \\"\$name\\"}" http://$client_address:8055/clear-txt ;;
esac
X
    chmod 755 "$machine/usr/local/lib/acme/hook"
}

acme_dns_hook() {
    hook_put
    acme_first_start ACME_CHALLENGE=dns-01 ACME_DNS_HOOK=/usr/local/lib/acme/hook "CERTIFICATE_NAMES=*.$machine_name" || return 1
    expect 'the issued chain' within 600 is_verified && acme_says challenge dns-01 || return 1
    client openssl s_client -connect "$machine_address:443" -servername $machine_name </dev/null 2>/dev/null |
        openssl x509 -noout -ext subjectAltName >"$work/out"
    machine cat /var/lib/visavis/hook/seen >"$work/seen"
    expect 'with the wildcard' grep -qF "DNS:*.$machine_name" "$work/out" &&
        expect 'a unit and a user of its own' grep -qE '^user visavis-hook, unit visavis-dns-hook-.*\.service$' "$work/seen" &&
        expect 'it sees and changes nothing of ours' [ -z "$(grep has "$work/seen")" ] || { cat "$work/seen"; return 1; }
}

# ---- renewals ----

# Until it is ended: a line "MILLISECONDS serial=..." each time that another certificate is served, or none that is good.
acme_watch() {
    local serial old=
    while :; do
        serial=$(verified_serial)
        [ "$serial" = "$old" ] || echo "$(now_ms) ${serial:-none}"
        old=$serial
        sleep 0.1
    done
}

acme_watched() {
    [ "$(wc -l <"$work/watched")" -ge "$1" ]
}

# From the CA's answer until it is served, for each of those that were watched but the first.
acme_lags() {
    local issued seen serial at last
    issued=$(bed_front requests '.[] | select(.kind == "certificate") | .time' | tr -d '"')
    tail -n +2 "$work/watched" | while read -r seen serial; do
        last=0
        for at in $issued; do
            at=$(($(date -d "$at" +%s%N) / 1000000))
            [ "$at" -gt "$seen" ] || last=$at
        done
        echo $((seen - last))
    done
}

acme_renewals() {
    local status=0 watcher lags
    bed_pebble '{"certificateValidityPeriod": 20}' && acme_first_start && acme_trust || return 1
    expect 'the issued chain' within 300 is_verified && call_start --relay || return 1
    acme_watch >"$work/watched" &
    watcher=$!
    expect 'five renewals' within 1500 acme_watched 6 || status=1
    sleep 2
    kill $watcher
    wait $watcher 2>/dev/null
    lags=$(acme_lags)
    echo "    served so many ms after the CA's answer:" $lags
    expect 'always a good one' [ -z "$(grep none "$work/watched")" ] || status=1
    expect 'soon' awk '{ if ($1 > 10000) late = 1 } END { exit late }' <<<"$lags" || status=1
    call_was_untouched || status=1
    expect 'the call is relayed' node -e 'process.exit(JSON.parse(process.argv[1]).relayed.every((n) => n > 0) ? 0 : 1)' "$(call_report)" || status=1
    expect 'connections stay with the workers that have them' machine pgrep -f 'nginx: worker process is shutting down' >/dev/null || status=1
    call_end
    expect 'by the timer' [ "$(acme_timer_runs)" -ge 5 ] || status=1
    return $status
}
