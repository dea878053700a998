#include "media/subscriber.h"

#include "media/forward.h"
#include "media/quality.h"

#include "base/clock.h"
#include "base/rnd.h"

#include <stdio.h>
#include <stdlib.h>

#define REPORT_MS 1000
#define FIRST_REPORT_MS 300
#define RTCP_COMPOUND_MAX 1400

/* ---- incoming RTCP ---- */

static struct subscriber_track *track_by_ssrc(struct subscriber *s, uint32_t ssrc)
{
    for (unsigned i = 0; i < NEG_KINDS; i++) {
        if (s->tracks[i].active && s->tracks[i].ssrc == ssrc)
            return &s->tracks[i];
    }
    return NULL;
}

static void on_reports(struct subscriber *s, const struct rtcp *p, uint64_t now_us)
{
    struct rtcp_report_block block;

    for (unsigned i = 0; rtcp_report_block(p, i, &block); i++) {
        struct subscriber_track *st = track_by_ssrc(s, block.ssrc);
        uint64_t took_us;

        if (!st)
            continue;
        st->report = block;
        if (sending_rtt(&st->sending, &block, now_us, &took_us) == 0)
            rtt_sample(&st->rtt, took_us);
    }
}

/* The peer's clock: it wants it back in our next report. */
static void on_clock(struct subscriber *s, const struct rtcp *p, uint64_t now_us)
{
    uint64_t ntp;

    if (rtcp_xr_rrtr(p, &ntp) < 0)
        return;
    s->echo = (struct rtcp_dlrr){.ssrc = p->ssrc, .lrr = (uint32_t) (ntp >> 16)};
    s->echo_us = now_us;
}

static void on_nack(struct subscriber *s, const struct rtcp *p, uint64_t now_us)
{
    struct subscriber_track *st = track_by_ssrc(s, p->media_ssrc);
    const struct history *h;
    uint64_t in_seq;
    uint16_t seq;
    size_t pos = 0;

    if (!st || !transport_is_connected(s->transport))
        return;
    h = s->source->tracks[st->kind].history;
    while (h && rtcp_next_nack(p, &pos, &seq)) {
        struct bytes packet = bytes_of(NULL, 0);
        struct rtp rtp;

        st->nacks++;
        if (rewrite_source_seq(&st->rewrite, seq, &in_seq) == 0)
            packet = history_find(h, in_seq, now_us);
        if (packet.p && rtp_decode(packet, &rtp) == 0)
            forward_again(st, &rtp, seq, now_us);
    }
}

/* The track that a FIR or PLI wants a key frame of; NULL: none of ours. */
static struct subscriber_track *requested_of(struct subscriber *s, const struct rtcp *p)
{
    struct subscriber_track *st = NULL;
    size_t pos = 0;
    uint32_t ssrc;
    uint8_t nr;

    if (p->count == RTCP_FMT_PLI)
        return track_by_ssrc(s, p->media_ssrc);
    while (!st && rtcp_next_fir(p, &pos, &ssrc, &nr))
        st = track_by_ssrc(s, ssrc);
    return st;
}

static void on_payload_feedback(struct subscriber *s, const struct rtcp *p, uint64_t now_us)
{
    struct subscriber_track *st = requested_of(s, p);

    if (st) {
        st->key_frame_requests++;
        publisher_want_key_frame(s->source, now_us);
    } else if (p->count == RTCP_FMT_AFB) {
        (void) rtcp_remb(p, &s->remb_bps);
    }
}

void subscriber_on_rtcp(struct subscriber *s, struct bytes compound)
{
    uint64_t now_us = s->router->worker->now_us;
    struct rd r = rd_init(compound);
    struct rtcp p;

    while (rtcp_next(&r, &p)) {
        if (p.type == RTCP_RR || p.type == RTCP_SR)
            on_reports(s, &p, now_us);
        else if (p.type == RTCP_RTPFB && p.count == RTCP_FMT_NACK)
            on_nack(s, &p, now_us);
        else if (p.type == RTCP_PSFB)
            on_payload_feedback(s, &p, now_us);
        else if (p.type == RTCP_XR)
            on_clock(s, &p, now_us);
    }
}

/* ---- its transport ---- */

static void on_rtp(struct transport *t, uint8_t *packet, size_t len, void *arg)
{
    (void) t, (void) packet, (void) len, (void) arg; /* a subscriber sends no media */
}

static void on_rtcp(struct transport *t, struct bytes compound, void *arg)
{
    (void) t;
    subscriber_on_rtcp(arg, compound);
}

static void on_state(struct transport *t, void *arg)
{
    struct subscriber *s = arg;

    if (t != s->transport)
        return;
    router_note_state(s->router, s->source->id, s->id, t->state);
    if (t->state == TRANSPORT_CONNECTED)
        subscriber_on_connected(s);
    else
        subscriber_on_disconnected(s);
}

static void describe(struct log_ids *ret, const void *arg)
{
    const struct subscriber *s = arg;

    *ret = (struct log_ids){s->router->session, s->whose.connection, s->source->id, s->whose.join};
}

const struct transport_handlers subscriber_transport_handlers = {
    .describe = describe,
    .on_state = on_state,
    .on_rtp = on_rtp,
    .on_rtcp = on_rtcp,
};

static bool has_known_video_codec(const struct publisher *p)
{
    const struct neg_media *m = &p->neg.media[SDP_VIDEO];

    return m->active && m->n_codecs > 0 && m->codecs[0].codec != RTP_CODEC_OTHER;
}

static void wait_for_key(struct subscriber_track *st)
{
    st->waits_for_key = st->kind == SDP_VIDEO && has_known_video_codec(st->subscriber->source);
    st->waits_since_us = 0;
}

static int add_senders(struct subscriber_track *st)
{
    struct srtp_transport *srtp = st->subscriber->transport->srtp;
    int r = 0;

    if (!st->sender)
        r = srtp_transport_add_sender(srtp, st->ssrc, &st->sender);
    if (r == 0 && !st->rtx_sender)
        r = srtp_transport_add_sender(srtp, st->rtx_ssrc, &st->rtx_sender);
    return r;
}

static void start_track(struct subscriber_track *st)
{
    struct publisher *source = st->subscriber->source;
    uint64_t now_us = clock_us();

    if (!st->active || add_senders(st) < 0)
        return;
    if (st->rewrite.started && now_us > st->rewrite.last_us + PUBLISHER_REPLAY_MAX_US)
        rewrite_resync(&st->rewrite);                /* what it has missed meanwhile is not lost */
    forward_held(&source->tracks[st->kind], now_us); /* it is in the replay */
    list_del(&st->node);
    list_append(&source->tracks[st->kind].subscribers, &st->node);
    publisher_watched(source, now_us);
    wait_for_key(st);
    if (st->kind == SDP_VIDEO && !publisher_replay(source, st, now_us))
        publisher_want_key_frame(source, now_us);
}

void subscriber_on_connected(struct subscriber *s)
{
    if (!s->answered)
        return;
    transport_log(s->transport, LOG_LEVEL_INFO, "transport %s connected as %s, %s",
                  s->transport->ice.ufrag,
                  s->owns_transport ? "a subscriber" : "its own subscriber",
                  srtp_profile_id_name(srtp_transport_profile(s->transport->srtp)));
    for (unsigned i = 0; i < NEG_KINDS; i++)
        start_track(&s->tracks[i]);
    wheel_start_coarse(&s->router->worker->wheel, &s->report_timer, FIRST_REPORT_MS);
}

void subscriber_on_disconnected(struct subscriber *s)
{
    for (unsigned i = 0; i < NEG_KINDS; i++) {
        list_del(&s->tracks[i].node);
        list_del(&s->tracks[i].replay_node);
    }
    publisher_watched(s->source, clock_us());
}

static void map_tracks(struct subscriber *s)
{
    for (unsigned i = 0; i < NEG_KINDS; i++) {
        const struct neg_media *from = &s->source->neg.media[i];
        struct subscriber_track *st = &s->tracks[i];

        st->active = s->neg.media[i].active;
        neg_map(from, &s->neg.media[i], &st->map);
    }
}

static void start_rewriting(struct subscriber_track *st)
{
    const struct neg_media *m = &st->subscriber->neg.media[st->kind];
    uint32_t clock_hz = st->kind == SDP_AUDIO ? 48000 : 90000;

    if (m->active && m->n_codecs > 0)
        clock_hz = m->codecs[0].clock_hz;
    rewrite_init(&st->rewrite, clock_hz, (uint16_t) rnd_u32(), rnd_u32());
}

void subscriber_set_remote(struct subscriber *s, const struct neg_peer *neg)
{
    s->neg = *neg;
    s->answered = true;
    map_tracks(s);
    for (unsigned i = 0; i < NEG_KINDS; i++)
        start_rewriting(&s->tracks[i]);
    if (s->owns_transport)
        transport_set_remote(s->transport, neg);
}

void subscriber_resume(struct subscriber_track *st)
{
    rewrite_resync(&st->rewrite);
    wait_for_key(st);
}

void subscriber_source_changed(struct subscriber *s)
{
    if (!s->answered)
        return;
    map_tracks(s);
    for (unsigned i = 0; i < NEG_KINDS; i++)
        subscriber_resume(&s->tracks[i]);
    keyframe_want(&s->source->tracks[SDP_VIDEO].keyframe, clock_us());
}

/* ---- sender reports ---- */

static void put_report(struct subscriber_track *st, struct wr *w, uint64_t now_us)
{
    const struct publisher *p = st->subscriber->source;
    struct rtcp_sender_info info;
    uint64_t ntp;
    uint32_t ts;

    if (!st->active || !st->rewrite.started ||
        reception_clock(&p->tracks[st->kind].reception, now_us, &ntp, &ts) < 0)
        return;
    sending_report(&st->sending, ntp, rewrite_ts(&st->rewrite, ts), now_us, &info);
    rtcp_put_sr(w, st->ssrc, &info, NULL, 0);
    rtcp_put_sdes_cname(w, st->ssrc, bytes_str(p->cname));
}

/* Echoed once: the peer sends its clock with each report. */
static void put_echo(struct subscriber *s, struct wr *w, uint64_t now_us)
{
    if (s->echo_us == 0 || wr_len(w) == 0)
        return;
    s->echo.dlrr = (uint32_t) ((now_us - s->echo_us) * 65536 / 1000000);
    rtcp_put_dlrr(w, s->tracks[SDP_VIDEO].ssrc, &s->echo);
    s->echo_us = 0;
}

static void on_report_timer(struct wheel_timer *timer)
{
    struct subscriber *s = container_of(timer, struct subscriber, report_timer);
    uint8_t buf[RTCP_COMPOUND_MAX];
    struct wr w = wr_init(buf, sizeof(buf));
    uint64_t now_us = clock_us();

    for (unsigned i = 0; i < NEG_KINDS; i++) {
        put_report(&s->tracks[i], &w, now_us);
        rate_tick(&s->tracks[i].rate, s->tracks[i].sending.octets, now_us);
    }
    put_echo(s, &w, now_us);
    if (!w.failed)
        transport_send_rtcp(s->transport, bytes_of(buf, wr_len(&w)));
    wheel_start_coarse(&s->router->worker->wheel, &s->report_timer, REPORT_MS);
}

/* ---- life ---- */

static void init_track(struct subscriber *s, uint8_t kind, const struct neg_local *local)
{
    struct subscriber_track *st = &s->tracks[kind];

    st->subscriber = s;
    st->transport = s->transport;
    st->kind = kind;
    st->ssrc = local->send[kind].ssrc;
    st->rtx_ssrc = local->send[kind].rtx_ssrc;
    st->rtx_seq = rnd_u32() & 0x7fff; /* below 2^15: see srtp_sender_protect() */
    list_init(&st->node);
    list_init(&st->replay_node);
    sending_init(&st->sending, st->ssrc);
}

int subscriber_new(struct publisher *source, const char *id, struct transport *t,
                   const struct neg_local *local, struct subscriber **ret_s)
{
    struct router *r = source->router;
    struct subscriber *s;
    int error;

    s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->router = r;
    s->source = source;
    s->transport = t;
    s->owns_transport = t != source->transport;
    snprintf(s->id, sizeof(s->id), "%s", id);
    wheel_timer_init(&s->report_timer, on_report_timer);
    for (uint8_t i = 0; i < NEG_KINDS; i++)
        init_track(s, i, local);
    error = map_put(r->subscribers, bytes_str(id), s);
    if (error < 0) {
        free(s);
        return error;
    }
    list_append(&source->subscribers, &s->node);
    *ret_s = s;
    return 0;
}

struct subscriber *subscriber_free(struct subscriber *s)
{
    if (!s)
        return NULL;
    for (unsigned i = 0; i < NEG_KINDS; i++) {
        list_del(&s->tracks[i].node);
        list_del(&s->tracks[i].replay_node);
    }
    list_del(&s->node);
    publisher_watched(s->source, clock_us());
    if (s->source->loopback == s)
        s->source->loopback = NULL;
    wheel_stop(&s->router->worker->wheel, &s->report_timer);
    map_del(s->router->subscribers, bytes_str(s->id));
    quality_subscriber_ends(s);
    if (s->owns_transport)
        transport_free(s->transport);
    free(s);
    return NULL;
}
