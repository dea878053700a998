# Calls that nothing but the TURN server can carry: the client's network lets out what a case names,
# and drops all else. Each way in is taken, and it is the one that was left open.

run_turn() {
    test_case 'TURN: an own certificate, so that turns: is announced' turn_prepare
    test_case 'TURN: 443 alone goes out: a call without any policy' turn_443
    test_case 'TURN: 443 alone, relay only' turn_443_relay
    test_case 'TURN: a client without ALPN gets the page on the same port' turn_no_alpn
    test_case 'TURN: UDP alone' turn_udp
    test_case 'TURN: TLS on its own port alone' turn_tls
    test_case 'TURN: TCP alone' turn_tcp
    test_case 'TURN: Firefox, 443 alone' turn_firefox_443
    test_case 'TURN: Firefox, UDP' turn_firefox_udp
    test_case 'TURN: Firefox, TLS on its own port' turn_firefox_tls
    test_case 'TURN: Firefox, TCP' turn_firefox_tcp
}

# only_out RULE...: from the client's namespace nothing goes to the machine but the site and these.
only_out() {
    local rule
    {
        echo 'table inet only {'
        echo '    chain out { type filter hook output priority 0; policy drop; oif lo accept; ct state established,related accept'
        for rule in 'tcp dport 443' "$@"; do echo "        $rule accept"; done
        echo '    }'
        echo '    chain in { type filter hook input priority 0; policy drop; iif lo accept; ct state established,related accept; }'
        echo '}'
    } >"$work/only.nft"
    all_out
    client nft -f "$work/only.nft"
}

all_out() {
    client nft delete table inet only 2>/dev/null
    return 0
}

turn_prepare() {
    make_own_pair && put_own_pair && trust_none && trust "$work/own/ca.crt" || return 1
    set_key CERTIFICATE_TYPE owncert
    set_key TURN_ON_HTTPS_PORT true
    machine systemctl restart visavis.target || return 1
    expect 'the site, by its name' within 100 serves
}

# What the page's connections were relayed by.
relayed_by() {
    local report
    report=$(call_report)
    echo "    $report"
    node -e '
        const r = JSON.parse(process.argv[1]);
        const ok = r.relayed.every((n) => n > 0) && r.relayProtocols.length === 1 && r.relayProtocols[0] === process.argv[2];
        process.exit(ok ? 0 : 1);' "$report" "$1"
}

# by PROTOCOL OPTION...: a call, in which all goes through a relay that is reached in this way.
call_by() {
    local protocol=$1 status
    shift
    call_start "$@" || { all_out; return 1; }
    expect "relayed by $protocol" within 50 quiet_relayed_by "$protocol"
    status=$?
    [ $status -eq 0 ] || relayed_by "$protocol"
    call_end
    all_out
    return $status
}
quiet_relayed_by() { relayed_by "$1" >/dev/null; }

turn_443() { only_out && call_by tls; }
turn_443_relay() { only_out && call_by tls --relay; }
turn_udp() { own_ports && only_out 'udp dport 3478' && call_by udp --relay; }

turn_no_alpn() {
    local status
    fetch --no-alpn -o "$work/page" "$(url /)" && fetch -o "$work/page2" "$(url /)"
    expect 'the page' cmp "$work/page" "$work/page2"
    status=$?
    expect 'the API' [ "$(code --no-alpn -u "OPENVIDUAPP:$secret" "$(url /openvidu/api/config)")" = 200 ] || status=1
    return $status
}

# TURN is not on the web port, which the site needs open, so that its own ports are taken.
own_ports() {
    machine grep -q '^TURN_ON_HTTPS_PORT=false' /etc/visavis/.env && return 0
    set_key TURN_ON_HTTPS_PORT false
    machine systemctl restart visavis.target && expect 'the site' within 100 serves
}
turn_tls() { own_ports && only_out 'tcp dport 5349' && call_by tls --relay; }
turn_tcp() { own_ports && only_out 'tcp dport 3478' && call_by tcp --relay; }

firefox_trust() {
    export FIREFOX_PROFILE=$work/firefox
    rm -rf "$FIREFOX_PROFILE"
    mkdir -p "$FIREFOX_PROFILE"
    certutil -d "sql:$FIREFOX_PROFILE" -N --empty-password && certutil -d "sql:$FIREFOX_PROFILE" -A -t C,, -n own -i "$work/own/ca.crt"
}
turn_firefox_443() {
    set_key TURN_ON_HTTPS_PORT true
    machine systemctl restart visavis.target && expect 'the site' within 100 serves &&
        firefox_trust && only_out && call_by tls --relay --firefox
}
turn_firefox_udp() { own_ports && firefox_trust && only_out 'udp dport 3478' && call_by udp --relay --firefox; }
turn_firefox_tls() { own_ports && firefox_trust && only_out 'tcp dport 5349' && call_by tls --relay --firefox; }
turn_firefox_tcp() { own_ports && firefox_trust && only_out 'tcp dport 3478' && call_by tcp --relay --firefox; }
