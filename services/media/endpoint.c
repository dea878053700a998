#include "media/endpoint.h"

#include "media/publisher.h"
#include "media/quality.h"
#include "media/subscriber.h"

#include <stdio.h>
#include <stdlib.h>

#define CANDIDATE_SIZE 256

/* The transport, and its figures (a new reference). NULL: there is none. */
static const struct transport *find(struct worker *w, const struct message *m, json_t **ret_figures)
{
    struct router *r = router_find(w, m->room);
    struct publisher *p = r && *m->stream ? router_publisher(r, m->stream) : NULL;
    struct subscriber *s = r && *m->subscriber ? router_subscriber(r, m->subscriber) : NULL;

    if (p && !publisher_is_mirror(p)) { /* of one that has ended elsewhere */
        *ret_figures = quality_of_publisher(p);
        return p->transport;
    }
    if (s)
        *ret_figures = quality_of_subscriber(s);
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

static json_t *agent_candidate(const struct sdp_candidate *c)
{
    char text[SDP_CANDIDATE_TEXT_SIZE];
    struct wr w = wr_init(text, sizeof(text) - 1);

    sdp_candidate_put(c, &w);
    *w.p = '\0';
    return json_sprintf("candidate:%s", text);
}

/* The selected pair; null before it is there. */
static void put_pair(const struct transport *t, json_t **ret_local, json_t **ret_remote)
{
    const struct ice_pair *lite = t->ice.selected;
    struct ice_agent_pair full;

    *ret_local = *ret_remote = NULL;
    if (t->agent && agent_pair(t->agent, &full) == 0) {
        *ret_local = agent_candidate(&full.local);
        *ret_remote = agent_candidate(&full.remote);
    } else if (lite) {
        *ret_local = local_candidate(t, lite);
        *ret_remote = remote_candidate(lite);
    }
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
    json_t *figures = NULL, *local, *remote;
    const struct transport *t = find(w, m, &figures);
    char *remote_sdp, *local_sdp;

    if (!t) {
        message_fail(m, MEDIA_ERR_NO_STREAM, "There is no %.100s",
                     *m->subscriber ? m->subscriber : m->stream);
        return;
    }
    put_pair(t, &local, &remote);
    remote_sdp = kept_text_restore(t->remote_sdp);
    local_sdp = kept_text_restore(t->local_sdp);
    m->result = json_pack("{s:o, s:o, s:o, s:o, s:o?, s:o?, s:o, s:o}", "remoteSdp",
                          text_or_null(remote_sdp), "localSdp", text_or_null(local_sdp),
                          "clientCandidates", candidates_in(remote_sdp), "serverCandidates",
                          candidates_in(local_sdp), "localCandidate", local, "remoteCandidate",
                          remote, "events", events(t), "figures", figures);
    free(remote_sdp);
    free(local_sdp);
}
