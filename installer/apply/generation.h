/* generation.h: the sets of rendered files, /var/lib/visavis/conf/<n>/, and `current`, the link to
 * the one in force. A set is written whole before the link is swapped by one rename: whoever is
 * killed in between leaves the old or the new in force, never a mixture. One writer at a time. */
#pragma once

#include "files/files.h"

#include <limits.h>
#include <stdbool.h>

#define GENERATIONS_KEPT 3

struct generation_file {
    const char *name;
    struct bytes content;
    struct file_access access;
};

/* The number in force. -ENOENT: none yet. */
int generation_current(unsigned *ret_n);

/* The number that the daemons were told of: not the one in force when somebody was killed between
 * the two. -ENOENT: none yet. */
int generation_applied(unsigned *ret_n);

/* The folder of one; returns buf. */
const char *generation_path(char buf[static PATH_MAX], unsigned n);

/* A file of one; wipe and free() it. -ENOENT: it has none of that name. */
int generation_read(unsigned n, const char *name, char **ret_content, size_t *ret_len);

/* Is that one exactly these files: names, contents, modes and owners? */
bool generation_is(unsigned n, const struct generation_file *files, size_t n_files);

/* Writes a new one, which is not in force yet. */
int generation_write(const struct generation_file *files, size_t n_files, unsigned *ret_n);

/* Lets it be in force. */
int generation_activate(unsigned n);

/* The daemons have been told. */
int generation_set_applied(unsigned n);

/* Removes it; -EBUSY when it is in force or applied. */
int generation_discard(unsigned n);

/* Removes all but the last three and those in force and applied, and what killed writers left. */
int generation_prune(void);
