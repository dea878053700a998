#include "signaling/rpc.h"

#include "base/clock.h"
#include "signaling/about.h"
#include "signaling/app.h"
#include "signaling/connection.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 65536

enum role { ROLE_ANY, ROLE_PUBLISHER, ROLE_MODERATOR };

struct rpc_method {
    const char *name;
    rpc_fn *fn;
    bool immediate; /* not in the client's queue */
    bool before_join;
    bool media; /* nothing without the media daemon: worth waiting for it */
    enum role role;
};

static rpc_fn pro_only;

static const struct rpc_method methods[] = {
    {"ping", .fn = rpc_ping, .immediate = true, .before_join = true},
    {"connect", .fn = rpc_connect, .immediate = true, .before_join = true},
    {"closeSession", .fn = rpc_close_session, .immediate = true, .before_join = true},
    {"joinRoom", .fn = rpc_join_room, .before_join = true},
    {"leaveRoom", .fn = rpc_leave_room},
    {"publishVideo", .fn = rpc_publish_video, .media = true, .role = ROLE_PUBLISHER},
    {"unpublishVideo", .fn = rpc_unpublish_video, .role = ROLE_PUBLISHER},
    {"prepareReceiveVideoFrom", .fn = rpc_prepare_receive_video_from, .media = true},
    {"receiveVideoFrom", .fn = rpc_receive_video_from, .media = true},
    {"unsubscribeFromVideo", .fn = rpc_unsubscribe_from_video},
    {"onIceCandidate", .fn = rpc_on_ice_candidate},
    {"sendMessage", .fn = rpc_send_message},
    {"streamPropertyChanged", .fn = rpc_stream_property_changed},
    {"forceDisconnect", .fn = rpc_force_disconnect, .role = ROLE_MODERATOR},
    {"forceUnpublish", .fn = rpc_force_unpublish, .role = ROLE_MODERATOR},
    {"reconnectStream", .fn = rpc_reconnect_stream, .media = true},
    {"videoData", .fn = rpc_video_data},
    {"echo", .fn = rpc_echo},
    {"applyFilter", .fn = rpc_apply_filter},
    {"removeFilter", .fn = rpc_remove_filter},
    {"execFilterMethod", .fn = rpc_exec_filter_method},
    {"addFilterEventListener", .fn = rpc_add_filter_event_listener},
    {"removeFilterEventListener", .fn = rpc_remove_filter_event_listener},
    {"subscribeToSpeechToText", .fn = pro_only},
    {"unsubscribeFromSpeechToText", .fn = pro_only},
    {"sessionStatus", .fn = pro_only},
};

#define N_METHODS (sizeof(methods) / sizeof(methods[0]))
_Static_assert(N_METHODS <= STATS_METHODS_MAX, "not all methods can be counted");

size_t rpc_n_methods(void)
{
    return N_METHODS;
}

const char *rpc_method_name(size_t i)
{
    return methods[i].name;
}

static void pro_only(struct rpc *rq)
{
    rpc_error(rq, RPC_WRONG_EDITION, "Method '%s' is not part of the Community Edition",
              rq->message.method);
}

static const struct rpc_method *find_method(const char *name)
{
    for (size_t i = 0; i < N_METHODS; i++) {
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    }
    return NULL;
}

static void send_text(struct client *c, char *text)
{
    if (text)
        client_send(c, text);
    free(text);
}

struct rpc *rpc_read(struct client *c, struct bytes text)
{
    struct jsonrpc m;
    int error = jsonrpc_read(text, MESSAGE_MAX, &m);
    struct rpc *rq = NULL;

    if (error == -EPROTO) {
        send_text(c, jsonrpc_error_text(m.id, JSONRPC_INVALID_REQUEST, "Not a JSON-RPC request"));
        jsonrpc_done(&m);
        return NULL;
    }
    if (error) {
        send_text(c, jsonrpc_error_text(NULL, JSONRPC_PARSE_ERROR, "Not JSON"));
        return NULL;
    }
    if (m.kind == JSONRPC_REQUEST)
        rq = calloc(1, sizeof(*rq));
    if (!rq) {
        jsonrpc_done(&m);
        return NULL;
    }
    list_init(&rq->node);
    rq->app = c->owner->app;
    rq->client = c;
    rq->socket_serial = c->socket_serial;
    rq->begun_us = clock_us();
    rq->method = find_method(m.method);
    rq->message = m;
    return rq;
}

struct rpc *rpc_free(struct rpc *rq)
{
    list_del(&rq->node);
    jsonrpc_done(&rq->message);
    free(rq);
    return NULL;
}

bool rpc_is_immediate(const struct rpc *rq)
{
    return rq->method && rq->method->immediate;
}

static bool role_allows(const struct rpc_method *m, const struct connection *c)
{
    switch (m->role) {
    case ROLE_ANY:
        return true;
    case ROLE_PUBLISHER:
        return connection_may_publish(c);
    case ROLE_MODERATOR:
        return connection_is_moderator(c);
    }
    return false;
}

void rpc_run(struct rpc *rq)
{
    const struct rpc_method *m = rq->method;
    struct connection *c = rq->client->participant;

    if (!m)
        rpc_error(rq, JSONRPC_METHOD_NOT_FOUND, "Unknown method '%.64s'", rq->message.method);
    else if (!m->before_join && !c)
        rpc_error(rq, RPC_TRANSPORT,
                  "No session joined by this connection: call joinRoom before %s", m->name);
    else if (c && !role_allows(m, c))
        rpc_error(rq, RPC_USER_UNAUTHORIZED, "Unable to call %s. The role of %s does not allow it",
                  m->name, c->id);
    else if (!m->media || !rpc_wait(rq))
        m->fn(rq);
}

static void count(const struct rpc *rq, enum stats_outcome outcome)
{
    struct stats *st = &rq->app->stats;

    st->rpc[rq->method ? (size_t) (rq->method - methods) : N_METHODS][outcome]++;
    if (rq->method && rq->method->fn == rpc_join_room && outcome == STATS_RESULT)
        prom_observe(&st->join, clock_us() - rq->begun_us);
}

/* The answer, unless the socket that asked is gone; then the client's next request may run. */
static void finish(struct rpc *rq, char *text)
{
    struct client *c = rq->client;

    if (c && c->socket_serial == rq->socket_serial && text)
        client_send(c, text);
    free(text);
    if (c && c->current == rq)
        client_request_done(c);
    rpc_free(rq);
}

void rpc_reply_bare(struct rpc *rq, json_t *result)
{
    count(rq, STATS_RESULT);
    finish(rq, jsonrpc_result_text(rq->message.id, result));
}

void rpc_reply(struct rpc *rq, json_t *result)
{
    if (!result)
        result = json_object();
    if (rq->client)
        json_object_set_new(result, "sessionId", json_string(rq->client->id));
    rpc_reply_bare(rq, result);
}

void rpc_error(struct rpc *rq, int code, const char *fmt, ...)
{
    char text[1024], *answer;
    size_t len;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (code > 0 && code < RPC_RECONNECTION) {
        len = strlen(text);
        if (len > sizeof(text) - 32)
            len = sizeof(text) - 32;
        snprintf(text + len, sizeof(text) - len, ". Code: %d", code);
    }
    count(rq, STATS_ERROR);
    log_about(rq->client ? about_client(rq->client) : (struct log_ids){.session = NULL},
              LOG_LEVEL_DEBUG, "rpc %s: error %d", rq->message.method, code);
    answer = jsonrpc_error_text(rq->message.id, code, text);
    if (!answer) /* a cut made it invalid UTF-8 */
        answer = jsonrpc_error_text(rq->message.id, code, "The request failed");
    finish(rq, answer);
}

json_t *rpc_param(struct rpc *rq, const char *name)
{
    json_t *v = json_object_get(rq->message.params, name);

    if (v && !json_is_null(v))
        return v;
    rpc_error(rq, RPC_MISSING_PARAMETER, "Request element '%s' is missing in RPC method '%s'", name,
              rq->message.method);
    return NULL;
}

const char *rpc_string(struct rpc *rq, const char *name)
{
    json_t *v = rpc_param(rq, name);

    if (!v)
        return NULL;
    if (!json_is_string(v)) {
        rpc_error(rq, RPC_MISSING_PARAMETER,
                  "Request element '%s' must be a string in RPC method '%s'", name,
                  rq->message.method);
        return NULL;
    }
    return json_string_value(v);
}

const char *rpc_string_opt(const struct rpc *rq, const char *name, const char *fallback)
{
    const char *s = json_string_value(json_object_get(rq->message.params, name));

    return s ? s : fallback;
}

bool rpc_bool_opt(const struct rpc *rq, const char *name, bool fallback)
{
    json_t *v = json_object_get(rq->message.params, name);
    const char *text = json_string_value(v);

    if (text && strcmp(text, fallback ? "false" : "true") == 0)
        return !fallback;
    return json_is_boolean(v) ? json_is_true(v) : fallback;
}

json_t *rpc_number_opt(const struct rpc *rq, const char *name)
{
    json_t *v = json_object_get(rq->message.params, name);
    json_t *number = json_is_string(v) ? json_loads(json_string_value(v), JSON_DECODE_ANY, NULL)
                                       : json_incref(v);

    if (json_is_number(number))
        return number;
    json_decref(number);
    return NULL;
}

struct connection *rpc_participant(const struct rpc *rq, const char *id)
{
    struct connection *c = rq->client ? rq->client->participant : NULL;

    return c && (!id || strcmp(c->id, id) == 0) ? c : NULL;
}
