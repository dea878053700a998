/* listener.h: a UDP socket that clients send to: STUN and channel data as they are, or DTLS. */
#pragma once

#include "turn/turn.h"

struct listener;

/* A client's datagram. By the flow's transport, which is the listener's, the answer goes as it is.
 */
typedef void listener_fn(struct listener *ls, const struct flow *flow, struct bytes datagram);

struct listener {
    struct transport transport;
    struct turn *turn;
    listener_fn *fn;
    void *owner;
    struct loop_fd io;
    struct udp_out_socket out;
    struct addr bound;
    bool tell_local; /* it is bound to all addresses: each message tells its own */
};

/* turn must outlive it. owner is for fn. */
int listener_open(struct listener *ls, struct turn *turn, const struct addr *bind_to,
                  bool reuse_port, listener_fn *fn, void *owner);

/* To the flow's client, from the address that it sent to; memory as for udp_out_send(). */
void listener_send(struct listener *ls, const struct flow *flow, struct bytes head,
                   struct bytes body);

/* Ends the flows that came by it: nothing may be sent on them any more, so no relay may receive.
 * May be called on zeroed memory. */
void listener_close(struct listener *ls);
