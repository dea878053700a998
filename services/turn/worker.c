#include "turn/worker.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>

#define SWEEP_US 5000000u /* what is over is not used from then on; this frees it */

void worker_sweep(struct worker *w)
{
    alloc_table_sweep(w->turn.allocs, clock_ms());
    if (w->turn.reservations)
        reservations_expire(w->turn.reservations, clock_ms());
}

static void on_sweep(struct loop_timer *t)
{
    struct worker *w = container_of(t, struct worker, sweep);

    worker_sweep(w);
    loop_timer_start(&w->sweep, w->loop, SWEEP_US, on_sweep);
}

static void on_datagram(struct listener *ls, const struct flow *flow, struct bytes datagram)
{
    turn_on_datagram(ls->turn, flow, datagram);
}

static int open_listener(struct worker *w, const struct config_listen *at)
{
    bool shared = w->turn.config->n_threads > 1;
    int r = -EPROTONOSUPPORT;

    if (at->kind == TRANSPORT_UDP) {
        r = listener_open(&w->listeners[w->n_listeners], &w->turn, &at->addr, shared, on_datagram,
                          NULL);
        w->n_listeners += r == 0;
    } else if (at->kind == TRANSPORT_TCP || at->kind == TRANSPORT_TLS) {
        r = conns_listener_open(&w->tcp_listeners[w->n_tcp_listeners], w->loop, w->turn.set,
                                w->conns, at, shared);
        w->n_tcp_listeners += r == 0;
    } else if (at->kind == TRANSPORT_DTLS) {
        r = w->dtls ? 0 : dtls_server_new(&w->turn, w->loop, &w->dtls);
        if (r == 0)
            r = dtls_server_listen(w->dtls, &at->addr, shared);
    }
    return r;
}

static int open_listeners(struct worker *w)
{
    const struct turn_config *c = w->turn.config;
    char text[ADDR_TEXT_SIZE];

    for (size_t i = 0; i < c->n_listen; i++) {
        const struct config_listen *at = &c->listen[i];
        int r = open_listener(w, at);

        if (r < 0) {
            log_error("cannot listen on %s %s: %s", transport_kind_names[at->kind],
                      addr_format(&at->addr, text), strerror(-r));
            return r;
        }
    }
    return 0;
}

int worker_init(struct worker *w, struct loop *l, const struct turn_config *config,
                const struct auth *auth, struct quota *quota)
{
    int r;

    *w = (struct worker){.loop = l};
    r = turn_init(&w->turn, l, config, auth, quota);
    if (r == 0)
        r = conns_new(&w->turn, l, &w->conns);
    if (r == 0 && config->web_backend)
        r = passes_new(&w->turn, l, config->web_backend, &w->passes);
    if (r == 0)
        r = open_listeners(w);
    if (r == 0)
        r = loop_timer_start(&w->sweep, l, SWEEP_US, on_sweep);
    if (r < 0)
        worker_done(w);
    return r;
}

void worker_add_web(struct worker *w, int fd)
{
    conns_add_web(w->conns, w->passes, fd);
}

void worker_set_tls(struct worker *w, struct tls_context *context)
{
    struct tls_context *last = w->turn.tls;

    w->turn.tls = tls_context_ref(context);
    tls_context_unref(last);
}

void worker_done(struct worker *w)
{
    loop_timer_done(&w->sweep);
    for (size_t i = 0; i < w->n_tcp_listeners; i++)
        conns_listener_close(&w->tcp_listeners[i]);
    w->n_tcp_listeners = 0;
    w->conns = conns_free(w->conns);
    w->dtls = dtls_server_free(w->dtls);
    w->passes = passes_free(w->passes);
    w->turn.allocs = alloc_table_free(w->turn.allocs);
    for (size_t i = 0; i < w->n_listeners; i++)
        listener_close(&w->listeners[i]);
    w->n_listeners = 0;
    turn_done(&w->turn);
}
