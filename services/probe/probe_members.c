/* probe_members.c: the participants of a run, and what they publish and watch. */
#include "probe/probe_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static bool all_joined(const struct probe *p)
{
    for (unsigned i = 0; i < p->n_members; i++)
        if (!p->members[i].joined)
            return false;
    return true;
}

static bool all_open(const struct probe *p)
{
    for (unsigned i = 0; i < p->n_members; i++)
        if (!p->members[i].open)
            return false;
    return true;
}

/* ---- the participants' handlers ---- */

static void on_socket(void *arg)
{
    struct member *m = arg;

    m->open = true;
    if (m->probe->step == PROBE_WEBSOCKET && all_open(m->probe))
        probe_pass(m->probe);
}

static void on_joined(void *arg)
{
    struct member *m = arg;

    m->joined = true;
    if (m->probe->step == PROBE_JOIN && all_joined(m->probe))
        probe_pass(m->probe);
}

static void on_stream(const char *stream, bool is_there, void *arg)
{
    struct member *m = arg;

    if (m->probe->over)
        return;
    if (is_there)
        probe_stream_came(m, stream);
    else
        probe_stream_went(m, stream);
}

static void on_end(const struct participant_error *why, void *arg)
{
    struct member *m = arg;
    struct probe *p = m->probe;

    m->ended = true;
    if (!p->over) {
        probe_fail(p, reason_of_participant(why), why->code, "%s", why->message);
    } else if (p->n_leaving > 0 && --p->n_leaving == 0) {
        loop_quit(p->loop, 0);
    }
}

int probe_connect_members(struct probe *p)
{
    static const struct participant_handlers handlers = {on_socket, on_joined, on_stream, on_end};
    const struct probe_config *c = p->config;

    for (unsigned i = 0; i < p->n_members; i++) {
        struct member *m = &p->members[i];
        struct participant_config participant = {.token = m->token,
                                                 .connect_to = c->connect_to,
                                                 .ca_file = c->ca_file,
                                                 .any_certificate = c->any_certificate};
        int r = participant_new(p->loop, p->http, &participant, &handlers, m, &m->participant);

        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- streams ---- */

void probe_fail_stream(struct probe *p, const struct participant_stream *s)
{
    const struct participant_error *e = participant_stream_error(s);

    probe_fail(p, reason_of_stream(participant_stream_failed_in(s), e), e->code, "%s", e->message);
}

struct participant_stream_config
probe_stream_config(struct member *m, const struct participant_stream_handlers *handlers, void *arg)
{
    const struct probe_config *c = m->probe->config;

    return (struct participant_stream_config){.audio = c->audio,
                                              .video = c->video,
                                              .new_ice = c->light ? NULL : ice_full_new,
                                              .ice_arg = &m->ice,
                                              .handlers = handlers,
                                              .arg = arg};
}

/* ---- publishing ---- */

static int start_media(struct member *m)
{
    const struct probe_config *c = m->probe->config;
    struct media_source_config media = {.audio = c->audio,
                                        .video = c->video,
                                        .video_kbit_s = c->video_kbit_s,
                                        .frames_s = c->frames_s,
                                        .sender = m->probe->sender,
                                        .audio_file = c->audio_file,
                                        .video_file = c->video_file};
    int r =
        media_source_new(m->probe->loop, &media, participant_stream_peer(m->stream), &m->source);

    return r < 0 ? r : media_source_run(m->source);
}

static void on_publisher(struct participant_stream *s, enum participant_stream_state state,
                         void *arg)
{
    struct member *m = arg;
    struct probe *p = m->probe;
    int r;

    if (p->over)
        return;
    if (state == PARTICIPANT_STREAM_FAILED) {
        probe_fail_stream(p, s);
        return;
    }
    if (state != PARTICIPANT_STREAM_CONNECTED)
        return;
    m->connected = true;
    p->publishers[m->nr].connected_us = clock_us() - m->began_us;
    r = start_media(m);
    if (r < 0) {
        probe_fail(p, REASON_LOCAL, 0, "media cannot be sent: %s", strerror(-r));
        return;
    }
    for (unsigned i = 0; i < p->config->publishers; i++)
        if (!p->members[i].connected)
            return;
    probe_pass(p);
}

static void on_publisher_rtcp(struct participant_stream *s, const struct rtcp *rtcp, void *arg)
{
    struct member *m = arg;

    (void) s;
    if (m->source)
        media_source_on_rtcp(m->source, rtcp);
}

int probe_publish(struct probe *p)
{
    static const struct participant_stream_handlers handlers = {.on_state = on_publisher,
                                                                .on_rtcp = on_publisher_rtcp};

    for (unsigned i = 0; i < p->n_members; i++) {
        struct member *m = &p->members[i];

        m->ice = (struct ice_full_config){
            .hub = p->ice, .loop = p->loop, .path = p->config->path, .only = p->config->only};
        probe_fill_relays(m);
    }
    for (unsigned i = 0; i < p->config->publishers && !p->over; i++) {
        struct member *m = &p->members[i];
        struct participant_stream_config c = probe_stream_config(m, &handlers, m);
        int r;

        m->began_us = clock_us();
        r = participant_publish(m->participant, p->hub, &c, &m->stream);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- what is left ---- */

static void fail_late_stream(struct probe *p, const struct participant_stream *s)
{
    struct participant_error e = {.error = -ETIMEDOUT};

    probe_fail(p, reason_of_stream(participant_stream_state(s), &e), 0,
               "a transport is not connected after %" PRIu64 " s",
               (clock_us() - p->steps[p->step].began_us) / 1000000);
}

void probe_fail_late(struct probe *p)
{
    for (unsigned i = 0; i < p->n_members; i++)
        if (p->members[i].stream && !p->members[i].connected) {
            fail_late_stream(p, p->members[i].stream);
            return;
        }
    for (unsigned i = 0; i < p->n_watches; i++)
        if (p->watches[i].stream && !p->watches[i].connected && !p->watches[i].gone) {
            fail_late_stream(p, p->watches[i].stream);
            return;
        }
    probe_fail(p, REASON_TIMEOUT, 0, "the server does not answer");
}

static void collect_publisher(struct member *m)
{
    struct probe_publisher *to = &m->probe->publishers[m->nr];
    struct rtc_peer *peer = participant_stream_peer(m->stream);
    const struct rtc_offer *offers;

    to->n_offers = rtc_peer_offers(peer, &offers);
    memcpy(to->offers, offers, to->n_offers * sizeof(*offers));
    snprintf(to->stream, sizeof(to->stream), "%s", participant_stream_id(m->stream));
    to->has_path = rtc_peer_path(peer, &to->path);
    to->counters = *rtc_peer_counters(peer);
    for (unsigned kind = 0; m->source && kind < RTC_KINDS; kind++) {
        const struct media_sent *sent = media_source_sent(m->source, (enum sdp_kind) kind);

        to->packets[kind] = sent->packets;
        to->bytes[kind] = sent->bytes;
        to->dropped[kind] = sent->dropped;
    }
}

void probe_collect(struct probe *p)
{
    for (unsigned i = 0; i < p->config->publishers; i++)
        if (p->members[i].stream)
            collect_publisher(&p->members[i]);
    for (unsigned i = 0; i < p->n_watches; i++)
        if (p->watches[i].stream)
            p->watches[i].result->has_path = rtc_peer_path(
                participant_stream_peer(p->watches[i].stream), &p->watches[i].result->path);
}

void probe_free_members(struct probe *p)
{
    for (unsigned i = 0; i < p->n_members; i++) {
        struct member *m = &p->members[i];

        m->source = media_source_free(m->source);
        m->participant = participant_free(m->participant);
        free(m->token);
        m->token = NULL;
    }
}
