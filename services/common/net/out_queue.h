/* out_queue.h: bytes that wait until a connection takes them, in pieces of a pool that all
 * connections of a thread share: one that has nothing to send has no memory for it. */
#pragma once

#include "base/bytes.h"

#define OUT_PIECE_SIZE 16384 /* what fits into one TLS record */

struct out_piece;

/* Pieces at hand. Zeroed memory is an empty pool. */
struct out_pool {
    struct out_piece *free;
    size_t n_free;
};

void out_pool_done(struct out_pool *p);

/* Zeroed memory is an empty queue. */
struct out_queue {
    struct out_piece *first, *last;
    size_t len;
};

/* Appends all the parts, or nothing: -ENOMEM. */
int out_queue_put(struct out_queue *q, struct out_pool *p, const struct bytes *parts, size_t n);

/* The first bytes, those of one piece; empty at the end. More may be put meanwhile: then it begins
 * with the same bytes. */
struct bytes out_queue_first(const struct out_queue *q);

/* So many of the first bytes are gone. */
void out_queue_take(struct out_queue *q, struct out_pool *p, size_t len);

void out_queue_clear(struct out_queue *q, struct out_pool *p);
