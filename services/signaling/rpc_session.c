/* Methods about the RPC session itself. */
#include "signaling/about.h"
#include "signaling/rpc.h"

#include "base/log.h"
#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/lifecycle.h"
#include "signaling/reasons.h"

void rpc_ping(struct rpc *rq)
{
    json_t *interval = rpc_number_opt(rq, "interval");

    if (json_number_value(interval) > 0 && json_number_value(interval) < 1e9)
        client_set_ping_interval(rq->client, (uint64_t) json_number_value(interval));
    json_decref(interval);
    client_ping(rq->client);
    rpc_reply_bare(rq, json_pack("{s:s}", "value", "pong"));
}

/* May this socket go on as the client c? Who was thrown out meanwhile has missed being told: it
 * learns by the refusal. */
static bool may_go_on(const struct client *newcomer, const struct client *c)
{
    return c == newcomer || (c && c->participant && !newcomer->participant);
}

/* A client that lost its socket is back on a new one. */
void rpc_connect(struct rpc *rq)
{
    json_t *id = json_object_get(rq->message.params, "sessionId");
    struct client *newcomer = rq->client;
    struct client *c;

    if (!id || json_is_null(id)) {
        rpc_reply(rq, json_pack("{s:s}", "value", "OK"));
        return;
    }
    c = json_is_string(id) ? clients_find(&rq->app->clients, json_string_value(id)) : NULL;
    if (!may_go_on(newcomer, c)) {
        rpc_error(rq, RPC_RECONNECTION, "reconnection error");
        return;
    }
    client_take_over(c, newcomer);
    if (c->participant)
        log_about(about_connection(c->participant), LOG_LEVEL_INFO, "is back");
    rq->client = c;
    rq->socket_serial = c->socket_serial;
    rpc_reply(rq, json_pack("{s:s}", "value", "reconnection successful"));
    client_deliver(c);
}

void rpc_close_session(struct rpc *rq)
{
    struct client *client = rq->client;
    struct connection *c = client->participant;
    struct session *s = c ? c->session : NULL;

    rpc_reply(rq, json_pack("{s:s}", "value", "bye"));
    if (c) {
        lifecycle_leave(client->owner->app, c, REASON_DISCONNECT);
        lifecycle_end_if_empty(client->owner->app, s);
    }
    client_end(client);
}

void rpc_echo(struct rpc *rq)
{
    rpc_reply(rq, NULL);
}
