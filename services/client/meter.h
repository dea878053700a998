/* meter.h: what arrives of one track, measured: loss, delay, jitter, bit rate, time to the first
 * packet, the longest silence. Time comes from outside. */
#pragma once

#include "client/stamp.h"
#include "codec/rtp.h"

#define METER_BUCKETS 256

struct meter {
    uint32_t sender; /* whose stamps' clock is ours */
    uint32_t clock_hz;
    uint64_t packets, bytes; /* of payload */
    uint64_t first_us, last_us, longest_gap_us;
    bool has_seq;
    uint64_t first_seq, last_seq; /* of the stamps, or of RTP where there are none; widened */
    uint64_t received;            /* with a sequence number */
    uint64_t late;                /* behind one that was sent later */
    uint64_t repeated;            /* lost, and asked for again */
    uint64_t n_delays, delay_sum_us, delay_min_us, delay_max_us;
    uint32_t delays[METER_BUCKETS]; /* eight to an octave */
    bool has_transit;
    uint32_t last_transit; /* in units of the RTP clock (RFC 3550 section 6.4.1) */
    double jitter;
};

void meter_init(struct meter *m, uint32_t sender, uint32_t clock_hz);
/* repeated: it is a retransmission, of a packet that did not come. */
void meter_add(struct meter *m, uint64_t now_us, const struct rtp *rtp, bool repeated);

/* Packets between the first and the last that came, and did not, not even when they were asked for;
 * and those that did not come at first. */
uint64_t meter_lost(const struct meter *m);
uint64_t meter_lost_at_first(const struct meter *m);

/* So much of all is delivered at least as fast: 0.5 is the median. To an eighth of an octave. 0:
 * nothing measured. */
uint64_t meter_delay_us(const struct meter *m, double share);

double meter_jitter_ms(const struct meter *m);
double meter_kbit_s(const struct meter *m);
