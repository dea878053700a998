/* floor.h: the least that forwarding datagrams can cost, to hold a server's figures against: a
 * process that receives and sends on one UDP socket, and does nothing else. */
#pragma once

#include "base/addr.h"

#include <stddef.h>

enum floor_mode {
    FLOOR_SINGLE,     /* a recvfrom() for each datagram in, a sendto() for each out */
    FLOOR_SINGLE_GCM, /* the same, and AES-128-GCM over each datagram in and each out */
    FLOOR_BATCH,      /* recvmmsg() and sendmmsg() */
    FLOOR_GSO,        /* the same, with UDP_SEGMENT for what goes to one destination */
    FLOOR_GCM,        /* the same, and AES-128-GCM over each datagram in and each out */
    FLOOR_MODES,
};

/* What comes from a local port goes to these addresses, as it came. */
struct floor_group {
    uint16_t from_port;
    const struct addr *to;
    size_t n;
};

struct floor_config {
    enum floor_mode mode;
    int fd; /* bound, blocking */
    const struct floor_group *groups;
    size_t n_groups;
};

/* For child_fork(): arg is a struct floor_config. Does not end by itself. */
int floor_run(void *arg);
