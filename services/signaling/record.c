#include "signaling/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROLE_MAX 16

static const char *const kinds[] = {
    [CONNECTION_WEBRTC] = "WEBRTC",
    [CONNECTION_RECORDER] = "RECORDER",
    [CONNECTION_STT] = "STT",
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- to texts ---- */

/* Steals j; NULL when memory is out. */
static char *text_of(json_t *j)
{
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

    json_decref(j);
    return text;
}

char *record_of_session(const struct session *s)
{
    const struct session_options *o = &s->options;

    return text_of(json_pack("{s:i,s:I,s:I,s:b,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:O,s:O*}",
                             "version", RECORD_VERSION, "created", (json_int_t) s->created_ms,
                             "order", (json_int_t) s->order, "active", s->active, "id", s->id,
                             "customId", o->custom_id, "mediaMode", o->media_mode, "recordingMode",
                             o->recording_mode, "forcedCodec", o->forced_codec, "unforced",
                             o->unforced, "allowTranscoding", o->allow_transcoding, "mediasoup",
                             o->mediasoup, "recording", o->recording, "mediaNode", o->media_node));
}

static json_t *client_of(const struct connection *c)
{
    const struct client *client = c->client;

    return client ? json_pack("{s:s,s:s,s:s}", "id", client->id, "user", client->user_id, "ip",
                              client->ip)
                  : NULL;
}

char *record_of_connection(const struct connection *c)
{
    const struct connection_options *o = &c->options;

    return text_of(json_pack(
        "{s:s,s:s,s:s*,s:I,s:I,s:s,s:s,s:b,s:O*,s:O,s:s,s:I,s:s*,s:s*,s:s,s:o*}", "kind",
        kinds[c->kind], "join", c->join, "token", c->token, "created", (json_int_t) c->created_ms,
        "order", (json_int_t) c->order, "data", o->data, "role", o->role, "record", o->record,
        "kurento", o->kurento, "iceServers", o->ice_servers, "turn", c->turn.username, "activeAt",
        (json_int_t) c->active_ms, "clientData", c->client_data, "platform", c->platform, "ip",
        c->ip, "client", client_of(c)));
}

char *record_of_stream(const struct stream *st)
{
    return text_of(json_pack("{s:s,s:I,s:b,s:b,s:b,s:b,s:b,s:b,s:s*,s:s*,s:O*,s:O}", "connection",
                             st->publisher->id, "created", (json_int_t) st->created_ms, "hasAudio",
                             st->has_audio, "hasVideo", st->has_video, "audioActive",
                             st->audio_active, "videoActive", st->video_active, "loopback",
                             st->loopback, "otherCodec", st->other_codec, "typeOfVideo",
                             st->type_of_video, "videoDimensions", st->video_dimensions,
                             "frameRate", st->frame_rate, "filter", st->filter));
}

char *record_of_subscription(const struct subscription *sub)
{
    return text_of(json_pack("{s:s,s:s,s:s,s:I,s:I,s:b}", "connection", sub->subscriber->id,
                             "stream", sub->stream->id, "publisher", sub->stream->publisher->id,
                             "created", (json_int_t) sub->created_ms, "order",
                             (json_int_t) sub->order, "watched", sub->watched));
}

/* ---- from texts ---- */

/* Remembers what went wrong first, so that reading looks like the list of members. */
struct reader {
    json_t *root;
    int error;
};

static struct reader reader_init(struct bytes text)
{
    struct reader r = {.error = -EBADMSG};

    if (text.len <= RECORD_MAX)
        r.root = json_loadb((const char *) text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(r.root))
        r.error = 0;
    return r;
}

static int reader_done(struct reader *r)
{
    json_decref(r->root);
    return r->error;
}

static void fail(struct reader *r, int error)
{
    if (!r->error)
        r->error = error;
}

/* A member of that type; NULL is an error unless it may be absent. */
static json_t *member(struct reader *r, const char *name, json_type type, bool optional)
{
    json_t *v = json_object_get(r->root, name);

    if (v ? json_typeof(v) == type : optional)
        return v;
    fail(r, -EBADMSG);
    return NULL;
}

static uint64_t read_u64(struct reader *r, const char *name)
{
    json_int_t v = json_integer_value(member(r, name, JSON_INTEGER, false));

    if (v < 0)
        fail(r, -EBADMSG);
    return v < 0 ? 0 : (uint64_t) v;
}

static bool read_bool(struct reader *r, const char *name)
{
    json_t *v = json_object_get(r->root, name);

    if (!json_is_boolean(v))
        fail(r, -EBADMSG);
    return json_is_true(v);
}

static char *copy(struct reader *r, const char *text)
{
    char *s = text ? strdup(text) : NULL;

    if (text && !s)
        fail(r, -ENOMEM);
    return s;
}

static char *read_string(struct reader *r, const char *name)
{
    return copy(r, json_string_value(member(r, name, JSON_STRING, false)));
}

static char *read_string_opt(struct reader *r, const char *name)
{
    return copy(r, json_string_value(member(r, name, JSON_STRING, true)));
}

/* Into an array of size bytes. */
static void read_text(struct reader *r, const char *name, char *ret, size_t size)
{
    const char *s = json_string_value(member(r, name, JSON_STRING, false));

    if (s && strlen(s) < size)
        memcpy(ret, s, strlen(s) + 1);
    else
        fail(r, -EBADMSG);
}

static json_t *read_json(struct reader *r, const char *name, json_type type, bool optional)
{
    return json_incref(member(r, name, type, optional));
}

static void check(struct reader *r, bool ok)
{
    if (!ok)
        fail(r, -EBADMSG);
}

int record_to_session(const char *unique_id, struct bytes text, struct session **ret_session)
{
    struct reader r = reader_init(text);
    struct session *s = session_alloc();
    char made[UNIQUE_ID_SIZE];

    if (!s)
        fail(&r, -ENOMEM);
    if (!r.error && read_u64(&r, "version") != RECORD_VERSION)
        fail(&r, -EPROTONOSUPPORT);
    if (!r.error) {
        s->created_ms = read_u64(&r, "created");
        s->order = read_u64(&r, "order");
        s->active = read_bool(&r, "active");
        read_text(&r, "id", s->id, sizeof(s->id));
        s->options = (struct session_options){
            .custom_id = read_string(&r, "customId"),
            .media_mode = read_string(&r, "mediaMode"),
            .recording_mode = read_string(&r, "recordingMode"),
            .forced_codec = read_string(&r, "forcedCodec"),
            .unforced = read_bool(&r, "unforced"),
            .allow_transcoding = read_bool(&r, "allowTranscoding"),
            .mediasoup = read_bool(&r, "mediasoup"),
            .recording = read_json(&r, "recording", JSON_OBJECT, false),
            .media_node = read_json(&r, "mediaNode", JSON_OBJECT, true),
        };
        snprintf(made, sizeof(made), "%s_%" PRIu64, s->id, s->created_ms);
        check(&r, session_id_is_valid(s->id) && strcmp(made, unique_id) == 0);
        memcpy(s->unique_id, made, sizeof(made));
    }
    if (reader_done(&r) < 0)
        session_free(s);
    else
        *ret_session = s;
    return r.error;
}

static enum connection_kind read_kind(struct reader *r)
{
    const char *name = json_string_value(member(r, "kind", JSON_STRING, false));
    size_t i = 0;

    while (i < N_KINDS && name && strcmp(name, kinds[i]) != 0)
        i++;
    if (name && i < N_KINDS)
        return (enum connection_kind) i;
    fail(r, -EBADMSG);
    return CONNECTION_WEBRTC;
}

static void read_client(struct reader *r, struct client_record *ret)
{
    struct reader inner = {.root = json_object_get(r->root, "client"), .error = r->error};

    *ret = (struct client_record){.id = ""};
    read_text(&inner, "id", ret->id, sizeof(ret->id));
    read_text(&inner, "user", ret->user_id, sizeof(ret->user_id));
    read_text(&inner, "ip", ret->ip, sizeof(ret->ip));
    check(&inner, strlen(ret->id) == RPC_ID_SIZE - 1);
    fail(r, inner.error);
}

static void read_connection(struct reader *r, struct connection *c, struct client_record *ret)
{
    c->kind = read_kind(r);
    read_text(r, "join", c->join, sizeof(c->join));
    check(r, id_is_word(c->join, JOIN_ID_SIZE - 1));
    c->token = read_string_opt(r, "token");
    c->created_ms = read_u64(r, "created");
    c->order = read_u64(r, "order");
    c->options = (struct connection_options){
        .data = read_string(r, "data"),
        .role = read_string(r, "role"),
        .record = read_bool(r, "record"),
        .kurento = read_json(r, "kurento", JSON_OBJECT, true),
        .ice_servers = read_json(r, "iceServers", JSON_ARRAY, false),
    };
    read_text(r, "turn", c->turn.username, sizeof(c->turn.username));
    c->active_ms = read_u64(r, "activeAt");
    c->client_data = read_string_opt(r, "clientData");
    c->platform = read_string_opt(r, "platform");
    read_text(r, "ip", c->ip, sizeof(c->ip));
    if (connection_is_active(c)) {
        check(r, c->client_data && c->platform);
        read_client(r, ret);
    } else {
        check(r, c->token && c->kind == CONNECTION_WEBRTC);
    }
    check(r, c->options.role && strlen(c->options.role) < ROLE_MAX);
}

int record_to_connection(const char *id, struct bytes text, struct connection **ret_connection,
                         struct client_record *ret_client)
{
    struct client_record client = {.id = ""};
    struct reader r = reader_init(text);
    struct connection *c = connection_alloc();

    if (!c)
        fail(&r, -ENOMEM);
    check(&r, id_is_word(id, CONNECTION_ID_MAX));
    if (!r.error) {
        memcpy(c->id, id, strlen(id) + 1);
        read_connection(&r, c, &client);
    }
    if (reader_done(&r) < 0) {
        connection_free(c);
        return r.error;
    }
    *ret_connection = c;
    *ret_client = client;
    return 0;
}

/* As clients and moderators find the connection in it. */
static bool stream_is_of(const char *stream_id, const char *connection_id)
{
    size_t len = strlen(stream_id), tail = strlen(connection_id);

    return id_is_word(stream_id, STREAM_ID_SIZE - 1) && len > tail + 1 &&
           stream_id[len - tail - 1] == '_' && strcmp(stream_id + len - tail, connection_id) == 0;
}

static void read_stream(struct reader *r, struct stream *st)
{
    st->created_ms = read_u64(r, "created");
    st->has_audio = read_bool(r, "hasAudio");
    st->has_video = read_bool(r, "hasVideo");
    st->audio_active = read_bool(r, "audioActive");
    st->video_active = read_bool(r, "videoActive");
    st->loopback = read_bool(r, "loopback");
    st->other_codec = read_bool(r, "otherCodec");
    st->type_of_video = read_string_opt(r, "typeOfVideo");
    st->video_dimensions = read_string_opt(r, "videoDimensions");
    st->frame_rate = json_incref(json_object_get(r->root, "frameRate"));
    st->filter = read_json(r, "filter", JSON_OBJECT, false);
    check(r, !st->frame_rate || json_is_number(st->frame_rate));
}

int record_to_stream(const char *id, struct bytes text, struct stream_record *ret)
{
    struct stream_record record = {.stream = stream_alloc()};
    struct reader r = reader_init(text);

    if (!record.stream)
        fail(&r, -ENOMEM);
    if (!r.error)
        read_text(&r, "connection", record.connection, sizeof(record.connection));
    check(&r, stream_is_of(id, record.connection));
    if (!r.error) {
        memcpy(record.stream->id, id, strlen(id) + 1);
        read_stream(&r, record.stream);
    }
    if (reader_done(&r) < 0)
        stream_free(record.stream);
    else
        *ret = record;
    return r.error;
}

int record_to_subscription(const char *id, struct bytes text, struct subscription_record *ret)
{
    struct subscription_record record = {.connection = ""};
    struct reader r = reader_init(text);
    char made[SUBSCRIBER_ID_SIZE];

    if (!r.error) {
        read_text(&r, "connection", record.connection, sizeof(record.connection));
        read_text(&r, "stream", record.stream, sizeof(record.stream));
        read_text(&r, "publisher", record.publisher, sizeof(record.publisher));
        record.created_ms = read_u64(&r, "created");
        record.order = read_u64(&r, "order");
        record.watched = read_bool(&r, "watched");
        subscriber_id(record.connection, record.stream, made);
        check(&r, strcmp(made, id) == 0);
    }
    if (reader_done(&r) == 0)
        *ret = record;
    return r.error;
}
