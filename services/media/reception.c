#include "media/reception.h"

#include "codec/rtp.h"

#define NTP_1970 2208988800u /* seconds from 1900 to 1970 */

void reception_init(struct reception *r, uint32_t ssrc, uint32_t clock_rate)
{
    *r = (struct reception){.ssrc = ssrc, .clock_rate = clock_rate};
}

static uint32_t media_ticks(uint64_t us, uint32_t clock_rate)
{
    return (uint32_t) (us / 1000000 * clock_rate + us % 1000000 * clock_rate / 1000000);
}

/* RFC 3550 A.8. Packets of one frame share their timestamp but leave one after the other, which is
 * no jitter: only the first of each counts. */
static void measure_jitter(struct reception *r, uint32_t ts, uint64_t now_us, bool first)
{
    uint32_t transit = media_ticks(now_us, r->clock_rate) - ts;
    int32_t d = (int32_t) (transit - r->transit);

    if (!first && ts == r->last_ts)
        return;
    r->transit = transit;
    r->last_ts = ts;
    if (first)
        return;
    r->jitter += (d < 0 ? 0u - (uint32_t) d : (uint32_t) d) - ((r->jitter + 8) >> 4);
}

static void note_pause(struct reception *r, uint64_t now_us, bool first)
{
    if (!first && now_us - r->last_us > RECEPTION_PAUSE_US) {
        r->pauses++;
        r->paused_us += now_us - r->last_us;
    }
    r->last_us = now_us;
}

uint64_t reception_packet(struct reception *r, uint16_t seq, uint32_t ts, size_t payload_len,
                          uint64_t now_us)
{
    bool first = !r->started;
    uint64_t ext = first ? 0x10000u + seq : rtp_seq_extend(r->highest, seq);

    r->received++;
    r->octets += payload_len;
    if (first) {
        r->started = true;
        r->base = r->highest = ext;
    }
    if (ext < r->base)
        r->base = ext;
    if (first || ext > r->highest) {
        r->highest = ext;
        note_pause(r, now_us, first);
        measure_jitter(r, ts, now_us, first);
    }
    return ext;
}

uint64_t reception_lost(const struct reception *r)
{
    uint64_t expected = r->started ? r->highest - r->base + 1 : 0;

    return expected > r->received ? expected - r->received : 0;
}

void reception_sr(struct reception *r, const struct rtcp_sender_info *sr, uint64_t now_us)
{
    r->has_sr = true;
    r->sr = *sr;
    r->sr_us = now_us;
}

/* 65,536ths of a second. */
static uint32_t short_ntp(uint64_t us)
{
    return (uint32_t) (us / 1000000 << 16 | (us % 1000000 << 16) / 1000000);
}

bool reception_report(struct reception *r, uint64_t now_us, struct rtcp_report_block *ret)
{
    struct rtcp_report_block b = {.ssrc = r->ssrc};
    uint64_t expected = r->highest - r->base + 1;
    uint64_t expected_now = expected - r->expected_prior;
    uint64_t received_now = r->received - r->received_prior;
    int64_t lost = (int64_t) expected - (int64_t) r->received;

    if (!r->started)
        return false;
    r->expected_prior = expected;
    r->received_prior = r->received;
    if (expected_now > received_now)
        b.fraction_lost = (uint8_t) (((expected_now - received_now) << 8) / expected_now);
    b.lost = (int32_t) (lost > 0x7fffff ? 0x7fffff : lost < -0x800000 ? -0x800000 : lost);
    b.highest_seq = (uint32_t) (r->highest - 0x10000);
    b.jitter = r->jitter >> 4;
    if (r->has_sr) {
        b.lsr = (uint32_t) (r->sr.ntp >> 16);
        b.dlsr = short_ntp(now_us - r->sr_us);
    }
    *ret = b;
    return true;
}

int reception_clock(const struct reception *r, uint64_t now_us, uint64_t *ret_ntp, uint32_t *ret_ts)
{
    uint64_t elapsed = now_us - r->sr_us;

    if (!r->has_sr)
        return -EAGAIN;
    *ret_ntp = r->sr.ntp + (elapsed / 1000000 << 32) + (elapsed % 1000000 << 32) / 1000000;
    *ret_ts = r->sr.rtp_ts + media_ticks(elapsed, r->clock_rate);
    return 0;
}

void sending_init(struct sending *s, uint32_t ssrc)
{
    *s = (struct sending){.ssrc = ssrc};
}

void sending_packet(struct sending *s, size_t payload_len)
{
    s->packets++;
    s->octets += payload_len;
}

void sending_report(struct sending *s, uint64_t ntp, uint32_t ts, uint64_t now_us,
                    struct rtcp_sender_info *ret)
{
    unsigned n = sizeof(s->reports) / sizeof(s->reports[0]);

    s->reports[s->next_report].lsr = (uint32_t) (ntp >> 16);
    s->reports[s->next_report].at_us = now_us;
    s->next_report = (s->next_report + 1) % n;
    *ret = (struct rtcp_sender_info){
        .ntp = ntp, .rtp_ts = ts, .packets = (uint32_t) s->packets, .octets = (uint32_t) s->octets};
}

int sending_rtt(const struct sending *s, const struct rtcp_report_block *block, uint64_t now_us,
                uint64_t *ret_rtt_us)
{
    uint64_t held_us = (uint64_t) block->dlsr * 1000000 >> 16;

    if (block->lsr == 0)
        return -ENOENT;
    for (unsigned i = 0; i < sizeof(s->reports) / sizeof(s->reports[0]); i++) {
        if (s->reports[i].lsr != block->lsr || s->reports[i].at_us + held_us > now_us)
            continue;
        *ret_rtt_us = now_us - s->reports[i].at_us - held_us;
        return 0;
    }
    return -ENOENT;
}

uint64_t ntp_from_wall_ms(uint64_t wall_ms)
{
    return ((wall_ms / 1000 + NTP_1970) << 32) | (wall_ms % 1000 << 32) / 1000;
}
