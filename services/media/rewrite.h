/* rewrite.h: maps a publisher's sequence numbers and timestamps onto one subscriber's own, so that
 * the subscriber sees a single unbroken stream whatever is left out or replaced.
 *
 * Incoming numbers are the extended ones of reception.h. Two different incoming numbers never get
 * the same outgoing one, also across rewrite_resync(): AES-GCM depends on it. Outgoing numbers are
 * extended as well (roll-over counter << 16 | seq); they begin below 32,768 with counter 0.
 * Pure; plain memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define REWRITE_WINDOW 1024  /* how far behind the newest a packet may still be mapped */
#define REWRITE_RUNS 16      /* dropped runs that are remembered within the window */
#define REWRITE_GAP_MAX 3000 /* a jump beyond this is a restart: it shows as one lost packet */

/* Numbers first .. end - 1 were not forwarded; from end on, outgoing = incoming - offset. */
struct rewrite_run {
    uint64_t first;
    uint64_t end;
    uint64_t offset; /* modulo 2^64 */
};

struct rewrite {
    uint32_t clock_rate;
    bool started;        /* the current source has sent something */
    bool continues;      /* there was a source before */
    uint64_t floor;      /* the lowest incoming number that can be mapped */
    uint64_t offset;     /* before the oldest run */
    uint64_t highest_in; /* forwarded or dropped */
    uint64_t highest_out;
    uint32_t first_ts;
    uint32_t ts_offset; /* outgoing = incoming + ts_offset */
    uint32_t last_ts;   /* outgoing, of the newest packet, which passed at last_us */
    uint64_t last_us;
    unsigned n_runs;
    struct rewrite_run runs[REWRITE_RUNS]; /* oldest first */
};

/* seq and ts (both random, please) are those of the first packet; seq's top bit is ignored. */
void rewrite_init(struct rewrite *r, uint32_t clock_rate, uint16_t seq, uint32_t ts);

/* Where an incoming packet goes. A packet that comes again (a retransmission, a duplicate) gets
 * what it got before. -ERANGE: too old, or from before the start or the last resync; -ENOENT: it
 * was dropped, and its number is taken. */
int rewrite_map(struct rewrite *r, uint64_t in_seq, uint32_t in_ts, uint64_t now_us,
                uint64_t *ret_seq, uint32_t *ret_ts);

/* This packet will not be forwarded: what follows closes up. When newer ones have passed already
 * its number simply stays unused. */
void rewrite_drop(struct rewrite *r, uint64_t in_seq);

/* The next mapped packet comes from another source with unrelated numbers: it gets the next
 * sequence number, and a timestamp advanced by the time since the last packet. */
void rewrite_resync(struct rewrite *r);

/* Timestamps are mapped alike whatever their packet. */
uint32_t rewrite_ts(const struct rewrite *r, uint32_t in_ts);

/* Which incoming packet has this outgoing number? For NACKs. -ENOENT: none that is known. */
int rewrite_source_seq(const struct rewrite *r, uint16_t out_seq, uint64_t *ret_in_seq);
