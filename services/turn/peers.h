/* peers.h: the policy which peers may be reached through a relay.
 *
 * An address with its port is allowed when the first of these that speaks of it says so:
 *   1. denied        what the operator denies: no. That holds for the media daemons' own addresses
 *                    as well: a deny list has no exceptions to know by heart.
 *   2. media         exactly an address and port that a media daemon told: yes.
 *   3. own           any other port of this machine's addresses, and of those that lead to it: no.
 *                    Redis, the web server and our other daemons listen there.
 *   4. never         loopback, unspecified, multicast, broadcast, link-local, the cloud's services
 *                    (special_ip.h): no.
 *   5. allowed       what the operator allows, private ranges included: yes.
 *   6. peers=public  an address of the Internet that is not special, nor a media daemon's: yes.
 * Else: no.
 * IPv4 that is embedded in an IPv6 address is tested like the outer one and must be allowed as
 * well; with an address that media told it must not be denied.
 *
 * Where a media daemon is known by an address that is not its machine's (1:1 NAT), it tells the
 * address there that this one stands for. Relays send to that one then and so need no NAT that
 * leads packets back in ("hairpin"), and what comes from there is reported as coming from the known
 * one. So it is when the address there is this machine's, where it can always be reached, and with
 * internal_relay for other machines too: their private addresses are reached over a network of
 * one's own.
 *
 * An object never changes, so threads share it; a change of the policy makes another. */
#pragma once

#include "base/ip_rule.h"

struct peers;

/* Where a media daemon receives, and the address that it stands for (family 0: none; the port does
 * not matter). */
struct peers_media {
    struct addr addr;
    struct addr via;
};

/* What a policy is made of; nobody is allowed by zeroes. Entries of media that cannot be a UDP peer
 * (no port, the unspecified or a multicast address) are left out. */
struct peers_rules {
    bool any_public; /* peers = "public" */
    bool internal_relay;
    const struct ip_rule *allowed, *denied;
    size_t n_allowed, n_denied;
    const struct peers_media *media;
    size_t n_media;
    const struct addr *own; /* of interfaces, broadcast ones too, and the external one */
    size_t n_own;
};

/* Copies the rules. -ENOMEM. */
int peers_new(const struct peers_rules *rules, struct peers **ret_peers);

/* Any thread; the last one frees. NULL is fine. peers_unref() returns NULL. */
struct peers *peers_ref(struct peers *p);
struct peers *peers_unref(struct peers *p);

/* In the functions below NULL is a policy that allows nobody. */

/* Another number for each object, never 0 but for NULL: what was asked once holds while the number
 * is the same. */
uint32_t peers_generation(const struct peers *p);

/* May datagrams go to this address and port? Then ret_dest is where to. */
bool peers_route(const struct peers *p, const struct addr *peer, struct addr *ret_dest);

/* May a datagram come from there? Then as whom it is reported: the sender itself, or an address
 * that it stands for, or several. Begin with *pos = 0 and take the first for which there is a
 * permission; false at the end. */
bool peers_origin(const struct peers *p, const struct addr *from, size_t *pos,
                  struct addr *ret_peer);

/* Is any port allowed at this IP? For permissions, which have none. */
bool peers_allow_ip(const struct peers *p, const struct addr *peer);

/* An address of media that the operator's denied_peers cut off, NULL when there is none. */
const struct addr *peers_denied_media(const struct peers *p);
