/* rtt.h: the round-trip time to a peer, smoothed (RFC 6298), and how a receiver measures it: it
 * sends its own time and the sender echoes that (RFC 3611, RRTR and DLRR). Pure; plain memory. */
#pragma once

#include "codec/rtcp.h"

#define RTT_ASSUMED_US 100000 /* before the first measurement, as browsers do */
#define RTT_MAX_US 3000000    /* what says more is a broken clock, or a lie */

struct rtt {
    uint32_t smoothed_us; /* 0: never measured */
    uint32_t variation_us;
};

/* One measurement; nothing happens if it is above RTT_MAX_US. */
void rtt_sample(struct rtt *r, uint64_t us);

uint64_t rtt_us(const struct rtt *r);

/* After how long an answer that did not come is lost: what nearly every answer took, and at least
 * 10 ms of grace. */
uint64_t rtt_patience_us(const struct rtt *r);

/* The time to give in an RRTR; and what the echo of it tells. -ENOENT: it echoes nothing. */
uint64_t rtt_clock(uint64_t now_us);
int rtt_of_echo(const struct rtcp_dlrr *echo, uint64_t now_us, uint64_t *ret_us);
