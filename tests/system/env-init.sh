#!/bin/bash
# `visavis env-init`, by which package scripts write the settings file, and `visavis setup --unattended`.
# usage: tests/system/env-init.sh build/<flavour>
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
export VISAVIS_ROOT=$work/root
env=$VISAVIS_ROOT/etc/visavis/.env

visavis=$1/bin/visavis
mkdir -p "$VISAVIS_ROOT/etc/visavis"

expect() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "FAILED $what"
    tail -n 10 "$work/log"
}

# status, input, arguments
init() {
    local wanted=$1 input=$2 status=0
    shift 2
    printf '%s' "$input" | "$visavis" env-init "$@" || status=$?
    echo "exit status $status, wanted $wanted"
    [ "$status" -eq "$wanted" ]
}

has() {
    grep -xE "$1" "$env"
}

expect 'an unknown key is refused' init 2 $'NONSENSE=1\n'
expect 'a line that is none is refused' init 2 $'DOMAIN_OR_PUBLIC_IP\n'
expect 'nothing was written' test ! -e "$env"
expect 'answers become the file' init 0 $'DOMAIN_OR_PUBLIC_IP=a.example.org\nHTTPS_PORT=8443\nLETSENCRYPT_EMAIL=\n'
expect 'a given value' has 'DOMAIN_OR_PUBLIC_IP=a\.example\.org'
expect 'a value that was a comment' has 'HTTPS_PORT=8443'
expect 'a secret was made' has 'OPENVIDU_SECRET=[A-Za-z0-9]{32}'
expect 'the rest of the template is there' test "$(wc -l <"$env")" -ge "$(wc -l <env/env.template)"
expect 'not for everybody to read' test "$(stat -c %a "$env")" = 640
sum=$(sha256sum "$env")
expect 'again: fine' init 0 $'DOMAIN_OR_PUBLIC_IP=b.example.org\n'
expect 'again: the file stays' test "$sum" = "$(sha256sum "$env")"
chmod 600 "$env"
expect 'an update' init 0 $'DOMAIN_OR_PUBLIC_IP=b.example.org\nOPENVIDU_SECRET=\n' --update
expect 'an update changes what was answered' has 'DOMAIN_OR_PUBLIC_IP=b\.example\.org'
expect 'an update keeps the rest' has 'HTTPS_PORT=8443'
expect 'an update keeps the secret' has 'OPENVIDU_SECRET=[A-Za-z0-9]{32}'
expect 'an update keeps the mode' test "$(stat -c %a "$env")" = 600
mv "$env" "$VISAVIS_ROOT/real"
ln -s "$VISAVIS_ROOT/real" "$env"
expect 'an update behind a link' init 0 $'HTTPS_PORT=9443\n' --update
expect 'the link stays' test -L "$env"
expect 'what it points to changes' has 'HTTPS_PORT=9443'

# status, lines of the file, options
setup() {
    local wanted=$1 status=0
    printf "%b" "$2" >"$env"
    shift 2
    "$visavis" setup --unattended --no-start "$@" </dev/null || status=$?
    echo "exit status $status, wanted $wanted"
    [ "$status" -eq "$wanted" ]
}

mine='OPENVIDU_SECRET=an-Operators-Own-Secret'
expect 'setup completes a file' setup 0 "DOMAIN_OR_PUBLIC_IP=\n$mine\n" --domain c.example.org
expect 'setup keeps the secret of a file that was not complete' has "$mine"
expect 'setup mends a wrong value by the default' setup 0 "DOMAIN_OR_PUBLIC_IP=c.example.org\n$mine\nHTTPS_PORT=99999\n" --https-port 443
expect 'the wrong value is gone' has 'HTTPS_PORT=443'
expect 'setup invents nothing for a wrong value' setup 2 "DOMAIN_OR_PUBLIC_IP=https://c.example.org\n$mine\n"
expect 'the wrong value stays' has 'DOMAIN_OR_PUBLIC_IP=https://c.example.org'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
