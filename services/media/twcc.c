#include "media/twcc.h"

#include "codec/rtp.h"

#define TICK_US 250
#define TICKS_PER_REFERENCE 256 /* 64 ms */
#define BUSY_PACKETS 8          /* since the last feedback: then the shorter interval */

/* Arrival times are kept in ticks modulo 2^32, which is also where the 24-bit reference time
 * begins anew. */

void twcc_init(struct twcc *t)
{
    *t = (struct twcc){.started = false};
}

static bool has(const struct twcc *t, uint64_t seq)
{
    return t->received[seq % TWCC_WINDOW / 64] >> seq % 64 & 1;
}

static void forget(struct twcc *t, uint64_t seq)
{
    t->received[seq % TWCC_WINDOW / 64] &= ~(UINT64_C(1) << seq % 64);
}

static void advance(struct twcc *t, uint64_t seq)
{
    if (seq - t->highest >= TWCC_WINDOW)
        memset(t->received, 0, sizeof(t->received));
    else
        for (uint64_t s = t->highest + 1; s < seq; s++)
            forget(t, s);
    t->highest = seq;
    if (t->next + TWCC_WINDOW <= seq)
        t->next = seq + 1 - TWCC_WINDOW;
}

void twcc_packet(struct twcc *t, uint16_t seq, uint64_t now_us)
{
    uint64_t ext = t->started ? rtp_seq_extend(t->highest, seq) : 0x10000u + seq;

    if (!t->started) {
        t->started = true;
        t->next = t->highest = ext;
    } else if (ext > t->highest) {
        advance(t, ext);
    } else if (t->highest - ext >= TWCC_WINDOW || has(t, ext)) {
        return;
    } else if (ext < t->next) {
        t->next = ext; /* was reported as lost: the report is given again from there */
    }
    t->arrival[ext % TWCC_WINDOW] = (uint32_t) (now_us / TICK_US);
    t->received[ext % TWCC_WINDOW / 64] |= UINT64_C(1) << ext % 64;
    if (t->n_unreported++ == 0)
        t->first_us = now_us;
}

uint64_t twcc_deadline(const struct twcc *t)
{
    if (t->n_unreported == 0)
        return UINT64_MAX;
    return t->first_us +
           (t->n_unreported >= BUSY_PACKETS ? TWCC_INTERVAL_US : TWCC_INTERVAL_IDLE_US);
}

/* A packet without any arrival has no reference time: losses that would fill one go unreported. */
static void skip_lost(struct twcc *t)
{
    uint64_t first = t->next;

    while (!has(t, first))
        first++;
    if (first - t->next >= TWCC_PACKETS_MAX)
        t->next = first;
}

/* Fills in the packets from t->next on, up to the newest or to the first whose delta does not fit.
 * The first arrival decides the reference time. */
static size_t collect(const struct twcc *t, struct rtcp_twcc *head,
                      struct rtcp_twcc_packet packets[static TWCC_PACKETS_MAX])
{
    bool any = false;
    uint32_t last = 0;
    size_t n = 0;

    for (uint64_t s = t->next; s <= t->highest && n < TWCC_PACKETS_MAX; s++, n++) {
        uint32_t at = t->arrival[s % TWCC_WINDOW];
        int32_t ticks;

        packets[n] = (struct rtcp_twcc_packet){.seq = (uint16_t) s, .received = has(t, s)};
        if (!packets[n].received)
            continue;
        if (!any) {
            last = at / TICKS_PER_REFERENCE * TICKS_PER_REFERENCE;
            head->reference_time = (int32_t) (at / TICKS_PER_REFERENCE);
            any = true;
        }
        ticks = (int32_t) (at - last);
        if (ticks < INT16_MIN || ticks > INT16_MAX)
            break;
        packets[n].delta_us = ticks * TICK_US;
        last = at;
    }
    return n;
}

bool twcc_put_feedback(struct twcc *t, struct wr *w, uint32_t ssrc, uint32_t media_ssrc)
{
    struct rtcp_twcc_packet packets[TWCC_PACKETS_MAX];
    struct rtcp_twcc head = {.feedback_count = t->feedback_count};
    size_t n;

    if (t->n_unreported == 0 || wr_left(w) < TWCC_FEEDBACK_MAX)
        return false;
    skip_lost(t);
    head.base_seq = (uint16_t) t->next;
    n = collect(t, &head, packets);
    rtcp_put_twcc(w, ssrc, media_ssrc, &head, packets, n);
    t->feedback_count++;
    t->next += n;
    if (t->next > t->highest)
        t->n_unreported = 0;
    return true;
}
