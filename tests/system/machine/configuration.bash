# Editing .env: what is right takes effect, what is wrong is explained and changes nothing.

run_configuration() {
    test_case 'a restart with an unchanged .env changes no process' unchanged_restart
    test_case 'a wrong .env is explained in two seconds, and the old one serves' wrong_env
    test_case 'secret, port and allow list take effect' edited_env
    test_case 'settings that a running daemon can take leave the call alone' reload_under_a_call
}

unchanged_restart() {
    local before
    before=$(pids)
    expect 'the restart succeeds' machine systemctl restart visavis.target || return 1
    sleep 1
    expect 'the same processes' [ "$(pids)" = "$before" ] && expect 'it serves' serves
}

# A change, a word of the explanation.
wrong_case() {
    local change=$1 word=$2 before began took status
    before=$(pids)
    machine cp -a /etc/visavis/.env /etc/visavis/.env.good
    machine_shell "$change"
    began=$(now_ms)
    machine systemctl restart visavis.target >"$work/out" 2>&1
    status=$?
    took=$(($(now_ms) - began))
    machine systemctl status --no-pager -l visavis-setup >"$work/explained" 2>&1
    machine visavis config check >"$work/check" 2>&1
    [ $? -eq 2 ] || { echo "    $word: config check did not fail"; status=0; }
    machine mv /etc/visavis/.env.good /etc/visavis/.env
    expect "$word: the restart fails" [ $status -ne 0 ] &&
        expect "$word: in time ($took ms)" [ $took -lt 2000 ] &&
        expect "$word: systemctl status names it" grep -q -- "$word" "$work/explained" &&
        expect "$word: on one screen" [ "$(wc -l <"$work/check")" -le 24 ] &&
        expect "$word: the same processes" [ "$(pids)" = "$before" ] &&
        expect "$word: it serves" serves || { cat "$work/explained" "$work/check"; return 1; }
}

wrong_env() {
    local env=/etc/visavis/.env bad=0
    wrong_case "cp /usr/share/visavis/env.template $env" DOMAIN_OR_PUBLIC_IP || bad=1
    wrong_case "sed -i 's/^DOMAIN_OR_PUBLIC_IP=.*/DOMAIN_OR_PUBLIC_IP=meet.example.org:8080/' $env" HTTPS_PORT || bad=1
    wrong_case "sed -i 's|^DOMAIN_OR_PUBLIC_IP=.*|DOMAIN_OR_PUBLIC_IP=https://meet.example.org/|' $env" DOMAIN_OR_PUBLIC_IP || bad=1
    wrong_case "sed -i 's/^DOMAIN_OR_PUBLIC_IP=.*/DOMAIN_OR_PUBLIC_IP=/' $env" DOMAIN_OR_PUBLIC_IP || bad=1
    wrong_case "echo 'HTTPS_PORT=4o3' >>$env" HTTPS_PORT || bad=1
    wrong_case "echo 'HTTP_PORT=443' >>$env" HTTP_PORT || bad=1
    wrong_case "sed -i 's/^OPENVIDU_SECRET=.*/OPENVIDU_SECRET=no good!/' $env" OPENVIDU_SECRET || bad=1
    wrong_case "echo 'CERTIFICATE_TYPE=own' >>$env" selfsigned || bad=1
    wrong_case "echo 'OPENVIDU_CDR=yes' >>$env" OPENVIDU_CDR || bad=1
    wrong_case "echo 'OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH=-1' >>$env" MAX_RECV_BANDWIDTH || bad=1
    wrong_case "echo 'OPENVIDU_WEBHOOK_EVENTS=[sessionCreated' >>$env" OPENVIDU_WEBHOOK_EVENTS || bad=1
    wrong_case "echo 'this is no assignment' >>$env" 'line' || bad=1
    wrong_case "rm $env" "$env" || bad=1
    machine systemctl restart visavis.target || bad=1
    expect 'all well again' [ $bad -eq 0 ] && expect 'running' within 300 system_is running
}

edited_env() {
    local old_secret=$secret
    secret=Another-secret-for-everything-42
    https_port=8443
    set_key OPENVIDU_SECRET $secret
    set_key HTTPS_PORT 8443
    set_key ALLOWED_ACCESS_TO_RESTAPI 203.0.113.0/24
    expect 'the restart succeeds' machine systemctl restart visavis.target || return 1
    expect 'it listens on the new port' within 100 [ "$(code "$(url /)")" = 200 ] || return 1
    # The client is in a network of the machine's own, which is always allowed; so is nobody else.
    expect 'the new secret' [ "$(code -u "OPENVIDUAPP:$secret" "$(url /openvidu/api/config)")" = 200 ] &&
        expect 'the old one no more' [ "$(code -u "OPENVIDUAPP:$old_secret" "$(url /openvidu/api/config)")" = 401 ] &&
        expect 'the old port no more' [ "$(code "https://$machine_name/")" = 000 ] &&
        expect 'the allow list is there' machine grep -rq '203.0.113.0/24' /var/lib/visavis/conf/current/ || return 1
    client ip addr add 198.51.100.9/32 dev host0
    machine ip route add 198.51.100.9/32 via $client_address
    expect 'a stranger is refused' [ "$(code --interface 198.51.100.9 -u "OPENVIDUAPP:$secret" "$(url /openvidu/api/config)")" = 403 ]
    local status=$?
    client ip addr del 198.51.100.9/32 dev host0
    machine ip route del 198.51.100.9/32
    set_key HTTPS_PORT 443
    https_port=443
    set_key ALLOWED_ACCESS_TO_RESTAPI ''
    machine systemctl restart visavis.target && within 100 serves || return 1
    return $status
}

reload_under_a_call() {
    call_start || return 1
    set_key OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH 1500
    set_key OPENVIDU_SESSIONS_GARBAGE_INTERVAL 600
    expect 'the restart succeeds' machine visavis restart
    sleep 3
    call_was_untouched
    local status=$?
    call_end
    expect 'in force' machine grep -q 'video_max_recv_kbps = 1500' /var/lib/visavis/conf/current/signaling.cfg && return $status
}
