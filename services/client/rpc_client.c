#include "client/rpc_client.h"

#include "base/clock.h"
#include "codec/jsonrpc.h"

#include <errno.h>
#include <stdlib.h>

#define PING_US 5000000
#define PING_MS 5000
#define CLOSED_BY_CLIENT 4102
#define TICK_US 250000 /* how exactly deadlines are kept */

struct call {
    struct list node;
    json_int_t id;
    uint64_t deadline_us;
    rpc_answer_fn *fn;
    void *arg;
};

struct rpc_client {
    struct loop *loop;
    struct ws_client *ws;
    const struct rpc_client_handlers *handlers;
    void *arg;
    struct list calls;
    unsigned n_calls;
    json_int_t next_id;
    struct loop_timer tick;
    uint64_t ping_us; /* when the next one is due */
    bool pinged;      /* before: the first one says the interval */
    bool busy, freed; /* answering those that are late; to be freed behind it */
};

static void call_free(struct rpc_client *c, struct call *k)
{
    list_del(&k->node);
    c->n_calls--;
    free(k);
}

struct rpc_client *rpc_client_free(struct rpc_client *c)
{
    struct call *k;

    if (!c)
        return NULL;
    list_for_each (k, &c->calls, node)
        call_free(c, k);
    c->ws = ws_client_free(c->ws);
    loop_timer_done(&c->tick);
    c->freed = c->busy;
    if (!c->busy)
        free(c);
    return NULL;
}

/* ---- answers ---- */

static void answer(struct rpc_client *c, struct call *k, const struct rpc_answer *a)
{
    rpc_answer_fn *fn = k->fn;
    void *arg = k->arg;

    call_free(c, k);
    fn(a, arg);
}

static void on_pong(const struct rpc_answer *a, void *arg)
{
    (void) a, (void) arg; /* what matters is that we said it */
}

static void ping(struct rpc_client *c)
{
    json_t *params = c->pinged ? NULL : json_pack("{s:i}", "interval", PING_MS);

    c->pinged = true;
    c->ping_us = clock_us() + PING_US;
    (void) rpc_client_call(c, "ping", params, on_pong, NULL);
}

static void on_tick(struct loop_timer *t)
{
    static const struct rpc_answer late = {.error = -ETIMEDOUT,
                                           .message = "the server does not answer"};
    struct rpc_client *c = container_of(t, struct rpc_client, tick);
    uint64_t now = clock_us();
    struct call *first;

    if (now >= c->ping_us)
        ping(c);
    (void) loop_timer_start(t, c->loop, TICK_US, on_tick);
    c->busy = true;
    /* answer() takes it off the list: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    while ((first = list_first(&c->calls, struct call, node)) && now >= first->deadline_us)
        answer(c, first, &late);
    c->busy = false;
    if (c->freed)
        free(c);
}

static void on_answer(struct rpc_client *c, const struct jsonrpc *m)
{
    struct rpc_answer a = {.error = m->kind == JSONRPC_ERROR ? -EREMOTEIO : 0,
                           .code = m->code,
                           .message = m->kind == JSONRPC_ERROR ? m->message : "",
                           .result = m->result};
    struct call *k;

    list_for_each (k, &c->calls, node) {
        if (json_is_integer(m->id) && json_integer_value(m->id) == k->id) {
            answer(c, k, &a);
            return;
        }
    }
}

static void on_text(struct bytes text, void *arg)
{
    struct rpc_client *c = arg;
    struct jsonrpc m;
    int r = jsonrpc_read(text, WS_CLIENT_MESSAGE_MAX, &m);

    if (r < 0 && r != -EPROTO)
        return;
    if (r == 0 && (m.kind == JSONRPC_RESULT || m.kind == JSONRPC_ERROR))
        on_answer(c, &m);
    else if (r == 0 && m.kind == JSONRPC_NOTIFICATION)
        c->handlers->on_notification(m.method, m.params, c->arg);
    jsonrpc_done(&m);
}

static void on_open(void *arg)
{
    struct rpc_client *c = arg;

    ping(c);
    (void) loop_timer_start(&c->tick, c->loop, TICK_US, on_tick);
    c->handlers->on_open(c->arg);
}

static void on_end(const struct ws_client_end *end, void *arg)
{
    struct rpc_client *c = arg;

    loop_timer_stop(&c->tick);
    c->handlers->on_end(end, c->arg);
}

/* ---- calls ---- */

int rpc_client_new(struct loop *l, struct http *h, const struct http_request *rq,
                   const struct rpc_client_handlers *handlers, void *arg, struct rpc_client **ret)
{
    static const struct ws_client_handlers ws_handlers = {on_open, on_text, on_end};
    struct rpc_client *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->loop = l;
    c->handlers = handlers;
    c->arg = arg;
    list_init(&c->calls);
    r = ws_client_new(l, h, rq, &ws_handlers, c, &c->ws);
    if (r < 0) {
        rpc_client_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

static int send_call(struct rpc_client *c, json_int_t id, const char *method, json_t *params)
{
    char *text = jsonrpc_request_text(id, method, params);
    int r = text ? ws_client_send(c->ws, bytes_str(text)) : -ENOMEM;

    free(text);
    return r;
}

int rpc_client_call(struct rpc_client *c, const char *method, json_t *params, rpc_answer_fn *fn,
                    void *arg)
{
    struct call *k = c->n_calls < RPC_CALLS_MAX ? calloc(1, sizeof(*k)) : NULL;
    int r;

    if (!k) {
        json_decref(params);
        return c->n_calls < RPC_CALLS_MAX ? -ENOMEM : -ENOSPC;
    }
    k->id = c->next_id++;
    k->fn = fn;
    k->arg = arg;
    k->deadline_us = clock_us() + RPC_TIMEOUT_US;
    r = send_call(c, k->id, method, params);
    if (r < 0) {
        free(k);
        return r;
    }
    list_append(&c->calls, &k->node);
    c->n_calls++;
    return 0;
}

void rpc_client_close(struct rpc_client *c)
{
    ws_client_close(c->ws, CLOSED_BY_CLIENT, "Connection closed by client");
}
