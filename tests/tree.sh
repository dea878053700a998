#!/bin/sh
# What lies at the top of the sources is what belongs there: no core, log or folder that somebody's tool
# left behind was committed. usage: tests/tree.sh   (in the root of the sources)
set -u

known='.ci .clang-format .clang-tidy .editorconfig .gitignore LICENSE Makefile README.md certs env installer
packaging services tests units'

# A source archive is made of what is tracked, and says no more about that.
if [ ! -e .git ]; then
    echo '1 passed, 0 failed'
    exit 0
fi

git -c safe.directory="$PWD" ls-files | cut -d / -f 1 | sort -u | awk -v known="$known" '
    BEGIN {
        n = split(known, names, /[ \n]+/)
        for (i = 1; i <= n; i++) may[names[i]] = 1
    }
    {
        total++
        if (!($0 in may)) { print $0 ": tests/tree.sh does not know it"; failed++ }
    }
    END {
        if (total == 0) { print "tests/tree.sh: found no files"; failed++ }
        if (failed) { print "0 passed, " failed " failed"; exit 1 }
        print "1 passed, 0 failed"
    }'
