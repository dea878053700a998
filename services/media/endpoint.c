#include "media/endpoint.h"

#include "media/publisher.h"
#include "media/subscriber.h"

#include <stdio.h>
#include <stdlib.h>

#define CANDIDATE_SIZE 256

static struct transport *find(struct worker *w, const struct message *m)
{
    struct router *r = router_find(w, m->room);
    struct publisher *p = r && *m->stream ? router_publisher(r, m->stream) : NULL;
    struct subscriber *s = r && *m->subscriber ? router_subscriber(r, m->subscriber) : NULL;

    if (p)
        return p->transport;
    return s ? s->transport : NULL;
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static void add_candidates(json_t *list, const struct sdp_media *m, unsigned line)
{
    char text[CANDIDATE_SIZE], mid[NEG_MID_SIZE];

    snprintf(mid, sizeof(mid), "%.*s", (int) m->mid.len, (const char *) m->mid.p);
    for (unsigned i = 0; i < m->n_candidates; i++) {
        snprintf(text, sizeof(text), "candidate:%.*s", (int) m->candidates[i].len,
                 (const char *) m->candidates[i].p);
        (void) json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "candidate", text, "sdpMid",
                                                     mid, "sdpMLineIndex", (int) line));
    }
}

/* Those in an SDP, which may be NULL. */
static json_t *candidates_in(const char *sdp)
{
    json_t *list = json_array();
    struct sdp *s = sdp ? malloc(sizeof(*s)) : NULL;
    unsigned line;

    if (s && sdp_decode(bytes_str(sdp), s, &line) == 0) {
        for (unsigned i = 0; i < s->n_media; i++)
            add_candidates(list, &s->media[i], i);
    }
    free(s);
    return list;
}

/* The one that was announced for this address; where it was not (behind a proxy of packets), what
 * it would be called. */
static json_t *local_candidate(const struct transport *t, const struct ice_pair *a)
{
    const struct candidates *c = &t->worker->candidates;
    char text[CANDIDATE_SIZE] = "candidate:", ip[ADDR_TEXT_SIZE];
    struct wr w = wr_init(text + strlen(text), sizeof(text) - strlen(text) - 1);
    bool tcp = a->tuple.way != NULL;
    size_t i = 0;

    while (i < c->n && !addr_ip_eq(&c->items[i].addr, &a->tuple.local) &&
           !addr_ip_eq(&c->items[i].via, &a->tuple.local))
        i++;
    if (i < c->n)
        candidates_put(c, i, tcp, udp_port(t->worker->udp), &w);
    else
        wr_fmt(&w, "%zu 1 %s 1 %s %u typ host%s", 2 * c->n + 1, way_protocol(a->tuple.way),
               addr_format_ip(&a->tuple.local, ip), udp_port(t->worker->udp),
               tcp ? " tcptype passive" : "");
    *w.p = '\0';
    return json_string(text);
}

/* Peer-reflexive: nobody but its check told us of it. */
static json_t *remote_candidate(const struct ice_pair *a)
{
    char ip[ADDR_TEXT_SIZE];

    return json_sprintf("candidate:1 1 %s %u %s %u typ prflx%s", way_protocol(a->tuple.way),
                        a->priority, addr_format_ip(&a->tuple.remote, ip), a->tuple.remote.port,
                        a->tuple.way ? " tcptype active" : "");
}

static json_t *events(const struct transport *t)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < t->n_events; i++)
        (void) json_array_append_new(list, json_pack("{s:s, s:I}", "type",
                                                     transport_state_name(t->events[i].state),
                                                     "timestamp", (json_int_t) t->events[i].at_ms));
    return list;
}

void endpoint_describe(struct worker *w, struct message *m)
{
    const struct transport *t = find(w, m);
    const struct ice_pair *a = t ? t->ice.selected : NULL;
    char *remote, *local;

    if (!t) {
        message_fail(m, MEDIA_ERR_NO_STREAM, "There is no %.100s",
                     *m->subscriber ? m->subscriber : m->stream);
        return;
    }
    remote = kept_text_restore(t->remote_sdp);
    local = kept_text_restore(t->local_sdp);
    m->result = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "remoteSdp", text_or_null(remote), "localSdp",
        text_or_null(local), "clientCandidates", candidates_in(remote), "serverCandidates",
        candidates_in(local), "localCandidate", a ? local_candidate(t, a) : json_null(),
        "remoteCandidate", a ? remote_candidate(a) : json_null(), "events", events(t));
    free(remote);
    free(local);
}
