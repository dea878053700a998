/* candidates.h: the addresses that the daemon announces.
 *
 * Interface addresses (container bridges left out) come first, loopback last; what the operator
 * configured as public is announced in front of them. The addresses are those of the machine; each
 * worker's port is added when an SDP is written. */
#pragma once

#include "base/addr.h"
#include "base/buf.h"

#define CANDIDATES_MAX 16

struct candidate {
    struct addr addr; /* port 0 */
    struct addr via;  /* family 0, or, of an address that no interface has, where it leads to */
    uint32_t priority, tcp_priority;
};

struct candidates {
    struct candidate items[CANDIDATES_MAX];
    size_t n;
};

/* An address by which others reach the machine. */
struct public_addr {
    struct addr addr;
    struct addr via; /* family 0, or the address of an interface that it is translated to */
};

/* "203.0.113.5", or "203.0.113.5/10.0.0.5": the address and what it is translated to, of one
 * family. -EBADMSG. */
int public_addr_parse(const char *text, struct public_addr *ret);

/* Of a list that says to where they lead, and is of several machines, those that lead to this one.
 * All, when none of them does. Returns how many. */
size_t public_addrs_own(struct public_addr *list, size_t n, const struct addr *locals,
                        size_t n_locals);

/* Orders and numbers. A public address that is not among locals (1:1 NAT) and does not say where it
 * leads to, leads to the first of these, of its family, that would be announced. locals with their
 * interface names as addr_local_list() gives them; publics: configured or resolved addresses, those
 * among locals are not repeated. only_public: announce publics alone (loopback stays, for this
 * machine's own tools).
 */
void candidates_build(const struct addr *locals, char (*names)[16], size_t n_locals,
                      const struct public_addr *publics, size_t n_publics, bool only_public,
                      bool with_ipv6, struct candidates *ret);

/* The text behind "a=candidate:" of candidate i (component 1, host), by UDP or passive by TCP (RFC
 * 6544 section 4.5). */
void candidates_put(const struct candidates *c, size_t i, bool tcp, uint16_t port, struct wr *w);

bool candidates_eq(const struct candidates *a, const struct candidates *b);
