#include "signaling/shapes.h"

json_t *shape_list(json_t *list)
{
    return json_pack("{s:I,s:o}", "numberOfElements", (json_int_t) json_array_size(list), "content",
                     list);
}

static json_t *string_or_null(const char *s)
{
    return s && *s ? json_string(s) : json_null();
}

static json_t *media_options(const struct stream *st)
{
    json_t *o = json_pack("{s:b}", "hasAudio", st->has_audio);

    if (st->has_audio)
        json_object_set_new(o, "audioActive", json_boolean(st->audio_active));
    json_object_set_new(o, "hasVideo", json_boolean(st->has_video));
    if (st->has_video) {
        json_object_set_new(o, "videoActive", json_boolean(st->video_active));
        json_object_set_new(o, "typeOfVideo", string_or_null(st->type_of_video));
        json_object_set_new(o, "frameRate",
                            st->frame_rate ? json_incref(st->frame_rate) : json_null());
        json_object_set_new(o, "videoDimensions", string_or_null(st->video_dimensions));
    }
    json_object_set(o, "filter", st->filter);
    return o;
}

static json_t *publishers(const struct connection *c, const struct shape_options *o)
{
    json_t *list = json_array();
    const struct stream *st = c->stream;

    if (st) {
        json_t *p = json_pack("{s:I,s:s,s:o}", "createdAt", (json_int_t) st->created_ms, "streamId",
                              st->id, "mediaOptions", media_options(st));

        if (o->webrtc_stats)
            shape_add_stats(p, o, c->session->unique_id, st->id, &st->trickled);
        json_array_append_new(list, p);
    }
    return list;
}

static json_t *subscribers(const struct connection *c, const struct shape_options *o)
{
    json_t *list = json_array();
    struct subscription *sub;

    list_for_each (sub, &c->subscriptions, of_subscriber) {
        char name[SUBSCRIBER_ID_SIZE];
        json_t *s = json_pack("{s:I,s:s}", "createdAt", (json_int_t) sub->created_ms, "streamId",
                              sub->stream->id);

        subscriber_id(c->id, sub->stream->id, name);
        if (o->webrtc_stats)
            shape_add_stats(s, o, c->session->unique_id, name, &sub->trickled);
        json_array_append_new(list, s);
    }
    return list;
}

json_t *shape_connection(const struct connection *c, const struct shape_options *o)
{
    bool active = connection_is_active(c);
    json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "id", c->id, "object", "connection",
                          "status", active ? "active" : "pending", "connectionId", c->id,
                          "sessionId", c->session->id, "createdAt", (json_int_t) c->created_ms);

    json_object_set_new(j, "activeAt",
                        active ? json_integer((json_int_t) c->active_ms) : json_null());
    json_object_set_new(j, "location", active ? json_string("unknown") : json_null());
    json_object_set_new(j, "ip", string_or_null(c->ip));
    json_object_set_new(j, "platform", active ? json_string(c->platform) : json_null());
    json_object_set_new(j, "token", string_or_null(c->token));
    json_object_set_new(j, "type", json_string("WEBRTC"));
    json_object_set_new(j, "serverData", json_string(c->options.data));
    json_object_set_new(j, "record", json_boolean(c->options.record));
    json_object_set_new(j, "role", json_string(c->options.role));
    json_object_set_new(j, "kurentoOptions",
                        c->options.kurento ? json_incref(c->options.kurento) : json_null());
    json_object_set(j, "customIceServers", c->options.ice_servers);
    json_object_set_new(j, "rtspUri", json_null());
    json_object_set_new(j, "adaptativeBitrate", json_null());
    json_object_set_new(j, "onlyPlayWithSubscribers", json_null());
    json_object_set_new(j, "networkCache", json_null());
    json_object_set_new(j, "clientData", active ? json_string(c->client_data) : json_null());
    json_object_set_new(j, "publishers", active ? publishers(c, o) : json_null());
    json_object_set_new(j, "subscribers", active ? subscribers(c, o) : json_null());
    return j;
}

json_t *shape_connections(const struct session *s, const struct shape_options *o)
{
    json_t *list = json_array();
    struct connection *c;

    list_for_each (c, &s->participants, node) {
        if (c->kind == CONNECTION_WEBRTC)
            json_array_append_new(list, shape_connection(c, o));
    }
    if (o->pending) {
        list_for_each (c, &s->pending, node)
            json_array_append_new(list, shape_connection(c, o));
    }
    return shape_list(list);
}

json_t *shape_session(const struct session *s, const struct shape_options *o)
{
    const struct session_options *p = &s->options;
    json_t *j =
        json_pack("{s:s,s:s,s:s,s:I,s:b,s:b,s:s,s:s,s:O,s:s}", "id", s->id, "object", "session",
                  "sessionId", s->id, "createdAt", (json_int_t) s->created_ms, "recording", 0,
                  "broadcasting", 0, "mediaMode", p->media_mode, "recordingMode", p->recording_mode,
                  "defaultRecordingProperties", p->recording, "customSessionId", p->custom_id);

    if (p->media_node)
        json_object_set(j, "mediaNode", p->media_node);
    json_object_set_new(j, "forcedVideoCodec", json_string(p->forced_codec));
    json_object_set_new(j, "allowTranscoding", json_boolean(p->allow_transcoding));
    json_object_set_new(j, "connections", shape_connections(s, o));
    return j;
}

json_t *shape_token(const struct connection *c)
{
    json_t *j = json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:s}", "id", c->token, "token", c->token,
                          "createdAt", (json_int_t) c->created_ms, "connectionId", c->id, "session",
                          c->session->id, "data", c->options.data, "role", c->options.role);

    if (c->options.kurento)
        json_object_set(j, "kurentoOptions", c->options.kurento);
    return j;
}
