#include "media/quality.h"

#include "media/publisher.h"
#include "media/subscriber.h"

#include "base/clock.h"

#include <stdlib.h>

static const char *const kind_names[NEG_KINDS] = {[SDP_AUDIO] = "audio", [SDP_VIDEO] = "video"};

/* ---- counting ---- */

static void add_in(struct quality_in *q, const struct track *k)
{
    const struct reception *r = &k->reception;

    if (!k->has_ssrc)
        return;
    q->packets += r->received;
    q->bytes += r->octets;
    q->lost += reception_lost(r);
    q->nacks += k->nack.asked;
    q->repeated += k->repeated;
    q->given_up += k->nack.lost;
    q->key_frame_requests += k->keyframe.n_asked;
    q->key_frames += k->key_frames;
    q->freezes += r->pauses;
}

static void add_out(struct quality_out *q, const struct subscriber_track *st)
{
    q->packets += st->sending.packets;
    q->bytes += st->sending.octets;
    q->lost += st->report.lost > 0 ? (uint64_t) st->report.lost : 0;
    q->nacks += st->nacks;
    q->repeated += st->repeated;
    q->key_frame_requests += st->key_frame_requests;
}

/* What comes to a mirror was counted where it came to us. */
static void add_publisher(struct quality_sums *q, const struct publisher *p)
{
    if (publisher_is_mirror(p))
        return;
    for (unsigned i = 0; i < NEG_KINDS; i++)
        add_in(&q->in[i], &p->tracks[i]);
}

static void add_subscriber(struct quality_sums *q, const struct subscriber *s)
{
    for (unsigned i = 0; i < NEG_KINDS; i++)
        add_out(&q->out[i], &s->tracks[i]);
}

static void add_router(struct quality_sums *q, const struct router *r)
{
    const struct publisher *p;
    const struct subscriber *s;
    size_t pos = 0;

    while ((p = map_next(r->publishers, &pos)))
        add_publisher(q, p);
    for (pos = 0; (s = map_next(r->subscribers, &pos));)
        add_subscriber(q, s);
}

void quality_sum(const struct worker *w, struct quality_sums *ret)
{
    const struct router *r;
    size_t pos = 0;

    *ret = *w->ended;
    while ((r = map_next(w->rooms, &pos)))
        add_router(ret, r);
}

void quality_count_track(const struct track *k)
{
    const struct publisher *p = k->publisher;

    if (!publisher_is_mirror(p))
        add_in(&p->router->worker->ended->in[k->kind], k);
}

/* ---- as JSON ---- */

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t) n);
}

static void put(json_t *to, const char *key, uint64_t n)
{
    (void) json_object_set_new(to, key, number(n));
}

static uint64_t ticks_ms(uint32_t ticks, uint32_t clock_hz)
{
    return clock_hz ? (uint64_t) ticks * 1000 / clock_hz : 0;
}

static json_t *track_json(const char *direction, unsigned kind, const struct neg_media *m,
                          uint32_t ssrc)
{
    return json_pack("{s:s, s:s, s:s, s:I}", "direction", direction, "kind", kind_names[kind],
                     "codec", m->n_codecs ? neg_codec_name(m->codecs[0].codec) : "", "ssrc",
                     (json_int_t) ssrc);
}

static json_t *in_json(const struct track *k)
{
    const struct neg_media *m = &k->publisher->neg.media[k->kind];
    json_t *o = track_json("in", k->kind, m, k->ssrc);
    struct quality_in q = {.packets = 0};

    add_in(&q, k);
    put(o, "packets", q.packets);
    put(o, "bytes", q.bytes);
    put(o, "bitrate", k->rate.bps);
    put(o, "lost", q.lost);
    put(o, "jitterMs", ticks_ms(k->reception.jitter >> 4, k->reception.clock_rate));
    put(o, "nacks", q.nacks);
    put(o, "repeated", q.repeated);
    put(o, "givenUp", q.given_up);
    put(o, "keyFrameRequests", q.key_frame_requests);
    put(o, "keyFrames", q.key_frames);
    put(o, "freezes", q.freezes);
    put(o, "freezeMs", k->reception.paused_us / 1000);
    return o;
}

static json_t *out_json(const struct subscriber_track *st)
{
    const struct neg_media *m = &st->subscriber->neg.media[st->kind];
    json_t *o = track_json("out", st->kind, m, st->ssrc);
    struct quality_out q = {.packets = 0};

    add_out(&q, st);
    put(o, "packets", q.packets);
    put(o, "bytes", q.bytes);
    put(o, "bitrate", st->rate.bps);
    put(o, "lost", q.lost);
    put(o, "lostPercent", st->report.fraction_lost * 100u / 256u);
    put(o, "jitterMs", ticks_ms(st->report.jitter, st->rewrite.clock_rate));
    put(o, "nacks", q.nacks);
    put(o, "repeated", q.repeated);
    put(o, "keyFrameRequests", q.key_frame_requests);
    return o;
}

static void put_tracks_out(json_t *list, const struct subscriber *s)
{
    for (unsigned i = 0; i < NEG_KINDS; i++) {
        if (s->tracks[i].active)
            (void) json_array_append_new(list, out_json(&s->tracks[i]));
    }
}

static json_t *address_json(const struct addr *a)
{
    char text[ADDR_TEXT_SIZE];

    return a->family ? json_string(addr_format(a, text)) : json_null();
}

static json_t *rtt_json(const struct rtt *r)
{
    return r->smoothed_us ? json_integer((r->smoothed_us + 500) / 1000) : json_null();
}

/* rtt, steals tracks. */
static json_t *transport_json(const struct transport *t, const struct rtt *rtt, json_t *tracks)
{
    const struct tuple *tuple = &t->path.tuple;

    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "state",
        transport_state_name(t->state), "profile",
        t->srtp ? srtp_profile_id_name(srtp_transport_profile(t->srtp)) : "", "protocol",
        path_is_set(&t->path) ? way_protocol(tuple->way) : "", "localCandidate",
        address_json(&tuple->local), "remoteCandidate", address_json(&tuple->remote), "bytesIn",
        (json_int_t) t->bytes_in, "bytesOut", (json_int_t) t->bytes_out, "packetsIn",
        (json_int_t) t->packets_in, "packetsOut", (json_int_t) t->packets_out, "ageMs",
        (json_int_t) ((clock_us() - t->created_us) / 1000), "connectMs",
        (json_int_t) (t->connected_us ? (t->connected_us - t->first_check_us) / 1000 : 0), "rttMs",
        rtt_json(rtt), "tracks", tracks);
}

json_t *quality_of_publisher(const struct publisher *p)
{
    json_t *tracks = json_array();

    for (unsigned i = 0; i < NEG_KINDS; i++) {
        if (p->tracks[i].active)
            (void) json_array_append_new(tracks, in_json(&p->tracks[i]));
    }
    if (p->loopback)
        put_tracks_out(tracks, p->loopback);
    return transport_json(p->transport, &p->rtt, tracks);
}

/* That of video, if it was measured, is measured more often. */
json_t *quality_of_subscriber(const struct subscriber *s)
{
    const struct rtt *video = &s->tracks[SDP_VIDEO].rtt;
    json_t *tracks = json_array();

    put_tracks_out(tracks, s);
    return transport_json(s->transport, video->smoothed_us ? video : &s->tracks[SDP_AUDIO].rtt,
                          tracks);
}

static json_t *sums_in_json(const struct quality_in *q)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "packets",
                     (json_int_t) q->packets, "bytes", (json_int_t) q->bytes, "lost",
                     (json_int_t) q->lost, "nacks", (json_int_t) q->nacks, "repeated",
                     (json_int_t) q->repeated, "givenUp", (json_int_t) q->given_up,
                     "keyFrameRequests", (json_int_t) q->key_frame_requests, "keyFrames",
                     (json_int_t) q->key_frames, "freezes", (json_int_t) q->freezes);
}

static json_t *sums_out_json(const struct quality_out *q)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "packets", (json_int_t) q->packets, "bytes",
                     (json_int_t) q->bytes, "lost", (json_int_t) q->lost, "nacks",
                     (json_int_t) q->nacks, "repeated", (json_int_t) q->repeated,
                     "keyFrameRequests", (json_int_t) q->key_frame_requests);
}

json_t *quality_sums_json(const struct quality_sums *q)
{
    json_t *in = json_object(), *out = json_object();

    for (unsigned i = 0; i < NEG_KINDS; i++) {
        (void) json_object_set_new(in, kind_names[i], sums_in_json(&q->in[i]));
        (void) json_object_set_new(out, kind_names[i], sums_out_json(&q->out[i]));
    }
    return json_pack("{s:o, s:o, s:I, s:I}", "in", in, "out", out, "transportsEnded",
                     (json_int_t) q->transports, "transportsUnconnected",
                     (json_int_t) q->unconnected);
}

/* ---- the end ---- */

static void count_transport(const struct transport *t)
{
    struct quality_sums *q = t->worker->ended;

    q->transports++;
    q->unconnected += t->connected_us == 0;
}

/* Steals figures. What was never connected has nothing to tell. */
static void log_end(const struct transport *t, const char *role, json_t *figures)
{
    char *text = t->connected_us ? json_dumps(figures, JSON_COMPACT) : NULL;

    if (text)
        transport_log(t, LOG_LEVEL_INFO, "quality of a %s: %s", role, text);
    free(text);
    json_decref(figures);
}

void quality_publisher_ends(const struct publisher *p)
{
    if (!p->transport)
        return;
    count_transport(p->transport);
    add_publisher(p->transport->worker->ended, p);
    log_end(p->transport, "publisher", quality_of_publisher(p));
}

void quality_subscriber_ends(const struct subscriber *s)
{
    add_subscriber(s->transport->worker->ended, s);
    if (!s->owns_transport)
        return;
    count_transport(s->transport);
    log_end(s->transport, "subscriber", quality_of_subscriber(s));
}
