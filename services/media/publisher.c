#include "media/publisher.h"

#include "media/feedback.h"
#include "media/forward.h"
#include "media/subscriber.h"

#include "base/clock.h"
#include "base/rnd.h"

#include <stdio.h>
#include <stdlib.h>

#define REPORT_MS 1000
#define FIRST_REPORT_MS 200
#define REPLAY_MAX_US 1000000
#define REPLAY_MAX_PACKETS 100 /* more at once are lost on the way, or keep the browser busy */
#define RTX_HEADER_SIZE 2      /* the original sequence number (RFC 4588 section 4) */

/* ---- incoming media ---- */

/* A track's first packet, or the first under another SSRC. */
static void track_begin(struct track *k, uint32_t ssrc, uint32_t clock_hz, uint64_t now_us)
{
    struct subscriber_track *st;

    forward_held(k, now_us);
    forward_forget(k);
    if (k->has_ssrc) {
        list_for_each (st, &k->subscribers, node)
            rewrite_resync(&st->rewrite);
    }
    k->has_ssrc = true;
    k->has_key = false;
    k->ssrc = ssrc;
    reception_init(&k->reception, ssrc, clock_hz);
    nack_init(&k->nack);
    if (k->history)
        history_clear(k->history);
}

/* A retransmission becomes the packet that it repeats, in place. False: it carries none (a probe),
 * or comes before any packet. */
static bool restore_rtx(struct track *k, const struct neg_codec *codec, uint8_t *packet,
                        size_t *len, struct media_packet *m)
{
    size_t header_len = m->rtp.header_len;
    uint16_t seq;

    if (!k->has_ssrc || m->rtp.payload.len <= RTX_HEADER_SIZE)
        return false;
    seq = (uint16_t) (m->rtp.payload.p[0] << 8 | m->rtp.payload.p[1]);
    memmove(packet + RTX_HEADER_SIZE, packet, header_len);
    packet += RTX_HEADER_SIZE;
    *len -= RTX_HEADER_SIZE;
    packet[1] = (uint8_t) ((packet[1] & 0x80) | codec->pt);
    packet[2] = (uint8_t) (seq >> 8);
    packet[3] = (uint8_t) seq;
    packet[8] = (uint8_t) (k->ssrc >> 24);
    packet[9] = (uint8_t) (k->ssrc >> 16);
    packet[10] = (uint8_t) (k->ssrc >> 8);
    packet[11] = (uint8_t) k->ssrc;
    if (rtp_decode(bytes_of(packet, *len), &m->rtp) < 0)
        return false;
    m->seq = rtp_seq_extend(k->reception.highest, seq);
    return true;
}

/* Sets m->seq. */
static void receive(struct track *k, const struct neg_codec *codec, struct media_packet *m)
{
    if (!k->has_ssrc || m->rtp.ssrc != k->ssrc)
        track_begin(k, m->rtp.ssrc, codec->clock_hz, m->now_us);
    m->seq = reception_packet(&k->reception, m->rtp.seq, m->rtp.ts, m->rtp.payload.len, m->now_us);
}

/* False: the packet was here before. */
static bool keep(struct track *k, struct media_packet *m, struct bytes packet)
{
    int r;

    if (!k->history)
        return true;
    if (!nack_packet(&k->nack, m->seq, m->now_us))
        keyframe_want(&k->keyframe, m->now_us);
    r = history_put(k->history, m->seq, packet, m->now_us);
    return r != -EEXIST && r != -ERANGE;
}

/* A frame may have several packets that could begin one (SPS, then IDR): the first counts. */
static void note_key_frame(struct track *k, const struct media_packet *m)
{
    keyframe_passed(&k->keyframe, m->now_us);
    if (k->has_key && k->key_ts == m->rtp.ts)
        return;
    k->has_key = true;
    k->key_seq = m->seq;
    k->key_ts = m->rtp.ts;
    k->key_us = m->now_us;
}

static void forward(struct track *k, const struct neg_codec *codec, struct media_packet *m)
{
    m->starts_key_frame =
        k->kind == SDP_VIDEO && rtp_starts_key_frame(codec->codec, m->rtp.payload);
    if (m->starts_key_frame)
        note_key_frame(k, m);
    forward_packet(k, m);
}

static void note_arrival(struct publisher *p, const struct track *k, const struct media_packet *m)
{
    uint8_t id = p->neg.media[k->kind].ext_id[NEG_EXT_TRANSPORT_CC];
    struct bytes value;

    if (!p->uses_twcc || id == 0)
        return;
    value = rtp_find_ext(&m->rtp, id);
    if (value.len == 2)
        twcc_packet(&p->twcc, (uint16_t) (value.p[0] << 8 | value.p[1]), m->now_us);
}

static void on_rtp(struct transport *t, uint8_t *packet, size_t len, void *arg)
{
    struct publisher *p = arg;
    struct media_packet m = {.now_us = t->worker->now_us};
    const struct payload_type *pt;
    const struct neg_codec *codec;
    struct track *k;
    bool is_new = true;

    if (rtp_decode(bytes_of(packet, len), &m.rtp) < 0)
        return;
    pt = &p->payload_types[m.rtp.pt & 0x7f];
    if (!pt->known)
        return;
    k = &p->tracks[pt->kind];
    codec = &p->neg.media[pt->kind].codecs[pt->codec];
    note_arrival(p, k, &m);
    if (pt->is_rtx) {
        is_new = restore_rtx(k, codec, packet, &len, &m);
        packet += RTX_HEADER_SIZE;
    } else {
        receive(k, codec, &m);
    }
    if (is_new && keep(k, &m, bytes_of(packet, len)))
        forward(k, codec, &m);
    feedback_run(p, m.now_us);
}

static void on_rtcp(struct transport *t, struct bytes compound, void *arg)
{
    struct publisher *p = arg;
    struct rd r = rd_init(compound);
    struct rtcp_sender_info info;
    struct rtcp packet;

    while (rtcp_next(&r, &packet)) {
        if (packet.type != RTCP_SR || rtcp_sender_info(&packet, &info) < 0)
            continue;
        for (unsigned i = 0; i < NEG_KINDS; i++) {
            struct track *k = &p->tracks[i];

            if (k->has_ssrc && k->ssrc == packet.ssrc)
                reception_sr(&k->reception, &info, t->worker->now_us);
        }
    }
    if (p->loopback)
        subscriber_on_rtcp(p->loopback, compound);
}

static void on_state(struct transport *t, void *arg)
{
    struct publisher *p = arg;

    if (t != p->transport)
        return;
    router_note_state(p->router, p->id, "", t->state);
    if (t->state != TRANSPORT_CONNECTED)
        return;
    transport_log(t, LOG_LEVEL_INFO, "transport %s connected as its publisher, %s", t->ice.ufrag,
                  srtp_profile_id_name(srtp_transport_profile(t->srtp)));
    wheel_start(&t->worker->wheel, &p->report_timer, FIRST_REPORT_MS);
    if (p->loopback)
        subscriber_on_connected(p->loopback);
}

static void describe(struct log_ids *ret, const void *arg)
{
    const struct publisher *p = arg;

    *ret = (struct log_ids){p->router->session, p->whose.connection, p->id, p->whose.join};
}

const struct transport_handlers publisher_transport_handlers = {
    .describe = describe,
    .on_state = on_state,
    .on_rtp = on_rtp,
    .on_rtcp = on_rtcp,
};

/* ---- timers ---- */

static void on_feedback_timer(struct wheel_timer *timer)
{
    feedback_run(container_of(timer, struct publisher, feedback_timer), clock_us());
}

static void on_report_timer(struct wheel_timer *timer)
{
    struct publisher *p = container_of(timer, struct publisher, report_timer);
    uint64_t now_us = clock_us();

    if (p->transport && transport_is_connected(p->transport))
        feedback_report(p, now_us);
    for (unsigned i = 0; i < NEG_KINDS; i++) {
        if (p->tracks[i].history)
            (void) history_tick(p->tracks[i].history, now_us);
    }
    wheel_start(&p->router->worker->wheel, &p->report_timer, REPORT_MS);
}

bool publisher_replay(struct publisher *p, struct subscriber_track *st, uint64_t now_us)
{
    const struct track *k = &p->tracks[SDP_VIDEO];

    if (!k->history || !k->has_key || now_us - k->key_us > REPLAY_MAX_US ||
        k->reception.highest - k->key_seq >= REPLAY_MAX_PACKETS)
        return false;
    forward_replay(st, k->key_seq, now_us);
    return !st->waits_for_key;
}

void publisher_want_key_frame(struct publisher *p, uint64_t now_us)
{
    keyframe_want(&p->tracks[SDP_VIDEO].keyframe, now_us);
    feedback_run(p, now_us);
}

/* ---- the source ---- */

static void learn_payload_types(struct publisher *p)
{
    memset(p->payload_types, 0, sizeof(p->payload_types));
    for (uint8_t kind = 0; kind < NEG_KINDS; kind++) {
        const struct neg_media *m = &p->neg.media[kind];

        for (uint8_t i = 0; m->active && i < m->n_codecs; i++) {
            const struct neg_codec *c = &m->codecs[i];
            struct payload_type pt = {.known = true, .kind = kind, .codec = i};

            p->payload_types[c->pt & 0x7f] = pt;
            pt.is_rtx = true;
            if (c->rtx_pt)
                p->payload_types[c->rtx_pt & 0x7f] = pt;
        }
    }
}

static bool has_feedback(const struct neg_media *m, uint8_t fb)
{
    for (unsigned i = 0; m->active && i < m->n_codecs; i++) {
        if (m->codecs[i].fb & fb)
            return true;
    }
    return false;
}

static void reset_track(struct track *k, const struct neg_media *m)
{
    k->active = m->active;
    k->has_ssrc = false;
    k->has_key = false;
    forward_forget(k);
    k->history = history_free(k->history);
    if (has_feedback(m, NEG_FB_NACK)) /* without memory for it there are no retransmissions */
        (void) history_new(k->kind == SDP_VIDEO ? &history_video : &history_audio, &k->history);
    keyframe_init(&k->keyframe);
}

void publisher_set_source(struct publisher *p, struct transport *t, const struct neg_peer *neg,
                          uint32_t feedback_ssrc)
{
    struct subscriber *s;

    subscriber_free(p->loopback);
    transport_free(p->transport);
    p->transport = t;
    p->neg = *neg;
    p->feedback_ssrc = feedback_ssrc;
    p->uses_twcc = false;
    learn_payload_types(p);
    for (unsigned i = 0; i < NEG_KINDS; i++) {
        const struct neg_media *m = &p->neg.media[i];

        reset_track(&p->tracks[i], m);
        if (m->active && m->ext_id[NEG_EXT_TRANSPORT_CC] && has_feedback(m, NEG_FB_TRANSPORT_CC))
            p->uses_twcc = true;
    }
    twcc_init(&p->twcc);
    list_for_each (s, &p->subscribers, node)
        subscriber_source_changed(s);
    transport_set_remote(t, neg);
}

/* ---- life ---- */

int publisher_new(struct router *r, const char *id, struct publisher **ret_p)
{
    struct publisher *p = calloc(1, sizeof(*p));
    int error;

    if (!p)
        return -ENOMEM;
    p->router = r;
    snprintf(p->id, sizeof(p->id), "%s", id);
    rnd_alnum(p->cname, sizeof(p->cname) - 1);
    list_init(&p->subscribers);
    wheel_timer_init(&p->feedback_timer, on_feedback_timer);
    wheel_timer_init(&p->report_timer, on_report_timer);
    for (uint8_t i = 0; i < NEG_KINDS; i++) {
        p->tracks[i] = (struct track){.publisher = p, .kind = i};
        list_init(&p->tracks[i].held_node);
        list_init(&p->tracks[i].subscribers);
    }
    error = map_put(r->publishers, bytes_str(id), p);
    if (error < 0) {
        free(p);
        return error;
    }
    *ret_p = p;
    return 0;
}

struct publisher *publisher_free(struct publisher *p)
{
    struct subscriber *s;

    if (!p)
        return NULL;
    while ((s = list_first(&p->subscribers, struct subscriber, node)))
        subscriber_free(s);
    wheel_stop(&p->router->worker->wheel, &p->feedback_timer);
    wheel_stop(&p->router->worker->wheel, &p->report_timer);
    transport_free(p->transport);
    for (unsigned i = 0; i < NEG_KINDS; i++) {
        forward_forget(&p->tracks[i]);
        history_free(p->tracks[i].history);
    }
    map_del(p->router->publishers, bytes_str(p->id));
    free(p);
    return NULL;
}
