#include "media/requests.h"

#include "media/endpoint.h"
#include "media/gathering.h"
#include "media/inventory.h"
#include "media/mirror.h"
#include "media/publisher.h"
#include "media/router.h"
#include "media/subscriber.h"

#include "base/rnd.h"

#include <stdio.h>
#include <stdlib.h>

#define SDP_TEXT_CAP 16384
#define MSID_MAX 64
#define N_SSRCS ((size_t) 2 * NEG_KINDS + 1) /* media, RTX of each kind; our RTCP feedback */

/* What we say about one transport; the strings that neg_local points to. */
struct description {
    struct neg_local local;
    char candidates[SDP_CANDIDATE_MAX][SDP_CANDIDATE_TEXT_SIZE];
    const char *candidate_list[SDP_CANDIDATE_MAX];
    char msid[MSID_MAX + 1];
    uint32_t feedback_ssrc;
    char text[SDP_TEXT_CAP]; /* the SDP that comes out */
    size_t text_len;
    struct neg_peer peer;
    struct neg_error error;
};

/* Distinct among themselves and not 0. */
static void draw_ssrcs(uint32_t *ret, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool taken;

        do {
            ret[i] = rnd_u32();
            taken = ret[i] == 0;
            for (size_t j = 0; j < i; j++)
                taken |= ret[i] == ret[j];
        } while (taken);
    }
}

/* Room for the text of the next candidate, which add_candidate() takes over. */
static struct wr begin_candidate(struct description *d)
{
    return wr_init(d->candidates[d->local.n_candidates], SDP_CANDIDATE_TEXT_SIZE - 1);
}

static void add_candidate(struct description *d, struct wr *text)
{
    unsigned n = d->local.n_candidates;

    if (text->failed)
        return;
    *text->p = '\0';
    d->candidate_list[n] = d->candidates[n];
    d->local.n_candidates++;
}

static void add_lite(struct description *d, const struct worker *w, size_t i, bool tcp)
{
    struct wr text = begin_candidate(d);

    candidates_put(&w->candidates, i, tcp, udp_port(w->udp), &text);
    add_candidate(d, &text);
}

/* What comes first may be all that a client takes: the better ones. */
static void describe_candidates(struct description *d, const struct worker *w)
{
    _Static_assert(2 * CANDIDATES_MAX <= SDP_CANDIDATE_MAX, "each of them by UDP and by TCP");

    for (size_t i = 0; i < w->candidates.n; i++)
        add_lite(d, w, i, false);
    for (size_t i = 0; w->tcp && i < w->candidates.n; i++)
        add_lite(d, w, i, true);
}

static void describe_agent(struct description *d, const struct agent *a)
{
    struct sdp_candidate found[ICE_AGENT_LOCAL_MAX];
    size_t n = agent_candidates(a, found, ICE_AGENT_LOCAL_MAX);

    _Static_assert(ICE_AGENT_LOCAL_MAX <= SDP_CANDIDATE_MAX, "all that are told");
    for (size_t i = 0; i < n; i++) {
        struct wr text = begin_candidate(d);

        sdp_candidate_put(&found[i], &text);
        add_candidate(d, &text);
    }
}

static struct description *describe(const struct worker *w, const struct transport *t,
                                    const struct message *m, const char *cname)
{
    struct description *d = calloc(1, sizeof(*d));
    uint32_t ssrcs[N_SSRCS];

    if (!d)
        return NULL;
    snprintf(d->msid, sizeof(d->msid), "%.*s", MSID_MAX, m->stream);
    d->local = (struct neg_local){
        .ufrag = t->ice.ufrag,
        .pwd = t->ice.pwd,
        .fingerprint = dtls_identity_fingerprint(w->node->identity),
        .ice_lite = t->agent == NULL,
        .session_id = rnd_u64() >> 1,
        .cname = cname,
        .msid = d->msid,
        .rtx = true,
        .remb = true,
        .forced_codec = *m->forced_codec ? m->forced_codec : NULL,
        .loopback = m->loopback,
    };
    d->local.candidates = d->candidate_list;
    if (t->agent)
        describe_agent(d, t->agent);
    else
        describe_candidates(d, w);
    draw_ssrcs(ssrcs, N_SSRCS);
    for (size_t i = 0; i < NEG_KINDS; i++) {
        d->local.send[i].ssrc = ssrcs[2 * i];
        d->local.send[i].rtx_ssrc = ssrcs[2 * i + 1];
    }
    d->feedback_ssrc = ssrcs[N_SSRCS - 1];
    return d;
}

static void fail_errno(struct message *m, int error, const char *what)
{
    message_fail(m, MEDIA_ERR_ENDPOINT, "%s: %s", what, strerror(-error));
    if (error == -EMFILE)
        m->limit = LIMIT_TRANSPORTS;
}

static struct bytes text_bytes(const struct description *d)
{
    return bytes_of(d->text, d->text_len);
}

static json_t *text_json(const struct description *d)
{
    return json_stringn(d->text, d->text_len);
}

/* The transport is the agent's from now on, as far as it could be made. */
static int make_transport(struct worker *w, struct message *m,
                          const struct transport_handlers *handlers, void *arg,
                          struct transport **ret_t)
{
    int r = transport_new(w, m->agent, handlers, arg, ret_t);

    if (r == 0)
        m->agent = NULL;
    return r;
}

/* The peer's description is complete. */
static void tell_agent(const struct transport *t, const struct neg_peer *peer, const char *sdp)
{
    if (t->agent)
        agent_set_remote(t->agent, peer, bytes_str(sdp));
}

static void log_created(const struct transport *t)
{
    transport_log(t, LOG_LEVEL_DEBUG, "transport %s made", t->ice.ufrag);
}

/* ---- publish ---- */

static bool media_loops(const struct neg_peer *p)
{
    return (p->media[SDP_AUDIO].active && p->media[SDP_AUDIO].loops) ||
           (p->media[SDP_VIDEO].active && p->media[SDP_VIDEO].loops);
}

/* The publisher as a subscriber of itself: it takes what loops, as it sends it. */
static void start_loopback(struct publisher *p, const struct description *d)
{
    struct neg_peer neg = p->neg;
    char id[COMMAND_ID_SIZE + 1];

    if (!media_loops(&p->neg))
        return;
    for (unsigned i = 0; i < NEG_KINDS; i++)
        neg.media[i].active &= neg.media[i].loops;
    snprintf(id, sizeof(id), ":%s", p->id); /* no id of a client begins so */
    if (subscriber_new(p, id, p->transport, &d->local, &p->loopback) == 0)
        subscriber_set_remote(p->loopback, &neg);
}

static void finish_publish(struct publisher *p, struct transport *t, struct description *d,
                           struct message *m)
{
    p->max_recv_kbps = m->max_recv_kbps;
    p->min_recv_kbps = m->min_recv_kbps;
    p->whose = m->whose;
    log_created(t);
    transport_keep_sdp(t, bytes_str(m->sdp), text_bytes(d));
    tell_agent(t, &d->peer, m->sdp);
    publisher_set_source(p, t, &d->peer, d->feedback_ssrc);
    start_loopback(p, d);
    m->result =
        json_pack("{s:o, s:b, s:b}", "answer", text_json(d), "audio",
                  d->peer.media[SDP_AUDIO].active, "video", d->peer.media[SDP_VIDEO].active);
}

static void publish_to(struct router *r, struct publisher *p, struct message *m)
{
    struct transport *t = NULL;
    struct description *d;
    int error = make_transport(r->worker, m, &publisher_transport_handlers, p, &t);

    if (error < 0) {
        fail_errno(m, error, "publish");
        return;
    }
    d = describe(r->worker, t, m, p->cname);
    if (!d) {
        fail_errno(m, -ENOMEM, "publish");
        transport_free(t);
        return;
    }
    d->local.twcc = true;
    error = neg_publish(&d->local, bytes_str(m->sdp), &d->peer, d->text, sizeof(d->text),
                        &d->text_len, &d->error);
    if (error < 0) {
        message_fail(m, d->error.code, "%s", d->error.text);
        transport_free(t);
    } else {
        finish_publish(p, t, d, m);
    }
    free(d);
}

static void publish(struct worker *w, struct message *m)
{
    struct publisher *p;
    struct router *r;
    int error = router_ensure(w, m->room, &r);

    if (error < 0) {
        fail_errno(m, error, "publish");
        return;
    }
    p = router_publisher(r, m->stream);
    if (p && publisher_is_mirror(p)) /* of one that has ended elsewhere */
        p = publisher_free(p);
    if (p) {
        publish_to(r, p, m);
        return;
    }
    error = publisher_new(r, m->stream, &p);
    if (error < 0) {
        fail_errno(m, error, "publish");
        return;
    }
    publish_to(r, p, m);
    if (m->code != 0)
        publisher_free(p);
}

/* ---- subscribe ---- */

static struct publisher *find_stream(struct worker *w, struct message *m)
{
    struct router *r = router_find(w, m->room);
    struct publisher *p = r ? router_publisher(r, m->stream) : NULL;

    if (!p)
        message_fail(m, MEDIA_ERR_NO_STREAM, "There is no stream %.100s", m->stream);
    return p;
}

/* Takes the place of one with the same name. On failure t is freed. */
static struct subscriber *replace_subscriber(struct publisher *p, struct transport *t,
                                             struct description *d, struct message *m)
{
    struct subscriber *s = NULL;
    int error;

    subscriber_free(router_subscriber(p->router, m->subscriber));
    error = subscriber_new(p, m->subscriber, t, &d->local, &s);
    if (error < 0) {
        fail_errno(m, error, "subscribe");
        transport_free(t);
        return NULL;
    }
    t->arg = s;
    s->whose = m->whose;
    log_created(t);
    return s;
}

static void finish_subscribe(struct publisher *p, struct transport *t, struct description *d,
                             struct message *m)
{
    struct subscriber *s;
    int error = m->type == COMMAND_OFFER
                    ? neg_offer(&d->local, &p->neg, &d->peer, d->text, sizeof(d->text),
                                &d->text_len, &d->error)
                    : neg_subscribe(&d->local, &p->neg, bytes_str(m->sdp), &d->peer, d->text,
                                    sizeof(d->text), &d->text_len, &d->error);

    if (error < 0) {
        message_fail(m, d->error.code, "%s", d->error.text);
        transport_free(t);
        return;
    }
    s = replace_subscriber(p, t, d, m);
    if (!s)
        return;
    s->max_send_kbps = m->max_send_kbps;
    s->min_send_kbps = m->min_send_kbps;
    transport_keep_sdp(t, bytes_str(m->sdp), text_bytes(d));
    if (m->type == COMMAND_OFFER) {
        s->neg = d->peer;
        m->result = json_pack("{s:o}", "offer", text_json(d));
        return;
    }
    tell_agent(t, &d->peer, m->sdp);
    subscriber_set_remote(s, &d->peer);
    m->result = json_pack("{s:o}", "answer", text_json(d));
}

static void subscribe(struct worker *w, struct message *m)
{
    struct publisher *p = find_stream(w, m);
    struct transport *t = NULL;
    struct description *d;
    int error;

    if (!p)
        return;
    error = make_transport(w, m, &subscriber_transport_handlers, NULL, &t);
    if (error < 0) {
        fail_errno(m, error, "subscribe");
        return;
    }
    d = describe(w, t, m, p->cname);
    if (!d) {
        fail_errno(m, -ENOMEM, "subscribe");
        transport_free(t);
        return;
    }
    finish_subscribe(p, t, d, m);
    free(d);
}

static void answer(struct worker *w, struct message *m)
{
    struct router *r = router_find(w, m->room);
    struct subscriber *s = r ? router_subscriber(r, m->subscriber) : NULL;
    struct neg_peer neg;
    struct neg_error error;

    if (!s || s->answered) {
        message_fail(m, MEDIA_ERR_ENDPOINT, "No offer is waiting for the answer of %.100s",
                     m->subscriber);
        return;
    }
    if (neg_accept(&s->neg, bytes_str(m->sdp), &neg, &error) < 0) {
        message_fail(m, error.code, "%s", error.text);
        return;
    }
    transport_keep_sdp(s->transport, bytes_str(m->sdp), bytes_of(NULL, 0));
    tell_agent(s->transport, &neg, m->sdp);
    subscriber_set_remote(s, &neg);
}

/* ---- candidates that came later ---- */

static void trickle(struct worker *w, struct message *m)
{
    struct router *r = router_find(w, m->room);
    struct publisher *p = r && *m->stream ? router_publisher(r, m->stream) : NULL;
    struct subscriber *s = r && *m->subscriber ? router_subscriber(r, m->subscriber) : NULL;
    const struct transport *t = p ? p->transport : NULL;

    if (gathering_add_remote(w, m))
        return;
    if (s)
        t = s->transport;
    if (t && t->agent)
        agent_add_remote(t->agent, m->sdp);
}

/* ---- removing ---- */

static void unpublish(struct worker *w, struct message *m)
{
    struct router *r = router_find(w, m->room);

    if (r)
        publisher_free(router_publisher(r, m->stream));
}

static void unsubscribe(struct worker *w, struct message *m)
{
    struct router *r = router_find(w, m->room);

    if (r)
        subscriber_free(router_subscriber(r, m->subscriber));
}

static void close_room(struct worker *w, struct message *m)
{
    router_free(router_find(w, m->room));
}

/* The mirror, which the subscriber needs, goes ahead. */
static int prepare_mirror(struct worker *w, struct message *m)
{
    struct publisher *p = find_stream(w, m);
    int error;

    if (!p)
        return -ENOENT;
    error = mirror_open(p, m->at);
    if (error < 0)
        fail_errno(m, error, "subscribe");
    return error;
}

bool requests_pass_on(struct worker *w, struct message *m)
{
    if (!m->at || m->at == w)
        return false;
    if ((m->type == COMMAND_SUBSCRIBE || m->type == COMMAND_OFFER) && prepare_mirror(w, m) < 0)
        mailbox_post(w->node->control, &m->mail);
    else
        mailbox_post(m->at->mailbox, &m->mail);
    return true;
}

static void log_refused(struct worker *w, const struct message *m)
{
    char session[COMMAND_ID_SIZE];
    struct log_ids ids = {session, m->whose.connection, m->stream, m->whose.join};

    if (!log_limit_passes(&w->log_refused))
        return;
    snprintf(session, sizeof(session), "%.*s", (int) media_room_session_len(m->room), m->room);
    log_about(ids, LOG_LEVEL_NOTICE, "request refused: %s", m->text);
}

void requests_run(struct worker *w, struct message *m)
{
    static void (*const table[])(struct worker *, struct message *) = {
        [COMMAND_PUBLISH] = publish,       [COMMAND_UNPUBLISH] = unpublish,
        [COMMAND_SUBSCRIBE] = subscribe,   [COMMAND_OFFER] = subscribe,
        [COMMAND_ANSWER] = answer,         [COMMAND_UNSUBSCRIBE] = unsubscribe,
        [COMMAND_CLOSE_ROOM] = close_room, [COMMAND_SYNC] = inventory_sync,
        [COMMAND_STATS] = inventory_stats, [COMMAND_DESCRIBE] = endpoint_describe,
        [COMMAND_TRICKLE] = trickle,
    };

    table[m->type](w, m);
    if (m->code != 0 && m->limit == LIMIT_NONE) /* control logs limits */
        log_refused(w, m);
    if (m->code == 0 && !m->result)
        m->result = json_object();
}
