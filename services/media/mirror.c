#include "media/mirror.h"

#include "media/forward.h"
#include "media/incoming.h"
#include "media/subscriber.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What the rings carry. To the mirror: packets and reports, back: what it wants. */
enum {
    RECORD_PACKET,   /* as it came */
    RECORD_BEFORE,   /* the same, but some time ago */
    RECORD_REPLAYED, /* that was all of these */
    RECORD_REPORT,   /* struct report */
    RECORD_WANTED,   /* struct wanted */
    RECORD_KEY_FRAME,
};

struct report {
    struct rtcp_sender_info info;
    uint64_t at_us;
    uint32_t kind;
};

struct wanted {
    uint32_t kinds, kbps;
};

/* ---- on the stream's worker ---- */

static struct message *new_mail(const struct mirror_sink *s, enum message_type type)
{
    struct message *m = message_new(type);

    if (m)
        m->slot = s->slot;
    return m;
}

/* What the mirror is to be, or become. */
static int post_source(struct mirror_sink *s, enum message_type type)
{
    const struct publisher *p = s->publisher;
    struct message *m = new_mail(s, type);

    if (m)
        m->source = malloc(sizeof(*m->source));
    if (!m || !m->source) {
        message_free(m);
        return -ENOMEM;
    }
    snprintf(m->room, sizeof(m->room), "%s", p->router->id);
    snprintf(m->stream, sizeof(m->stream), "%s", p->id);
    m->source->neg = p->neg;
    memcpy(m->source->cname, p->cname, sizeof(m->source->cname));
    pipe_post(s->pipe, m);
    return 0;
}

static struct mirror_sink *find_sink(const struct publisher *p, const struct worker *to)
{
    struct mirror_sink *s;

    list_for_each (s, &p->sinks, node) {
        if (s->pipe->to == to)
            return s;
    }
    return NULL;
}

/* The mirror was never made, or has been told to end. */
static struct mirror_sink *sink_free(struct mirror_sink *s)
{
    list_del(&s->node);
    if (slots_get(&s->pipe->sinks, s->slot) == s)
        (void) slots_set(&s->pipe->sinks, s->slot, NULL);
    message_free(s->close);
    free(s);
    return NULL;
}

static void sink_close(struct mirror_sink *s)
{
    pipe_post(s->pipe, s->close);
    s->close = NULL;
    sink_free(s);
}

int mirror_open(struct publisher *p, struct worker *to)
{
    struct pipe *pipe = pipe_to(p->router->worker, to);
    struct mirror_sink *s;
    int r;

    if (find_sink(p, to))
        return 0;
    s = pipe ? calloc(1, sizeof(*s)) : NULL;
    if (!s)
        return -ENOMEM;
    s->publisher = p;
    s->pipe = pipe;
    list_append(&p->sinks, &s->node);
    r = slots_add(&pipe->sinks, s, &s->slot);
    if (r == 0 && !(s->close = new_mail(s, MAIL_MIRROR_CLOSE)))
        r = -ENOMEM;
    if (r == 0)
        r = post_source(s, MAIL_MIRROR_OPEN);
    if (r < 0)
        sink_free(s);
    return r;
}

void mirror_source_changed(struct publisher *p)
{
    struct mirror_sink *s;

    list_for_each (s, &p->sinks, node) {
        if (post_source(s, MAIL_MIRROR_SOURCE) < 0)
            sink_close(s); /* it would not know what the packets mean */
    }
}

void mirror_close_all(struct publisher *p)
{
    struct mirror_sink *s;

    list_for_each (s, &p->sinks, node)
        sink_close(s);
}

bool mirror_write_before(struct mirror_sink *s, struct bytes packet)
{
    return pipe_write(s->pipe, RECORD_BEFORE, s->slot, packet);
}

static void write_report(struct mirror_sink *s, const struct track *k,
                         const struct rtcp_sender_info *info, uint64_t at_us)
{
    struct report r = {.info = *info, .at_us = at_us, .kind = k->kind};

    (void) pipe_write(s->pipe, RECORD_REPORT, s->slot, bytes_of(&r, sizeof(r)));
}

/* Behind the mirror's first packet of the track: what was reported before it is of use there. */
static void write_first_report(struct mirror_sink *s, const struct track *k)
{
    s->new_kinds &= ~(1u << k->kind);
    if (k->reception.has_sr)
        write_report(s, k, &k->reception.sr, k->reception.sr_us);
}

/* The packet of which rtp is a view. */
static struct bytes whole(const struct rtp *rtp)
{
    return bytes_of(rtp->payload.p - rtp->header_len,
                    rtp->header_len + rtp->payload.len + rtp->padding_len);
}

void mirror_forward(struct track *k, const struct media_packet *run, unsigned n)
{
    struct mirror_sink *s;

    list_for_each (s, &k->publisher->sinks, node) {
        bool lost = false;

        if (!(s->kinds & 1u << k->kind))
            continue;
        s->replayed = false;
        for (unsigned i = 0; i < n; i++)
            lost |= !pipe_write(s->pipe, RECORD_PACKET, s->slot, whole(&run[i].rtp));
        if (!lost && s->new_kinds & 1u << k->kind)
            write_first_report(s, k);
        if (lost && k->kind == SDP_VIDEO)
            publisher_want_key_frame(k->publisher, run[0].now_us);
    }
}

void mirror_forward_report(struct track *k, const struct rtcp_sender_info *info, uint64_t at_us)
{
    struct mirror_sink *s;

    list_for_each (s, &k->publisher->sinks, node) {
        if (s->kinds & 1u << k->kind)
            write_report(s, k, info, at_us);
    }
}

unsigned mirror_kinds(const struct publisher *p)
{
    const struct mirror_sink *s;
    unsigned kinds = 0;

    list_for_each (s, &p->sinks, node)
        kinds |= s->kinds;
    return kinds;
}

static void on_wanted(struct mirror_sink *s, struct bytes body)
{
    uint64_t now_us = s->publisher->router->worker->now_us;
    bool had_video = s->kinds & 1u << SDP_VIDEO;
    struct wanted wanted;

    if (body.len != sizeof(wanted))
        return;
    memcpy(&wanted, body.p, sizeof(wanted));
    for (unsigned i = 0; i < NEG_KINDS; i++)
        forward_held(&s->publisher->tracks[i], now_us); /* it is in the replay */
    s->new_kinds |= wanted.kinds & ~s->kinds;
    s->kinds = wanted.kinds;
    s->kbps = wanted.kbps;
    publisher_watched(s->publisher, now_us);
    if (had_video || !(s->kinds & 1u << SDP_VIDEO))
        return;
    s->replayed = publisher_replay_to_mirror(s->publisher, s, now_us) &&
                  pipe_write(s->pipe, RECORD_REPLAYED, s->slot, bytes_of(NULL, 0));
    if (!s->replayed)
        publisher_want_key_frame(s->publisher, now_us);
}

/* A mirror that is new to a track asks for a key frame while that is already on its way. */
static void on_key_frame_wanted(struct mirror_sink *s)
{
    if (!s->replayed)
        publisher_want_key_frame(s->publisher, s->publisher->router->worker->now_us);
    s->replayed = false;
}

/* ---- on the mirror's worker ---- */

/* The pipe that leads back. */
static struct pipe *back(const struct mirror_feed *f)
{
    return pipe_to(f->pipe->to, f->pipe->from);
}

void mirror_tell(struct publisher *mirror, unsigned kinds, unsigned kbps)
{
    struct mirror_feed *f = &mirror->feed;
    struct wanted wanted = {.kinds = kinds, .kbps = kbps};

    if (f->kinds == kinds && f->kbps == kbps)
        return;
    if (!back(f) || !pipe_write(back(f), RECORD_WANTED, f->slot, bytes_of(&wanted, sizeof(wanted))))
        return;
    f->kinds = kinds;
    f->kbps = kbps;
}

void mirror_want_key_frame(struct publisher *mirror)
{
    struct mirror_feed *f = &mirror->feed;

    if (back(f))
        (void) pipe_write(back(f), RECORD_KEY_FRAME, f->slot, bytes_of(NULL, 0));
}

void mirror_detach(struct publisher *mirror)
{
    struct mirror_feed *f = &mirror->feed;

    if (f->pipe && slots_get(&f->pipe->mirrors, f->slot) == mirror)
        (void) slots_set(&f->pipe->mirrors, f->slot, NULL);
    f->pipe = NULL;
}

static void on_report(struct publisher *mirror, struct bytes body)
{
    struct report r;

    if (body.len != sizeof(r))
        return;
    memcpy(&r, body.p, sizeof(r));
    if (r.kind < NEG_KINDS)
        reception_sr(&mirror->tracks[r.kind].reception, &r.info, r.at_us);
}

/* It has all that came since the last key frame: who waits for one gets that. */
static void on_replayed(struct publisher *mirror)
{
    uint64_t now_us = mirror->router->worker->now_us;
    struct subscriber_track *st;
    bool missing = false;

    list_for_each (st, &mirror->tracks[SDP_VIDEO].subscribers, node)
        missing |= st->waits_for_key && !publisher_replay(mirror, st, now_us);
    if (missing)
        publisher_want_key_frame(mirror, now_us);
}

static void leave(struct router *r)
{
    if (map_count(r->publishers) == 0)
        router_free(r);
}

/* In place of a mirror of that name: its stream has ended, and began anew on another worker. A
 * publisher of that name is newer than the mail. */
static void on_open(struct pipe *pipe, const struct message *m)
{
    struct router *r;
    struct publisher *p;

    if (router_ensure(pipe->to, m->room, &r) < 0)
        return;
    p = router_publisher(r, m->stream);
    if (p && !publisher_is_mirror(p))
        return;
    publisher_free(p);
    if (publisher_new(r, m->stream, &p) < 0) {
        leave(r);
        return;
    }
    if (slots_set(&pipe->mirrors, m->slot, p) < 0) {
        publisher_free(p);
        leave(r);
        return;
    }
    p->feed = (struct mirror_feed){.pipe = pipe, .slot = m->slot};
    memcpy(p->cname, m->source->cname, sizeof(p->cname));
    publisher_set_mirrored(p, &m->source->neg);
}

static void on_close(struct publisher *mirror)
{
    struct router *r = mirror->router;

    publisher_free(mirror);
    leave(r);
}

static void on_mail(struct pipe *pipe, struct message *m)
{
    struct publisher *mirror = slots_get(&pipe->mirrors, m->slot);

    if (m->type == MAIL_MIRROR_OPEN)
        on_open(pipe, m);
    else if (m->type == MAIL_MIRROR_SOURCE && mirror)
        publisher_set_mirrored(mirror, &m->source->neg);
    else if (m->type == MAIL_MIRROR_CLOSE && mirror)
        on_close(mirror);
}

/* ---- both ---- */

static struct mirror_sink *sink_of(const struct pipe *from_mirror, uint32_t slot)
{
    const struct pipe *forth = pipe_to(from_mirror->to, from_mirror->from);

    return forth ? slots_get(&forth->sinks, slot) : NULL;
}

static void on_record_forth(struct publisher *mirror, uint32_t type, struct bytes body)
{
    uint64_t now_us = mirror->router->worker->now_us;

    if (type == RECORD_PACKET)
        incoming_mirrored(mirror, body, now_us);
    else if (type == RECORD_BEFORE)
        incoming_replayed(mirror, body, now_us);
    else if (type == RECORD_REPLAYED)
        on_replayed(mirror);
    else
        on_report(mirror, body);
}

static void on_record(struct pipe *pipe, const struct pipe_record *r, struct bytes body)
{
    bool forth = r->type <= RECORD_REPORT;
    struct publisher *mirror = forth ? slots_get(&pipe->mirrors, r->slot) : NULL;
    struct mirror_sink *sink = forth ? NULL : sink_of(pipe, r->slot);

    if (mirror)
        on_record_forth(mirror, r->type, body);
    else if (r->type == RECORD_WANTED && sink)
        on_wanted(sink, body);
    else if (r->type == RECORD_KEY_FRAME && sink)
        on_key_frame_wanted(sink);
}

const struct pipe_handlers mirror_pipe_handlers = {
    .on_record = on_record,
    .on_mail = on_mail,
};
