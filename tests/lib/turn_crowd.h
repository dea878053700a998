/* turn_crowd.h: many clients of one TURN server, each with a socket of its own, and the peer that
 * they talk to. */
#pragma once

#include "tests/lib/turn_load.h"
#include "tests/lib/turn_session.h"

struct turn_crowd {
    size_t n, n_allocated;
    struct turn_load_client *clients;
    struct turn_session *sessions;
    struct addr *addrs; /* of the clients */
    struct addr peer;
    int peer_fd;
};

/* Opens the sockets, at ip; those of the clients are connected to the server. A process with that
 * many descriptors must be allowed; tries to. */
int turn_crowd_open(struct turn_crowd *c, size_t n, const char *ip, const struct addr *server);

/* May be called on zeroed memory. */
void turn_crowd_close(struct turn_crowd *c);

/* Until n of them have an allocation and, if bind, a channel to the peer. 0, a negative errno, or
 * the code with which the server refused. */
int turn_crowd_allocate(struct turn_crowd *c, size_t n, bool bind);

/* Ends all allocations; returns as above, when one of them was not there any more. */
int turn_crowd_delete(struct turn_crowd *c);
