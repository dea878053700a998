/* link_message.h: JSON-RPC 2.0 messages, decoded. No I/O. */
#pragma once

#include "base/bytes.h"

#include <jansson.h>

enum link_message_kind { LINK_REQUEST, LINK_NOTIFICATION, LINK_RESULT, LINK_ERROR };

/* Everything else lives as long as root, which link_message_done() gives back. */
struct link_message {
    enum link_message_kind kind;
    json_t *root;
    const char *method; /* request, notification */
    json_t *params;     /* likewise; an object or array, or NULL */
    json_t *id;         /* request: integer or string */
    uint64_t call_id;   /* result, error: the integer that we sent */
    json_t *result;
    int code;
    const char *text;
};

/* -EBADMSG when it is not JSON, or no message of the kinds above; batches are refused too. */
int link_message_decode(struct bytes text, struct link_message *ret);
void link_message_done(struct link_message *m);
