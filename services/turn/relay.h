/* relay.h: the socket of one allocation, on which peers send and are sent to.
 * Lives on its worker's thread. */
#pragma once

#include "loop/loop.h"
#include "turn/ports.h"
#include "turn/udp.h"

struct relay;

/* A datagram of a peer; the data stays until the packets at hand are flushed. Must not close the
 * relay. */
typedef void relay_fn(struct relay *r, const struct addr *peer, struct bytes data);

struct relay {
    struct loop_fd io;
    struct udp_batch *batch;
    relay_fn *fn; /* NULL: closed */
    void *owner;  /* for fn */
    struct addr bound;
};

/* Binds ip at a random free port of the range. The batch may be shared by all relays of a thread.
 * -EADDRINUSE: no free port was found; other errors of socket(2) and bind(2). */
int relay_open(struct relay *r, struct loop_set *set, struct udp_batch *batch,
               const struct addr *ip, const struct ports *range, bool even, relay_fn *fn,
               void *owner);

/* May be called on zeroed memory, and twice. */
void relay_close(struct relay *r);

int relay_send(const struct relay *r, const struct addr *peer, struct bytes data);
