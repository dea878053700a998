/* own_addresses.h: the addresses by which others may reach this machine. */
#pragma once

#include "base/addr.h"

#define OWN_ADDRESSES_MAX 64

struct own_addresses {
    struct addr list[OWN_ADDRESSES_MAX]; /* loopback and link-local ones left out */
    char interfaces[OWN_ADDRESSES_MAX][16];
    size_t n;
};

/* 0, or a negative errno. */
int own_addresses_read(struct own_addresses *ret);

bool own_addresses_has(const struct own_addresses *o, const struct addr *a);

/* Does it have an address that the whole Internet can reach, of that family? */
bool own_addresses_public(const struct own_addresses *o, int family);

/* The index of that which others most probably use: on the interface of the default route; -1 when
 * there is none of that family. */
int own_addresses_main(const struct own_addresses *o, int family);
