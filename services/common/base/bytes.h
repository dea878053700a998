/* bytes.h: a view of bytes that somebody else owns.
 * A view is valid as long as the memory behind it; it is passed by value. Not NUL-terminated. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *p;
    size_t len;
};

static inline struct bytes bytes_of(const void *p, size_t len)
{
    return (struct bytes){.p = p, .len = len};
}

/* The text of s without its NUL; NULL gives the empty view. */
static inline struct bytes bytes_str(const char *s)
{
    return (struct bytes){.p = (const uint8_t *) s, .len = s ? strlen(s) : 0};
}

static inline bool bytes_eq(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool bytes_eq_str(struct bytes a, const char *s)
{
    return bytes_eq(a, bytes_str(s));
}

/* ASCII letters compare without case. */
bool bytes_caseeq_str(struct bytes a, const char *s);

bool bytes_starts_with(struct bytes a, const char *prefix);

/* Decimal digits alone, at most max; -EBADMSG otherwise. */
int bytes_to_u64(struct bytes a, uint64_t max, uint64_t *ret);

/* A heap copy with a NUL behind it (free() it), NULL when memory is out.
 * Meant for text: a NUL within the view would cut it. */
char *bytes_dup_str(struct bytes a);
