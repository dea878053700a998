# Before the CA is asked: is this machine reached by its name? What is wrong costs no order, and the hop is named.
# shellcheck shell=bash disable=SC2016,SC2154 # programs for other shells

other_address=198.51.100.2

run_reach() {
    test_case 'a name without addresses' name_without_addresses
    test_case 'a DNS server that fails' dns_fails
    test_case 'a DNS server that is not there: told, and the CA may have a better one' dns_is_off
    test_case 'HTTP_PORT is another, and port 80 is closed' port_closed
    test_case 'CAA records forbid this CA' caa_forbids
    test_case 'port 80 belongs to a web server of others' port_of_others
    other_machine_up || return
    test_case 'another machine answers at the A record' other_machine
    test_case 'the A record is right, another machine answers at the AAAA record' half_other_machine
    test_case 'a redirect to a port that a CA does not follow to' redirect_to_port
    test_case 'a redirect to https, where somebody else answers' redirect_to_https
    test_case 'a closed port at an address that is not ours' closed_elsewhere
    test_case 'an address where nobody is' dead_address
    bed_stop other
}

# usage: found MESSAGE...      by the self-check, before any order
found() {
    cert renew
    told "$@" && orders_are 0
}

name_without_addresses() {
    fresh
    bed_dns a "$domain" none
    bed_dns aaaa "$domain" none
    found 'no A and no AAAA record' "$domain"
}

dns_fails() {
    fresh
    bed_dns servfail "$domain"
    found SERVFAIL "$domain"
}

dns_is_off() {
    local result=0
    fresh
    bed_dns off
    cert renew
    fails && says 'the DNS server (127.0.0.1) does not answer' && says 'left to the CA' || result=1
    bed_dns on && return $result
}

port_closed() {
    fresh HTTP_PORT=8080 ACME_CHALLENGE=http-01
    found "$BED_IPV4 port 80" "$BED_IPV6 port 80" 'HTTP_PORT is 8080'
}

caa_forbids() {
    fresh
    bed_front directory '{"meta": {"caaIdentities": ["pebble.example"]}}'
    bed_dns caa "$domain" issue other-ca.example
    found 'CAA' other-ca.example '0 issue "pebble.example"' || return 1
    bed_dns clear "$domain"
    bed_dns caa "$domain" issue pebble.example
    cert_at 120 renew
    ends_with 0 && orders_are 1
}

port_of_others() {
    fresh ACME_CHALLENGE=http-01
    bed_start others node -e 'require("http").createServer((q, s) => s.end("others")).listen(80, "::")'
    wait_for web_answers
    found node 'port 80'
    local result=$?
    bed_stop others
    return $result
}

# ---- another machine ----

# Its web server says what the file has, or redirects to where another file says.
other_machine_up() {
    rm -f "$work/redirect"
    bed_start other unshare --net sh -c '
        ip link set lo up
        while ! ip link show other1 >/dev/null 2>&1; do sleep 0.05; done
        ip address add "$1/24" dev other1
        ip link set other1 up
        exec node -e "
            const fs = require(\"fs\");
            const [, redirect, key, cert] = process.argv;
            const serve = (rq, rs) => {
                rs.setHeader(\"Server\", \"other/1.0\");
                const to = !rq.socket.encrypted && fs.existsSync(redirect) && fs.readFileSync(redirect).toString().trim();
                if (to) rs.writeHead(301, { location: to + rq.url });
                rs.end(\"hello of another machine\");
            };
            require(\"http\").createServer(serve).listen(80);
            require(\"https\").createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, serve).listen(443);
            " "$0" "$2" "$3"' "$work/redirect" "$other_address" "$BED_DIR/inner.key" "$BED_DIR/inner.pem"
    wait_for other_has_own_network || return 1
    bed_in ip link add other0 type veth peer name other1 netns "$(bed_pid other)" &&
        bed_in ip address add 198.51.100.1/24 dev other0 && bed_in ip link set other0 up && wait_for other_answers
}

other_has_own_network() { [ "$(readlink "/proc/$(bed_pid other)/ns/net")" != "$(readlink "/proc/$(bed_pid bed)/ns/net")" ]; }
other_answers() { bed_in curl -s -o /dev/null "http://$other_address/"; }

at_other() {
    bed_dns a "$domain" "$other_address"
    bed_dns aaaa "$domain" none
}

other_machine() {
    fresh ACME_CHALLENGE=http-01
    at_other
    found "A $other_address port 80" 'hello of another machine' other/1.0
}

half_other_machine() {
    fresh ACME_CHALLENGE=http-01
    bed_dns a "$domain" "$BED_IPV4" "$other_address"
    found "A $other_address port 80" other/1.0
}

redirect_to_port() {
    fresh ACME_CHALLENGE=http-01
    at_other
    echo "http://$domain:8080" >"$work/redirect"
    found "A $other_address port 80" "redirected to http://$domain:8080/"
    local result=$?
    rm -f "$work/redirect"
    return $result
}

redirect_to_https() {
    fresh ACME_CHALLENGE=http-01
    at_other
    echo "https://$domain" >"$work/redirect"
    found "A $other_address port 80" "redirected to https://$domain/" 'hello of another machine'
    local result=$?
    rm -f "$work/redirect"
    return $result
}

# Nothing that is not reached from here can be said to be closed to the CA: it is told, and the CA looks.
closed_elsewhere() {
    fresh ACME_CHALLENGE=http-01
    bed_dns a "$domain" 198.51.100.1
    bed_dns aaaa "$domain" none
    bed_in ip address del 198.51.100.1/24 dev other0
    cert renew
    bed_in ip address add 198.51.100.1/24 dev other0
    fails && says "A 198.51.100.1 port 80"
}

dead_address() {
    fresh ACME_CHALLENGE=http-01
    bed_dns aaaa "$domain" 2001:db8::99
    cert renew
    fails && says '2001:db8::99 port 80' && says 'AAAA'
}
