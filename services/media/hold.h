/* hold.h: the packets of a video frame that wait for the rest of it, so that each subscriber gets
 * them in one go: until the one with the marker bit, at most HOLD_US.
 *
 * Knows numbers alone; the packets themselves lie in the track's history. Pure; plain memory; time
 * is passed in. A zeroed one holds nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HOLD_MAX 16  /* packets: more at once are lost on access links */
#define HOLD_US 1000 /* a browser sends the packets of most frames within this time */

struct hold {
    unsigned n;
    bool complete;           /* the frame's last packet is among them */
    uint32_t ts;             /* the frame's */
    uint64_t since_us;       /* when the first of them came */
    uint64_t highest;        /* number that was ever put */
    uint64_t seqs[HOLD_MAX]; /* extended numbers, rising */
};

enum hold_verdict {
    HOLD_KEPT, /* it waits */
    HOLD_LATE, /* it belongs to a frame that has gone already, and goes by itself */
    HOLD_FULL, /* what waits must go first (then hold_clear()); ask again */
};

enum hold_verdict hold_put(struct hold *h, uint64_t seq, uint32_t ts, bool marker, uint64_t now_us);

/* Something waits, and has waited enough. */
bool hold_is_due(const struct hold *h, uint64_t now_us);

/* Nothing waits any more. */
void hold_clear(struct hold *h);
