# Machines to test on: a Debian root booted by systemd-nspawn with systemd as process 1, in a network
# namespace of its own, and a second namespace beside it for the browser. Sourced by tests.
#
#   machine_base SUITE           makes (once) the root with visavis's dependencies, sets $base
#   machine_boot NAME            boots the copy in $machine; machine_stop ends it
#   machine COMMAND...           runs in it; client COMMAND... runs in the browser's namespace
#
# Addresses: the machine is 10.98.0.2 (meet.visavis.test), the client 10.98.0.1.

machine_folder=${MACHINE_FOLDER:-/var/tmp/visavis-machines}
machine_address=10.98.0.2
client_address=10.98.0.1
machine_name=meet.visavis.test
nspawn_pid=
leader=

# What an operator's machine has before ours comes: the packages we depend on, and what the tests use in it.
machine_packages="systemd,systemd-sysv,dbus,sudo,passwd,apt,iproute2,procps,ca-certificates,debconf,openssl,curl,nftables"
machine_dependencies="nginx,libnginx-mod-stream,redis-tools,libmicrohttpd12,libwslay1,libjansson4,libcurl4,libssl3,libconfig9,libsrtp2-1,libhiredis0.14,libnice10"

machine_build_packages="build-essential,pkgconf,debhelper,po-debconf,libsystemd-dev,libmicrohttpd-dev,libwslay-dev,libjansson-dev,libcurl4-openssl-dev,libssl-dev,libconfig-dev,libsrtp2-dev,libhiredis-dev,libnice-dev"

# The archive this machine itself installs from.
machine_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v -i security | head -n 1
}

machine_base() {
    local suite=$1 list mirror key
    mkdir -p "$machine_folder" || return 1
    case $suite in
    bookworm) list="$machine_packages,$machine_dependencies" ;;
    *) # there some of them have other names, mostly by the 64-bit time_t transition
        list="$machine_packages,$(sed 's/libmicrohttpd12,/libmicrohttpd12t64,/; s/libcurl4,/libcurl4t64,/; s/libssl3,/libssl3t64,/; s/libconfig9,/libconfig11,/; s/libhiredis0.14/libhiredis1.1.0/' <<<"$machine_dependencies")" ;;
    esac
    key=$(sha256sum <<<"$suite $list" | cut -c1-12)
    base=$machine_folder/$suite-$key.tar
    [ -f "$base" ] && return 0
    mirror=$(machine_mirror)
    mmdebstrap --format=tar --variant=apt --include="$list" "$suite" "$base.part" "$mirror" >"$base.log" 2>&1 ||
        { tail -n 20 "$base.log"; return 1; }
    mv "$base.part" "$base"
}

# What the browser is driven with.
machine_browser() {
    (cd tests/e2e && { [ -d node_modules ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] ||
        npm ci --no-audit --no-fund --loglevel=error; })
}

# Two namespaces joined by a cable. Names carry our process id, so that two runs do not meet.
machine_net_up() {
    server_ns=vv-machine-$$
    client_ns=vv-client-$$
    machine_net_down
    machine_allow_buffers
    ip netns add "$server_ns" && ip netns add "$client_ns" || return 1
    ip -n "$server_ns" link add host0 type veth peer name host0 netns "$client_ns"
    ip -n "$server_ns" addr add $machine_address/24 dev host0
    ip -n "$client_ns" addr add $client_address/24 dev host0
    ip -n "$server_ns" link set host0 up && ip -n "$server_ns" link set lo up
    ip -n "$client_ns" link set host0 up && ip -n "$client_ns" link set lo up
    mkdir -p "/etc/netns/$client_ns"
    printf '127.0.0.1 localhost\n%s %s www.%s\n' $machine_address $machine_name $machine_name >"/etc/netns/$client_ns/hosts"
}

# The largest socket buffers are the kernel's, not a container's: the machine's sysctl.d file cannot
# raise them here, so we do.
machine_allow_buffers() {
    local key
    for key in net.core.rmem_max net.core.wmem_max; do
        [ "$(sysctl -n $key)" -ge 8388608 ] || sysctl -q -w $key=8388608
    done
}

machine_net_down() {
    ip netns del "$server_ns" 2>/dev/null
    ip netns del "$client_ns" 2>/dev/null
    rm -rf "/etc/netns/$client_ns"
}

# Unpacks the base into a new machine and gives it the packages in a folder as its one repository.
machine_new() {
    local name=$1 packages=$2
    machine=$machine_folder/run-$name-$$
    rm -rf "$machine"
    mkdir -p "$machine" && tar -C "$machine" -xf "$base" || return 1
    echo "$name" >"$machine/etc/hostname"
    printf '127.0.0.1 localhost\n::1 localhost\n%s %s\n' $machine_address $machine_name >"$machine/etc/hosts"
    : >"$machine/etc/resolv.conf"
    rm -f "$machine"/etc/apt/sources.list "$machine"/etc/apt/sources.list.d/* "$machine"/etc/apt/apt.conf.d/99*
    mkdir -p "$machine/repository"
    [ -z "$packages" ] || cp "$packages"/*.deb "$machine/repository/"
    (cd "$machine/repository" && apt-ftparchive packages . >Packages)
    echo 'deb [trusted=yes] file:/repository ./' >"$machine/etc/apt/sources.list.d/repository.list"
}

# Process 1 of the machine: systemd-nspawn has other children for a moment.
find_leader() {
    local pid
    leader=
    for pid in $(pgrep -P "$nspawn_pid"); do
        if awk '$1 == "NSpid:" && NF == 3 && $3 == 1 { found = 1 } END { exit !found }' "/proc/$pid/status" 2>/dev/null; then leader=$pid; fi
    done
    [ -n "$leader" ]
}

machine_boot() {
    mkdir -p /run/systemd/nspawn
    # Its own kernel settings of the network are the machine's to change.
    SYSTEMD_NSPAWN_API_VFS_WRITABLE=network systemd-nspawn -q -D "$machine" -M "visavis-$$" --register=no --keep-unit --boot --resolv-conf=off --timezone=off \
        --network-namespace-path="/run/netns/$server_ns" </dev/null >"$machine.console" 2>&1 &
    nspawn_pid=$!
    leader=
    local i state
    for i in $(seq 300); do
        if [ -n "$leader" ] || find_leader; then
            state=$(machine systemctl is-system-running 2>/dev/null)
            case $state in running | degraded) return 0 ;; esac
        fi
        kill -0 "$nspawn_pid" 2>/dev/null || break
        sleep 0.2
    done
    echo "the machine did not boot (${state:-no answer}):"
    tail -n 30 "$machine.console"
    return 1
}

# Orderly, as an operator's `poweroff`; hard when it does not obey.
machine_stop() {
    [ -n "$nspawn_pid" ] || return 0
    machine systemctl --no-block poweroff >/dev/null 2>&1
    for _ in $(seq 100); do
        kill -0 "$nspawn_pid" 2>/dev/null || break
        sleep 0.2
    done
    machine_cut
}

# As when the power fails.
machine_cut() {
    kill -KILL "$leader" "$nspawn_pid" 2>/dev/null
    wait "$nspawn_pid" 2>/dev/null
    nspawn_pid= leader=
}

machine() {
    nsenter -t "$leader" -m -u -i -n -p -C --root -- /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive /bin/sh -c 'cd / && exec "$@"' sh "$@"
}

machine_shell() {
    machine /bin/sh -c "$1"
}

client() {
    ip netns exec "$client_ns" "$@"
}

machine_drop() {
    machine_stop
    rm -rf "$machine" "$machine.console"
}

machine_remove() {
    machine_drop
    machine_net_down
}

# The packages of both archives, built in a root of another suite, without a network.
machine_build_in_root() {
    local suite=$1 out=$2 root=$machine_folder/build-$1-$$ archive
    machine_packages=apt machine_dependencies=$machine_build_packages machine_base "$suite" || return 1
    mkdir -p "$root" && tar -C "$root" -xf "$base" || return 1
    for archive in build/dist/visavis-*.tar.gz; do
        mkdir -p "$root/src/$archive" "$root/packages"
        cp "$archive" "$root/src/"
        tar -C "$root/src/$archive" --strip-components=1 -xzf "$archive"
        systemd-nspawn -q -D "$root" -M "build-$$" --register=no --keep-unit --as-pid2 --private-network --resolv-conf=off --timezone=off \
            /bin/sh -c "cd '/src/$archive' && SOURCE_DATE_EPOCH=\$(cat prebuilt/date) packaging/deb/build.sh '/src/$(basename "$archive")' /packages" \
            </dev/null >>"$out/log" 2>&1 || { tail -n 30 "$out/log"; rm -rf "$root"; return 1; }
    done
    cp "$root"/packages/*.deb "$out/"
    rm -rf "$root"
}

# The package for a suite and one of a higher version, built there: $deb, $deb_next.
machine_packages_of() {
    local out=$machine_folder/packages-$1
    rm -rf "$out" build/dist
    mkdir -p "$out"
    next_version=99.0
    if [ "$1" = "$(. /etc/os-release && echo "$VERSION_CODENAME")" ]; then
        make --no-print-directory deb PACKAGES="$out" >"$out/log" 2>&1 &&
            make --no-print-directory deb VERSION=$next_version PACKAGES="$out" >>"$out/log" 2>&1 || { tail -n 30 "$out/log"; return 1; }
    else
        make --no-print-directory dist >"$out/log" 2>&1 && make --no-print-directory dist VERSION=$next_version >>"$out/log" 2>&1 &&
            machine_build_in_root "$1" "$out" || { tail -n 30 "$out/log"; return 1; }
        machine_base "$1"
    fi
    deb=$(find "$out" -name 'visavis_*.deb' ! -name "visavis_$next_version*" | sort -V | tail -n 1)
    deb_next=$(find "$out" -name "visavis_$next_version*.deb" | tail -n 1)
    [ -n "$deb" ] && [ -n "$deb_next" ]
}
