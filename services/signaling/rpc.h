/* rpc.h: requests of clients: framing, dispatch by a table of methods, answers.
 *
 * A method answers its request exactly once, now or later, by rpc_reply() or rpc_error(), which
 * free it. A request that waits (for the media daemon) may outlive its client: client is NULL
 * then, and answering it does nothing but free it. */
#pragma once

#include "codec/jsonrpc.h"

#include "signaling/client.h"

enum rpc_code {
    RPC_MISSING_PARAMETER = -1,
    RPC_USER_GENERIC = 10,
    RPC_USER_NOT_FOUND = 102,
    RPC_EXISTING_USER = 104,
    RPC_USER_NOT_STREAMING = 105,
    RPC_USER_ALREADY_STREAMING = 106,
    RPC_ROOM_GENERIC = 201,
    RPC_ROOM_NOT_FOUND = 202,
    RPC_ROOM_CANNOT_BE_CREATED = 204,
    RPC_MEDIA_SDP = 302,
    RPC_MEDIA_ENDPOINT = 303,
    RPC_USER_UNAUTHORIZED = 401,
    RPC_FILTER_NOT_APPLIED = 406,
    RPC_METADATA_FORMAT = 500,
    RPC_SIGNAL_FORMAT = 600,
    RPC_SIGNAL_TO = 601,
    RPC_FORCED_CODEC = 800,
    RPC_TRANSPORT = 803,
    RPC_WRONG_EDITION = 997,
    RPC_GENERIC = 999,
    RPC_RECONNECTION = 40007,
};

struct rpc {
    struct list node; /* of the client's queue */
    struct app *app;
    struct client *client;
    unsigned socket_serial;
    uint64_t begun_us;
    const struct rpc_method *method; /* NULL: unknown */
    struct jsonrpc message;
};

/* NULL when the text is no request (answered or ignored here). */
struct rpc *rpc_read(struct client *c, struct bytes text);
bool rpc_is_immediate(const struct rpc *rq);
void rpc_run(struct rpc *rq);
struct rpc *rpc_free(struct rpc *rq);

/* Consume rq. rpc_reply steals result, an object (NULL: {}), and adds the sessionId. The texts of
 * errors get the suffix that clients of the original know: ". Code: <code>". */
void rpc_reply(struct rpc *rq, json_t *result);
void rpc_reply_bare(struct rpc *rq, json_t *result); /* without sessionId */
void rpc_error(struct rpc *rq, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The table of methods. */
size_t rpc_n_methods(void);
const char *rpc_method_name(size_t i);

/* A parameter, or NULL after answering rq with an error. Those of _opt may be absent. */
const char *rpc_string(struct rpc *rq, const char *name);
json_t *rpc_param(struct rpc *rq, const char *name);
const char *rpc_string_opt(const struct rpc *rq, const char *name, const char *fallback);

/* The same, also from their text: native clients send "true" and "30". A number is a new reference,
 * NULL when there is none. */
bool rpc_bool_opt(const struct rpc *rq, const char *name, bool fallback);
json_t *rpc_number_opt(const struct rpc *rq, const char *name);

/* The participant that asks, or NULL: it has left meanwhile, or is another one than id (may be
 * NULL: any). */
struct connection *rpc_participant(const struct rpc *rq, const char *id);

/* ---- the methods ---- */
typedef void rpc_fn(struct rpc *rq);

/* rpc_session.c */
rpc_fn rpc_ping, rpc_connect, rpc_close_session, rpc_echo;
/* rpc_join.c */
rpc_fn rpc_join_room, rpc_leave_room;
/* rpc_publish.c */
rpc_fn rpc_publish_video, rpc_unpublish_video, rpc_video_data, rpc_stream_property_changed;
/* rpc_subscribe.c */
rpc_fn rpc_receive_video_from, rpc_prepare_receive_video_from, rpc_unsubscribe_from_video,
    rpc_on_ice_candidate, rpc_reconnect_stream;

/* rpc_signal.c */
rpc_fn rpc_send_message;
/* rpc_moderate.c */
rpc_fn rpc_force_disconnect, rpc_force_unpublish;
/* rpc_filter.c */
rpc_fn rpc_apply_filter, rpc_remove_filter, rpc_exec_filter_method, rpc_add_filter_event_listener,
    rpc_remove_filter_event_listener;
