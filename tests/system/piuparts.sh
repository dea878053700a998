#!/bin/bash
# Installs and purges the Debian package in a fresh system with its dependencies, and looks for what
# is left behind. usage: sudo tests/system/piuparts.sh
# That system is PIUPARTS_BASE, a .tar.gz; without it mmdebstrap makes one of this release, in
# build/, and uses it again the next time that the same packages are needed.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^#define VISAVIS_VERSION "\(.*\)"/\1/p' services/common/base/version.h)
deb=build/packages/visavis_${version}_$(dpkg --print-architecture).deb
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$VERSION_CODENAME")

end() {
    [ "$1" -eq 0 ] || tail -n 40 "$work/log"
    if [ "$1" -eq 0 ]; then echo '1 passed, 0 failed'; else echo '0 passed, 1 failed'; fi
    exit "$1"
}

[ -e "$deb" ] || make --no-print-directory deb >"$work/log" 2>&1 || end 1
# The first of each group of alternatives, without versions.
needs=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/|.*//; s/(.*//' | tr -d ' ' | paste -s -d ,)
base=${PIUPARTS_BASE-build/base-$release-$(cksum <<<"$needs" | cut -d ' ' -f 1).tar.gz}
if [ ! -e "$base" ]; then
    mmdebstrap --variant=important --include="$needs" "$release" "$base" >"$work/log" 2>&1 || end 1
fi
# apt leaves the folder in which debconf asks before an installation.
piuparts --ignore-regex='^/var/cache/debconf/tmp[.]ci/?$' --basetgz="$base" --distribution="$release" --keep-sources-list --no-eatmydata \
    --do-not-verify-signatures --log-file="$work/log" "$deb" >/dev/null
end $?
