/* listener.h: a UDP socket on which clients are served; the transport of their flows. */
#pragma once

#include "turn/turn.h"

struct listener {
    struct transport transport;
    struct loop_fd io;
    struct udp_out_socket out;
    struct turn *turn;
    struct addr bound;
    bool tell_local; /* it is bound to all addresses: each message tells its own */
};

/* turn must outlive it. */
int listener_open(struct listener *ls, struct turn *turn, const struct addr *bind_to,
                  bool reuse_port);

/* Ends the flows that came by it: nothing may be sent on them any more, so no relay may receive.
 * May be called on zeroed memory. */
void listener_close(struct listener *ls);
