/* relay.h: the socket of one allocation, on which peers send and are sent to.
 * Lives on its worker's thread. */
#pragma once

#include "loop/loop.h"
#include "net/udp_out.h"
#include "turn/icmp.h"
#include "turn/ports.h"

struct relay;
struct turn;

/* A datagram of a peer; the data stays until turn_flush(). Must not close the relay. */
typedef void relay_fn(struct relay *r, const struct addr *peer, struct bytes data);

/* What the network says about a datagram that was sent to a peer. Must not close the relay. */
typedef void relay_error_fn(struct relay *r, const struct icmp_error *e);

struct relay {
    struct loop_fd io;
    struct udp_out_socket out;
    struct turn *turn;
    relay_fn *fn;             /* NULL: closed */
    relay_error_fn *error_fn; /* NULL, as it is at first: nobody is told */
    void *owner;              /* for fn */
    struct addr bound;
};

enum relay_port {
    RELAY_ANY_PORT,
    RELAY_EVEN_PORT,
    RELAY_PORT_PAIR, /* an even one, and the next */
};

/* Sockets at random free ports of the range, at ip. ret_fds[1] and ret_bound[1] are the next port
 * of a pair, -1 else. -EADDRINUSE: no free port was found; other errors of socket(2) and bind(2).
 */
int relay_bind(const struct addr *ip, const struct ports *range, enum relay_port port,
               int ret_fds[static 2], struct addr ret_bound[static 2]);

/* Takes over the socket, also when it fails. */
int relay_open(struct relay *r, struct turn *t, int fd, const struct addr *bound, relay_fn *fn,
               void *owner);

/* What was sent leaves before. May be called on zeroed memory, and twice. */
void relay_close(struct relay *r);

/* data must stay until turn_flush(). */
void relay_send(struct relay *r, const struct addr *peer, struct bytes data);

/* With the DF bit, or without a fragment header: at once. -EMSGSIZE: too large for our own link,
 * which error_fn is told as well. */
int relay_send_unfragmented(struct relay *r, const struct addr *peer, struct bytes data);
