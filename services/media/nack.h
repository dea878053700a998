/* nack.h: which packets of a publisher are missing, and when to ask for them (again). Pure; plain
 * memory; time is passed in. Numbers are the extended ones of reception.h.
 *
 * A packet may only be late, overtaken by others: how late such packets come is learnt, and waited
 * for before asking, unless it is so long that asking is quicker. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACK_MISSING_MAX 128 /* more at once are a breakdown: only a key frame helps */
#define NACK_TRIES_MAX 8
#define NACK_REORDER_US 5000      /* wait at least this long before asking … */
#define NACK_REORDER_MAX_US 40000 /* … and never longer */
#define NACK_RETRY_MIN_US 20000   /* between two tries; a longer round-trip time takes its place */
#define NACK_AGE_MAX_US 800000

struct nack_missing {
    uint64_t seq;
    uint64_t since_us;
    uint64_t due_us;
    uint64_t asked_us; /* last */
    unsigned tries;
};

struct nack {
    bool started;
    uint64_t highest;
    uint64_t key_seq;                /* what is older is not needed to show what follows */
    uint64_t late_us;                /* how late packets come that were overtaken */
    uint64_t asked, recovered, lost; /* totals: requests, packets that came, packets given up */
    unsigned n;
    struct nack_missing missing[NACK_MISSING_MAX]; /* rising */
};

void nack_init(struct nack *n);

/* The next packet is the first that matters; totals stay. */
void nack_restart(struct nack *n);

/* A packet came, by itself or (repeated) as a retransmission. False: so many are missing that the
 * list was given up, ask for a key frame. *ret_took_us: how long after it was asked for, if that
 * was once, else 0. */
bool nack_packet(struct nack *n, uint64_t seq, bool repeated, uint64_t now_us,
                 uint64_t *ret_took_us);

/* A key frame begins with this packet. */
void nack_key_frame(struct nack *n, uint64_t seq);

/* The numbers to ask for now, rising, at most max; notes that they were asked for, and asks again
 * after retry_us. Those that were asked for too often, or are too old, are taken out and counted
 * as lost. *ret_broken: one of them was newer than the last key frame. */
size_t nack_due(struct nack *n, uint64_t now_us, uint64_t retry_us, uint16_t *ret_seqs, size_t max,
                bool *ret_broken);

/* When nack_due() has something to do next; UINT64_MAX: never. */
uint64_t nack_deadline(const struct nack *n);
