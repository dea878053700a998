/* rpc_client.h: JSON-RPC with signaling over a WebSocket, as a client speaks it: calls with a
 * deadline, notifications, a ping every 5 s. One thread. */
#pragma once

#include "web/ws_client.h"

#include <jansson.h>

#define RPC_CALLS_MAX 64 /* under way at a time */
#define RPC_TIMEOUT_US 10000000

struct rpc_client;

struct rpc_answer {
    int error;            /* 0; -EREMOTEIO: the server refused, code says why; -ETIMEDOUT */
    int code;             /* of the protocol's error */
    const char *message;  /* for people; "" */
    const json_t *result; /* borrowed */
};
typedef void rpc_answer_fn(const struct rpc_answer *answer, void *arg);

/* None may be NULL. on_end comes once, as the last; calls under way are not answered then. Each may
 * free the client. */
struct rpc_client_handlers {
    void (*on_open)(void *arg);
    void (*on_notification)(const char *method, const json_t *params, void *arg);
    void (*on_end)(const struct ws_client_end *end, void *arg);
};

/* rq: as of ws_client_new(). */
int rpc_client_new(struct loop *l, struct http *h, const struct http_request *rq,
                   const struct rpc_client_handlers *handlers, void *arg, struct rpc_client **ret);

/* Calls under way are not answered. NULL is fine; returns NULL. */
struct rpc_client *rpc_client_free(struct rpc_client *c);

/* Steals params. fn is called once, not from within the call. -ENOTCONN, -ENOSPC, -ENOMEM. */
int rpc_client_call(struct rpc_client *c, const char *method, json_t *params, rpc_answer_fn *fn,
                    void *arg);

/* Closes as the clients do after leaveRoom. */
void rpc_client_close(struct rpc_client *c);
