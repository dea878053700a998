#include "codec/jsonrpc.h"

#include <errno.h>
#include <limits.h>

/* Jansson's own depth limit is 2,048 and fixed, and each value takes a hundred times the memory of
 * its two characters; so brackets and commas are counted before. A text that is not JSON may be
 * counted wrongly; the parser refuses it afterwards. */
static bool is_too_much(struct bytes text)
{
    unsigned depth = 0, n_values = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        switch (text.p[i]) {
        case '"':
            in_string = !in_string;
            break;
        case '\\':
            if (in_string)
                i++;
            break;
        case '{':
        case '[':
            if (!in_string && (++depth > JSONRPC_DEPTH_MAX || ++n_values > JSONRPC_VALUES_MAX))
                return true;
            break;
        case ',':
            if (!in_string && ++n_values > JSONRPC_VALUES_MAX)
                return true;
            break;
        case '}':
        case ']':
            if (!in_string && depth > 0)
                depth--;
            break;
        default:
            break;
        }
    }
    return false;
}

static bool usable_id(const json_t *id)
{
    return json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= JSONRPC_ID_MAX);
}

/* A request or a notification. */
static int read_call(struct jsonrpc *m)
{
    json_t *params = json_object_get(m->root, "params");

    m->method = json_string_value(json_object_get(m->root, "method"));
    if (!m->method || !*m->method)
        return -EPROTO;
    if (json_object_get(m->root, "result") || json_object_get(m->root, "error"))
        return -EPROTO;
    if (json_object_get(m->root, "id") && !m->id)
        return -EPROTO;
    if (params && !json_is_null(params)) {
        if (!json_is_object(params))
            return -EPROTO;
        m->params = params;
    }
    m->kind = m->id ? JSONRPC_REQUEST : JSONRPC_NOTIFICATION;
    return 0;
}

static int read_response(struct jsonrpc *m)
{
    json_t *result = json_object_get(m->root, "result");
    json_t *error = json_object_get(m->root, "error");
    json_t *code = json_object_get(error, "code");
    json_t *message = json_object_get(error, "message");

    if (!result == !error)
        return -EPROTO;
    if (result) {
        m->kind = JSONRPC_RESULT;
        m->result = result;
        return m->id ? 0 : -EPROTO;
    }
    if (!m->id && !json_is_null(json_object_get(m->root, "id")))
        return -EPROTO;
    if (!json_is_integer(code) || json_integer_value(code) < INT_MIN ||
        json_integer_value(code) > INT_MAX || (message && !json_is_string(message)))
        return -EPROTO;
    m->kind = JSONRPC_ERROR;
    m->code = (int) json_integer_value(code);
    m->message = message ? json_string_value(message) : "";
    return 0;
}

int jsonrpc_read(struct bytes text, size_t max, struct jsonrpc *ret)
{
    struct jsonrpc m = {.root = NULL};
    const char *version;
    json_t *id;
    int r = -EPROTO;

    if (text.len > max)
        return -E2BIG;
    if (is_too_much(text))
        return -EBADMSG;
    m.root =
        json_loadb((const char *) text.p, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (!m.root)
        return -EBADMSG;
    id = json_object_get(m.root, "id");
    if (usable_id(id))
        m.id = id;
    version = json_string_value(json_object_get(m.root, "jsonrpc"));
    if (version && strcmp(version, "2.0") == 0)
        r = json_object_get(m.root, "method") ? read_call(&m) : read_response(&m);
    if (r < 0)
        m = (struct jsonrpc){.root = m.root, .id = m.id};
    *ret = m;
    return r;
}

void jsonrpc_done(struct jsonrpc *m)
{
    json_decref(m->root);
    *m = (struct jsonrpc){.root = NULL};
}

static bool has_null_member(json_t *value)
{
    const char *key;
    json_t *child;
    size_t i;

    json_object_foreach (value, key, child) {
        if (json_is_null(child) || has_null_member(child))
            return true;
    }
    json_array_foreach (value, i, child) {
        if (has_null_member(child))
            return true;
    }
    return false;
}

static void drop_null_members(json_t *value)
{
    const char *key;
    json_t *child;
    void *next;
    size_t i;

    json_object_foreach_safe (value, next, key, child) {
        if (json_is_null(child))
            json_object_del(value, key);
        else
            drop_null_members(child);
    }
    json_array_foreach (value, i, child) {
        drop_null_members(child);
    }
}

/* Steals value; what it returns may be a copy, because others may hold the original. */
static json_t *without_nulls(json_t *value)
{
    json_t *copy;

    if (!value)
        return json_object();
    if (!has_null_member(value))
        return value;
    copy = json_deep_copy(value);
    json_decref(value);
    drop_null_members(copy);
    return copy;
}

/* Steals message. */
static char *dump(json_t *message)
{
    char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

    json_decref(message);
    return text;
}

char *jsonrpc_result_text(json_t *id, json_t *result)
{
    return dump(
        json_pack("{s:O, s:o, s:s}", "id", id, "result", without_nulls(result), "jsonrpc", "2.0"));
}

char *jsonrpc_error_text(json_t *id, int code, const char *message)
{
    return dump(json_pack("{s:O, s:{s:i, s:s}, s:s}", "id", id ? id : json_null(), "error", "code",
                          code, "message", message, "jsonrpc", "2.0"));
}

char *jsonrpc_notification_text(const char *method, json_t *params)
{
    return dump(json_pack("{s:s, s:o, s:s}", "method", method, "params", without_nulls(params),
                          "jsonrpc", "2.0"));
}

char *jsonrpc_request_text(json_int_t id, const char *method, json_t *params)
{
    return dump(json_pack("{s:I, s:s, s:o, s:s}", "id", id, "method", method, "params",
                          without_nulls(params), "jsonrpc", "2.0"));
}
