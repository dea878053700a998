#!/bin/sh
# Includes point one way: each module may use only those that its line names, and each library's
# headers are met in one place. usage: tests/includes.sh   (in the root of the sources)
set -u

# module: the modules it may include, all of them listed further up; so there are no cycles.
modules='
base:
files: base
codec: base
loop: base
conf: base
net: base loop
notify: base
store: base loop
http: base loop
web: base loop notify http
link: base loop codec
rtc: base loop codec
ice_agent: base loop codec
client: base files loop codec rtc http web ice_agent
daemon: base loop conf notify
certs: base files loop codec http conf
acme: base files loop codec http web certs
call: base loop codec conf notify web http daemon
signaling: base files loop codec conf notify store web http link daemon
media: base loop net codec conf notify link rtc ice_agent daemon
turn: base files loop net codec conf notify link rtc daemon
probe: base files loop client
text: base
host: base files
settings: base files codec store text host
nginx: base files host settings
firewall: base host
units: base files loop text host
apply: base files loop text host settings nginx units certs acme
acquire: base files loop text host settings nginx units apply certs acme
status: base files loop http text host settings nginx units apply acquire certs acme
trial: base files text host settings
doctor: base files codec loop http text host settings nginx firewall units apply acquire certs acme trial
cmd: base files loop notify text host settings nginx units apply status doctor acquire certs acme trial
installer: cmd
'

# header: the files, or folders, of the program that may include it
libraries='
microhttpd.h: services/common/web/
wslay/: services/common/web/
curl/: services/common/http/
libconfig.h: services/common/conf/
hiredis/: services/common/store/
systemd/sd-event.h: services/common/loop/
systemd/sd-daemon.h: services/common/notify/ services/common/loop/ installer/units/units.
systemd/sd-bus.h: installer/units/units.
systemd/sd-journal.h: installer/units/journal.
openssl/: services/common/base/crypto.c services/common/http/http.c services/common/rtc/ services/turn/tls services/turn/dtls certs/
srtp2/: services/common/rtc/
nice/: services/common/ice_agent/
glib: services/common/ice_agent/
gio/: services/common/ice_agent/
jansson.h: services/codec/jsonrpc. services/common/link/ services/client/ services/probe/ services/call/ services/signaling/ services/media/command.h services/turn/control. services/turn/api. certs/ installer/text/json. installer/firewall/ installer/trial/ installer/doctor/ installer/cmd/
'

# "file:line:#include ..." of the program, then what is wrong with it.
find services installer certs -name '*.[ch]' 2>/dev/null | sort | xargs grep -HnE '^#[ ]*include' |
    awk -v modules="$modules" -v libraries="$libraries" '
    function problem(what) {
        print file ":" line ": " header ": " what
        failed++
    }
    BEGIN {
        n = split(modules, rows, "\n")
        for (i = 1; i <= n; i++) {
            if (split(rows[i], words, /[: ]+/) == 0) continue
            if (rows[i] == "") continue
            for (j = 2; words[j] != ""; j++) {
                if (!(words[j] in known)) { print "tests/includes.sh: " words[1] " before " words[j]; failed++ }
                may[words[1], words[j]] = 1
            }
            known[words[1]] = 1
            delete words
        }
        n = split(libraries, rows, "\n")
        for (i = 1; i <= n; i++) {
            at = index(rows[i], ":")
            if (at) home[substr(rows[i], 1, at - 1)] = substr(rows[i], at + 2)
        }
    }
    {
        split($0, parts, ":")
        file = parts[1]; line = parts[2]; header = parts[3]
        sub(/^#[ ]*include[ ]*/, "", header)
        sub(/[ ]*(\/[\/*].*)?$/, "", header)
        total++
        module = file
        sub(/^services\//, "", module)
        sub(/^common\//, "", module)
        if (module ~ /^installer\/.*\//) sub(/^installer\//, "", module)
        sub(/^certs\/acme\//, "acme/", module)
        sub(/\/.*/, "", module)
        name = substr(header, 2, length(header) - 2)
        if (!(module in known)) problem("the module " module " is not in tests/includes.sh")
        if (header ~ /^</) {
            for (h in home) {
                if (index(name, h) != 1) continue
                ok = 0
                n = split(home[h], places, " ")
                for (i = 1; i <= n; i++) if (index(file, places[i]) == 1) ok = 1
                if (!ok) problem("belongs to " home[h])
            }
        } else {
            to = name
            sub(/\/.*/, "", to)
            if (name !~ /^[^\/]+\/[^\/]+$/ || !(to in known)) problem("is no \"module/header.h\"")
            else if (to != module && !((module, to) in may)) problem(module " may not use " to)
        }
    }
    END {
        if (total == 0) { print "tests/includes.sh: found no includes"; failed++ }
        if (failed) { print "0 passed, " failed " failed"; exit 1 }
        print "1 passed, 0 failed"
    }'
