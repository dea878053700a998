# The machine in the bed that wants certificates: an installed tree of programs, its files below a folder
# (VISAVIS_ROOT), its nginx; the verbs, and what is to be said of their results. Sourced after bed.bash.
# shellcheck shell=bash disable=SC2034,SC2154 # used by those who source it; what they set

domain=meet.example.org
passed=0
failed=0
skipped=0
hour=3600
day=86400
work=$(mktemp -d /tmp/acme.XXXXXX)
root=$work/root
live=$root/var/lib/visavis/certs/live
vault=$root/var/lib/visavis/acme
visavis=$work/usr/bin/visavis
repository=$(cd "$here/../.." && pwd)
BED_DIR=$work/bed
BED_PRELOADS=$build/tests

machine_end() {
    bed_down
    rm -rf "$work"
}

machine_begin() {
    chmod 755 "$work"
    trap machine_end EXIT
    make -s -C "$repository" O="$build" "$build/tests/clock.so" "$build/tests/die_at.so" || return 1
    install -D "$build/bin/visavis" "$visavis" && install -D "$repository/units/scripts/acme-dnsapi" "$work/usr/lib/visavis/acme-dnsapi" &&
        mkdir "$work/usr/share" && cp -R "$build/share" "$work/usr/share/visavis" && bed_up
}

# ---- files of the machine ----

# The settings of .env; those that are given go before these.
settings() {
    local line key given=" "
    for line in "$@"; do given+="${line%%=*} "; done
    {
        for line in "DOMAIN_OR_PUBLIC_IP=$domain" OPENVIDU_SECRET=aVeryLongSecretForTests12345 CERTIFICATE_TYPE=letsencrypt \
            LETSENCRYPT_EMAIL=admin@meet.example.org "ACME_SERVER=$(bed_url)" "ACME_CA_FILE=$BED_DIR/ca.pem" \
            "COTURN_IP=$BED_IPV4"; do
            key=${line%%=*}
            [[ $given == *" $key "* ]] || printf '%s\n' "$line"
        done
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$root/etc/visavis/.env"
    chmod 640 "$root/etc/visavis/.env"
}

# A machine that has no certificate yet, no web server, and no faults around it.
fresh() {
    web_down
    rm -rf "$root"
    mkdir -p "$root/etc/visavis" "$root/run/visavis" "$root/var/lib"
    settings "$@"
    bed_front clear && bed_dns clear "$domain"
}

# ---- the web server ----

# nginx as `visavis apply` has it, on the real ports.
web_up() {
    local conf=$root/etc/nginx
    mkdir -p "$root/log"
    cp -a /etc/nginx/. "$conf"
    rm -f "$conf"/sites-enabled/* "$conf"/conf.d/*
    # As root: the files that are for its group have no such group below the folder.
    sed -i -e "s#/etc/nginx#$conf#; s#/run/nginx.pid#$root/run/nginx.pid#; s#/var/log/nginx#$root/log#; s#^user .*#user root;#" \
        "$conf/nginx.conf"
    run apply
    expect "apply: $status" [ "$status" -eq 0 ] || return 1
    mkdir -p "$root/run/visavis/nginx"
    bed_start nginx nginx -c "$conf/nginx.conf" -g 'daemon off;'
    wait_for web_answers
}

web_answers() { bed_in curl -s -o /dev/null http://127.0.0.1/; }

web_down() {
    local pid
    pid=$(bed_pid nginx) || return 0
    kill -TERM "$pid" # its workers with it
    wait_for gone "$pid"
    rm -f "$BED_DIR/pids/nginx"
}

# ---- the verbs ----

# `visavis WORD...`: what it says is in $work/text, its end in $status.
run() {
    bed_in env VISAVIS_ROOT="$root" "$visavis" "$@" >"$work/text" 2>&1
    status=$?
}

cert() { run cert "$@"; }

# At another time, seconds from now, for this machine and the CAs alike.
run_at() {
    clocks_of_cas "$1" && run_with_clock "$@" && clocks_of_cas 0
}

clocks_of_cas() {
    local port
    for port in "$BED_DIR"/*.port; do BED_CA=$(basename "$port" .port) bed_front clock "$1" || return 1; done
}

cert_at() { run_at "$1" cert "${@:2}"; }

# With a wall clock that is wrong by so many seconds.
run_with_clock() {
    VISAVIS_ROOT=$root bed_clock "$1" "$visavis" "${@:2}" >"$work/text" 2>&1
    status=$?
    return 0
}

# `cert status --json` through jq.
cert_status() { bed_in env VISAVIS_ROOT="$root" "$visavis" cert status --json 2>"$work/err" | jq -r "$1"; }

says() { expect "'$1' is said" grep -qiF -- "$1" "$work/text"; }
says_not() { expect "'$1' is not said" not grep -qiF -- "$1" "$work/text"; }
is_silent() { expect 'nothing is said' not test -s "$work/text"; }
ends_with() { expect "exit status $1, not $status" [ "$status" -eq "$1" ]; }
fails() { expect 'it fails' [ "$status" -ne 0 ]; }
status_is() { expect "$1 is '$2', not '$(cert_status "$1")'" [ "$(cert_status "$1")" = "$2" ]; }

# At the CA in BED_CA, but for those whose nonce it refused; further words are a condition for the record.
orders_are() {
    local n
    n=$(bed_front count newOrder "(.faulty or .status == 201) and (${2:-true})")
    expect "$1 orders${2:+ with $2}, not $n" [ "$n" = "$1" ]
}

# ---- pairs ----

serial() { openssl x509 -in "$live/fullchain.pem" -noout -serial | cut -d= -f2; }
names() { openssl x509 -in "$live/fullchain.pem" -noout -ext subjectAltName | tail -n +2 | tr -d ' '; }

key_fits() {
    local public
    public=$(openssl pkey -in "$1/privkey.pem" -pubout 2>"$work/err")
    [ -n "$public" ] && [ "$(openssl x509 -in "$1/fullchain.pem" -noout -pubkey)" = "$public" ]
}

# The time does not count: some are read long after their end.
chain_fits() { openssl verify -no_check_time -CAfile "$1" -untrusted "$2/fullchain.pem" "$2/fullchain.pem" >"$work/err" 2>&1; }

# The pair in force is the CA's, whole, and matches.
serves_issued() {
    bed_root "${1:-0}" >"$work/ca-root.pem" &&
        expect 'the key is that of the certificate' key_fits "$live" &&
        expect 'the chain ends in the root of the CA' chain_fits "$work/ca-root.pem" "$live"
}

# It is our own, until there is another.
serves_temporary() {
    expect 'the key is that of the certificate' key_fits "$live" &&
        expect 'the chain ends in our own root' chain_fits "$live/ca.crt" "$live"
}

# A certificate is asked for in any case, and in force then; N: the root of its chain.
issues() {
    cert issue --force
    ends_with 0 && serves_issued "${1:-0}"
}

# Everything but .env and locks: names, modes, contents.
picture() {
    (cd "$root/var/lib/visavis" && find . ! -name '*lock' -printf '%p %y %m %l\n' | sort &&
        find . -type f ! -name '*lock' -print0 | sort -z | xargs -0 sha256sum) | sha256sum
}
