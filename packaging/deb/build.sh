#!/bin/sh
# Debian packages of a source archive, without network.
# usage: SOURCE_DATE_EPOCH=... packaging/deb/build.sh ARCHIVE FOLDER
set -eu
archive=$(realpath "$1")
mkdir -p "$2"
to=$(realpath "$2")
version=$(basename "$archive" .tar.gz)
version=${version#visavis-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

tar -xzf "$archive" -C "$work"
cd "$work/visavis-$version"
cp -R packaging/deb/debian debian
{
    echo "visavis ($version) unstable; urgency=medium"
    echo
    echo "  * Version $version."
    echo
    echo " -- $(sed -n 's/^Maintainer: //p' debian/control)  $(date -uR -d "@$SOURCE_DATE_EPOCH")"
} >debian/changelog
dpkg-buildpackage --build=binary --no-sign -j"$(nproc)" >"$work/log" 2>&1 || {
    tail -n 60 "$work/log" >&2
    exit 1
}
mv ../*.deb ../*.changes ../*.buildinfo "$to/"
cd "$to"
ls visavis_"$version"_*.deb visavis-dbgsym_"$version"_*.deb
