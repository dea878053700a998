#include "signaling/notice.h"

#include "codec/jsonrpc.h"
#include "signaling/client.h"
#include "signaling/connection.h"

#include <stdlib.h>

void notice_client(struct client *c, const char *method, json_t *params)
{
    char *text = jsonrpc_notification_text(method, params);

    if (c && text)
        client_send(c, text);
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
            client_send(c->client, text);
    }
    free(text);
}
