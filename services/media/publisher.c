#include "media/publisher.h"

#include "media/feedback.h"
#include "media/forward.h"
#include "media/incoming.h"
#include "media/quality.h"
#include "media/subscriber.h"

#include "base/clock.h"
#include "base/rnd.h"

#include <stdio.h>
#include <stdlib.h>

#define REPORT_MS 1000
#define FIRST_REPORT_MS 200
#define REPLAY_MAX_PACKETS 100 /* more at once are lost on the way, or keep the browser busy */
#define SLEEP_US 10000000      /* until a track that nobody takes is not kept any more */

/* ---- the transport ---- */

static void on_rtp(struct transport *t, uint8_t *packet, size_t len, void *arg)
{
    incoming_rtp(arg, packet, len, t->worker->now_us);
}

static void on_rtcp(struct transport *t, struct bytes compound, void *arg)
{
    struct publisher *p = arg;

    incoming_rtcp(p, compound, t->worker->now_us);
    if (p->loopback)
        subscriber_on_rtcp(p->loopback, compound);
}

static void on_state(struct transport *t, void *arg)
{
    struct publisher *p = arg;

    if (t != p->transport)
        return;
    router_note_state(p->router, p->id, "", t->state);
    if (t->state != TRANSPORT_CONNECTED) {
        if (p->loopback)
            subscriber_on_disconnected(p->loopback);
        return;
    }
    transport_log(t, LOG_LEVEL_INFO, "transport %s connected as its publisher, %s", t->ice.ufrag,
                  srtp_profile_id_name(srtp_transport_profile(t->srtp)));
    wheel_start_coarse(&t->worker->wheel, &p->report_timer, FIRST_REPORT_MS);
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

/* ---- who watches ---- */

static unsigned watched_kinds(const struct publisher *p)
{
    unsigned kinds = mirror_kinds(p);

    for (unsigned i = 0; i < NEG_KINDS; i++) {
        bool held = i == SDP_VIDEO && p->video_held;

        if (!held && !list_empty(&p->tracks[i].subscribers))
            kinds |= 1u << i;
    }
    return kinds;
}

static bool has_feedback(const struct neg_media *m, uint8_t fb)
{
    for (unsigned i = 0; m->active && i < m->n_codecs; i++) {
        if (m->codecs[i].fb & fb)
            return true;
    }
    return false;
}

/* From here on packets are kept, and missing ones asked for. */
static void wake_track(struct track *k)
{
    const struct neg_media *m = &k->publisher->neg.media[k->kind];

    k->asleep = false;
    nack_restart(&k->nack);
    if (has_feedback(m, NEG_FB_NACK)) /* without memory for it there are no retransmissions */
        (void) history_new(k->kind == SDP_VIDEO ? &history_video : &history_audio, &k->history);
}

/* Packets are still decrypted, or the roll-over counter, the receiver reports and the feedback on
 * congestion would be at the mercy of whoever sends from that address. */
static void let_sleep(struct track *k)
{
    k->asleep = true;
    k->has_key = false;
    forward_forget(k);
    k->history = history_free(k->history);
    keyframe_restart(&k->keyframe);
    if (publisher_is_mirror(k->publisher)) /* it sees no packet: their numbers may go round */
        k->has_ssrc = false;
}

static void tend_track(struct track *k, uint64_t now_us)
{
    if (!k->asleep && k->unwatched_us != 0 && now_us - k->unwatched_us > SLEEP_US)
        let_sleep(k);
    if (k->history)
        (void) history_tick(k->history, now_us);
}

void publisher_watched(struct publisher *p, uint64_t now_us)
{
    unsigned kinds = watched_kinds(p);

    for (unsigned i = 0; i < NEG_KINDS; i++) {
        struct track *k = &p->tracks[i];

        if (!(kinds & 1u << i)) {
            k->unwatched_us = k->unwatched_us ? k->unwatched_us : now_us;
            continue;
        }
        k->unwatched_us = 0;
        if (k->asleep)
            wake_track(k);
    }
    if (publisher_is_mirror(p))
        mirror_tell(p, kinds, feedback_useful_kbps(p));
}

void publisher_hold_video(struct publisher *p, bool held)
{
    struct subscriber_track *st;
    uint64_t now_us = clock_us();

    if (p->video_held == held)
        return;
    forward_held(&p->tracks[SDP_VIDEO], now_us);
    forward_forget(&p->tracks[SDP_VIDEO]);
    p->video_held = held;
    publisher_watched(p, now_us);
    if (held || list_empty(&p->tracks[SDP_VIDEO].subscribers))
        return;
    list_for_each (st, &p->tracks[SDP_VIDEO].subscribers, node)
        subscriber_resume(st);
    publisher_want_key_frame(p, now_us);
}

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
        rate_tick(&p->tracks[i].rate, p->tracks[i].reception.octets, now_us);
        tend_track(&p->tracks[i], now_us);
    }
    if (publisher_is_mirror(p))
        mirror_tell(p, watched_kinds(p), feedback_useful_kbps(p));
    wheel_start_coarse(&p->router->worker->wheel, &p->report_timer, REPORT_MS);
}

static bool can_replay(const struct track *k, uint64_t now_us)
{
    return k->history && k->has_key && now_us - k->key_us <= PUBLISHER_REPLAY_MAX_US &&
           k->reception.highest - k->key_seq < REPLAY_MAX_PACKETS &&
           history_find(k->history, k->key_seq, now_us).p;
}

bool publisher_replay_to_mirror(struct publisher *p, struct mirror_sink *sink, uint64_t now_us)
{
    const struct track *k = &p->tracks[SDP_VIDEO];
    struct bytes packet;
    uint64_t seq = k->key_seq;

    if (!can_replay(k, now_us))
        return false;
    while ((packet = history_next(k->history, seq, now_us, &seq)).p) {
        if (!mirror_write_before(sink, packet))
            return false;
        seq++;
    }
    return true;
}

bool publisher_replay(struct publisher *p, struct subscriber_track *st, uint64_t now_us)
{
    const struct track *k = &p->tracks[SDP_VIDEO];

    if (p->video_held || !can_replay(k, now_us))
        return p->video_held;
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

static void reset_track(struct track *k, const struct neg_media *m)
{
    k->active = m->active;
    k->has_ssrc = false;
    k->has_key = false;
    forward_forget(k);
    k->history = history_free(k->history);
    keyframe_init(&k->keyframe);
    k->asks_by_fir = has_feedback(m, NEG_FB_FIR) && !has_feedback(m, NEG_FB_PLI);
    wake_track(k);
}

/* What the source sends, from now on. */
static void take_media(struct publisher *p, const struct neg_peer *neg)
{
    struct subscriber *s;

    p->neg = *neg;
    learn_payload_types(p);
    for (unsigned i = 0; i < NEG_KINDS; i++)
        reset_track(&p->tracks[i], &p->neg.media[i]);
    list_for_each (s, &p->subscribers, node)
        subscriber_source_changed(s);
    last_n_changed(&p->router->last_n, p);
    publisher_watched(p, clock_us());
}

void publisher_set_source(struct publisher *p, struct transport *t, const struct neg_peer *neg,
                          uint32_t feedback_ssrc)
{
    subscriber_free(p->loopback);
    quality_publisher_ends(p);
    transport_free(p->transport);
    p->rtt = (struct rtt){.smoothed_us = 0};
    p->transport = t;
    p->feedback_ssrc = feedback_ssrc;
    p->uses_twcc = false;
    for (unsigned i = 0; i < NEG_KINDS; i++) {
        const struct neg_media *m = &neg->media[i];

        if (m->active && m->ext_id[NEG_EXT_TRANSPORT_CC] && has_feedback(m, NEG_FB_TRANSPORT_CC))
            p->uses_twcc = true;
    }
    twcc_init(&p->twcc);
    take_media(p, neg);
    mirror_source_changed(p);
    transport_set_remote(t, neg);
}

void publisher_set_mirrored(struct publisher *p, const struct neg_peer *neg)
{
    take_media(p, neg);
    wheel_start(&p->router->worker->wheel, &p->report_timer, REPORT_MS);
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
    list_init(&p->sinks);
    list_init(&p->speaker.node);
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
    quality_publisher_ends(p); /* of a mirror there is nothing to tell, while it is one */
    mirror_close_all(p);
    mirror_detach(p);
    while ((s = list_first(&p->subscribers, struct subscriber, node)))
        subscriber_free(s);
    last_n_remove(&p->router->last_n, p);
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
