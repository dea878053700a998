/* tuple.h: two addresses and what is between them, as a value: what RFC 8445 calls a candidate pair
 * once somebody has used it. */
#pragma once

#include "base/addr.h"

struct way; /* path.h */

struct tuple {
    struct way *way; /* NULL: the worker's UDP socket */
    struct addr remote, local;
};

/* Zeroed memory is no tuple. */
static inline bool tuple_is_set(const struct tuple *t)
{
    return t->remote.family != 0;
}

static inline bool tuple_eq(const struct tuple *a, const struct tuple *b)
{
    return a->way == b->way && addr_eq(&a->remote, &b->remote) && addr_eq(&a->local, &b->local);
}
