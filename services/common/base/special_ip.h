/* special_ip.h: addresses that are not simply somebody's on the Internet: IANA's registries of
 * special-purpose IPv4 and IPv6 addresses, a few ranges that are special by other documents, and
 * the IPv4 addresses that stand within IPv6 ones. Pure. */
#pragma once

#include "base/addr.h"

struct special_ip {
    struct addr net; /* port 0 */
    uint8_t n_bits;
    const char *name;   /* IANA's where it has one */
    const char *source; /* the document */

    /* This machine, its link, everybody at once, or the cloud's own services for this machine:
     * nobody but this machine itself has business there. */
    bool never;
};

/* The narrowest range that holds the address, NULL when it is not special. */
const struct special_ip *special_ip_find(const struct addr *a);

/* The range with `never` that holds all of this one, NULL when there is none. */
const struct special_ip *special_ip_find_never(const struct addr *net, unsigned n_bits);

/* A unicast address of the Internet: not special, and IPv6 of 2000::/3 alone. */
bool special_ip_is_public(const struct addr *a);

/* Row i of the table, NULL behind the last. */
const struct special_ip *special_ip_row(size_t i);

#define SPECIAL_IP_EMBEDDED_MAX 4

/* The IPv4 addresses to which a packet to this IPv6 address may go in the end: mapped, compatible
 * (RFC 4291), translated (RFC 2765), 6to4 (RFC 3056), Teredo's server and client (RFC 4380), NAT64
 * (RFC 6052, RFC 8215), ISATAP (RFC 5214). They get the port of a. Returns how many. The local
 * NAT64 prefix may be cut at four places: all are returned, but for those that give 0.x.x.x. */
size_t special_ip_embedded(const struct addr *a, struct addr ret[static SPECIAL_IP_EMBEDDED_MAX]);
