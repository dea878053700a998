/* port_holder.h: which process listens on a TCP port of this machine. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct port_holder {
    uint64_t inode;
    pid_t pid; /* 0: not to be found out, being another user's without root */
    char name[32];
};

/* By any address, IPv4 and IPv6. -ENOENT: nobody listens there. */
int port_holder_find(uint16_t port, struct port_holder *ret);

/* Has that process the socket? */
bool port_holder_is(const struct port_holder *h, pid_t pid);
