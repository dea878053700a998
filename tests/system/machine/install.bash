# From nothing to a call.

run_install() {
    test_case 'the package installs and serves with preseeded answers' installs needed
    test_case 'the system runs, nothing failed' system_runs
    test_case 'status and doctor find nothing wrong' status_is_good
    test_case 'the secret is in no log, no argument, no environment, no debconf' secret_is_nowhere
    test_case 'two people meet over HTTPS with the CA trusted' call_over_https
    test_case 'memory of our daemons' memory_is_small
    test_case 'visavis test and doctor media: calls of our own client, each way' own_calls
    test_case 'the same with full ICE agents, in the sandbox of the unit' own_calls_by_agents
}

preseed() {
    printf '%s\n' "visavis visavis/domain string $machine_name" "visavis visavis/secret password $secret" \
        'visavis visavis/certificate-type select selfsigned' 'visavis visavis/letsencrypt-email string' \
        'visavis visavis/https-port string 443' | machine debconf-set-selections
}

file_list() {
    machine find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/log \
        -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /repository -o -path '/var/tmp/systemd-private-*' \) -prune -o -print |
        sort >"$1"
}

installs() {
    local began
    file_list "$work/files.before"
    cp "$deb" "$machine/repository/" && preseed || return 1
    began=$(now_ms)
    machine apt-get install -q -y "/repository/$(basename "$deb")" >"$work/apt.log" 2>&1 ||
        { tail -n 30 "$work/apt.log"; return 1; }
    expect 'it serves' within 600 take_ca || return 1
    expect 'API and Call answer' within 300 serves || return 1
    echo "    from apt install to serving: $(($(now_ms) - began)) ms"
    expect 'within a minute' [ $(($(now_ms) - began)) -lt 60000 ]
}

system_runs() {
    expect 'running' within 100 system_is running || { machine systemctl --failed --no-pager; return 1; }
}

status_is_good() {
    local status
    machine visavis status >"$work/status" 2>&1
    status=$?
    expect "status says so ($status)" [ $status -eq 0 ] || { cat "$work/status"; return 1; }
    machine visavis status --json | node -e 'JSON.parse(require("fs").readFileSync(0, "utf8"))' || return 1
    machine visavis doctor >"$work/doctor" 2>&1
    status=$?
    expect "no false alarm of doctor ($status)" [ $status -eq 0 ] || { cat "$work/doctor"; return 1; }
}

secret_is_nowhere() {
    local bad=0
    machine journalctl -q --no-pager -o cat | grep -F "$secret" && bad=1
    # The pattern comes from a file: grep's own arguments are looked at, too.
    printf '%s' "$secret" >"$machine/run-pattern" && machine mv /run-pattern /run/pattern
    machine_shell 'grep -laF -f /run/pattern /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null' && bad=1
    machine_shell 'grep -rlF -f /run/pattern /var/cache/debconf /var/log' && bad=1
    # On the disk for root and the daemons alone.
    machine_shell "grep -rlF -f /run/pattern /etc /var/lib 2>/dev/null | xargs -r stat -c '%a %n'" | grep -v '^[0-7]*0 ' && bad=1
    machine rm /run/pattern
    expect 'nowhere' [ $bad -eq 0 ]
}

call_over_https() {
    call_start || return 1
    sleep 3
    call_was_untouched
    local status=$?
    call_end
    return $status
}

# own_call COMMAND...: what it says is shown when it fails.
own_call() {
    machine "$@" >"$work/own-call" 2>&1 || { cat "$work/own-call"; return 1; }
}

own_calls() {
    expect 'a call' own_call visavis test || return 1
    expect 'over TCP to TURN' own_call visavis test --path turn-tcp || return 1
    expect 'all ways' own_call visavis doctor media
}

own_calls_by_agents() {
    local status=0
    machine visavis config set MEDIA_ICE=agent >/dev/null && machine systemctl restart visavis.target || return 1
    expect 'it serves' within 300 serves && expect 'a call' own_call visavis test || status=1
    machine visavis config set MEDIA_ICE=lite >/dev/null && machine systemctl restart visavis.target || return 1
    expect 'it serves again' within 300 serves && return $status
}

memory_is_small() {
    local total=0 d pid pss
    for d in visavis-signaling visavis-media visavis-turn visavis-call; do
        pid=$(pid_of $d) || { echo "    $d does not run"; return 1; }
        pss=$(machine awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
        echo "    $d: $pss KiB"
        total=$((total + pss))
    done
    echo "    our daemons together: $total KiB PSS"
    expect 'at most 25 MiB' [ $total -le 25600 ]
}
