/* worker.h: one thread's share of the server: its sockets, its allocations, its clock.
 * Everything in it belongs to the thread that runs the loop. */
#pragma once

#include "turn/dtls_server.h"
#include "turn/listener.h"
#include "turn/tcp.h"

struct worker {
    struct turn turn;
    struct loop *loop;
    struct loop_timer sweep;
    struct listener listeners[CONFIG_LISTEN_MAX];
    size_t n_listeners;
    struct conns *conns;
    struct passes *passes; /* NULL: there is no web port */
    struct conns_listener tcp_listeners[CONFIG_LISTEN_MAX];
    size_t n_tcp_listeners;
    struct dtls_server *dtls; /* NULL: it is not served */
};

/* Opens the listeners of the configuration, shared with other workers when there is more than one
 * thread. A failure is logged with the address. config, auth and quota must outlive it. */
int worker_init(struct worker *w, struct loop *l, const struct turn_config *config,
                const struct auth *auth, struct quota *quota);

/* A connection of the web port, taken over. */
void worker_add_web(struct worker *w, int fd);

/* For connections to come. */
void worker_set_tls(struct worker *w, struct tls_context *context);

/* What it does by itself now and then: ends what is over or revoked, accounts what was relayed. */
void worker_sweep(struct worker *w);

/* Ends all allocations. May be called on zeroed memory. */
void worker_done(struct worker *w);
