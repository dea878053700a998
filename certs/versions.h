/* versions.h: numbered folders below one, and a link to the one in force.
 *
 * A version is written beside, gets its number by one rename when it is whole, and comes into force
 * by another one of the link. So after a kill at any moment the link leads to a whole version, the
 * old one or the new one; what was left half done is cleared away by the next that is put. */
#pragma once

#include "files/files.h"

#include <limits.h>

struct versions {
    const char *base;          /* folder of the link */
    const char *folder;        /* name of the folder of the versions, in base */
    const char *link;          /* name of the link, in base */
    struct file_access access; /* of folder and versions */
    unsigned keep;             /* how many stay, the one in force included; at least 1 */
};

struct version_file {
    const char *name;
    struct bytes content;
    struct file_access access;
};

/* A new version of these files comes into force. */
int versions_put(const struct versions *v, const struct version_file *files, size_t n);

/* The number of the one in force. -ENOENT: none. */
int versions_current(const struct versions *v, unsigned *ret_number);

/* The numbers, newest first: at most max of them; how many are there. */
size_t versions_list(const struct versions *v, unsigned *ret, size_t max);

/* The folder of a version. */
int versions_path(const struct versions *v, unsigned number, char path[static PATH_MAX]);
