#!/bin/bash
# Builds the packages and looks at them: what lint says, whether two builds are the same, and what
# install, upgrade, remove and purge do to a machine without a running systemd (a throw-away copy of
# this one). usage: sudo tests/system/packages.sh [build/<flavour> or --built]
# --built: the packages of an earlier run, not built again
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
passed=0
failed=0
version=$(sed -n 's/^#define VISAVIS_VERSION "\(.*\)"/\1/p' services/common/base/version.h)
arch=$(dpkg --print-architecture)

cleanup() {
    umount -q "$work/over" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

expect() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "FAILED $what"
    tail -n 40 "$work/log"
}

# ---- building ----

build() {
    make --no-print-directory "$@"
}

# The same archive, another folder, another time.
build_again() {
    local kind=$1 archive=$work/elsewhere/$(basename "$2")
    mkdir -p "$work/elsewhere"
    cp "$2" "$archive"
    TMPDIR=$work/elsewhere SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \
        faketime -f '+400d' "packaging/$kind/build.sh" "$archive" "$work/again"
}

same() {
    local f
    for f in "$@"; do
        cmp "$f" "$work/again/$(basename "$f")" || return 1
    done
}

same_archive() {
    cp "$1" "$work/first.tar.gz"
    faketime -f '+400d' make --no-print-directory dist && cmp "$1" "$work/first.tar.gz"
}

# ---- a copy of this machine ----

# Runs a script in it; what it changes stays until fresh_copy.
in_copy() {
    # shellcheck disable=SC2016 # expanded inside
    unshare --mount --fork bash -c '
        set -e
        work=$1
        mount -t overlay -o "lowerdir=/,upperdir=$work/over/up,workdir=$work/over/work" none "$work/over/root"
        mount -t proc proc "$work/over/root/proc"
        mount -t tmpfs tmpfs "$work/over/root/run"
        mkdir "$work/over/root/run/packages"
        mount --rbind /dev "$work/over/root/dev"
        cp -r "$work/packages/." "$work/over/root/run/packages/"
        exec chroot "$work/over/root" /bin/bash -euc "$2"' - "$work" "$1"
}

fresh_copy() {
    umount -q "$work/over" 2>/dev/null
    mkdir -p "$work/over"
    mount -t tmpfs tmpfs "$work/over" && mkdir "$work/over/up" "$work/over/work" "$work/over/root"
}

files="find /etc /usr /var /opt /srv -path '/var/tmp/*' -prune -o -path /var/log -prune -o -path /var/cache -prune -o -path /var/lib/dpkg -prune \
    -o -path /var/lib/apt -prune -o -path /var/backups -prune -o -print | sort"
preamble="export DEBIAN_FRONTEND=noninteractive; deb=/run/packages/visavis_${version}_$arch.deb
    newer=/run/packages/visavis_${version}+1_$arch.deb; env=/etc/visavis/.env"
preseed='debconf-set-selections <<END
visavis visavis/domain string calls.example.org
visavis visavis/secret password Preseeded-Secret-1
visavis visavis/https-port string 8443
END
'

deb_install="$preamble
$files >/tmp/before
$preseed
dpkg -i \$deb
grep -x DOMAIN_OR_PUBLIC_IP=calls.example.org \$env
grep -x OPENVIDU_SECRET=Preseeded-Secret-1 \$env
grep -x HTTPS_PORT=8443 \$env
[ \"\$(stat -c '%a %U' \$env)\" = '640 root' ]
! grep -r Preseeded-Secret /var/cache/debconf /var/lib/dpkg /var/log
[ -z \"\$(dpkg-query -W -f '\${Conffiles}' visavis)\" ]
id visavis-media; id -nG www-data | grep -w visavis-proxy
[ -L /etc/systemd/system/multi-user.target.wants/visavis.target ]"

deb_upgrade="$preamble
echo '# by the operator' >>\$env; sha256sum \$env >/tmp/sum
dpkg -i \$newer
sha256sum -c /tmp/sum"

deb_reconfigure="$preamble
debconf-set-selections <<END
visavis visavis/https-port string 9443
END
DEBCONF_RECONFIGURE=1 dpkg-reconfigure -f noninteractive visavis
grep -x '# by the operator' \$env
grep -x OPENVIDU_SECRET=Preseeded-Secret-1 \$env"

deb_remove="$preamble
echo x >/var/lib/visavis/certs/kept
mkdir -p /var/lib/visavis/conf/1
ln -s 1 /var/lib/visavis/conf/current
echo >/var/lib/visavis/conf/1/nginx-site.conf
ln -s /var/lib/visavis/conf/current/nginx-site.conf /etc/nginx/sites-enabled/visavis.conf
dpkg -r visavis
[ -e \$env ] && [ -e /var/lib/visavis/certs/kept ]
[ ! -L /etc/nginx/sites-enabled/visavis.conf ]"

deb_purge_keeps="$preamble
echo x >/var/lib/visavis/recordings/one
dpkg -P visavis
[ ! -e /etc/visavis ] && [ ! -e /var/lib/visavis/certs ] && [ -e /var/lib/visavis/recordings/one ]"

deb_purge_all="$preamble
dpkg -i \$deb
echo 'visavis visavis/purge-recordings boolean true' | debconf-set-selections
dpkg -P visavis
$files | diff /tmp/before -
! debconf-show visavis | grep ."

deb_no_answers="$preamble
dpkg -i \$deb 2>/run/said
grep -x DOMAIN_OR_PUBLIC_IP= \$env
grep -xE 'OPENVIDU_SECRET=[A-Za-z0-9]{32}' \$env"

deb_own_env="$preamble
mkdir -p /etc/visavis; echo MINE=1 >\$env
$preseed
dpkg -i \$deb
[ \"\$(cat \$env)\" = MINE=1 ]"

rpm_needs() {
    local named
    named=$(rpm -qp --requires "$1" | grep -vE '^(lib|rtld|rpmlib)|^/bin/(ba)?sh$' | sort -u | paste -s -d ' ')
    echo "requires: $named"
    [ "$named" = '/usr/bin/redis-server nginx nginx-mod-stream systemd' ]
}

# What it takes from libraries has to be in them.
rpm_libraries() {
    local so
    for so in $(rpm -qp --requires "$1" | sed -n 's/^\(lib[^(]*\)(.*/\1/p' | sort -u); do
        ldconfig -p | grep -qF "$so " || { echo "no $so"; return 1; }
    done
}

# A machine of the other kind, as far as the package can tell: nginx' user and folders.
rpm_cycle="rpm=\$(ls /run/packages/visavis-$version-*.rpm) newer=\$(ls /run/packages/visavis-$version+1-*.rpm)
mkdir -p /var/lib/rpm /etc/nginx/conf.d
rpm -i --nodeps \$rpm
rpm -V --nodeps visavis
env=/etc/visavis/.env
grep -xE 'OPENVIDU_SECRET=[A-Za-z0-9]{32}' \$env
id -nG nginx | grep -w visavis-proxy
id visavis-turn
echo '# by the operator' >>\$env; sha256sum \$env >/tmp/sum
rpm -U --nodeps \$newer
sha256sum -c /tmp/sum
ln -s /var/lib/visavis/conf/current/nginx-site.conf /etc/nginx/conf.d/visavis.conf
rpm -e visavis
[ ! -L /etc/nginx/conf.d/visavis.conf ] && [ -e \$env ] && [ ! -e /usr/bin/visavis ]"

# ---- all of it ----

umask 022
if [ "${1-}" != --built ]; then
    rm -rf build/packages
    expect 'make deb' build deb
    expect 'make rpm' build rpm
    expect 'make deb of a higher version' build deb VERSION="$version+1"
    expect 'make rpm of a higher version' build rpm VERSION="$version+1"
fi
deb=build/packages/visavis_${version}_$arch.deb
dbgsym=build/packages/visavis-dbgsym_${version}_$arch.deb
rpm=$(ls build/packages/visavis-"$version"-1*.rpm)
archive=build/dist/visavis-$version.tar.gz

if [ "${1-}" != --built ]; then
    expect 'the archive is reproducible' same_archive "$archive"
    expect 'deb, built again' build_again deb "$archive"
    expect 'the debs are the same' same "$deb" "$dbgsym"
    expect 'rpm, built again' build_again rpm "$archive"
    expect 'the rpms are the same' same "$rpm"
fi
expect 'lintian: no errors, no warnings' lintian --fail-on error,warning --tag-display-limit 0 \
    "build/packages/visavis_${version}_$arch.changes"
expect 'rpmlint: no errors' rpmlint -c packaging/rpm/rpmlint.toml "$rpm"
expect 'rpm needs what it should' rpm_needs "$rpm"
expect 'rpm needs libraries that there are' rpm_libraries "$rpm"

mkdir "$work/packages"
cp build/packages/*.deb build/packages/*.rpm "$work/packages/"
fresh_copy
expect 'deb: install with answers' in_copy "$deb_install"
expect 'deb: upgrade keeps .env' in_copy "$deb_upgrade"
expect 'deb: asked again' in_copy "$deb_reconfigure"
expect 'deb: remove keeps data, and unlinks the site' in_copy "$deb_remove"
expect 'deb: purge keeps recordings' in_copy "$deb_purge_keeps"
expect 'deb: purge of everything leaves nothing' in_copy "$deb_purge_all"
fresh_copy
expect 'deb: install without answers' in_copy "$deb_no_answers"
fresh_copy
expect 'deb: a .env that was there before' in_copy "$deb_own_env"
fresh_copy
expect 'rpm: install, upgrade, erase' in_copy "$rpm_cycle"

echo
dpkg-deb -f "$deb" Installed-Size Depends
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
