/* twcc.h: collects when the packets of one publisher's transport arrived, by their transport-wide
 * sequence numbers, and builds the feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01)
 * that lets its bandwidth estimate rise. Pure; plain memory; time is passed in. */
#pragma once

#include "codec/rtcp.h"

#define TWCC_WINDOW 512        /* packets that are remembered; a power of two */
#define TWCC_PACKETS_MAX 448   /* in one feedback packet; even the worst mix then fits */
#define TWCC_FEEDBACK_MAX 1200 /* bytes of one */
#define TWCC_INTERVAL_US 50000
#define TWCC_INTERVAL_IDLE_US 100000 /* when few packets come */

struct twcc {
    bool started;
    uint8_t feedback_count;
    uint64_t next; /* first number that is not reported yet (extended) */
    uint64_t highest;
    unsigned n_unreported;               /* arrivals since the last feedback */
    uint64_t first_us;                   /* of them */
    uint32_t arrival[TWCC_WINDOW];       /* in 250 us */
    uint64_t received[TWCC_WINDOW / 64]; /* bit per slot */
};

void twcc_init(struct twcc *t);

void twcc_packet(struct twcc *t, uint16_t seq, uint64_t now_us);

/* When to send feedback; UINT64_MAX: nothing to report. */
uint64_t twcc_deadline(const struct twcc *t);

/* Appends one feedback packet of at most TWCC_FEEDBACK_MAX bytes; call again until it returns
 * false: nothing left to report (or w has not that much room). */
bool twcc_put_feedback(struct twcc *t, struct wr *w, uint32_t ssrc, uint32_t media_ssrc);
