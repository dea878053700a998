#include "link/link_message.h"

#include <errno.h>
#include <limits.h>

static bool decode_call(struct link_message *m, json_t *method)
{
    json_t *id = json_object_get(m->root, "id");

    m->method = json_string_value(method);
    m->params = json_object_get(m->root, "params");
    m->id = id;
    m->kind = id ? LINK_REQUEST : LINK_NOTIFICATION;
    return m->method && (!id || json_is_integer(id) || json_is_string(id)) &&
           (!m->params || json_is_object(m->params) || json_is_array(m->params));
}

static bool decode_error(struct link_message *m, const json_t *error)
{
    const json_t *code = json_object_get(error, "code");

    m->kind = LINK_ERROR;
    m->text = json_string_value(json_object_get(error, "message"));
    if (!m->text || !json_is_integer(code) || json_integer_value(code) < INT_MIN ||
        json_integer_value(code) > INT_MAX)
        return false;
    m->code = (int) json_integer_value(code);
    return true;
}

static bool decode_answer(struct link_message *m)
{
    const json_t *error = json_object_get(m->root, "error");
    const json_t *id = json_object_get(m->root, "id");

    m->result = json_object_get(m->root, "result");
    if (!json_is_integer(id) || json_integer_value(id) < 0 || !m->result == !error)
        return false;
    m->call_id = (uint64_t) json_integer_value(id);
    m->kind = LINK_RESULT;
    return !error || decode_error(m, error);
}

int link_message_decode(struct bytes text, struct link_message *ret)
{
    struct link_message m = {
        .root = json_loadb((const char *) text.p, text.len, JSON_REJECT_DUPLICATES, NULL)};
    const char *version = json_string_value(json_object_get(m.root, "jsonrpc"));
    json_t *method = json_object_get(m.root, "method");

    if (!version || strcmp(version, "2.0") != 0 ||
        !(method ? decode_call(&m, method) : decode_answer(&m))) {
        link_message_done(&m);
        return -EBADMSG;
    }
    *ret = m;
    return 0;
}

void link_message_done(struct link_message *m)
{
    json_decref(m->root);
    *m = (struct link_message){0};
}
