#include "signaling/event_shapes.h"

#include "base/clock.h"

#include <string.h>

/* What all events begin with. */
static json_t *shape(const struct session *s, uint64_t timestamp_ms)
{
    return json_pack("{s:s,s:s,s:I}", "sessionId", s->id, "uniqueSessionId", s->unique_id,
                     "timestamp", (json_int_t) timestamp_ms);
}

/* What began then, or ends now. */
static json_t *shape_of_span(const struct session *s, uint64_t began_ms, const char *reason)
{
    uint64_t now = clock_wall_ms();
    json_t *j;

    if (!reason)
        return shape(s, began_ms);
    j = shape(s, now);
    json_object_set_new(j, "startTime", json_integer((json_int_t) began_ms));
    json_object_set_new(j, "duration",
                        json_integer(now > began_ms ? (json_int_t) ((now - began_ms) / 1000) : 0));
    json_object_set_new(j, "reason", json_string(reason));
    return j;
}

static json_t *string_or_null(const char *s)
{
    return s && *s ? json_string(s) : json_null();
}

/* Under the name of today and that of old. */
static void add_connection(json_t *j, const struct connection *c)
{
    json_object_set_new(j, "participantId", json_string(c->id));
    json_object_set_new(j, "connectionId", json_string(c->id));
}

static void add_media(json_t *j, const struct stream *st)
{
    if (st->has_video) {
        json_object_set_new(j, "videoSource", string_or_null(st->type_of_video));
        json_object_set_new(j, "videoFramerate",
                            st->frame_rate ? json_incref(st->frame_rate) : json_null());
        json_object_set_new(j, "videoDimensions", string_or_null(st->video_dimensions));
    }
    json_object_set_new(j, "audioEnabled", json_boolean(st->has_audio));
    json_object_set_new(j, "videoEnabled", json_boolean(st->has_video));
}

json_t *event_session(const struct session *s, const char *reason)
{
    return shape_of_span(s, s->created_ms, reason);
}

json_t *event_participant(const struct connection *c, const char *reason)
{
    json_t *j = shape_of_span(c->session, c->active_ms, reason);

    add_connection(j, c);
    json_object_set_new(j, "location", json_string("unknown"));
    json_object_set_new(j, "ip", string_or_null(c->ip));
    json_object_set_new(j, "platform", json_string(c->platform));
    json_object_set_new(j, "clientData", json_string(c->client_data));
    json_object_set_new(j, "serverData", json_string(c->options.data));
    return j;
}

json_t *event_published(const struct stream *st, const char *reason)
{
    json_t *j = shape_of_span(st->publisher->session, st->created_ms, reason);

    json_object_set_new(j, "streamId", json_string(st->id));
    add_connection(j, st->publisher);
    json_object_set_new(j, "connection", json_string("OUTBOUND"));
    add_media(j, st);
    return j;
}

json_t *event_subscribed(const struct subscription *sub, const char *reason)
{
    json_t *j = shape_of_span(sub->subscriber->session, sub->created_ms, reason);

    json_object_set_new(j, "streamId", json_string(sub->stream->id));
    add_connection(j, sub->subscriber);
    json_object_set_new(j, "connection", json_string("INBOUND"));
    json_object_set_new(j, "receivingFrom", json_string(sub->stream->publisher->id));
    add_media(j, sub->stream);
    return j;
}

/* Those of to, each once, or else everyone who is seen. */
static json_t *recipients(const struct session *s, json_t *to)
{
    json_t *list = json_array(), *seen = json_object(), *id;
    const struct connection *c;
    size_t i;

    json_array_foreach (to, i, id) {
        if (!json_object_get(seen, json_string_value(id)))
            json_array_append(list, id);
        json_object_set_new(seen, json_string_value(id), json_true());
    }
    json_decref(seen);
    if (json_array_size(to) > 0)
        return list;
    list_for_each (c, &s->participants, node) {
        if (c->kind == CONNECTION_WEBRTC)
            json_array_append_new(list, json_string(c->id));
    }
    return list;
}

json_t *event_signal(const struct session *s, const struct connection *from, json_t *to,
                     const char *type, const char *data)
{
    static const char prefix[] = "signal:";
    json_t *j = shape(s, clock_wall_ms());

    if (from && type && strncmp(type, prefix, sizeof(prefix) - 1) == 0)
        type += sizeof(prefix) - 1;
    json_object_set_new(j, "from", from ? json_string(from->id) : json_null());
    json_object_set_new(j, "to", recipients(s, to));
    json_object_set_new(j, "type", type ? json_string(type) : json_null());
    json_object_set_new(j, "data", data ? json_string(data) : json_null());
    return j;
}
