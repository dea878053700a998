/* turn_floor.h: the least that relaying channel data can cost, to hold a server's figures against:
 * a process with a socket for the clients and one for each of them towards the peer, which takes
 * the channel's header off or puts it before, and does nothing else. */
#pragma once

#include "base/addr.h"
#include "tests/lib/child.h"

#include <stddef.h>

enum turn_floor_mode {
    TURN_FLOOR_SINGLE, /* a recvmsg() for each datagram in, a sendmsg() for each out */
    TURN_FLOOR_BATCH,  /* recvmmsg() and sendmmsg() */
    TURN_FLOOR_GSO,    /* the same, with UDP_GRO and UDP_SEGMENT */
};

/* Opens the sockets: listen for the clients (at their addresses), at relay_ip one for each, of
 * which ret_relayed says where it is. */
int turn_floor_start(struct child *c, enum turn_floor_mode mode, const struct addr *listen,
                     const char *relay_ip, const struct addr *peer, const struct addr *clients,
                     size_t n, struct addr *ret_relayed);
