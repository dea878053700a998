/* slots.h: objects by small numbers, which are used again. Owns none of them. Not thread-safe. */
#pragma once

#include <stdint.h>

struct slots { /* {0} is empty */
    void **items;
    uint32_t cap;
};

/* Under the lowest free number. -ENOMEM. */
int slots_add(struct slots *s, void *object, uint32_t *ret_nr);

/* Under a given number, in place of what is there; NULL frees it. -ENOMEM. */
int slots_set(struct slots *s, uint32_t nr, void *object);

static inline void *slots_get(const struct slots *s, uint32_t nr) /* NULL: none */
{
    return nr < s->cap ? s->items[nr] : 0;
}

void slots_done(struct slots *s);
