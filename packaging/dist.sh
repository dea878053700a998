#!/bin/sh
# The source archive: what git has (or, in such an archive, everything), with the pages built.
# usage: SOURCE_DATE_EPOCH=... packaging/dist.sh build/<flavour> VERSION ARCHIVE
set -eu
out=$1
version=$2
archive=$3
name=visavis-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

files() {
    if [ -e .git ]; then
        git ls-files -z
    else
        find . -path ./build -prune -o -path ./prebuilt -prune -o ! -type d -printf '%P\0'
    fi
}

mkdir -p "$work/$name/prebuilt/call" "$(dirname "$archive")"
files | tar --null --no-recursion -T - -cf - | tar -xf - -C "$work/$name"
cp "$out"/share/call/* "$work/$name/prebuilt/call/"
cp "$out/doc/third-party.txt" "$work/$name/prebuilt/"
echo "$SOURCE_DATE_EPOCH" >"$work/$name/prebuilt/date"
sed -i "s/^\(#define VISAVIS_VERSION\) .*/\1 \"$version\"/" "$work/$name/services/common/base/version.h"

tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX \
    --format=ustar -C "$work" -cf - "$name" | gzip -9n >"$archive.new"
mv "$archive.new" "$archive"
