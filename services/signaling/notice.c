#include "signaling/notice.h"

#include "codec/jsonrpc.h"
#include "signaling/client.h"
#include "signaling/connection.h"

#include <stdlib.h>
#include <string.h>

void notice_client(struct client *c, const char *method, json_t *params)
{
    char *text = jsonrpc_notification_text(method, params);

    if (c && text)
        client_tell(c, text);
    free(text);
}

void notice_participant(struct connection *c, const char *method, json_t *params)
{
    notice_client(c->client, method, params);
}

void notice_session(struct session *s, const struct connection *except, const char *method,
                    json_t *params)
{
    char *text = jsonrpc_notification_text(method, params);
    struct connection *c;

    if (!text)
        return;
    list_for_each (c, &s->participants, node) {
        if (c != except && c->client)
            client_tell(c->client, text);
    }
    free(text);
}

static bool is_named(json_t *ids, const char *id)
{
    json_t *entry;
    size_t i;

    if (json_array_size(ids) == 0)
        return true;
    json_array_foreach (ids, i, entry) {
        if (strcmp(json_string_value(entry), id) == 0)
            return true;
    }
    return false;
}

void notice_named(struct session *s, json_t *ids, const char *method, json_t *params)
{
    char *text = jsonrpc_notification_text(method, params);
    struct connection *c;

    if (!text)
        return;
    list_for_each (c, &s->participants, node) {
        if (c->client && is_named(ids, c->id))
            client_tell(c->client, text);
    }
    free(text);
}
