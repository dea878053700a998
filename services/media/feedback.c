#include "media/feedback.h"

#include "media/subscriber.h"

#define COMPOUND_MAX 1400
#define NACK_MAX 64

static void put_key_frame_request(struct track *k, struct wr *w)
{
    uint32_t from = k->publisher->feedback_ssrc;

    if (k->asks_by_fir)
        rtcp_put_fir(w, from, k->ssrc, k->fir_nr++);
    else
        rtcp_put_pli(w, from, k->ssrc);
}

static void put_nacks(struct track *k, struct wr *w, uint64_t now_us)
{
    uint16_t seqs[NACK_MAX];
    bool broken = false;
    size_t n =
        nack_due(&k->nack, now_us, rtt_patience_us(&k->publisher->rtt), seqs, NACK_MAX, &broken);

    if (n > 0)
        rtcp_put_nack(w, k->publisher->feedback_ssrc, k->ssrc, seqs, n);
    if (broken && k->kind == SDP_VIDEO)
        keyframe_want(&k->keyframe, now_us);
}

static void put_track_feedback(struct track *k, struct wr *w, uint64_t now_us)
{
    if (!k->has_ssrc)
        return;
    if (k->history && nack_deadline(&k->nack) <= now_us)
        put_nacks(k, w, now_us);
    if (k->kind == SDP_VIDEO && keyframe_due(&k->keyframe, rtt_us(&k->publisher->rtt), now_us))
        put_key_frame_request(k, w);
}

static uint64_t next_deadline(const struct publisher *p)
{
    uint64_t next = p->uses_twcc ? twcc_deadline(&p->twcc) : UINT64_MAX;

    for (unsigned i = 0; i < NEG_KINDS; i++) {
        const struct track *k = &p->tracks[i];
        uint64_t nack = k->has_ssrc && k->history ? nack_deadline(&k->nack) : UINT64_MAX;
        uint64_t key = k->has_ssrc && i == SDP_VIDEO ? keyframe_deadline(&k->keyframe) : UINT64_MAX;

        if (nack < next)
            next = nack;
        if (key < next)
            next = key;
    }
    return next;
}

static void send_due(struct publisher *p, uint64_t now_us)
{
    uint8_t buf[COMPOUND_MAX];
    struct wr w = wr_init(buf, sizeof(buf));
    uint32_t about =
        p->tracks[SDP_VIDEO].has_ssrc ? p->tracks[SDP_VIDEO].ssrc : p->tracks[SDP_AUDIO].ssrc;

    for (unsigned i = 0; i < NEG_KINDS; i++)
        put_track_feedback(&p->tracks[i], &w, now_us);
    if (!w.failed && wr_len(&w) > 0)
        transport_send_rtcp(p->transport, bytes_of(buf, wr_len(&w)));
    if (!p->uses_twcc || twcc_deadline(&p->twcc) > now_us)
        return;
    w = wr_init(buf, sizeof(buf));
    while (twcc_put_feedback(&p->twcc, &w, p->feedback_ssrc, about)) {
        transport_send_rtcp(p->transport, bytes_of(buf, wr_len(&w)));
        w = wr_init(buf, sizeof(buf));
    }
}

/* A mirror's sender is its sink. */
static void ask_back(struct publisher *p, uint64_t now_us)
{
    if (keyframe_due(&p->tracks[SDP_VIDEO].keyframe, 0, now_us))
        mirror_want_key_frame(p);
}

void feedback_run(struct publisher *p, uint64_t now_us)
{
    struct wheel *wheel = &p->router->worker->wheel;
    uint64_t next = next_deadline(p);

    if (!publisher_is_mirror(p) && (!p->transport || !transport_is_connected(p->transport)))
        return;
    if (next <= now_us) {
        if (publisher_is_mirror(p))
            ask_back(p, now_us);
        else
            send_due(p, now_us);
        next = next_deadline(p);
    }
    if (next == UINT64_MAX)
        return;
    if (next < now_us) /* more than one message has room for */
        next = now_us;
    if (!wheel_timer_is_armed(&p->feedback_timer) ||
        p->feedback_timer.due_tick > next / 1000 / WHEEL_TICK_MS + 1)
        wheel_start(wheel, &p->feedback_timer, (next - now_us) / 1000);
}

static unsigned higher(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

unsigned feedback_useful_kbps(const struct publisher *p)
{
    const struct subscriber *s;
    const struct mirror_sink *sink;
    unsigned highest = 0, least = p->min_recv_kbps;

    list_for_each (s, &p->subscribers, node) {
        if (subscriber_is_away(s))
            continue;
        if (s->max_send_kbps == 0)
            return p->max_recv_kbps;
        highest = higher(highest, s->max_send_kbps);
        least = higher(least, s->min_send_kbps);
    }
    list_for_each (sink, &p->sinks, node) {
        if (sink->kbps == 0 && sink->kinds & 1u << SDP_VIDEO)
            return p->max_recv_kbps;
        highest = higher(highest, sink->kbps);
    }
    highest = highest > 0 ? higher(highest, least) : 0;
    if (highest == 0 || (p->max_recv_kbps > 0 && p->max_recv_kbps < highest))
        return p->max_recv_kbps;
    return highest;
}

void feedback_report(struct publisher *p, uint64_t now_us)
{
    uint8_t buf[COMPOUND_MAX];
    struct wr w = wr_init(buf, sizeof(buf));
    struct rtcp_report_block blocks[NEG_KINDS];
    const struct track *video = &p->tracks[SDP_VIDEO];
    unsigned n = 0, kbps = feedback_useful_kbps(p);

    for (unsigned i = 0; i < NEG_KINDS; i++) {
        if (p->tracks[i].has_ssrc && reception_report(&p->tracks[i].reception, now_us, &blocks[n]))
            n++;
    }
    rtcp_put_rr(&w, p->feedback_ssrc, blocks, n);
    rtcp_put_sdes_cname(&w, p->feedback_ssrc, bytes_str(p->cname));
    rtcp_put_rrtr(&w, p->feedback_ssrc, rtt_clock(now_us));
    if (kbps > 0 && video->has_ssrc)
        rtcp_put_remb(&w, p->feedback_ssrc, (uint64_t) kbps * 1000, &video->ssrc, 1);
    if (!w.failed)
        transport_send_rtcp(p->transport, bytes_of(buf, wr_len(&w)));
}
