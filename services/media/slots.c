#include "media/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 8

static int grow(struct slots *s, uint32_t cap)
{
    void **items = realloc(s->items, cap * sizeof(*items));

    if (!items)
        return -ENOMEM;
    memset(items + s->cap, 0, (cap - s->cap) * sizeof(*items));
    s->items = items;
    s->cap = cap;
    return 0;
}

int slots_add(struct slots *s, void *object, uint32_t *ret_nr)
{
    uint32_t nr = 0;
    int r;

    while (nr < s->cap && s->items[nr])
        nr++;
    r = slots_set(s, nr, object);
    if (r == 0)
        *ret_nr = nr;
    return r;
}

int slots_set(struct slots *s, uint32_t nr, void *object)
{
    uint32_t cap = s->cap ? s->cap : FIRST_CAP;
    int r = 0;

    while (cap <= nr)
        cap *= 2;
    if (cap != s->cap && object)
        r = grow(s, cap);
    if (r == 0 && nr < s->cap)
        s->items[nr] = object;
    return r;
}

void slots_done(struct slots *s)
{
    free(s->items);
    *s = (struct slots){.items = NULL};
}
