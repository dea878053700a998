#include "link/link_frame.h"

#include <errno.h>
#include <stdlib.h>

#define QUEUE_MIN 4096
#define QUEUE_KEEP ((size_t) 64 * 1024)

void link_queue_done(struct link_queue *q)
{
    free(q->p);
    *q = (struct link_queue){0};
}

int link_queue_reserve(struct link_queue *q, size_t len, size_t max)
{
    size_t have = link_queue_len(q);
    size_t cap = q->cap ? q->cap : QUEUE_MIN;
    uint8_t *p;

    if (len > max || have > max - len)
        return -ENOBUFS;
    if (q->cap - q->end >= len)
        return 0;
    if (have + len <= q->cap && q->start >= q->cap / 2) {
        memmove(q->p, q->p + q->start, have);
    } else {
        while (cap < have + len)
            cap *= 2;
        if (cap == q->cap)
            cap *= 2;
        p = malloc(cap);
        if (!p)
            return -ENOMEM;
        if (have)
            memcpy(p, q->p + q->start, have);
        free(q->p);
        q->p = p;
        q->cap = cap;
    }
    q->start = 0;
    q->end = have;
    return 0;
}

void link_queue_consume(struct link_queue *q, size_t len)
{
    q->start += len;
    if (q->start < q->end)
        return;
    q->start = q->end = 0;
    if (q->cap > QUEUE_KEEP)
        link_queue_done(q);
}

int link_frame_next(const struct link_queue *q, size_t max, struct bytes *ret_message)
{
    const uint8_t *at = q->p + q->start;
    size_t have = link_queue_len(q);
    size_t len;

    if (have < LINK_FRAME_HEADER)
        return -EAGAIN;
    len = (size_t) at[0] << 24 | (size_t) at[1] << 16 | (size_t) at[2] << 8 | at[3];
    if (len == 0 || len > max)
        return -EMSGSIZE;
    if (have - LINK_FRAME_HEADER < len)
        return -EAGAIN;
    *ret_message = bytes_of(at + LINK_FRAME_HEADER, len);
    return 0;
}

struct append {
    struct link_queue *q;
    size_t len, max, queue_max;
    int error;
};

static int append_text(const char *text, size_t len, void *arg)
{
    struct append *a = arg;

    if (len > a->max - a->len)
        a->error = -EMSGSIZE;
    else
        a->error = link_queue_reserve(a->q, len, a->queue_max);
    if (a->error < 0)
        return -1;
    if (len)
        memcpy(a->q->p + a->q->end, text, len);
    a->q->end += len;
    a->len += len;
    return 0;
}

int link_frame_append(struct link_queue *q, const json_t *message, size_t max, size_t queue_max)
{
    size_t before = link_queue_len(q);
    struct append a = {.q = q, .max = max, .queue_max = queue_max};
    int r = link_queue_reserve(q, LINK_FRAME_HEADER, queue_max);
    uint8_t *header;

    if (r < 0)
        return r;
    q->end += LINK_FRAME_HEADER;
    if (json_dump_callback(message, append_text, &a, JSON_COMPACT) < 0) {
        q->end = q->start + before;
        return a.error < 0 ? a.error : -ENOMEM;
    }
    header = q->p + q->start + before;
    header[0] = (uint8_t) (a.len >> 24);
    header[1] = (uint8_t) (a.len >> 16);
    header[2] = (uint8_t) (a.len >> 8);
    header[3] = (uint8_t) a.len;
    return 0;
}
