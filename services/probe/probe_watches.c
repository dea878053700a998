/* probe_watches.c: which streams the participants watch: all that they are told of but their own,
 * as soon as everybody publishes; those of others come and go as they like. */
#include "probe/probe_internal.h"

#include "base/clock.h"

#include <errno.h>

static const unsigned clocks_hz[RTC_KINDS] = {[SDP_AUDIO] = 48000, [SDP_VIDEO] = 90000};

bool probe_is_ours(const struct probe *p, const char *stream)
{
    for (unsigned i = 0; i < p->config->publishers; i++)
        if (p->members[i].stream &&
            strcmp(participant_stream_id(p->members[i].stream), stream) == 0)
            return true;
    return false;
}

/* Is there at least everything of our own, and all that there is connected? */
static bool all_connected(const struct probe *p)
{
    for (unsigned i = 0; i < p->n_watches; i++)
        if (!p->watches[i].connected && !p->watches[i].gone)
            return false;
    return p->n_watches >= p->n_expected;
}

static void on_state(struct participant_stream *s, enum participant_stream_state state, void *arg)
{
    struct watch *w = arg;
    struct probe *p = w->member->probe;

    if (p->over || w->gone)
        return;
    if (state == PARTICIPANT_STREAM_FAILED) {
        /* Media may tell that it has ended before signaling does. */
        if (participant_stream_error(s)->error == -ESHUTDOWN &&
            !probe_is_ours(p, w->result->stream))
            w->gone = true;
        else
            probe_fail_stream(p, s);
        return;
    }
    if (state != PARTICIPANT_STREAM_CONNECTED)
        return;
    w->connected = true;
    w->result->connected_us = clock_us() - w->began_us;
    if (p->step == PROBE_SUBSCRIBE && all_connected(p))
        probe_pass(p);
}

static void on_rtp(struct participant_stream *s, enum sdp_kind kind, const struct rtp *rtp,
                   bool repeated, void *arg)
{
    struct watch *w = arg;
    uint64_t now = clock_us();

    (void) s;
    if (w->result->first_packet_us == 0)
        w->result->first_packet_us = now - w->began_us;
    meter_add(&w->result->meters[kind], now, rtp, repeated);
}

static void start(struct watch *w)
{
    static const struct participant_stream_handlers handlers = {.on_state = on_state,
                                                                .on_rtp = on_rtp};
    struct member *m = w->member;
    struct participant_stream_config c = probe_stream_config(m, &handlers, w);
    int r;

    w->began_us = clock_us();
    r = participant_subscribe(m->participant, m->probe->hub, w->result->stream, &c, &w->stream);
    if (r < 0)
        probe_fail(m->probe, reason_of_error(r, HTTP_TLS_FINE), 0, "%s", strerror(-r));
}

void probe_stream_came(struct member *m, const char *stream)
{
    struct probe *p = m->probe;
    struct watch *w = &p->watches[p->n_watches];

    if (!m->watches || p->n_watches == PROBE_WATCHES_MAX)
        return;
    *w = (struct watch){.member = m, .result = &p->subscriptions[p->n_watches++]};
    snprintf(w->result->stream, sizeof(w->result->stream), "%s", stream);
    for (unsigned kind = 0; kind < RTC_KINDS; kind++)
        meter_init(&w->result->meters[kind], p->sender, clocks_hz[kind]);
    if (p->step >= PROBE_SUBSCRIBE)
        start(w);
}

void probe_stream_went(struct member *m, const char *stream)
{
    struct probe *p = m->probe;

    if (probe_is_ours(p, stream)) {
        probe_fail(p, REASON_LOST, 0, "the server says that a stream has ended");
        return;
    }
    for (unsigned i = 0; i < p->n_watches; i++)
        if (p->watches[i].member == m && strcmp(p->watches[i].result->stream, stream) == 0)
            p->watches[i].gone = true;
}

void probe_subscribe(struct probe *p)
{
    unsigned n = p->n_watches; /* what comes meanwhile starts by itself */

    for (unsigned i = 0; i < n && !p->over; i++)
        if (!p->watches[i].gone)
            start(&p->watches[i]);
    if (all_connected(p))
        probe_pass(p); /* nobody watches */
}
