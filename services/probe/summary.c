#include "probe/summary.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void summary_make(struct probe *p, enum sdp_kind kind, struct summary *ret)
{
    const struct probe_subscription *all;
    size_t n = probe_subscriptions(p, &all);

    *ret = (struct summary){0};
    for (size_t i = 0; i < n; i++) {
        const struct meter *m = &all[i].meters[kind];

        if (m->packets == 0)
            continue;
        ret->packets += m->packets;
        ret->lost += meter_lost(m);
        ret->lost_at_first += meter_lost_at_first(m);
        ret->kbit_s += meter_kbit_s(m) / (double) n;
        ret->delay_median_us = larger(ret->delay_median_us, meter_delay_us(m, 0.5));
        ret->delay_p95_us = larger(ret->delay_p95_us, meter_delay_us(m, 0.95));
        ret->first_packet_us = larger(ret->first_packet_us, all[i].first_packet_us);
        if (meter_jitter_ms(m) > ret->jitter_ms)
            ret->jitter_ms = meter_jitter_ms(m);
    }
    if (ret->packets > 0) {
        double percent = 100.0 / (double) (ret->packets + ret->lost);

        ret->loss_percent = percent * (double) ret->lost;
        ret->loss_percent_at_first = percent * (double) ret->lost_at_first;
    }
}
