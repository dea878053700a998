/* blob.h: bytes on the heap that grow up to a maximum. */
#pragma once

#include "base/bytes.h"

/* Made with blob_init(); its fields are for reading. */
struct blob {
    uint8_t *p; /* NULL while nothing was appended */
    size_t len, cap, max;
};

static inline struct blob blob_init(size_t max)
{
    return (struct blob){.max = max};
}

/* -ENOSPC when it would become longer than the maximum, -ENOMEM; then it stays as it was. */
int blob_append(struct blob *b, struct bytes more);

/* What its capacity will be when so much more is appended. */
size_t blob_cap_for(const struct blob *b, size_t more_len);

/* Frees the bytes; it may be appended to again. */
void blob_clear(struct blob *b);

static inline struct bytes blob_bytes(const struct blob *b)
{
    return bytes_of(b->p, b->len);
}
