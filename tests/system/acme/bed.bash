# A test bed for ACME: a network of its own with a public address, names that resolve to it, and one or more
# CAs (Pebble) behind front servers that add faults. Sourced; needs root, pebble, node, jq, curl, openssl, faketime.
# shellcheck shell=bash disable=SC2016,SC2119,SC2120 # programs for other shells and jq; a function with words or without
#
#   bed_up [PID]                 the network (or that of a process, which has a mount namespace of its own as well),
#                                the DNS, a CA named "main" at $(bed_url)
#   bed_ca NAME PORT             one more CA; functions speak of the CA in BED_CA, "main" at first
#   bed_pebble [WORD...]         restarts the CA, which forgets everything. Words: KEY=VALUE of its environment,
#                                '{...}' patches its configuration; what is not given is as at first again
#   bed_pebble_off               ends the CA; its front server answers 502
#   bed_url, bed_root [N]        directory; PEM of the root, or of alternate root N
#   bed_cert_status FILE|HEX     "Valid" or "Revoked", of a certificate's file or serial number
#   bed_dns ...                  what names resolve to, see there
#   bed_front ...                faults, renewal information, profiles, the record of requests, see there
#   bed_listener FROM DAYS [NAMES]   another certificate of the front server: "-10d 5" has ended, "-1h 90" is a real
#                                CA's; NAMES as "DNS:other.example"
#   bed_trust                    makes $BED_DIR/ca.pem, the listeners' CA, one that the whole bed trusts
#   bed_in COMMAND...            runs it in the bed; in the folder of the caller
#   bed_start NAME COMMAND...    the same in the background, its output in $BED_DIR/NAME.log; bed_stop NAME
#   bed_clock OFFSET COMMAND...  in the bed with another wall clock ("+1y", "-20d"; s, m, h, d, y), see preload/clock.c
#   bed_dying N NAME COMMAND...  in the bed, the program NAME killed before its step N, see preload/die_at.c; N 0: not.
#                                $BED_DIR/steps has the number of steps, $BED_DIR/trace a line for each
#   bed_down                     ends it all, by process, and removes the folder
#
# Everything is in BED_DIR (made by bed_up when not set): a second bed is another BED_DIR.
# BED_PEBBLE and BED_CHALLTESTSRV name other programs than those of the PATH; BED_PRELOADS is the folder of clock.so
# and die_at.so, build/release/tests at first. BED_IPV4 and BED_IPV6 are the addresses that names have (BED_IPV6 empty:
# none), BED_LISTEN is where DNS, its control and CAs listen, for those who are not in the bed; BED_NAMES are on the CAs'
# own certificates.

BED_IPV4=${BED_IPV4:-203.0.113.10}
BED_IPV6=${BED_IPV6-2001:db8::10}
BED_LISTEN=${BED_LISTEN:-127.0.0.1}
BED_NAMES=${BED_NAMES:-DNS:localhost,IP:127.0.0.1}
BED_CA=main
bed_tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BED_PRELOADS=${BED_PRELOADS:-$bed_tools/../../../build/release/tests}

# ---- processes ----

bed_pid() { cat "$BED_DIR/pids/$1" 2>/dev/null; }

bed_alive() { [ -d "/proc/$1" ] && ! grep -q '^State:[[:space:]]Z' "/proc/$1/status" 2>/dev/null; }

# For ten seconds, until the command succeeds.
bed_wait() {
    for _ in $(seq 200); do
        "$@" && return 0
        sleep 0.05
    done
    echo "acme bed: waited in vain: $*" >&2
    return 1
}

bed_is_gone() { ! bed_alive "$1"; }

bed_end() {
    local pid
    for pid in "$@"; do kill -KILL "$pid" 2>/dev/null; done
    for pid in "$@"; do bed_wait bed_is_gone "$pid"; done
}

bed_in() {
    # The folder is entered again, as nsenter leaves it.
    nsenter -t "$(bed_pid bed)" --net --mount --root --wd sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
}

bed_start() {
    local name=$1
    shift
    (
        exec >"$BED_DIR/$name.log" 2>&1 </dev/null
        exec nsenter -t "$(bed_pid bed)" --net --mount --root --wd sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
    ) &
    echo $! >"$BED_DIR/pids/$name"
    disown
}

bed_stop() {
    local pid
    pid=$(bed_pid "$1") || return 0
    bed_end "$pid"
    rm -f "$BED_DIR/pids/$1"
}

bed_clock() {
    local offset=$1 unit=1
    shift
    case $offset in
    *m) unit=60 ;;
    *h) unit=3600 ;;
    *d) unit=86400 ;;
    *y) unit=31536000 ;;
    esac
    [ -f "$BED_PRELOADS/clock.so" ] || { echo "bed_clock: there is no '$BED_PRELOADS/clock.so': set BED_PRELOADS" >&2; return 1; }
    offset=${offset%[smhdy]}
    bed_in env LD_PRELOAD="$BED_PRELOADS/clock.so" CLOCK_OFFSET=$((${offset#+} * unit)) "$@"
}

bed_dying() {
    local step=$1 program=$2
    shift 2
    [ -f "$BED_PRELOADS/die_at.so" ] || { echo "bed_dying: there is no '$BED_PRELOADS/die_at.so': set BED_PRELOADS" >&2; return 1; }
    : >"$BED_DIR/trace"
    bed_in env LD_PRELOAD="$BED_PRELOADS/die_at.so" DIE_PROGRAM="$program" DIE_AT="$step" DIE_COUNT="$BED_DIR/steps" \
        DIE_TRACE="$BED_DIR/trace" "$@"
}

# ---- network ----

bed_network() {
    unshare --net --mount sleep infinity >/dev/null 2>&1 </dev/null &
    local holder=$!
    disown
    echo "$holder" >"$BED_DIR/pids/bed"
    bed_wait bed_has_own_network "$holder" || return 1
    printf '%s\n' '127.0.0.1 localhost' >"$BED_DIR/hosts"
    printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:2 attempts:1' >"$BED_DIR/resolv.conf"
    printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$BED_DIR/nsswitch.conf"
    # Packets to other addresses vanish, in a dummy or, where the kernel has none, between a pair.
    bed_in sh -eu -c '
        for f in hosts resolv.conf nsswitch.conf; do
            [ ! -e "/etc/$f" ] || mount --bind "$0/$f" "$(readlink -f "/etc/$f")"
        done
        ip link set lo up
        ip link add pub0 type dummy 2>/dev/null || ip link add pub0 type veth peer name pub1
        ip link set pub0 arp off up
        [ ! -e /proc/sys/net/ipv6/conf/pub1 ] || ip link set pub1 up
        ip address add "$1/24" dev pub0
        ip address add "$2/64" dev pub0 nodad
        ip route add default dev pub0
        ip -6 route add default dev pub0' "$BED_DIR" "$BED_IPV4" "$BED_IPV6"
}

bed_has_own_network() {
    [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
        [ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}

# ---- the listeners' certificates ----

# NAME FROM DAYS SUBJECT-ALTERNATIVE-NAMES; FROM as faketime has it.
bed_certificate() {
    local d=$BED_DIR
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$d/$1.key" -out "$d/$1.csr" -subj "/CN=$1" &&
        printf '%s\n' "subjectAltName=$4" extendedKeyUsage=serverAuth >"$d/$1.ext" &&
        faketime -f "$2" openssl x509 -req -in "$d/$1.csr" -CA "$d/ca.pem" -CAkey "$d/ca.key" -CAcreateserial -days "$3" \
            -extfile "$d/$1.ext" -out "$d/$1.pem"
}

# Valid for years before and after, so that clients can be at any time.
bed_certificates() {
    faketime -f -20y openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 14600 -keyout "$BED_DIR/ca.key" \
        -out "$BED_DIR/ca.pem" -subj '/CN=listener test CA' -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign &&
        bed_certificate listener -10y 7300 "$BED_NAMES" &&
        bed_certificate inner -10y 7300 DNS:localhost,IP:127.0.0.1
}

bed_listener() {
    bed_certificate listener "$1" "$2" "${3:-$BED_NAMES}" 2>"$BED_DIR/openssl.log" && bed_front on
}

bed_trust() {
    local system=/etc/ssl/certs/ca-certificates.crt
    cat "$system" "$BED_DIR/ca.pem" >"$BED_DIR/bundle.crt"
    bed_in mount --bind "$BED_DIR/bundle.crt" "$system"
}

# ---- the CA and its front server ----

# Of the CA's four ports, the front server's is the first.
bed_port() { echo $(($(cat "$BED_DIR/$BED_CA.port") + ${1:-0})); }

bed_url() { echo "https://localhost:$(bed_port)/dir"; }

bed_curl() { bed_in curl -sS --max-time 20 --cacert "$BED_DIR/ca.pem" "$@"; }

bed_answers() { bed_curl -f -o /dev/null "$1" 2>/dev/null; }

bed_ca() {
    local BED_CA=$1
    echo "$2" >"$BED_DIR/$1.port"
    jq -n --arg d "$BED_DIR" --arg n "$1" --arg p "$2" --arg l "$BED_LISTEN" '($p | tonumber) as $port | {
        listen: "\($l):\($port)", upstream: "127.0.0.1:\($port + 1)", control: "127.0.0.1:\($port + 3)",
        cert: "\($d)/listener.pem", key: "\($d)/listener.key", log: "\($d)/\($n)-requests.jsonl"
    }' >"$BED_DIR/$1-front.json" || return 1
    bed_start "$1-front" node "$bed_tools/front.mjs" "$BED_DIR/$1-front.json"
    bed_wait bed_answers "http://127.0.0.1:$(bed_port 3)/" || { cat "$BED_DIR/$1-front.log" >&2; return 1; }
    bed_pebble
}

bed_pebble() {
    local word patches=() environment=(PEBBLE_VA_NOSLEEP=1 "PEBBLE_WFE_NONCEREJECT=${BED_NONCEREJECT:-0}"
        "PEBBLE_AUTHZREUSE=${BED_AUTHZREUSE:-0}")
    for word in "$@"; do
        case $word in
        '{'*) patches+=("$word") ;;
        *=*) environment+=("$word") ;;
        *) echo "bed_pebble: '$word' is neither KEY=VALUE nor JSON" >&2 && return 1 ;;
        esac
    done
    jq -n --arg d "$BED_DIR" --arg p "$(bed_port)" '($p | tonumber) as $port | {pebble: (reduce $ARGS.positional[] as $patch ({
        listenAddress: "127.0.0.1:\($port + 1)", managementListenAddress: "127.0.0.1:\($port + 2)",
        certificate: "\($d)/inner.pem", privateKey: "\($d)/inner.key", httpPort: 80, tlsPort: 443,
        externalAccountBindingRequired: false, certificateValidityPeriod: 7776000}; . * $patch))}' \
        --jsonargs "${patches[@]}" >"$BED_DIR/$BED_CA-pebble.json" || return 1
    bed_pebble_off
    bed_start "$BED_CA-pebble" env "${environment[@]}" "${BED_PEBBLE:-pebble}" -config "$BED_DIR/$BED_CA-pebble.json" \
        -dnsserver 127.0.0.1:53
    bed_wait bed_pebble_is_ready || { tail -n 20 "$BED_DIR/$BED_CA-pebble.log" >&2; return 1; }
}

bed_pebble_is_ready() { bed_answers "https://localhost:$(bed_port 1)/dir" && bed_answers "https://localhost:$(bed_port 2)/roots/0"; }

bed_pebble_off() { bed_stop "$BED_CA-pebble"; }

bed_root() { bed_curl -f "https://localhost:$(bed_port 2)/roots/${1:-0}"; }

bed_cert_status() {
    local serial=$1
    case $1 in
    */*) serial=$(openssl x509 -in "$1" -noout -serial | cut -d= -f2) && [ -n "$serial" ] || return 1 ;;
    esac
    bed_curl -f "https://localhost:$(bed_port 2)/cert-status-by-serial/$serial" | jq -r .Status
}

# ---- names ----

# bed_dns a|aaaa NAME ADDRESS...   instead of the bed's own address; "none" for a name without; NAME "*": all others
# bed_dns caa NAME TAG VALUE       e.g. issue other-ca.example
# bed_dns txt NAME VALUE           one more; cname NAME TARGET; servfail NAME: no answer is given for it
# bed_dns clear NAME               as at first
# bed_dns history NAME             what was asked, JSON
# bed_dns off | on                 no DNS server at all; with one again (which has forgotten)
bed_dns() {
    local what=$1 name="${2-}." family
    case $what in
    a | aaaa)
        family=4
        [ "$what" = a ] || family=6
        if [ "$2" = '*' ]; then
            bed_dns_tell "set-default-ipv$family" "$(jq -n --arg a "${3#none}" '{ip: $a}')"
        else
            bed_dns_tell "clear-$what" "$(jq -n --arg n "$name" '{host: $n}')" &&
                bed_dns_tell "add-$what" "$(jq -n --arg n "$name" '{host: $n, addresses: $ARGS.positional}' --args "${@:3}")"
        fi
        ;;
    caa) bed_dns_tell add-caa "$(jq -n --arg n "$name" --arg t "$3" --arg v "$4" '{host: $n, policies: [{tag: $t, value: $v}]}')" ;;
    txt) bed_dns_tell set-txt "$(jq -n --arg n "$name" --arg v "$3" '{host: $n, value: $v}')" ;;
    cname) bed_dns_tell set-cname "$(jq -n --arg n "$name" --arg v "$3." '{host: $n, target: $v}')" ;;
    servfail) bed_dns_tell set-servfail "$(jq -n --arg n "$name" '{host: $n}')" ;;
    clear)
        for what in a aaaa caa txt cname servfail; do
            bed_dns_tell "clear-$what" "$(jq -n --arg n "$name" '{host: $n}')" || return 1
        done
        ;;
    history) bed_dns_tell dns-request-history "$(jq -n --arg n "$2" '{host: $n}')" ;;
    off) bed_stop dns ;;
    on) bed_dns_start ;;
    *) echo "bed_dns: what is '$what'?" >&2 && return 1 ;;
    esac
}

bed_dns_tell() { bed_in curl -sSf --max-time 5 -d "$2" "http://127.0.0.1:8055/$1"; }

bed_dns_is_ready() { bed_dns clear ready.test 2>/dev/null && bed_in getent ahosts ready.test >/dev/null; }

bed_dns_start() {
    local program=${BED_CHALLTESTSRV:-pebble-challtestsrv} doh=()
    # Of 2.5 and later.
    ! "$program" -help 2>&1 | grep -q -- '-doh ' || doh=(-doh '')
    bed_start dns "$program" -defaultIPv4 "$BED_IPV4" -defaultIPv6 "$BED_IPV6" -dns01 "$BED_LISTEN:53" -http01 '' -https01 '' \
        -tlsalpn01 '' "${doh[@]}" -management "$BED_LISTEN:8055"
    bed_wait bed_dns_is_ready || { cat "$BED_DIR/dns.log" >&2; return 1; }
}

# ---- faults and records ----

# bed_front rule JSON            a fault, see rules.mjs; several are tried in their order
# bed_front fail KIND STATUS [TYPE [RETRY-AFTER [TIMES]]]    the common one: a problem document (TIMES 0: always)
# bed_front reject NAME TYPE [RETRY-AFTER]     each order with this identifier: rateLimited, caa, ...
# bed_front processing N [RETRY-AFTER]     the next N answers that call an order valid call it processing
# bed_front profiles NAME...     offered from now on, and others refused
# bed_front ari START END [RETRY-AFTER [ID]]   in seconds from the question; bed_front ari off|ca
# bed_front clock SECONDS        that the clock of the CA is ahead; what it issues has the true time
# bed_front directory JSON       a patch (RFC 7396) for the directory
# bed_front clear                no faults, no settings, no record
# bed_front off | mute | on      connections are refused; are taken and get nothing, not even TLS; as at first
# bed_front requests [FILTER]    the record through jq, which has it as one list
# bed_front count KIND [CONDITION]   how many, e.g. newOrder '.payload.profile == "shortlived"'
bed_front() {
    local what=$1
    shift
    case $what in
    rule) bed_front_tell POST rules "$1" ;;
    fail)
        bed_front_tell POST rules "$(jq -n --arg k "$1" --arg s "$2" --arg p "${3:-serverInternal}" --arg r "${4-}" --arg t "${5:-1}" \
            '{kind: $k, status: ($s | tonumber), problem: $p, times: ($t | tonumber)} +
            if $r == "" then {} else {headers: {"retry-after": $r}} end')"
        ;;
    reject)
        bed_front_tell POST rules "$(jq -n --arg n "$1" --arg p "$2" --arg r "${3-}" '{kind: "newOrder", times: 0, problem: $p,
            payload: "\"\($n | gsub("(?<c>[.*])"; "[\(.c)]"))\"", status: (if $p == "rateLimited" then 429 else 400 end),
            more: {subproblems: [{type: "urn:ietf:params:acme:error:\($p)", detail: "by rule of the test",
                                  identifier: {type: "dns", value: $n}}]}} +
            if $r == "" then {} else {headers: {"retry-after": $r}} end')"
        ;;
    processing)
        bed_front_tell POST rules "$(jq -n --arg n "$1" --arg r "${2-}" '{answer: "\"status\": *\"valid\"",
            path: "^/(my-order|finalize-order)/", times: ($n | tonumber), merge: {status: "processing", certificate: null}} +
            if $r == "" then {} else {headers: {"retry-after": $r}} end')"
        ;;
    profiles)
        bed_front_tell POST settings "$(jq -n '{directory: {meta: {profiles: ([$ARGS.positional[] | {(.): "profile \(.)"}] | add)}}}' --args "$@")"
        ;;
    ari)
        case $1 in
        off) bed_front_tell POST settings '{"ari": null}' ;;
        ca) bed_front_tell POST settings '{"ari": "ca"}' ;;
        *)
            bed_front_tell POST settings "$(jq -n --arg s "$1" --arg e "$2" --arg r "${3:-21600}" --arg id "${4:-*}" \
                '{ari: {($id): {start: ($s | tonumber), end: ($e | tonumber), retryAfter: $r}}}')"
            ;;
        esac
        ;;
    clock) bed_front_tell POST settings "{\"clock\": $1}" ;;
    directory) bed_front_tell POST settings "$(jq -n --argjson d "$1" '{directory: $d}')" ;;
    clear) bed_front_tell DELETE rules && bed_front_tell DELETE settings && bed_front_tell DELETE requests ;;
    off) bed_front_tell POST listen '{"on": false}' ;;
    mute) bed_front_tell POST listen '{"mute": true}' ;;
    on) bed_front_tell POST listen '{"on": true}' ;;
    requests) bed_front_tell GET requests | jq "${1:-.}" ;;
    count) bed_front_tell GET requests | jq --arg k "$1" "[.[] | select(.kind == \$k) | select(${2:-true})] | length" ;;
    *) echo "bed_front: what is '$what'?" >&2 && return 1 ;;
    esac
}

# Silent but for questions; what the front server finds wrong is said.
bed_front_tell() {
    local answer status=0
    answer=$(bed_in curl -sS --fail-with-body --max-time 10 -X "$1" ${3:+-d "$3"} "http://127.0.0.1:$(bed_port 3)/$2") || status=$?
    if [ $status -ne 0 ]; then
        echo "bed_front: $answer" >&2
    elif [ "$1" = GET ]; then
        printf '%s\n' "$answer"
    fi
    return $status
}

# ---- up and down ----

bed_up() {
    BED_DIR=${BED_DIR:-$(mktemp -d /tmp/acme-bed.XXXXXX)}
    mkdir -p "$BED_DIR/pids"
    chmod 755 "$BED_DIR"
    bed_certificates >"$BED_DIR/openssl.log" 2>&1 || { cat "$BED_DIR/openssl.log" >&2; return 1; }
    { [ -n "${1-}" ] && echo "$1" >"$BED_DIR/pids/bed" || bed_network; } && bed_dns_start && bed_ca main 14000
}

# All processes of its network are the bed's, those that tests started as well.
bed_down() {
    local network pid all=()
    [ -n "${BED_DIR-}" ] || return 0
    network=$(readlink "/proc/$(bed_pid bed)/ns/net")
    if [ -n "$network" ] && [ "$network" != "$(readlink /proc/self/ns/net)" ]; then
        for pid in /proc/[0-9]*; do
            [ "$(readlink "$pid/ns/net" 2>/dev/null)" != "$network" ] || all+=("${pid#/proc/}")
        done
        bed_end "${all[@]}"
    fi
    rm -rf "$BED_DIR"
    unset BED_DIR
}
