/* summary.h: all subscriptions of a run together. */
#pragma once

#include "probe/probe.h"

struct summary {
    uint64_t packets;
    uint64_t lost, lost_at_first; /* for good; before they were asked for again */
    double loss_percent, loss_percent_at_first;
    double kbit_s;                          /* of an average subscription */
    uint64_t delay_median_us, delay_p95_us; /* of the worst; 0: not measured */
    double jitter_ms;                       /* likewise */
    uint64_t first_packet_us;               /* likewise */
};

void summary_make(struct probe *p, enum sdp_kind kind, struct summary *ret);
