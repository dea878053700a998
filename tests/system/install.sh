#!/bin/bash
# installer/install.sh on a machine where systemd is not process 1, and which has no network: from a
# source archive to a server that answers, then `visavis run` in its hands, then removed again.
# usage: tests/system/install.sh build/release
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/machine/lib.bash

suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
machine_packages="$machine_packages,$machine_build_packages"
passed=0
failed=0
work=$(mktemp -d)
trap 'machine_remove; rm -rf "$work"' EXIT

expect() {
    local what=$1
    shift
    if "$@"; then return 0; fi
    echo "    not so: $what"
    return 1
}

test_case() {
    local name=$1
    if "$2"; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        tail -n 40 "$work/out" | sed 's/^/    | /'
        tail -n 40 "$machine/var/log/visavis.log" 2>/dev/null | sed 's/^/    : /'
    fi
}

# A process 1 that only waits: what comes in later has its own.
start_plain() {
    mkdir -p /run/systemd/nspawn
    systemd-nspawn -q -D "$machine" -M "visavis-$$" --register=no --keep-unit --as-pid2 --resolv-conf=off --timezone=off \
        --network-namespace-path="/run/netns/$server_ns" sleep infinity </dev/null >"$machine.console" 2>&1 &
    nspawn_pid=$!
    local i
    for i in $(seq 100); do
        find_leader && machine true 2>/dev/null && return 0
        sleep 0.1
    done
    return 1
}

answers() {
    client curl -s -k -m 5 -o /dev/null -w '%{http_code}' "https://$machine_name$1"
}

cut_download_runs_nothing() {
    local size cut
    size=$(stat -c %s installer/install.sh)
    for cut in $((size / 4)) $((size / 2)) $((size - 20)); do
        head -c $cut installer/install.sh >"$machine/cut.sh"
        machine_shell 'sh /cut.sh --unattended' >"$work/out" 2>&1
        expect "nothing was installed after $cut bytes" machine test ! -e /usr/bin/visavis || return 1
    done
    machine rm /cut.sh
}

refuses_with_reasons() {
    machine_shell '/src/installer/install.sh --domian x' >"$work/out" 2>&1
    expect 'an unknown option' [ $? -ne 0 ] && expect 'is named' grep -q -- --domian "$work/out" || return 1
    machine setpriv --reuid 65534 --regid 65534 --clear-groups /src/installer/install.sh >"$work/out" 2>&1
    expect 'without root' [ $? -ne 0 ] && expect 'the command is named' grep -q 'sudo' "$work/out"
}

installs_and_serves() {
    local began=$SECONDS status
    echo secret-of-the-installer-0123 >"$machine/root/secret"
    machine_shell "/src/installer/install.sh --unattended --domain $machine_name --secret-file /root/secret" >"$work/out" 2>&1
    status=$?
    expect "it ends well ($status)" [ $status -eq 0 ] || return 1
    echo "    $((SECONDS - began)) s, the build included"
    expect 'the URL is told' grep -q "https://$machine_name/" "$work/out" &&
        expect 'and the user' grep -q OPENVIDUAPP "$work/out" &&
        expect 'the secret is not' [ -z "$(grep secret-of-the-installer "$work/out")" ] &&
        expect 'Call answers' [ "$(answers /)" = 200 ] &&
        expect 'the API answers' [ "$(client curl -s -k -m 5 -o /dev/null -w '%{http_code}' -u OPENVIDUAPP:secret-of-the-installer-0123 "https://$machine_name/openvidu/api/config")" = 200 ] &&
        expect 'the log is private' [ "$(machine_shell 'stat -c %a /var/log/visavis-install-*.log')" = 600 ] &&
        expect 'each daemon has its user' [ "$(machine_shell 'ps -o user:32= -C visavis-media,visavis-turn,visavis-call | sort -u | wc -l')" -ge 3 ]
}

daemons_come_back() {
    local pid i
    pid=$(machine pgrep -x visavis-turn)
    machine kill -KILL "$pid"
    for i in $(seq 50); do
        sleep 0.1
        [ -n "$(machine pgrep -x visavis-turn)" ] && break
    done
    expect 'another one' [ "$(machine pgrep -x visavis-turn)" != "$pid" ]
}

takes_a_changed_env() {
    local before
    before=$(machine pgrep -x visavis-media)
    machine sed -i 's/^OPENVIDU_SECRET=.*/OPENVIDU_SECRET=another-secret-for-it-456/' /etc/visavis/.env
    machine visavis run --reload >"$work/out" 2>&1 || return 1
    local i
    for i in $(seq 50); do
        [ "$(client curl -s -k -m 5 -o /dev/null -w '%{http_code}' -u OPENVIDUAPP:another-secret-for-it-456 "https://$machine_name/openvidu/api/config")" = 200 ] && break
        sleep 0.2
    done
    expect 'the new secret is in force' [ "$i" -lt 50 ] &&
        expect 'media was left alone' [ "$(machine pgrep -x visavis-media)" = "$before" ]
}

runs_again() {
    machine_shell '/src/installer/install.sh --unattended --no-start' >"$work/out" 2>&1
    expect 'a second run is well' [ $? -eq 0 ] && expect 'the settings stay' machine grep -q another-secret /etc/visavis/.env
}

stops() {
    machine visavis run --stop >"$work/out" 2>&1
    expect 'it ends' [ $? -eq 0 ] && expect 'nothing of it runs' [ -z "$(machine pgrep -af "^(/usr/lib/visavis/|nginx)")" ]
}

machine_base "$suite" || exit 1
machine_net_up || exit 1
machine_new plain "" || exit 1
make --no-print-directory dist >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
mkdir "$machine/src"
tar -C "$machine/src" --strip-components=1 -xzf "$(ls -t build/dist/visavis-*.tar.gz | head -n 1)"
start_plain || { cat "$machine.console"; exit 1; }

test_case 'a download that was cut runs nothing' cut_download_runs_nothing
test_case 'wrong calls are refused with the reason' refuses_with_reasons
test_case 'installs and serves, without a network' installs_and_serves
test_case 'a killed daemon comes back' daemons_come_back
test_case 'a changed .env is taken' takes_a_changed_env
test_case 'a second run keeps the settings' runs_again
test_case 'it stops' stops

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
