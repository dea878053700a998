#include "client/meter.h"

void meter_init(struct meter *m, uint32_t sender, uint32_t clock_hz)
{
    *m = (struct meter){.sender = sender, .clock_hz = clock_hz};
}

/* ---- delay: logarithmic buckets ---- */

/* Below 8 µs each has its own. */
static unsigned bucket_of(uint64_t us)
{
    unsigned top = us < 8 ? 0 : 63 - (unsigned) __builtin_clzll(us);
    unsigned b = us < 8 ? (unsigned) us : (top - 2) * 8 + (unsigned) ((us >> (top - 3)) & 7);

    return b < METER_BUCKETS ? b : METER_BUCKETS - 1;
}

/* The middle of a bucket. */
static uint64_t value_of(unsigned b)
{
    unsigned shift = b < 8 ? 0 : b / 8 - 1;

    return b < 8 ? b : ((uint64_t) (8 + b % 8) << shift) + ((uint64_t) 1 << shift) / 2;
}

static void add_delay(struct meter *m, uint64_t us)
{
    m->delays[bucket_of(us)]++;
    m->delay_sum_us += us;
    if (m->n_delays == 0 || us < m->delay_min_us)
        m->delay_min_us = us;
    if (us > m->delay_max_us)
        m->delay_max_us = us;
    m->n_delays++;
}

uint64_t meter_delay_us(const struct meter *m, double share)
{
    double wanted = share * (double) m->n_delays;
    uint64_t seen = 0;

    for (unsigned b = 0; b < METER_BUCKETS && m->n_delays > 0; b++) {
        seen += m->delays[b];
        if (seen > 0 && (double) seen >= wanted)
            return value_of(b);
    }
    return 0;
}

/* ---- order and loss ---- */

/* A stamp's number is 32 bits wide, RTP's sixteen. */
static uint64_t widen(const struct meter *m, uint32_t seq, bool stamped)
{
    if (!m->has_seq)
        return (uint64_t) 1 << 32 | seq;
    return stamped ? m->last_seq + (uint64_t) (int64_t) (int32_t) (seq - (uint32_t) m->last_seq)
                   : rtp_seq_extend(m->last_seq, (uint16_t) seq);
}

static void add_seq(struct meter *m, uint32_t seq, bool stamped, bool repeated)
{
    uint64_t wide = widen(m, seq, stamped);

    if (!m->has_seq) {
        m->has_seq = true;
        m->first_seq = m->last_seq = wide;
    } else if (wide > m->last_seq) {
        m->last_seq = wide;
    } else {
        m->late += !repeated;
        if (wide < m->first_seq)
            m->first_seq = wide;
    }
    m->received++;
}

uint64_t meter_lost(const struct meter *m)
{
    uint64_t expected = m->has_seq ? m->last_seq - m->first_seq + 1 : 0;

    return expected > m->received ? expected - m->received : 0;
}

uint64_t meter_lost_at_first(const struct meter *m)
{
    return meter_lost(m) + m->repeated;
}

/* ---- jitter (RFC 3550 section 6.4.1) ---- */

static void add_transit(struct meter *m, uint64_t now_us, uint32_t ts)
{
    uint32_t now = (uint32_t) (now_us * m->clock_hz / 1000000);
    uint32_t transit = now - ts;
    int32_t d = (int32_t) (transit - m->last_transit);

    if (m->has_transit)
        m->jitter += ((d < 0 ? -(double) d : (double) d) - m->jitter) / 16;
    m->has_transit = true;
    m->last_transit = transit;
}

double meter_jitter_ms(const struct meter *m)
{
    return m->jitter * 1000 / m->clock_hz;
}

double meter_kbit_s(const struct meter *m)
{
    return m->last_us > m->first_us ? (double) m->bytes * 8000 / (double) (m->last_us - m->first_us)
                                    : 0;
}

void meter_add(struct meter *m, uint64_t now_us, const struct rtp *rtp, bool repeated)
{
    struct stamp s;
    bool stamped = stamp_read(rtp->payload, &s) == 0;

    if (m->packets == 0)
        m->first_us = now_us;
    else if (now_us - m->last_us > m->longest_gap_us)
        m->longest_gap_us = now_us - m->last_us;
    m->last_us = now_us;
    m->packets++;
    m->bytes += rtp->payload.len;
    m->repeated += repeated;
    add_seq(m, stamped ? s.seq : rtp->seq, stamped, repeated);
    if (!repeated)
        add_transit(m, now_us, rtp->ts);
    if (stamped && s.sender == m->sender && now_us >= s.sent_us)
        add_delay(m, now_us - s.sent_us);
}
