/* relay.h: the socket of one allocation, on which peers send and are sent to.
 * Lives on its worker's thread. */
#pragma once

#include "loop/loop.h"
#include "net/udp_out.h"
#include "turn/ports.h"

struct relay;
struct turn;

/* A datagram of a peer; the data stays until turn_flush(). Must not close the relay. */
typedef void relay_fn(struct relay *r, const struct addr *peer, struct bytes data);

struct relay {
    struct loop_fd io;
    struct udp_out_socket out;
    struct turn *turn;
    relay_fn *fn; /* NULL: closed */
    void *owner;  /* for fn */
    struct addr bound;
};

/* Binds ip at a random free port of the range. -EADDRINUSE: no free port was found; other errors of
 * socket(2) and bind(2). */
int relay_open(struct relay *r, struct turn *t, const struct addr *ip, const struct ports *range,
               bool even, relay_fn *fn, void *owner);

/* What was sent leaves before. May be called on zeroed memory, and twice. */
void relay_close(struct relay *r);

/* data must stay until turn_flush(). */
void relay_send(struct relay *r, const struct addr *peer, struct bytes data);
