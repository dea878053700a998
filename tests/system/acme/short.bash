# Certificates that live for seconds.
# shellcheck shell=bash disable=SC2154

run_short() {
    test_case 'certificates of 20 seconds, renewed five times when they are due' short_lives
}

short_lives() {
    local result=0
    bed_pebble '{"certificateValidityPeriod": 20}' || return 1
    short_lives_all || result=1
    bed_pebble && return $result
}

short_lives_all() {
    local i old
    fresh
    issues || return 1
    for i in 1 2 3 4 5; do
        old=$(serial)
        expect 'the next look is noted' [ "$(next_look)" -gt 0 ] || return 1
        cert renew
        ends_with 0 && is_silent && expect 'not before its time' [ "$(serial)" = "$old" ] || return 1
        while [ "$(date +%s)" -lt "$(next_look)" ]; do sleep 0.2; done
        cert renew
        ends_with 0 && expect "renewal $i" [ "$(serial)" != "$old" ] && serves_issued &&
            expect 'the old one was still good' [ "$(date +%s)" -lt "$(date +%s -d "$(ends_at "$old")")" ] || return 1
    done
    orders_are 6
}

next_look() { cat "$root/run/visavis/cert.next" 2>/dev/null || echo 0; }

# Of the certificate before this one.
ends_at() {
    local f
    for f in "$vault"/sets/*/pairs/*/fullchain.pem; do
        [ "$(openssl x509 -in "$f" -noout -serial)" != "serial=$1" ] || openssl x509 -in "$f" -noout -enddate | cut -d= -f2
    done
}
