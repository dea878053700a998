#include "media/methods.h"

#include "link/media_api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SDP_MAX 65536

const struct method *method_find(const char *name)
{
    static const struct method table[] = {
        {"publish", COMMAND_PUBLISH, METHOD_ROOM | METHOD_STREAM, "offer"},
        {"unpublish", COMMAND_UNPUBLISH, METHOD_ROOM | METHOD_STREAM, NULL},
        {"subscribe", COMMAND_SUBSCRIBE, METHOD_ROOM | METHOD_STREAM | METHOD_SUBSCRIBER, "offer"},
        {"offer", COMMAND_OFFER, METHOD_ROOM | METHOD_STREAM | METHOD_SUBSCRIBER, NULL},
        {"answer", COMMAND_ANSWER, METHOD_ROOM | METHOD_SUBSCRIBER, "answer"},
        {"unsubscribe", COMMAND_UNSUBSCRIBE, METHOD_ROOM | METHOD_SUBSCRIBER, NULL},
        {"trickle", COMMAND_TRICKLE, METHOD_ROOM | METHOD_ENDPOINT, "candidate"},
        {"describe", COMMAND_DESCRIBE, METHOD_ROOM | METHOD_ENDPOINT, NULL},
        {"closeRoom", COMMAND_CLOSE_ROOM, METHOD_ROOM, NULL},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

static bool is_id(const json_t *value)
{
    const char *s = json_string_value(value);
    size_t len = json_string_length(value);

    if (!s || len == 0 || len >= COMMAND_ID_SIZE)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '~' || c == '-'))
            return false;
    }
    return true;
}

static bool take_id(const json_t *params, const char *key, bool required, char *ret)
{
    const json_t *value = json_object_get(params, key);

    if (!required)
        return true;
    if (!is_id(value))
        return false;
    memcpy(ret, json_string_value(value), json_string_length(value) + 1);
    return true;
}

/* For the log, and optional. */
static bool take_short_id(const json_t *params, const char *key, char *ret, size_t size)
{
    const json_t *value = json_object_get(params, key);

    if (!value || json_is_null(value))
        return true;
    if (!is_id(value) || json_string_length(value) >= size)
        return false;
    memcpy(ret, json_string_value(value), json_string_length(value) + 1);
    return true;
}

static bool take_sdp(const json_t *params, const char *key, struct message *m)
{
    const json_t *value = json_object_get(params, key);
    size_t len = json_string_length(value);

    if (!json_is_string(value) || len > SDP_MAX || strlen(json_string_value(value)) != len)
        return false;
    m->sdp = strdup(json_string_value(value));
    return m->sdp != NULL;
}

static bool take_codec(const json_t *value, char ret[static 8])
{
    static const char *const codecs[] = {"VP8", "VP9", "H264"};

    if (!value || json_is_null(value))
        return true;
    for (size_t i = 0; json_is_string(value) && i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        if (strcmp(json_string_value(value), codecs[i]) == 0) {
            memcpy(ret, codecs[i], strlen(codecs[i]) + 1);
            return true;
        }
    }
    return false;
}

static bool take_bool(const json_t *value, bool *ret)
{
    if (!value || json_is_null(value))
        return true;
    *ret = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_kbps(const json_t *value, unsigned *ret)
{
    if (!value || json_is_null(value))
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > MEDIA_KBPS_MAX)
        return false;
    *ret = (unsigned) json_integer_value(value);
    return true;
}

/* The first wrong parameter, or NULL. */
static const char *take_all(const struct method *method, const json_t *params, struct message *m)
{
    unsigned fields = method->fields;

    if (fields & METHOD_ENDPOINT)
        fields |= json_object_get(params, "subscriber") ? METHOD_SUBSCRIBER : METHOD_STREAM;
    if (!take_id(params, "room", fields & METHOD_ROOM, m->room))
        return "room";
    if (!take_id(params, "stream", fields & METHOD_STREAM, m->stream))
        return "stream";
    if (!take_id(params, "subscriber", fields & METHOD_SUBSCRIBER, m->subscriber))
        return "subscriber";
    if (!take_short_id(params, "connection", m->whose.connection, sizeof(m->whose.connection)))
        return "connection";
    if (!take_short_id(params, "join", m->whose.join, sizeof(m->whose.join)))
        return "join";
    if (method->sdp_key && !take_sdp(params, method->sdp_key, m))
        return method->sdp_key;
    if (!take_codec(json_object_get(params, "forcedCodec"), m->forced_codec))
        return "forcedCodec";
    if (!take_bool(json_object_get(params, "loopback"), &m->loopback))
        return "loopback";
    if (!take_kbps(json_object_get(params, "maxRecvKbps"), &m->max_recv_kbps))
        return "maxRecvKbps";
    if (!take_kbps(json_object_get(params, "minRecvKbps"), &m->min_recv_kbps))
        return "minRecvKbps";
    if (!take_kbps(json_object_get(params, "maxSendKbps"), &m->max_send_kbps))
        return "maxSendKbps";
    if (!take_kbps(json_object_get(params, "minSendKbps"), &m->min_send_kbps))
        return "minSendKbps";
    return NULL;
}

int method_parse(const struct method *method, const json_t *params, struct message **ret_m,
                 const char **ret_what)
{
    struct message *m = message_new(method->type);
    const char *wrong;

    if (!m)
        return -ENOMEM;
    wrong = take_all(method, params, m);
    if (wrong) {
        message_free(m);
        *ret_what = wrong;
        return -EINVAL;
    }
    *ret_m = m;
    return 0;
}

static bool is_id_list(const json_t *list)
{
    json_t *item;
    size_t i;

    if (list && !json_is_array(list))
        return false;
    json_array_foreach (list, i, item) {
        if (!is_id(item))
            return false;
    }
    return true;
}

bool method_sync_rooms_ok(const json_t *rooms)
{
    const char *id;
    json_t *room;

    if (!json_is_object(rooms))
        return false;
    json_object_foreach ((json_t *) rooms, id, room) {
        if (!json_is_object(room) || !is_id_list(json_object_get(room, "streams")) ||
            !is_id_list(json_object_get(room, "subscribers")))
            return false;
    }
    return true;
}
