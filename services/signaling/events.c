#include "signaling/events.h"

#include "base/log.h"
#include "signaling/connection.h"
#include "signaling/notice.h"
#include "signaling/shapes.h"

#include <stdlib.h>
#include <string.h>

void events_session_created(const struct session *s)
{
    log_info("session %s: created", s->id);
}

void events_session_destroyed(const struct session *s, const char *reason)
{
    log_info("session %s: destroyed (%s)", s->id, reason);
}

void events_participant_joined(struct connection *c)
{
    log_info("session %s: %s joined from %s", c->session->id, c->id, *c->ip ? c->ip : "?");
    if (c->kind == CONNECTION_WEBRTC)
        notice_session(c->session, c, "participantJoined", shape_participant(c));
}

void events_participant_left(struct connection *c, const char *reason)
{
    log_info("session %s: %s left (%s)", c->session->id, c->id, reason);
    if (c->kind == CONNECTION_WEBRTC)
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

void events_stream_published(struct stream *st)
{
    struct connection *c = st->publisher;

    log_info("session %s: %s publishes %s", c->session->id, c->id, st->id);
    notice_session(c->session, c, "participantPublished",
                   json_pack("{s:s,s:[o]}", "id", c->id, "streams", shape_stream(st)));
}

void events_stream_unpublished(struct stream *st, bool forced, const char *reason)
{
    struct connection *c = st->publisher;

    log_info("session %s: %s is not published any more (%s)", c->session->id, st->id, reason);
    notice_session(c->session, forced ? NULL : c, "participantUnpublished",
                   json_pack("{s:s,s:s}", "connectionId", c->id, "reason", reason));
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

    if (type)
        json_object_set_new(params, "type", json_string(type));
    if (data)
        json_object_set_new(params, "data", json_string(data));
    if (from)
        json_object_set_new(params, "from", json_string(from->id));
    notice_named(s, to, "sendMessage", params);
}
