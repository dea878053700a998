#include "signaling/events.h"

#include "signaling/about.h"
#include "signaling/connection.h"
#include "signaling/notice.h"
#include "signaling/shapes.h"
#include "signaling/stats.h"

#include <stdlib.h>
#include <string.h>

void events_session_created(const struct session *s)
{
    log_about(about_session(s), LOG_LEVEL_INFO, "created");
}

void events_session_destroyed(const struct session *s, const char *reason)
{
    log_about(about_session(s), LOG_LEVEL_INFO, "destroyed (%s)", reason);
}

void events_participant_joined(struct connection *c)
{
    log_about(about_connection(c), LOG_LEVEL_INFO, "joined from %s", *c->ip ? c->ip : "?");
    if (c->kind == CONNECTION_WEBRTC)
        notice_session(c->session, c, "participantJoined", shape_participant(c));
}

void events_participant_left(struct connection *c, const char *reason)
{
    log_about(about_connection(c), LOG_LEVEL_INFO, "left (%s)", reason);
    stats_left(c->session->owner->stats, reason);
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

    log_about(about_stream(st), LOG_LEVEL_INFO, "published");
    notice_session(c->session, c, "participantPublished",
                   json_pack("{s:s,s:[o]}", "id", c->id, "streams", shape_stream(st)));
}

void events_stream_unpublished(struct stream *st, bool forced, const char *reason)
{
    struct connection *c = st->publisher;

    log_about(about_stream(st), LOG_LEVEL_INFO, "is not published any more (%s)", reason);
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

static bool is_named(json_t *to, const char *id)
{
    json_t *entry;
    size_t i;

    if (json_array_size(to) == 0)
        return true;
    json_array_foreach (to, i, entry) {
        if (strcmp(json_string_value(entry), id) == 0)
            return true;
    }
    return false;
}

void events_signal(struct session *s, const struct connection *from, json_t *to, const char *type,
                   const char *data)
{
    json_t *params = json_object();
    struct connection *c;

    if (type)
        json_object_set_new(params, "type", json_string(type));
    if (data)
        json_object_set_new(params, "data", json_string(data));
    if (from)
        json_object_set_new(params, "from", json_string(from->id));
    list_for_each (c, &s->participants, node) {
        if (is_named(to, c->id))
            notice_participant(c, "sendMessage", json_incref(params));
    }
    json_decref(params);
}
