/* load.h: how busy a worker is: the CPU time that its thread was seen to use, and what has just
 * been placed there and does not show yet. Pure; time is passed in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Permille of a core that one more transport is taken for: audio and video of some 150 packets a
 * second, at a few µs each. */
#define LOAD_TRANSPORT 1

struct load { /* {0}: idle */
    bool measured;
    uint64_t cpu_us, at_us; /* when it was looked at last */
    unsigned permille;      /* of a core, smoothed over some seconds */
    unsigned placed;        /* transports that may not have shown yet */
};

/* Once a second: the CPU time of the thread up to now. */
void load_measure(struct load *l, uint64_t cpu_us, uint64_t now_us);

/* Another transport. */
void load_place(struct load *l);

/* What is to be expected, in permille of a core. */
unsigned load_expected(const struct load *l);
