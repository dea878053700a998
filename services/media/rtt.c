#include "media/rtt.h"

#define GRACE_MIN_US 10000

void rtt_sample(struct rtt *r, uint64_t us)
{
    uint32_t sample = us > 0 ? (uint32_t) us : 1;
    uint32_t off;

    if (us > RTT_MAX_US)
        return;
    if (r->smoothed_us == 0) {
        r->smoothed_us = sample;
        r->variation_us = sample / 2;
        return;
    }
    off = sample > r->smoothed_us ? sample - r->smoothed_us : r->smoothed_us - sample;
    r->variation_us = (3 * r->variation_us + off) / 4;
    r->smoothed_us = (7 * r->smoothed_us + sample) / 8;
}

uint64_t rtt_us(const struct rtt *r)
{
    return r->smoothed_us ? r->smoothed_us : RTT_ASSUMED_US;
}

uint64_t rtt_patience_us(const struct rtt *r)
{
    uint64_t grace = 2 * (uint64_t) r->variation_us;

    return rtt_us(r) + (grace > GRACE_MIN_US ? grace : GRACE_MIN_US);
}

/* NTP's format; where it begins is nobody's business, as only we read it again. */
uint64_t rtt_clock(uint64_t now_us)
{
    return now_us / 1000000 << 32 | (now_us % 1000000 << 32) / 1000000;
}

int rtt_of_echo(const struct rtcp_dlrr *echo, uint64_t now_us, uint64_t *ret_us)
{
    uint32_t now = (uint32_t) (rtt_clock(now_us) >> 16);

    if (echo->lrr == 0)
        return -ENOENT;
    *ret_us = (uint64_t) (now - echo->lrr - echo->dlrr) * 1000000 >> 16;
    return 0;
}
