/* rate.h: the bit rate of a track, from the bytes that were counted between two ticks of a second
 * or so. Pure; a zeroed one has counted nothing. */
#pragma once

#include <stdint.h>

struct rate {
    uint64_t octets, at_us; /* at the last tick */
    uint32_t bps;
};

static inline void rate_tick(struct rate *r, uint64_t octets, uint64_t now_us)
{
    if (octets < r->octets)
        r->octets = 0; /* it is counted anew */
    if (now_us > r->at_us && r->at_us != 0)
        r->bps = (uint32_t) ((octets - r->octets) * 8000000 / (now_us - r->at_us));
    r->octets = octets;
    r->at_us = now_us;
}
