#!/bin/sh
# The rpm package of a source archive, without network.
# usage: SOURCE_DATE_EPOCH=... packaging/rpm/build.sh ARCHIVE FOLDER
set -eu
archive=$(realpath "$1")
mkdir -p "$2"
to=$(realpath "$2")
version=$(basename "$archive" .tar.gz)
version=${version#visavis-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

mkdir -p "$work/SOURCES" "$work/sources"
cp "$archive" "$work/SOURCES/"
tar -xzf "$archive" -C "$work/sources" --strip-components=1
sed "s/@VERSION@/$version/g; s/@DATE@/$(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')/" \
    "$work/sources/packaging/rpm/visavis.spec" >"$work/visavis.spec"
# Where rpm knows no packages (Debian), it cannot tell whether what the build needs is there.
nodeps=
[ -n "$(rpm -qa 2>/dev/null | head -n 1)" ] || nodeps=--nodeps
rpmbuild -bb $nodeps --define "_topdir $work" "$work/visavis.spec" >"$work/log" 2>&1 || {
    tail -n 60 "$work/log" >&2
    exit 1
}
find "$work/RPMS" -name '*.rpm' -exec mv -t "$to" {} +
cd "$to"
ls visavis-"$version"-*.rpm
