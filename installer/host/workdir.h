/* workdir.h: a private folder (0700) for one run, gone afterwards. */
#pragma once

#include "base/bytes.h"

#define WORKDIR_PATH_SIZE 64
#define WORKDIR_NAME "visavis-dev-" /* what the names of all begin with */

struct workdir {
    char path[WORKDIR_PATH_SIZE];
};

/* Below $XDG_RUNTIME_DIR, $TMPDIR or /tmp, the first that can be had: with a path short enough for
 * the Unix sockets in it. The error is that of the last. */
int workdir_make(struct workdir *ret);

/* Removes it with what is in it. A zeroed one is fine. */
void workdir_remove(struct workdir *d);

/* Writes a new file, 0600, whole: a temporary one, fsync, rename. */
int workdir_write(const struct workdir *d, const char *name, struct bytes content);
