/* dtls_server.h: clients over DTLS (RFC 7350) of one thread: sockets, and the sessions on them. A
 * session is a transport with a single flow, and the allocation of that flow ends with it.
 *
 * Nothing is kept of a client, nor anything costly computed, before it has shown that it gets what
 * is sent to its address (dtls_hello.h). Sessions are limited as connections are (conn_limits.h),
 * by a count of their own; those of one address by the rate of its network (ratelimit.h), instead.
 * The kernel keeps a client on one thread (SO_REUSEPORT), so its session is always here. */
#pragma once

#include "turn/conn_limits.h"
#include "turn/turn.h"

struct dtls_server;

/* turn and l must outlive it. -ENOMEM. */
int dtls_server_new(struct turn *turn, struct loop *l, struct dtls_server **ret_server);

/* Ends all sessions and their allocations. NULL is fine; returns NULL. */
struct dtls_server *dtls_server_free(struct dtls_server *d);

/* One address more, of CONFIG_LISTEN_MAX; errors of socket(2) and bind(2). */
int dtls_server_listen(struct dtls_server *d, const struct addr *bind_to, bool reuse_port);

/* Ends those that have taken too long; a timer does it, too. */
void dtls_server_sweep(struct dtls_server *d);

/* Those whose handshake is not over, or all. */
size_t dtls_server_handshakes(const struct dtls_server *d);
size_t dtls_server_count(const struct dtls_server *d);
