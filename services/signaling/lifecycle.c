#include "signaling/lifecycle.h"

#include "base/clock.h"
#include "signaling/about.h"
#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/events.h"
#include "signaling/media.h"
#include "signaling/reasons.h"
#include "signaling/rpc.h"
#include "signaling/state.h"
#include "signaling/stream.h"

#include <string.h>

static void release_media(struct app *app, struct connection *c)
{
    const char *room = c->session->unique_id;
    struct subscription *sub;
    char name[SUBSCRIBER_ID_SIZE];

    list_for_each (sub, &c->subscriptions, of_subscriber) {
        subscriber_id(c->id, sub->stream->id, name);
        media_tell(app->media, "unsubscribe",
                   json_pack("{s:s,s:s}", "room", room, "subscriber", name));
    }
    if (c->stream)
        media_tell(app->media, "unpublish",
                   json_pack("{s:s,s:s}", "room", room, "stream", c->stream->id));
}

/* Many who are told at once fill their sockets, which makes a commit: what it says of them must not
 * lag behind its events. */
static void forget_stream(struct app *app, struct stream *st)
{
    struct subscription *sub;

    list_for_each (sub, &st->subscriptions, of_stream)
        state_subscription_gone(app->state, sub);
    state_stream_gone(app->state, st);
}

static void forget(struct app *app, struct connection *c)
{
    struct subscription *sub;

    list_for_each (sub, &c->subscriptions, of_subscriber)
        state_subscription_gone(app->state, sub);
    if (c->stream)
        forget_stream(app, c->stream);
    state_connection_gone(app->state, c);
}

void lifecycle_leave(struct app *app, struct connection *c, const char *reason)
{
    release_media(app, c);
    forget(app, c);
    events_participant_left(c, reason);
    if (c->client)
        client_left(c->client);
    connection_free(c);
}

/* Leaves, is answered for (rq may be NULL), is told of. */
static void evict(struct app *app, struct connection *c, const char *reason, struct rpc *rq)
{
    struct session *s = c->session;
    struct client *client = c->client;
    char id[CONNECTION_ID_SIZE];

    memcpy(id, c->id, sizeof(id));
    lifecycle_leave(app, c, reason);
    if (rq)
        rpc_reply(rq, NULL);
    events_participant_evicted(s, client, id, reason);
}

void lifecycle_evict_by(struct app *app, struct connection *c, const char *reason, struct rpc *rq)
{
    struct session *s = c->session;

    evict(app, c, reason, rq);
    lifecycle_end_if_empty(app, s);
}

void lifecycle_evict(struct app *app, struct connection *c, const char *reason)
{
    lifecycle_evict_by(app, c, reason, NULL);
}

void lifecycle_unpublish(struct app *app, struct stream *st, bool forced, const char *reason)
{
    media_tell(app->media, "unpublish",
               json_pack("{s:s,s:s}", "room", st->publisher->session->unique_id, "stream", st->id));
    forget_stream(app, st);
    events_stream_unpublished(st, forced, reason);
    stream_free(st);
}

static void destroy(struct app *app, struct session *s, const char *reason)
{
    if (s->active)
        media_tell(app->media, "closeRoom", json_pack("{s:s}", "room", s->unique_id));
    state_session_gone(app->state, s);
    events_session_destroyed(s, reason);
    session_free(s);
}

void lifecycle_close(struct app *app, struct session *s, const char *reason)
{
    struct connection *c;

    while ((c = list_first(&s->participants, struct connection, node)))
        evict(app, c, reason, NULL);
    destroy(app, s, reason);
}

void lifecycle_close_all(struct app *app, bool active_only, const char *reason)
{
    struct session *s;

    list_for_each (s, &app->sessions.all, node) {
        if (s->active || !active_only)
            lifecycle_close(app, s, reason);
    }
}

bool lifecycle_end_if_empty(struct app *app, struct session *s)
{
    struct connection *c;

    if (!s->active || session_has_users(s))
        return false;
    while ((c = list_first(&s->participants, struct connection, node)))
        evict(app, c, REASON_LAST_PARTICIPANT_LEFT, NULL);
    destroy(app, s, REASON_LAST_PARTICIPANT_LEFT);
    return true;
}

void lifecycle_collect_garbage(struct app *app, uint64_t max_age_ms)
{
    uint64_t now = clock_wall_ms();
    struct session *s;

    list_for_each (s, &app->sessions.all, node) {
        if (s->active || now < s->created_ms + max_age_ms)
            continue;
        log_about(about_session(s), LOG_LEVEL_INFO, "nobody came, dropped");
        session_free(s);
    }
}
