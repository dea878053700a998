# Upgrade, remove, purge.

run_removal() {
    test_case 'an upgrade keeps .env byte for byte and serves' upgrades
    test_case 'remove keeps data and certificates' removes
    test_case 'purge leaves no file behind' purges
}

upgrades() {
    local before
    before=$(machine sha256sum /etc/visavis/.env)
    cp "$deb_next" "$machine/repository/"
    machine apt-get install -q -y "/repository/$(basename "$deb_next")" >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log"; return 1; }
    expect 'the file is the same' [ "$(machine sha256sum /etc/visavis/.env)" = "$before" ] &&
        expect 'it serves' within 200 serves &&
        expect 'the new version' machine_shell "visavis version | grep -q '$next_version'" &&
        expect 'running' within 100 system_is running
}

removes() {
    machine apt-get remove -q -y visavis >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log"; return 1; }
    expect "nothing of ours runs" [ -z "$(machine pgrep -af '^/usr/lib/visavis/')" ] &&
        expect 'settings are kept' machine test -s /etc/visavis/.env &&
        expect 'certificates are kept' machine test -d /var/lib/visavis/certs &&
        expect 'nginx is well' machine nginx -t -q && expect 'and runs' machine systemctl is-active -q nginx
}

purges() {
    machine apt-get purge -q -y visavis >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log"; return 1; }
    file_list "$work/files.after"
    expect 'the same files as before' diff "$work/files.before" "$work/files.after"
}
