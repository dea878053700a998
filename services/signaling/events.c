#include "signaling/events.h"

#include "signaling/about.h"
#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/event_shapes.h"
#include "signaling/info.h"
#include "signaling/notice.h"
#include "signaling/outbox.h"
#include "signaling/shapes.h"
#include "signaling/stats.h"

#include <stdlib.h>
#include <string.h>

static struct outbox *outbox_of(const struct session *s)
{
    return container_of(s->owner, struct app, sessions)->outbox;
}

/* Committed with the change, when the events at hand are done. Steals fields. */
static void record(const struct session *s, const char *name, json_t *fields)
{
    stats_event(s->owner->stats, name);
    outbox_add(outbox_of(s), name, fields);
}

/* To the log, and to those who look on. */
#define TELL(s, ids, ...)                                                                          \
    do {                                                                                           \
        log_about((ids), LOG_LEVEL_INFO, __VA_ARGS__);                                             \
        info_tell(&container_of((s)->owner, struct app, sessions)->info, (ids), __VA_ARGS__);      \
    } while (0)

/* Recorders and the like are seen by nobody. */
static bool is_seen(const struct connection *c)
{
    return c->kind == CONNECTION_WEBRTC;
}

void events_session_created(const struct session *s)
{
    TELL(s, about_session(s), "created");
    record(s, "sessionCreated", event_session(s, NULL));
}

void events_session_destroyed(const struct session *s, const char *reason)
{
    TELL(s, about_session(s), "destroyed (%s)", reason);
    record(s, "sessionDestroyed", event_session(s, reason));
}

void events_participant_joined(struct connection *c)
{
    log_about(about_connection(c), LOG_LEVEL_INFO, "joined from %s", *c->ip ? c->ip : "?");
    info_tell(&container_of(c->session->owner, struct app, sessions)->info, about_connection(c),
              "joined");
    if (!is_seen(c))
        return;
    record(c->session, "participantJoined", event_participant(c, NULL));
    notice_session(c->session, c, "participantJoined", shape_participant(c));
}

static void record_subscribers_end(const struct stream *st, const char *reason)
{
    struct subscription *sub;

    list_for_each (sub, &st->subscriptions, of_stream)
        events_unsubscribed(sub, reason);
}

/* In the order of the original: who watched it, what it watched, what it published, itself. */
void events_participant_left(struct connection *c, const char *reason)
{
    struct subscription *sub;

    TELL(c->session, about_connection(c), "left (%s)", reason);
    stats_left(c->session->owner->stats, reason);
    if (!is_seen(c))
        return;
    if (c->stream)
        record_subscribers_end(c->stream, reason);
    list_for_each (sub, &c->subscriptions, of_subscriber) {
        if (sub->stream != c->stream) /* its own is told of already */
            events_unsubscribed(sub, reason);
    }
    if (c->stream)
        record(c->session, "webrtcConnectionDestroyed", event_published(c->stream, reason));
    record(c->session, "participantLeft", event_participant(c, reason));
    notice_session(c->session, c, "participantLeft",
                   json_pack("{s:s,s:s}", "connectionId", c->id, "reason", reason));
}

void events_participant_evicted(struct session *s, struct client *client, const char *id,
                                const char *reason)
{
    json_t *params = json_pack("{s:s,s:s}", "connectionId", id, "reason", reason);

    notice_session(s, NULL, "participantEvicted", json_incref(params));
    notice_client(client, "participantEvicted", params);
}

void events_stream_begun(const struct stream *st)
{
    if (is_seen(st->publisher))
        record(st->publisher->session, "webrtcConnectionCreated", event_published(st, NULL));
}

void events_stream_published(struct stream *st)
{
    struct connection *c = st->publisher;

    TELL(c->session, about_stream(st), "published");
    notice_session(c->session, c, "participantPublished",
                   json_pack("{s:s,s:[o]}", "id", c->id, "streams", shape_stream(st)));
}

void events_stream_unpublished(struct stream *st, bool forced, const char *reason)
{
    struct connection *c = st->publisher;

    TELL(c->session, about_stream(st), "is not published any more (%s)", reason);
    if (is_seen(c))
        record(c->session, "webrtcConnectionDestroyed", event_published(st, reason));
    record_subscribers_end(st, reason);
    notice_session(c->session, forced ? NULL : c, "participantUnpublished",
                   json_pack("{s:s,s:s}", "connectionId", c->id, "reason", reason));
}

void events_subscribed(struct subscription *sub)
{
    struct connection *c = sub->subscriber;

    if (sub->watched)
        return;
    sub->watched = true;
    subscription_changed(sub);
    if (is_seen(c))
        record(c->session, "webrtcConnectionCreated", event_subscribed(sub, NULL));
}

void events_unsubscribed(const struct subscription *sub, const char *reason)
{
    const struct connection *c = sub->subscriber;

    if (sub->watched && is_seen(c))
        record(c->session, "webrtcConnectionDestroyed", event_subscribed(sub, reason));
}

void events_stream_changed(struct stream *st, const char *property, json_t *value,
                           const char *reason)
{
    struct connection *c = st->publisher;
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    if (!text)
        return;
    notice_session(c->session, c, "streamPropertyChanged",
                   json_pack("{s:s,s:s,s:s,s:s,s:s}", "connectionId", c->id, "streamId", st->id,
                             "property", property, "newValue", text, "reason", reason));
    free(text);
}

void events_signal(struct session *s, const struct connection *from, json_t *to, const char *type,
                   const char *data)
{
    json_t *params = json_object();

    /* It names everybody, so it is made only when it is wanted. */
    record(s, "signalSent",
           outbox_wants(outbox_of(s), "signalSent") ? event_signal(s, from, to, type, data) : NULL);
    if (type)
        json_object_set_new(params, "type", json_string(type));
    if (data)
        json_object_set_new(params, "data", json_string(data));
    if (from)
        json_object_set_new(params, "from", json_string(from->id));
    notice_named(s, to, "sendMessage", params);
}
