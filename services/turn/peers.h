/* peers.h: the policy which peers may be reached through a relay: the media daemon's addresses and
 * ports, nothing else. A value of one thread; addresses are compared as `struct addr` has them,
 * where IPv4-mapped IPv6 is IPv4. */
#pragma once

#include "base/addr.h"

#define PEERS_MAX 1024

struct peers {
    size_t n;
    struct addr sorted[PEERS_MAX];
};

/* Replaces the list. Entries that cannot name a UDP peer (no port, the unspecified or a multicast
 * address) are left out. -ENOSPC when there are more than PEERS_MAX; then nothing changes. */
int peers_set(struct peers *p, const struct addr *list, size_t n);

/* May datagrams go to and come from this address and port? */
bool peers_allow(const struct peers *p, const struct addr *peer);

/* Is there any port at this IP? For permissions, which have none. */
bool peers_allow_ip(const struct peers *p, const struct addr *peer);
