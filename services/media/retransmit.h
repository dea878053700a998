/* retransmit.h: which retransmissions a subscriber's track is given: none twice while the first may
 * still be on its way, and no more of them than it was sent packets. Pure; plain memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RETRANSMIT_RECENT 64      /* packets whose last sending is remembered; a power of two */
#define RETRANSMIT_CREDIT_MAX 256 /* retransmissions that may be saved up */

struct retransmit {
    unsigned credit;
    struct {
        uint32_t at_ms; /* modulo 2^32 */
        uint16_t seq;
        bool used;
    } recent[RETRANSMIT_RECENT]; /* by number */
};

/* A packet was sent: that earns a retransmission. */
static inline void retransmit_earn(struct retransmit *r)
{
    if (r->credit < RETRANSMIT_CREDIT_MAX)
        r->credit++;
}

/* A packet was sent late: those who asked for it meanwhile will get it. */
void retransmit_note(struct retransmit *r, uint16_t seq, uint64_t now_us);

/* May this one be sent (again) now? True: it will be. */
bool retransmit_grant(struct retransmit *r, uint16_t seq, uint64_t rtt_us, uint64_t now_us);
