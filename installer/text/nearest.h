/* nearest.h: which of the known words a misspelt one was meant to be. */
#pragma once

#include <stddef.h>

struct nearest {
    const char *wanted;
    const char *found; /* NULL: nothing is near */
    unsigned distance; /* edits; anything found needs fewer */
};

/* At most max_edits: a character put in, left out or replaced, two neighbours swapped. */
void nearest_start(struct nearest *n, const char *wanted, unsigned max_edits);

/* word must stay valid as long as found is used. Of equally near words the first one stays. */
void nearest_offer(struct nearest *n, const char *word);
