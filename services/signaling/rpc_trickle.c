/* Candidates that clients send one by one: kept, and told to a media daemon that wants them. */
#include "signaling/rpc_media.h"

#include "signaling/app.h"
#include "signaling/connection.h"

#include <string.h>

/* One of c's endpoints: what it publishes, or its subscription to a stream. */
struct endpoint {
    struct app *app;
    const struct connection *c;
    const char *owner;     /* the connection whose stream it carries */
    const char *stream_id; /* NULL: not known */
};

/* Where its candidates are kept; NULL: it is not there yet. */
static struct blob *kept(const struct endpoint *e)
{
    const struct connection *publisher = session_participant(e->c->session, e->owner);
    struct subscription *sub;

    if (!publisher || !publisher->stream)
        return NULL;
    if (publisher == e->c)
        return &e->c->stream->trickled;
    sub = subscription_find(publisher->stream, e->c);
    return sub ? &sub->trickled : NULL;
}

static void tell(const char *candidate, void *arg)
{
    const struct endpoint *e = arg;
    const char *room = e->c->session->unique_id;
    char name[SUBSCRIBER_ID_SIZE];
    json_t *params;

    if (strcmp(e->owner, e->c->id) == 0) {
        params = json_pack("{s:s,s:s,s:s}", "room", room, "stream", e->stream_id, "candidate",
                           candidate);
    } else {
        subscriber_id(e->c->id, e->stream_id, name);
        params =
            json_pack("{s:s,s:s,s:s}", "room", room, "subscriber", name, "candidate", candidate);
    }
    media_tell(e->app->media, "trickle", params);
}

/* Who publishes it, or is about to: only c itself can be. */
static const char *owner_of(const struct connection *c, const char *stream_id)
{
    struct connection *publisher;

    list_for_each (publisher, &c->session->participants, node) {
        if (publisher->stream && strcmp(publisher->stream->id, stream_id) == 0)
            return publisher->id;
    }
    return c->id;
}

static void tell_early(struct endpoint *e)
{
    struct blob early = trickle_init();

    trickle_early_copy(&e->c->early, e->owner, &early);
    trickle_each(&early, tell, e);
    blob_clear(&early);
}

void trickle_tell(struct app *app, const struct connection *c, const char *stream_id)
{
    struct endpoint e = {
        .app = app, .c = c, .owner = owner_of(c, stream_id), .stream_id = stream_id};
    const struct blob *known = kept(&e);

    if (!media_wants_candidates(app->media))
        return;
    if (known)
        trickle_each(known, tell, &e);
    tell_early(&e);
}

/* Some of them were told when the request began; the media daemon knows them again. */
void trickle_settle(struct app *app, struct connection *c, const char *stream_id)
{
    struct endpoint e = {
        .app = app, .c = c, .owner = owner_of(c, stream_id), .stream_id = stream_id};
    struct blob *known = kept(&e);

    if (!known)
        return;
    if (media_wants_candidates(app->media))
        tell_early(&e);
    trickle_early_copy(&c->early, e.owner, known);
    trickle_early_remove(&c->early, e.owner);
}

static const char *stream_of(const struct endpoint *e)
{
    const struct connection *publisher = session_participant(e->c->session, e->owner);

    return publisher && publisher->stream ? publisher->stream->id : NULL;
}

void rpc_on_ice_candidate(struct rpc *rq)
{
    struct connection *c = rq->client->participant;
    struct endpoint e = {.app = rq->app, .c = c, .owner = rpc_string_opt(rq, "endpointName", "")};
    const char *candidate = rpc_string_opt(rq, "candidate", "");
    const char *mid = rpc_string_opt(rq, "sdpMid", "");
    json_int_t line = json_integer_value(json_object_get(rq->message.params, "sdpMLineIndex"));
    struct blob *known = kept(&e);

    e.stream_id = stream_of(&e);
    if (!known)
        trickle_early_add(&c->early, e.owner, candidate, mid, line);
    else
        trickle_add(known, candidate, mid, line);
    if (known && *candidate && media_wants_candidates(rq->app->media))
        tell(candidate, &e);
    rpc_reply(rq, NULL);
}
