# What the tests of a machine share. Sourced by machine.sh.

expect() {
    local what=$1
    shift
    if "$@"; then return 0; fi
    echo "    not so: $what"
    return 1
}

test_case() {
    local name=$1 function=$2 began=$SECONDS
    if [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $function "* ]] && [ "${3-}" != needed ]; then return 0; fi
    if $function; then
        passed=$((passed + 1))
        echo "ok      $name ($((SECONDS - began)) s)"
    else
        failed=$((failed + 1))
        echo "FAILED  $name ($((SECONDS - began)) s)"
        machine journalctl -q --no-pager -n 25 -o short-monotonic -u 'visavis*' -u nginx 2>/dev/null | sed 's/^/    | /'
    fi
}

# Runs a command until it succeeds, for at most so many tenths of a second.
within() {
    local tenths=$1
    shift
    for _ in $(seq "$tenths"); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}

now_ms() {
    echo $(($(date +%s%N) / 1000000))
}

# The daemons' process ids, a line each.
daemons="visavis-signaling visavis-media visavis-turn visavis-call visavis-redis"
# Of a unit that does not run: nothing, and not systemd's 0, which to kill means a whole process group.
pid_of() {
    local pid
    pid=$(machine systemctl show -P MainPID "$1")
    [ "${pid:-0}" -gt 0 ] && echo "$pid"
}
pids() {
    local d
    for d in $daemons; do echo "$d $(pid_of "$d")"; done
}

system_is() {
    [ "$(machine systemctl is-system-running)" = "$1" ]
}

# A field of one unit as status tells it: unit_says turn restarts
unit_says() {
    machine visavis status --json | node -e '
        const all = JSON.parse(require("fs").readFileSync(0, "utf8")).units;
        console.log((Array.isArray(all) ? all.find((u) => u.unit === process.argv[1] || u.name === process.argv[1]) : all[process.argv[1]])[process.argv[2]]);' "$1" "$2"
}

https_port=443
secret=Fresh-machine-secret-0123456789

# HTTPS from the client as a browser does it: the name checked, the machine's own CA alone trusted.
fetch() {
    client curl -s -m 10 --cacert "$work/ca.crt" "$@"
}
code() {
    fetch -o /dev/null -w '%{http_code}' "$@"
}
url() {
    [ $https_port -eq 443 ] && echo "https://$machine_name$1" || echo "https://$machine_name:$https_port$1"
}
serves() {
    [ "$(code -u "OPENVIDUAPP:$secret" "$(url /openvidu/api/config)")" = 200 ] && [ "$(code "$(url /)")" = 200 ]
}
serial() {
    client openssl s_client -connect "$machine_address:$https_port" -servername $machine_name </dev/null 2>/dev/null |
        openssl x509 -noout -serial
}

# Chromium has had its database in two places.
trust_none() {
    local db
    rm -rf "$work/home"
    : >"$work/ca.crt"
    for db in .pki/nssdb .local/share/pki/nssdb; do
        mkdir -p "$work/home/$db"
        certutil -d "sql:$work/home/$db" -N --empty-password
    done
}

# One more that the browser and fetch trust.
trust() {
    local db
    for db in .pki/nssdb .local/share/pki/nssdb; do
        certutil -d "sql:$work/home/$db" -A -t C,, -n "$(basename "$1")" -i "$1"
    done
    cat "$1" >>"$work/ca.crt"
}

take_ca() {
    client curl -s -k -m 10 -o "$work/own-ca.crt" "$(url /openvidu/ca.crt)" &&
        grep -q 'BEGIN CERTIFICATE' "$work/own-ca.crt" && trust_none && trust "$work/own-ca.crt"
}

# set_key KEY VALUE: as an operator edits .env; KEY= empty puts the line back into a comment.
set_key() {
    machine sed -i -E "s|^#? ?$1=.*|$1=$2|; " /etc/visavis/.env
    machine grep -q "^$1=" /etc/visavis/.env || machine_shell "echo '$1=$2' >>/etc/visavis/.env"
}

# ---- two people in a call ----

call_start() {
    local ready
    coproc CALLER { HOME=$work/home client node $here/caller.mjs "$(url '')" admin "$secret" "$@" 2>&1; }
    caller_pid=$CALLER_PID
    read -r -t 90 ready <&"${CALLER[0]}"
    [ "$ready" = playing ] && return 0
    echo "    no call: $ready"
    return 1
}

# One line of JSON about the call so far.
call_report() {
    local line
    echo report >&"${CALLER[1]}"
    read -r -t 20 line <&"${CALLER[0]}" && echo "$line"
}

call_end() {
    [ -n "$caller_pid" ] || return 0
    echo quit >&"${CALLER[1]}" 2>/dev/null
    wait "$caller_pid" 2>/dev/null
    caller_pid=
}

# Nothing was lost: pictures run, no socket closed, no connection went away.
call_was_untouched() {
    local report
    report=$(call_report)
    echo "    $report"
    node -e '
        const r = JSON.parse(process.argv[1]);
        const ok = r.socketsClosed === 0 && r.statesLost.length === 0 && r.longestPauseMs < 5000
            && r.playing.every((n) => n === 2) && r.problems.length === 0;
        process.exit(ok ? 0 : 1);' "$report"
}
