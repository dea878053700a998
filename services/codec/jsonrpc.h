/* jsonrpc.h: JSON-RPC 2.0 messages between text and jansson values, as the OpenVidu clients and our
 * own daemons speak it: one message a text, no batches, params by name. Pure; no state. */
#pragma once

#include "base/bytes.h"

#include <jansson.h>

#define JSONRPC_DEPTH_MAX 32    /* arrays and objects within each other */
#define JSONRPC_VALUES_MAX 1000 /* what is long in requests are texts */
#define JSONRPC_ID_MAX 128      /* bytes of a string id */

/* Codes of the JSON-RPC specification. */
enum jsonrpc_code {
    JSONRPC_PARSE_ERROR = -32700,
    JSONRPC_INVALID_REQUEST = -32600,
    JSONRPC_METHOD_NOT_FOUND = -32601,
    JSONRPC_INVALID_PARAMS = -32602,
    JSONRPC_INTERNAL_ERROR = -32603,
};

enum jsonrpc_kind { JSONRPC_REQUEST, JSONRPC_NOTIFICATION, JSONRPC_RESULT, JSONRPC_ERROR };

/* A message; the pointers are borrowed from root and valid until jsonrpc_done(). */
struct jsonrpc {
    enum jsonrpc_kind kind;
    json_t *root;
    json_t *id;          /* integer or string; NULL of a notification, and of an error that answers
                            a text which could not be read */
    const char *method;  /* request, notification: not empty; else NULL */
    json_t *params;      /* request, notification: an object, or NULL when absent or null */
    json_t *result;      /* result: any value, never NULL */
    int code;            /* error */
    const char *message; /* error: "" when absent */
};

/* Reads one message of at most max bytes. On success the caller ends it with jsonrpc_done().
 * -E2BIG: longer than max. -EBADMSG: not JSON (also: a key that comes twice, a NUL in a string),
 * or nested deeper than JSONRPC_DEPTH_MAX. -EPROTO: JSON, but no JSON-RPC message; then
 * and only then ret is set in spite of the failure, with root and perhaps id, so that the peer can
 * be answered: end it with jsonrpc_done() too. -ENOMEM is told as -EBADMSG. */
int jsonrpc_read(struct bytes text, size_t max, struct jsonrpc *ret);

void jsonrpc_done(struct jsonrpc *m);

/* ---- texts to send ----
 *
 * Each returns a heap text (free() it), or NULL when memory is out or a string is not UTF-8.
 * Members that are null are left out, at any depth of params and result, as the clients expect;
 * null elements of arrays stay. What is passed as "steals" is consumed in any case, and unchanged
 * where somebody else holds it too. The clients ignore a response whose result has a key "dest". */

/* {"id": id, "result": result, "jsonrpc": "2.0"}. Borrows id; steals result (NULL: {}). */
char *jsonrpc_result_text(json_t *id, json_t *result);

/* {"id": id, "error": {"code": code, "message": message}, "jsonrpc": "2.0"}. Borrows id (NULL is
 * written as null: the id could not be read). */
char *jsonrpc_error_text(json_t *id, int code, const char *message);

/* {"method": method, "params": params, "jsonrpc": "2.0"}. Steals params (NULL: {}). */
char *jsonrpc_notification_text(const char *method, json_t *params);

/* {"id": id, "method": method, "params": params, "jsonrpc": "2.0"}. Steals params (NULL: {}). */
char *jsonrpc_request_text(json_int_t id, const char *method, json_t *params);
