#include "media/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct message *message_new(enum message_type type)
{
    struct message *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    list_init(&m->mail.node);
    m->type = type;
    return m;
}

struct message *message_free(struct message *m)
{
    if (!m)
        return NULL;
    json_decref(m->rooms);
    json_decref(m->keep);
    json_decref(m->result);
    free(m->source);
    free(m->sdp);
    free(m);
    return NULL;
}

void message_fail(struct message *m, int code, const char *fmt, ...)
{
    va_list ap;

    m->code = code;
    va_start(ap, fmt);
    vsnprintf(m->text, sizeof(m->text), fmt, ap);
    va_end(ap);
}

json_t *command_id_set(const json_t *list)
{
    json_t *set = json_object();
    json_t *item;
    size_t i;

    json_array_foreach (list, i, item)
        (void) json_object_set_new(set, json_string_value(item), json_null());
    return set;
}

const char *transport_state_name(enum transport_state s)
{
    static const char *const names[] = {
        [TRANSPORT_CONNECTING] = "connecting",
        [TRANSPORT_CONNECTED] = "connected",
        [TRANSPORT_DISCONNECTED] = "disconnected",
        [TRANSPORT_CLOSED] = "closed",
        [TRANSPORT_FAILED] = "failed",
    };

    return names[s];
}
