/* buf.h: cursors over memory that the caller owns, big-endian (network order).
 *
 * A cursor remembers failure: once a read went past the end or a write did not fit, every later
 * call does nothing (reads give 0 or an empty view). So code reads like the list of fields in an
 * RFC and checks once, at the end. */
#pragma once

#include "base/bytes.h"

#include <errno.h>

struct rd {
    const uint8_t *p;
    const uint8_t *end;
    bool failed;
};

static inline struct rd rd_init(struct bytes b)
{
    return (struct rd){.p = b.p, .end = b.len ? b.p + b.len : b.p};
}

static inline size_t rd_left(const struct rd *r)
{
    return r->failed ? 0 : (size_t) (r->end - r->p);
}

/* The next len bytes as a view into the input, and steps over them. */
static inline struct bytes rd_bytes(struct rd *r, size_t len)
{
    struct bytes b = {.p = r->p, .len = len};

    if (r->failed || (size_t) (r->end - r->p) < len) {
        r->failed = true;
        return (struct bytes){.p = NULL, .len = 0};
    }
    if (len) /* an empty view may have no address to add to */
        r->p += len;
    return b;
}

static inline void rd_skip(struct rd *r, size_t len)
{
    (void) rd_bytes(r, len);
}

static inline uint8_t rd_u8(struct rd *r)
{
    struct bytes b = rd_bytes(r, 1);

    return b.p ? b.p[0] : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
    struct bytes b = rd_bytes(r, 2);

    return b.p ? (uint16_t) (b.p[0] << 8 | b.p[1]) : 0;
}

static inline uint32_t rd_u24(struct rd *r)
{
    struct bytes b = rd_bytes(r, 3);

    return b.p ? (uint32_t) b.p[0] << 16 | (uint32_t) b.p[1] << 8 | b.p[2] : 0;
}

static inline uint32_t rd_u32(struct rd *r)
{
    struct bytes b = rd_bytes(r, 4);

    return b.p ? (uint32_t) b.p[0] << 24 | (uint32_t) b.p[1] << 16 | (uint32_t) b.p[2] << 8 | b.p[3]
               : 0;
}

static inline uint64_t rd_u64(struct rd *r)
{
    uint64_t high = rd_u32(r);
    uint64_t low = rd_u32(r);

    return r->failed ? 0 : high << 32 | low;
}

/* 0, or -EBADMSG when any read failed. */
static inline int rd_finish(const struct rd *r)
{
    return r->failed ? -EBADMSG : 0;
}

struct wr {
    uint8_t *start;
    uint8_t *p;
    uint8_t *end;
    bool failed;
};

static inline struct wr wr_init(void *buf, size_t cap)
{
    return (struct wr){.start = buf, .p = buf, .end = cap ? (uint8_t *) buf + cap : buf};
}

static inline size_t wr_len(const struct wr *w)
{
    return (size_t) (w->p - w->start);
}

static inline size_t wr_left(const struct wr *w)
{
    return w->failed ? 0 : (size_t) (w->end - w->p);
}

/* Room for len bytes that the caller fills in, or NULL. */
static inline uint8_t *wr_reserve(struct wr *w, size_t len)
{
    uint8_t *at = w->p;

    if (w->failed || (size_t) (w->end - w->p) < len) {
        w->failed = true;
        return NULL;
    }
    if (len)
        w->p += len;
    return at;
}

static inline void wr_bytes(struct wr *w, struct bytes b)
{
    uint8_t *at = wr_reserve(w, b.len);

    if (at && b.len)
        memcpy(at, b.p, b.len);
}

static inline void wr_zero(struct wr *w, size_t len)
{
    uint8_t *at = wr_reserve(w, len);

    if (at && len)
        memset(at, 0, len);
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
    uint8_t *at = wr_reserve(w, 1);

    if (at)
        at[0] = v;
}

static inline void wr_u16(struct wr *w, uint16_t v)
{
    uint8_t *at = wr_reserve(w, 2);

    if (at) {
        at[0] = (uint8_t) (v >> 8);
        at[1] = (uint8_t) v;
    }
}

static inline void wr_u24(struct wr *w, uint32_t v)
{
    wr_u8(w, (uint8_t) (v >> 16));
    wr_u16(w, (uint16_t) v);
}

static inline void wr_u32(struct wr *w, uint32_t v)
{
    wr_u16(w, (uint16_t) (v >> 16));
    wr_u16(w, (uint16_t) v);
}

static inline void wr_u64(struct wr *w, uint64_t v)
{
    wr_u32(w, (uint32_t) (v >> 32));
    wr_u32(w, (uint32_t) v);
}

/* Overwrites two bytes that were written before, at offset at (a length field, usually). */
static inline void wr_patch_u16(struct wr *w, size_t at, uint16_t v)
{
    if (w->failed || wr_len(w) < 2 || at > wr_len(w) - 2)
        return;
    w->start[at] = (uint8_t) (v >> 8);
    w->start[at + 1] = (uint8_t) v;
}

static inline void wr_str(struct wr *w, const char *s)
{
    wr_bytes(w, bytes_str(s));
}

/* Text by a printf format, without a NUL. */
void wr_fmt(struct wr *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* 0 and the length, or -ENOSPC when any of it did not fit. */
static inline int wr_finish(const struct wr *w, size_t *ret_len)
{
    if (w->failed)
        return -ENOSPC;
    *ret_len = wr_len(w);
    return 0;
}
