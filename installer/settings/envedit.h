/* envedit.h: sets keys in the text of a .env file and leaves everything else as it is. Pure. */
#pragma once

#include "base/bytes.h"

struct env_change {
    const char *key, *value;
};

/* Each key in its place: the assignment that holds (the last one), else the line that has it as a
 * comment ("#KEY=..."), else a new line at the end. free() *ret_text, which has a NUL behind it;
 * wipe it before if there are secrets among the values. -EINVAL: a line break in a value. */
int envedit(struct bytes text, const struct env_change *changes, size_t n, char **ret_text,
            size_t *ret_len);
