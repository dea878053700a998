#!/bin/sh
# Visavis on a fresh Debian 12 or 13: installs what is needed, builds, installs below /usr/local and
# starts `visavis dev` as the user who called sudo.
#
# usage: sudo installer/install.sh [--no-start] [--help]
# Settings for the start go in front: sudo HTTPS_PORT=4500 installer/install.sh
set -eu
umask 022 # what is installed is for everybody

PREFIX=${PREFIX:-/usr/local}
DEPENDENCIES="gcc make libc6-dev pkg-config libsystemd-dev libmicrohttpd-dev libwslay-dev libjansson-dev
  libcurl4-openssl-dev libssl-dev libconfig-dev libsrtp2-dev"
# Node.js may have come from elsewhere, with an npm of its own that Debian's would conflict with.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    DEPENDENCIES="$DEPENDENCIES nodejs npm"
fi

step() {
    current=$1
    printf '==> %s\n' "$current"
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# Says which step it was when a command fails.
current='starting'
trap 'status=$?; [ $status -eq 0 ] || printf "install.sh: failed while %s (exit status %s)\n" "$current" "$status" >&2' EXIT

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$0"
}

start=yes
for option in "$@"; do
    case $option in
    --no-start) start=no ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown option $option" ;;
    esac
done

cd "$(dirname "$0")/.."

current='checking the machine'
[ "$(id -u)" -eq 0 ] || fail "run it with sudo: sudo installer/install.sh"
command -v apt-get >/dev/null || fail "this is not a Debian system (no apt-get); Debian 12 and 13 are supported"

# Builds and runs as the user behind sudo; a root shell without one uses nobody for running.
builder=${SUDO_USER:-root}
runner=${SUDO_USER:-nobody}
[ "$runner" != root ] || runner=nobody
as() {
    user=$1
    shift
    if [ "$user" = root ]; then "$@"; else runuser -u "$user" -- "$@"; fi
}

step 'installing dependencies'
export DEBIAN_FRONTEND=noninteractive
missing=
for package in $DEPENDENCIES; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    apt-get install -q -y --no-install-recommends $missing
fi

step 'building'
# A tree that another user owns is built by its owner: sudo must not leave root's files in it.
owner=$(stat -c %U .)
[ "$owner" = "$builder" ] || builder=$owner
id "$builder" >/dev/null 2>&1 || builder=root
as "$builder" make -j"$(nproc)"

step "installing below $PREFIX"
make install PREFIX="$PREFIX"

if [ "$start" = no ]; then
    printf '\nDone. Start it with: visavis dev\n'
    exit 0
fi
current='running visavis dev'
step "starting visavis dev as $runner"
[ "$runner" != nobody ] || unset XDG_RUNTIME_DIR
cd /
trap - EXIT
if [ "$runner" = root ]; then exec "$PREFIX/bin/visavis" dev; fi
exec runuser -u "$runner" -- "$PREFIX/bin/visavis" dev
