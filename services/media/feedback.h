/* feedback.h: the RTCP that a publisher's sender gets from us: NACK, PLI, transport-cc at once,
 * receiver reports, our clock and REMB every second. */
#pragma once

#include "media/publisher.h"

/* Sends what is due and arms the timer for what comes next. Cheap when nothing is. */
void feedback_run(struct publisher *p, uint64_t now_us);

/* What is worth receiving: what this publisher may send, and of that what somebody may be sent,
 * here or at a mirror. 0: there is no limit. */
unsigned feedback_useful_kbps(const struct publisher *p);

/* The periodic compound. */
void feedback_report(struct publisher *p, uint64_t now_us);
