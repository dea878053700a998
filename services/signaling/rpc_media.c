#include "signaling/rpc_media.h"

#include "base/clock.h"
#include "signaling/app.h"
#include "signaling/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void negotiation_free(struct negotiation *n)
{
    struct stats *st = &n->app->stats;

    st->media_pending--;
    prom_observe(&st->media[n->method], clock_us() - n->begun_us);
    stream_free(n->published);
    free(n);
}

static void no_media_daemon(struct rpc *rq)
{
    rpc_error(rq, RPC_ROOM_CANNOT_BE_CREATED, "There is no available Media Node");
}

void negotiate(struct rpc *rq, struct connection *c, const char *stream_id, const char *method,
               json_t *params, link_answer_fn *fn, struct stream *published)
{
    const struct session *s = c->session;
    struct negotiation *n = calloc(1, sizeof(*n));

    if (!n || !params) {
        json_decref(params);
        free(n);
        stream_free(published);
        rpc_error(rq, RPC_GENERIC, "out of memory");
        return;
    }
    n->rq = rq;
    n->app = rq->app;
    n->published = published;
    n->method = stats_media_of(method);
    n->begun_us = clock_us();
    rq->app->stats.media_pending++;
    snprintf(n->room, sizeof(n->room), "%s", s->unique_id);
    snprintf(n->connection, sizeof(n->connection), "%s", c->id);
    snprintf(n->stream, sizeof(n->stream), "%s", stream_id);
    json_object_set_new(params, "room", json_string(n->room));
    json_object_set_new(params, "stream", json_string(n->stream));
    json_object_set_new(params, "connection", json_string(c->id));
    json_object_set_new(params, "join", json_string(c->join));
    if (media_call(rq->app->media, method, params, fn, n) < 0) {
        negotiation_free(n);
        no_media_daemon(rq);
        return;
    }
    trickle_tell(rq->app, c, stream_id);
}

void negotiation_limit(json_t *params, const char *key, const struct connection *c,
                       const char *option, int64_t fallback)
{
    json_t *v = json_object_get(c->options.kurento, option);
    json_int_t kbps = v ? json_integer_value(v) : fallback;

    if (kbps > 0)
        json_object_set_new(params, key,
                            json_integer(kbps < MEDIA_KBPS_MAX ? kbps : MEDIA_KBPS_MAX));
}

struct connection *negotiation_participant(const struct negotiation *n)
{
    struct connection *c = rpc_participant(n->rq, n->connection);

    return c && strcmp(c->session->unique_id, n->room) == 0 ? c : NULL;
}

void negotiation_error(struct negotiation *n, const struct link_answer *a)
{
    struct connection *c = negotiation_participant(n);

    n->app->stats.media_failed[n->method]++;
    if (!c)
        rpc_error(n->rq, RPC_TRANSPORT, "The session was left");
    else if (a->error == -EREMOTEIO && a->code == MEDIA_ERR_FORCED_CODEC)
        rpc_error(n->rq, RPC_FORCED_CODEC,
                  "Error forcing codec: '%s', for PARTICIPANT: '%s' in SESSION: '%s'. The SDP does "
                  "not have it",
                  session_options_codec(&c->session->options), c->id, c->session->id);
    else if (a->error == -EREMOTEIO && a->code > 0)
        rpc_error(n->rq, a->code, "%s", a->message);
    else if (a->error == -EREMOTEIO)
        rpc_error(n->rq, RPC_MEDIA_ENDPOINT, "%s", a->message);
    else if (a->error == -ETIMEDOUT)
        rpc_error(n->rq, RPC_MEDIA_ENDPOINT, "The media server did not answer in time");
    else
        no_media_daemon(n->rq);
}

struct stream *rpc_stream(struct rpc *rq, const struct session *s, const char *stream_id)
{
    const char *publisher = stream_id_connection(stream_id);
    struct connection *c;

    list_for_each (c, &s->participants, node) {
        if (c->stream && strcmp(c->stream->id, stream_id) == 0)
            return c->stream;
    }
    if (publisher && session_participant(s, publisher))
        rpc_error(rq, RPC_USER_NOT_STREAMING,
                  "User '%.120s' is not streaming '%.160s' in session '%s'", publisher, stream_id,
                  s->id);
    else
        rpc_error(rq, RPC_USER_NOT_FOUND, "No user of session '%s' has a stream '%.160s'", s->id,
                  stream_id);
    return NULL;
}
