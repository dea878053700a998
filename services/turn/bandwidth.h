/* bandwidth.h: a token bucket that threads share without a lock.
 * It is kept as one number, the time at which what has passed will have been paid for at the rate
 * (as the virtual scheduling algorithm of ITU-T I.371 does), so that an exchange of one word is all
 * there is to agree on. Zeroed memory is a full bucket. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BANDWIDTH_BURST_MS 1000 /* as much as passes in this time may pass at once */

struct bandwidth {
    uint64_t paid_ns; /* of the clock that now_ms is of */
};

/* May len bytes pass at kbps (not 0), now? Takes them from the bucket if so. */
bool bandwidth_take(struct bandwidth *b, uint64_t len, uint64_t kbps, uint64_t now_ms);
