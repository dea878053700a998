/* nat_net.h: three networks for a test: inside and outside, and between them a router. It
 * translates one public address to one inside (1:1), for packets from outside alone: it does not
 * lead packets from inside back in ("hairpin"). Or it has the public address itself, lets those
 * inside out under it, and nobody in whom they have not sent to. */
#pragma once

#include <stdbool.h>

#define NAT_INSIDE_IP "10.0.0.4"
#define NAT_LINK_LOCAL_IP "169.254.9.9" /* inside too, of the other kind alone */
#define NAT_PUBLIC_IP "203.0.113.9"     /* leads to it */
#define NAT_OUTSIDE_IP "198.51.100.7"
#define NAT_SERVER_IP "192.0.2.8" /* another machine outside, of the other kind alone */

enum nat_net { NAT_INSIDE, NAT_OUTSIDE, NAT_SERVER, N_NAT_NETS };

/* 1:1. Before any thread is made. False: not allowed here. */
bool nat_net_make(void);

/* The other kind. */
bool nat_net_make_shared(void);

/* What the router of the other kind drops from now on, of what those inside send or get. */
enum nat_drop { NAT_DROP_NOTHING, NAT_DROP_UDP_BUT_SERVER, NAT_DROP_UDP, NAT_DROP_ALL };
bool nat_net_drop(enum nat_drop what);

/* Sockets and child processes that are made from now on are there; the others stay where they are.
 */
bool nat_net_enter(enum nat_net where);
