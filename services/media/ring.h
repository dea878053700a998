/* ring.h: a queue of records from one thread to one other, without locks.
 *
 * The writer puts records in place and publishes all of them at once, the reader takes them in
 * their order and gives the room back at once, too: two writes to memory that both see for each
 * batch. A full ring refuses. Putting and taking never allocate. */
#pragma once

#include "base/bytes.h"

#define RING_RECORD_MAX 4096

struct ring;

/* size: a power of two of at least 4 * RING_RECORD_MAX, up to 1 GiB. -EINVAL, -ENOMEM. */
int ring_new(size_t size, struct ring **ret_r);
struct ring *ring_free(struct ring *r); /* NULL is fine; returns NULL */

/* ---- the writer's thread ---- */

/* Room for a record of len bytes (at most RING_RECORD_MAX), aligned to 8; NULL: full. It counts
 * with the next ring_publish(); after another ring_reserve() it cannot be taken back. */
void *ring_reserve(struct ring *r, size_t len);

/* The reader sees what was reserved since the last time. False: that was nothing. */
bool ring_publish(struct ring *r);

/* ---- the reader's thread ---- */

/* The next record; p == NULL: there is none (any more). Valid until ring_release(). */
struct bytes ring_peek(struct ring *r);
void ring_next(struct ring *r); /* steps over it */

/* The writer may use the room of all records that were stepped over. */
void ring_release(struct ring *r);
