# What breaks comes back, and says so.

run_failures() {
    test_case 'kill -9 of each daemon: back within a second, and told' killed_daemons
    test_case 'signaling restarted and killed under a call: media runs on, nobody has left' signaling_restarted
    test_case 'a crash loop ends in a stated degraded state, and heals' crash_loop
    test_case 'a visitor sees a page of ours while a daemon is away' away_page
    test_case 'reboot with a wrong .env: the last good one serves, loudly' reboot_with_wrong_env
}

has_new_pid() {
    local pid
    pid=$(pid_of "$1") && [ "$pid" != "$2" ] && [ "$(machine systemctl is-active "$1")" = active ]
}

# The time is the manager's: from the kill to what it took for ready.
killed_daemons() {
    local d pid killed up bad=0
    for d in $daemons; do
        pid=$(pid_of "$d") || { echo "    $d does not run"; bad=1; continue; }
        killed=$(machine_shell "cut -d' ' -f1 /proc/uptime; kill -KILL $pid")
        within 300 has_new_pid "$d" "$pid" || { echo "    $d did not come back"; bad=1; continue; }
        up=$(machine systemctl show -P ActiveEnterTimestampMonotonic "$d")
        awk -v up="$up" -v killed="$killed" -v d="$d" 'BEGIN { printf "    %s is back after %d ms\n", d, up / 1000 - killed * 1000 }'
        [ "$(unit_says "${d#visavis-}" restarts)" -gt 0 ] || { echo "    status does not tell the restart of $d"; bad=1; }
    done
    expect 'all are back, and status tells' [ $bad -eq 0 ] && expect 'it serves' within 100 serves
}

# Who is in which session, who publishes and who watches what: ids alone. Who publishes nothing may
# be of a call before, and about to be given up.
who_is_there() {
    fetch -u "OPENVIDUAPP:$secret" "$(url /openvidu/api/sessions)" | node -e '
        const all = JSON.parse(require("fs").readFileSync(0, "utf8"));
        const going = all.content.filter((s) => s.connections.content.some((c) => c.publishers.length > 0));
        console.log(JSON.stringify(going.map((s) => [s.id, s.createdAt, s.connections.content.map((c) =>
            [c.id, c.activeAt, c.publishers.map((p) => p.streamId), c.subscribers.map((x) => x.streamId)])])));'
}

# How often the pages have connected to signaling.
sockets_opened() {
    local report
    report=$(call_report)
    node -e 'process.exit(JSON.parse(process.argv[1]).socketsOpened >= process.argv[2] ? 0 : 1)' "$report" "$1"
}

signaling_restarted() {
    local before report status=0
    call_start || return 1
    before=$(who_is_there)
    machine systemctl restart visavis-signaling || status=1
    expect 'both come back after the restart' within 300 sockets_opened 4 || status=1
    machine systemctl kill -s KILL visavis-signaling
    expect 'and after kill -9' within 300 sockets_opened 6 || status=1
    sleep 12 # longer than the grace period
    expect 'the same people, streams and subscriptions' [ "$(who_is_there)" = "$before" ] || { echo "    $before"; who_is_there; status=1; }
    report=$(call_report)
    echo "    $report"
    expect 'media was never interrupted' node -e '
        const r = JSON.parse(process.argv[1]);
        process.exit(r.statesLost.length === 0 && r.longestPauseMs < 5000 && r.playing.every((n) => n === 2) ? 0 : 1);' "$report" || status=1
    call_end
    return $status
}

is_degraded() {
    [ "$(machine systemctl is-failed visavis-turn)" = failed ] && machine test -e /run/visavis/degraded/visavis-turn.service
}

crash_loop() {
    local status
    machine_shell 'mkdir -p /run/systemd/system/visavis-turn.service.d && printf "[Service]\nExecStart=\nExecStart=/bin/false\n" >/run/systemd/system/visavis-turn.service.d/99-test.conf && systemctl daemon-reload' && machine kill -KILL "$(pid_of visavis-turn)"
    expect 'it is given up' within 300 is_degraded || { machine systemctl status --no-pager visavis-turn; return 1; }
    machine visavis status >"$work/status" 2>&1
    status=$?
    expect "status tells by its exit ($status)" [ $status -eq 3 -o $status -eq 4 ] && expect 'and in words' grep -qi degraded "$work/status" || { cat "$work/status"; return 1; }
    expect 'the rest serves' serves || return 1
    machine_shell 'rm -r /run/systemd/system/visavis-turn.service.d/99-test.conf && systemctl daemon-reload'
    expect 'it heals by itself' within 900 machine systemctl is-active visavis-turn &&
        expect 'and is degraded no more' within 400 machine test ! -e /run/visavis/degraded/visavis-turn.service &&
        { expect 'status is well' within 50 machine visavis status || { machine visavis status; return 1; }; }
}

away_page() {
    local status
    machine systemctl stop visavis-call.socket visavis-call.service
    status=$(code "$(url /)")
    fetch "$(url /)" >"$work/page"
    machine systemctl start visavis-call.socket visavis-call.service
    expect "502 or 503 ($status)" [ "$status" = 502 -o "$status" = 503 ] &&
        expect 'a page of ours' grep -qi '<title>' "$work/page" && expect 'not of nginx' [ -z "$(grep -i 'nginx' "$work/page")" ] &&
        expect 'back' within 100 serves
}

has_ended() {
    ! kill -0 "$nspawn_pid"
}

reboot_with_wrong_env() {
    machine cp -a /etc/visavis/.env /etc/visavis/.env.good
    set_key HTTPS_PORT none
    machine systemctl --no-block poweroff
    expect 'it goes down, nothing waits for itself' within 190 has_ended || return 1
    machine_stop
    machine_boot >/dev/null || return 1
    expect 'it serves' within 200 serves || return 1
    expect 'loudly: the system is degraded' [ "$(machine systemctl is-system-running)" = degraded ] || return 1
    machine visavis status >"$work/status" 2>&1
    expect 'status is not well' [ $? -ne 0 ] && expect 'and says why' grep -q HTTPS_PORT "$work/status" || { cat "$work/status"; return 1; }
    machine mv /etc/visavis/.env.good /etc/visavis/.env
    expect 'mended' machine systemctl restart visavis.target && expect 'running' within 300 system_is running
}
