/* keyframe.h: when to ask a publisher for a key frame (PLI), on behalf of all its subscribers.
 * Chromium's encoder answers at most one request per 300 ms and drops the others: so a request is
 * repeated until a key frame really passes, and not made when it would be dropped. Key frames are
 * large: those who ask for them all the time are given a few, then one a second. Pure; time is
 * passed in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define KEYFRAME_INTERVAL_US 300000   /* after a key frame */
#define KEYFRAME_RETRY_US 100000      /* between the first two requests, then doubling … */
#define KEYFRAME_RETRY_MAX_US 2000000 /* … up to this; both at least the round-trip time */
#define KEYFRAME_BURST 8              /* requests that are granted as they come … */
#define KEYFRAME_PACE_US 1000000      /* … each of which is earned again after this time */

struct keyframe {
    bool wanted;
    bool asked;   /* a request was made, at asked_us */
    bool passed;  /* a key frame has passed, at passed_us */
    bool charged; /* for the request at hand */
    uint64_t asked_us;
    uint64_t answer_us; /* how long its answer takes */
    uint64_t passed_us;
    uint64_t due_us; /* of the next request, when wanted */
    uint64_t retry_us;
    uint64_t paid_until_us; /* when all that was granted has been earned */
    uint64_t n_asked;       /* total */
};

void keyframe_init(struct keyframe *k);

/* Nobody watches: requests are forgotten, what was granted is not. */
void keyframe_restart(struct keyframe *k);

/* Somebody needs one: a new subscriber, a PLI or FIR, packets lost for good. */
void keyframe_want(struct keyframe *k, uint64_t now_us);

/* The first packet of a key frame came. */
void keyframe_passed(struct keyframe *k, uint64_t now_us);

/* True: send a PLI now; its answer takes rtt_us at least. */
bool keyframe_due(struct keyframe *k, uint64_t rtt_us, uint64_t now_us);

/* When keyframe_due() will say so next; UINT64_MAX: no need. */
uint64_t keyframe_deadline(const struct keyframe *k);
