#!/bin/sh
# Visavis on a fresh machine: looks at it, builds the package (or takes one that lies beside this
# script), installs it with what it needs, asks the five questions, starts the server.
#
# usage: sudo installer/install.sh [OPTION...]
#   --domain NAME        name or IP address by which browsers reach this server
#   --secret-file FILE   password of the REST API; without it a random one is made
#   --certificate TYPE   selfsigned or owncert
#   --email ADDRESS      whom a certificate authority may write to
#   --https-port PORT    443
#   --unattended         ask nothing: what is not given gets its default
#   --package FILE       install this .deb or .rpm instead of building one
#   --no-start           install and configure, start nothing
#   --help               show this text
# A second run goes on where the first one failed; a configuration that is there is kept.

# All of it in one function, called in the last line: a download that was cut runs nothing.
main() {
    set -eu
    umask 022

    LOG=/var/log/visavis-install-$(date +%Y%m%d-%H%M%S).log
    BUILD_DEBIAN="build-essential pkgconf debhelper po-debconf libsystemd-dev libmicrohttpd-dev libwslay-dev
      libjansson-dev libcurl4-openssl-dev libssl-dev libconfig-dev libsrtp2-dev libhiredis-dev libnice-dev"
    BUILD_REDHAT="gcc make pkgconf rpm-build systemd-devel libmicrohttpd-devel wslay-devel jansson-devel libcurl-devel
      openssl-devel libconfig-devel libsrtp-devel hiredis-devel libnice-devel systemd-rpm-macros"

    parse_options "$@"
    [ "$(id -u)" -eq 0 ] || fail "run it with sudo: sudo $0"
    here=$(cd "$(dirname "$0")/.." && pwd)
    : >"$LOG"
    chmod 600 "$LOG"
    current='starting'
    trap 'on_exit $?' EXIT

    look_at_machine
    find_package
    [ -n "$package" ] || build_package
    install_package
    configure
    [ "$start" = no ] || start_server
    finish
}

usage() {
    sed -n '2,17s/^# \{0,1\}//p' "$0"
}

parse_options() {
    domain='' secret_file='' certificate='' email='' https_port='' unattended=no package='' start=yes
    while [ $# -gt 0 ]; do
        option=$1
        shift
        case $option in
        --unattended) unattended=yes; continue ;;
        --no-start) start=no; continue ;;
        -h | --help) usage; exit 0 ;;
        --domain | --secret-file | --certificate | --email | --https-port | --package) ;;
        *) usage >&2; fail "unknown option $option" ;;
        esac
        [ $# -gt 0 ] || fail "$option needs a value"
        case $option in
        --domain) domain=$1 ;;
        --secret-file) secret_file=$1 ;;
        --certificate) certificate=$1 ;;
        --email) email=$1 ;;
        --https-port) https_port=$1 ;;
        --package) package=$1 ;;
        esac
        shift
    done
    [ -z "$secret_file" ] || [ -r "$secret_file" ] || fail "--secret-file $secret_file: cannot be read"
    [ -z "$package" ] || [ -r "$package" ] || fail "--package $package: cannot be read"
}

step() {
    current=$1
    printf '==> %s\n' "$current"
    printf '==> %s\n' "$current" >>"$LOG"
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# What a command says goes into the log; the end of it is shown when the command fails.
quietly() {
    mark=$(wc -c <"$LOG")
    if ! "$@" >>"$LOG" 2>&1 </dev/null; then
        tail -c "+$((mark + 1))" "$LOG" | tail -n 15 >&2
        return 1
    fi
}

on_exit() {
    [ "$1" -eq 0 ] || printf 'install.sh: failed while %s (exit status %s).\n  The whole output is in %s; after mending it, run the same command again.\n' "$current" "$1" "$LOG" >&2
}

# ---- the machine ----

look_at_machine() {
    step 'looking at the machine'
    [ -r /etc/os-release ] || fail 'there is no /etc/os-release: which system is this?'
    family=$(. /etc/os-release && echo "${ID-} ${ID_LIKE-}")
    name=$(. /etc/os-release && echo "${PRETTY_NAME-$ID}")
    case " $family " in
    *' debian '* | *' ubuntu '*) family=debian ;;
    *' rhel '* | *' fedora '* | *' centos '*) family=redhat ;;
    *) fail "$name is not supported; Debian, Ubuntu and the RHEL family are" ;;
    esac
    case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fail "this is a $(uname -m) machine; x86_64 and aarch64 are supported" ;;
    esac
    need_free_kib / 600000 'to build and install'
    need_free_kib /var 200000 'for packages and the log'
    memory=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
    [ "$memory" -ge 400000 ] || printf '    only %s MiB of memory: enough for small calls\n' $((memory / 1024))
    [ "$(ps -p 1 -o comm= 2>/dev/null || cat /proc/1/comm)" = systemd ] && systemd=yes || systemd=no
    printf '    %s, %s, %s MiB of memory%s\n' "$name" "$(uname -m)" $((memory / 1024)) \
        "$([ $systemd = yes ] || echo ', systemd is not process 1')"
}

need_free_kib() {
    free=$(df -Pk "$1" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$2" ] || fail "only $((free / 1024)) MiB free in $1, $(($2 / 1024)) are needed $3"
}

# ---- the package ----

# One beside this script or in the tree above it, the newest of this system's kind.
find_package() {
    if [ -n "$package" ]; then return 0; fi
    case $family in
    debian) pattern="visavis_*_$(dpkg --print-architecture).deb" ;;
    redhat) pattern="visavis-[0-9]*.$(uname -m).rpm" ;;
    esac
    package=$(find "$here/installer" "$here" -maxdepth 1 -name "$pattern" 2>/dev/null | sort -V | tail -n 1)
    [ -z "$package" ] || printf '    using %s\n' "$package"
}

install_debian() {
    missing=
    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
    done
    [ -n "$missing" ] || return 0
    export DEBIAN_FRONTEND=noninteractive
    [ -n "${updated-}" ] || quietly apt-get update -q
    updated=yes
    # shellcheck disable=SC2086 # a list of words
    quietly apt-get install -q -y --no-install-recommends $missing
}

build_package() {
    [ -f "$here/Makefile" ] || fail "neither a package beside $0 nor the sources above it"
    step 'installing what the build needs'
    # The pages come ready-made in a release; from a repository they are built. Node.js may have come
    # from elsewhere, with an npm of its own that Debian's would conflict with.
    node=
    if [ ! -d "$here/prebuilt" ] && ! { command -v node && command -v npm; } >/dev/null; then node='nodejs npm'; fi
    # shellcheck disable=SC2086 # lists of words
    case $family in
    debian) install_debian $BUILD_DEBIAN $node ;;
    redhat) quietly dnf install -y $BUILD_REDHAT $node ;;
    esac
    step 'building the package'
    # A tree that another user owns is built by its owner: root must not leave files in it.
    owner=$(stat -c %U "$here")
    kind=$([ $family = debian ] && echo deb || echo rpm)
    if [ "$owner" = root ] || ! id "$owner" >/dev/null 2>&1; then
        quietly make -C "$here" -j"$(nproc)" "$kind"
    else
        quietly runuser -u "$owner" -- make -C "$here" -j"$(nproc)" "$kind"
    fi
    package=$(find "$here/build/packages" -maxdepth 1 -name "visavis[_-][0-9]*.$kind" | sort -V | tail -n 1)
    [ -n "$package" ] || fail "the build left no package in $here/build/packages"
}

install_package() {
    step "installing $(basename "$package")"
    case $family in
    debian)
        export DEBIAN_FRONTEND=noninteractive
        [ -n "${updated-}" ] || quietly apt-get update -q || printf "    the list of packages could not be renewed, going on with what is known\n"
        # apt's own user must be able to read it.
        cp "$package" /var/cache/apt/archives/
        quietly apt-get install -q -y --no-install-recommends --reinstall "/var/cache/apt/archives/$(basename "$package")"
        rm -f "/var/cache/apt/archives/$(basename "$package")"
        ;;
    redhat) quietly dnf install -y "$package" ;;
    esac
}

# ---- configuration and start ----

configure() {
    step 'configuring'
    set --
    [ -z "$domain" ] || set -- "$@" --domain "$domain"
    [ -z "$secret_file" ] || set -- "$@" --secret-file "$secret_file"
    [ -z "$certificate" ] || set -- "$@" --certificate "$certificate"
    [ -z "$email" ] || set -- "$@" --email "$email"
    [ -z "$https_port" ] || set -- "$@" --https-port "$https_port"
    if [ "$unattended" = yes ] || [ ! -t 0 ]; then set -- "$@" --unattended; fi
    visavis setup --no-start "$@"
}

start_server() {
    step 'starting'
    if [ "$systemd" = yes ]; then
        systemctl enable --quiet visavis.target
        FOLLOW_OPENVIDU_LOGS=false visavis start
    else
        visavis run --detach
    fi
}

finish() {
    current='looking at the result'
    trap - EXIT
    [ "$start" = yes ] || { printf '\nInstalled. Start it with: sudo visavis start\n'; return 0; }
    printf '\n==> what `visavis doctor` says\n'
    visavis doctor || printf '    Mend what it names; `sudo visavis doctor` looks again.\n'
    printf '\n==> a call through the server, by `visavis test`\n'
    visavis test || printf '    Mend what it names; `sudo visavis test` tries again.\n'
}

main "$@"
