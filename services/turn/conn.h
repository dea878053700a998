/* conn.h: the connections of one thread: clients whose messages come in a byte stream, plain or in
 * TLS. Each is a transport with a single flow, and the allocation of that flow ends with it (RFC
 * 8656 section 3.1: its 5-tuple is gone).
 *
 * Idle ones are cheap: what is read is read into memory of the thread, and a connection has memory
 * of its own only for the beginning of a message whose end has not come, and for what it could not
 * send yet. Relayed data that a slow client does not take is dropped, message by message, as UDP
 * would; what was begun is sent to its end. */
#pragma once

#include "turn/conn_limits.h"
#include "turn/pass.h"
#include "turn/turn.h"

struct conns;

/* turn and l must outlive it. -ENOMEM. */
int conns_new(struct turn *turn, struct loop *l, struct conns **ret_conns);

/* Ends all connections and their allocations. NULL is fine; returns NULL. */
struct conns *conns_free(struct conns *cs);

/* Serves the client that is connected by fd, taken over: TRANSPORT_TCP, or TRANSPORT_TLS by the
 * turn's certificate. When there are too many, it is closed, or another in its place. */
void conns_add(struct conns *cs, enum transport_kind kind, int fd, const struct addr *client,
               const struct addr *local);

/* Serves a client of the web port: what comes by fd, taken over, begins with the proxy's header,
 * then TLS. Who does not speak TURN in it, is handed to passes. */
void conns_add_web(struct conns *cs, struct passes *passes, int fd);

/* May another handshake begin now? */
bool conns_may_handshake(struct conns *cs);

/* Ends those that have taken too long; a timer does it, too. */
void conns_sweep(struct conns *cs);

/* Ends the longest-waiting connection without an allocation. False: there is none. */
bool conns_drop_oldest(struct conns *cs);

size_t conns_count(const struct conns *cs);
