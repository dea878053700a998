#include "base/blob.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_CAP 512

size_t blob_cap_for(const struct blob *b, size_t more_len)
{
    size_t cap = b->cap ? b->cap : FIRST_CAP;

    if (more_len == 0 || more_len > b->max - b->len)
        return b->cap;
    while (cap < b->len + more_len)
        cap *= 2;
    return cap;
}

int blob_append(struct blob *b, struct bytes more)
{
    size_t cap = blob_cap_for(b, more.len);
    uint8_t *p;

    if (more.len > b->max - b->len)
        return -ENOSPC;
    if (more.len == 0)
        return 0;
    if (cap != b->cap) {
        p = realloc(b->p, cap);
        if (!p)
            return -ENOMEM;
        b->p = p;
        b->cap = cap;
    }
    memcpy(b->p + b->len, more.p, more.len);
    b->len += more.len;
    return 0;
}

void blob_clear(struct blob *b)
{
    free(b->p);
    *b = blob_init(b->max);
}
