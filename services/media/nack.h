/* nack.h: which packets of a publisher are missing, and when to ask for them (again). Pure; plain
 * memory; time is passed in. Numbers are the extended ones of reception.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACK_MISSING_MAX 128 /* more at once are a breakdown: only a key frame helps */
#define NACK_TRIES_MAX 8
#define NACK_REORDER_US 5000    /* wait this long before asking: it may only be late */
#define NACK_RETRY_MIN_US 20000 /* between two tries; a longer round-trip time takes its place */
#define NACK_AGE_MAX_US 800000

struct nack_missing {
    uint64_t seq;
    uint64_t since_us;
    uint64_t due_us;
    unsigned tries;
};

struct nack {
    bool started;
    uint64_t highest;
    unsigned n;
    struct nack_missing missing[NACK_MISSING_MAX]; /* rising */
};

void nack_init(struct nack *n);

/* A packet came. False: so many are missing that the list was given up, ask for a key frame. */
bool nack_packet(struct nack *n, uint64_t seq, uint64_t now_us);

/* Everything before seq has become useless (a key frame begins there). */
void nack_forget_before(struct nack *n, uint64_t seq);

/* The numbers to ask for now, rising, at most max; notes that they were asked for. Those that were
 * asked for too often, or are too old, are taken out and counted in *ret_lost. */
size_t nack_due(struct nack *n, uint64_t now_us, uint64_t rtt_us, uint16_t *ret_seqs, size_t max,
                unsigned *ret_lost);

/* When nack_due() has something to do next; UINT64_MAX: never. */
uint64_t nack_deadline(const struct nack *n);
