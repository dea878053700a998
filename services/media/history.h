/* history.h: the last packets of one publisher track, for retransmission.
 *
 * Packets lie one behind the other in a ring of bytes. Putting and finding never allocate; the ring
 * grows and shrinks between its bounds in history_tick(), to hold what the last max_age_us brought
 * and no more. One thread. */
#pragma once

#include "base/bytes.h"

#define HISTORY_PACKET_MAX 1500

struct history_config {
    unsigned n_slots;    /* packets kept at most; a power of two up to 65536 */
    size_t min_bytes;    /* of the ring; at least 4096 */
    size_t max_bytes;    /* at most 16 MiB */
    uint64_t max_age_us; /* older packets are not found; at most 60 s */
};

extern const struct history_config history_video; /* 512 packets, 32 to 512 KiB, 1 s */
extern const struct history_config history_audio; /* 64 packets, 4 to 32 KiB, 1 s */

struct history;

/* -EINVAL, -ENOMEM. */
int history_new(const struct history_config *config, struct history **ret_history);
struct history *history_free(struct history *h); /* NULL is fine; returns NULL */

/* Keeps a copy, in the place of the oldest ones. -EEXIST: has it already, -ERANGE: its slot belongs
 * to a newer packet, -E2BIG. */
int history_put(struct history *h, uint64_t seq, struct bytes packet, uint64_t now_us);

/* The packet with this extended number; p == NULL when it is not (any longer) there. Valid until
 * the next history_put(), _tick() or _clear(). */
struct bytes history_find(const struct history *h, uint64_t seq, uint64_t now_us);

/* The oldest packet at or behind seq, to walk a range upwards; p == NULL when there is none up to
 * the newest. */
struct bytes history_next(const struct history *h, uint64_t seq, uint64_t now_us,
                          uint64_t *ret_seq);

/* To be called about once a second: frees what is too old and adapts the ring. -ENOMEM: stays as
 * it was. */
int history_tick(struct history *h, uint64_t now_us);

/* Forgets everything (another source with unrelated numbers). */
void history_clear(struct history *h);

/* Heap memory in use. */
size_t history_memory(const struct history *h);
