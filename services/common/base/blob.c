#include "base/blob.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_CAP 512

static int grow(struct blob *b, size_t need)
{
    size_t cap = b->cap ? b->cap : FIRST_CAP;
    uint8_t *p;

    while (cap < need)
        cap *= 2;
    p = realloc(b->p, cap);
    if (!p)
        return -ENOMEM;
    b->p = p;
    b->cap = cap;
    return 0;
}

int blob_append(struct blob *b, struct bytes more)
{
    int r = 0;

    if (more.len > b->max - b->len)
        return -ENOSPC;
    if (more.len == 0)
        return 0;
    if (b->len + more.len > b->cap)
        r = grow(b, b->len + more.len);
    if (r < 0)
        return r;
    memcpy(b->p + b->len, more.p, more.len);
    b->len += more.len;
    return 0;
}

void blob_clear(struct blob *b)
{
    free(b->p);
    *b = blob_init(b->max);
}
