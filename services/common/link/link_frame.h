/* link_frame.h: the bytes of a link: a queue that grows to a limit, and messages in it, each behind
 * its four-byte big-endian length. No I/O. */
#pragma once

#include "base/bytes.h"

#include <jansson.h>

#define LINK_FRAME_HEADER 4

/* A zeroed queue is empty. */
struct link_queue {
    uint8_t *p;
    size_t start, end, cap; /* the bytes are p[start..end) */
};

void link_queue_done(struct link_queue *q);

static inline size_t link_queue_len(const struct link_queue *q)
{
    return q->end - q->start;
}

/* Room for at least len more bytes at p + end, which the caller fills in and adds to end.
 * -ENOBUFS when the queue would get longer than max, -ENOMEM. */
int link_queue_reserve(struct link_queue *q, size_t len, size_t max);

/* Takes len bytes off the front. Gives a large block back once all is gone. */
void link_queue_consume(struct link_queue *q, size_t len);

/* The first message, as a view into the queue; consume LINK_FRAME_HEADER + its length when done.
 * -EAGAIN: more bytes are needed; -EMSGSIZE: empty or longer than max. */
int link_frame_next(const struct link_queue *q, size_t max, struct bytes *ret_message);

/* Appends a message. -EMSGSIZE when its text is longer than max, -ENOBUFS when the queue is full,
 * -ENOMEM; then the queue holds what it held. */
int link_frame_append(struct link_queue *q, const json_t *message, size_t max, size_t queue_max);
