/* nat_net.h: three networks for a test: inside and outside, and between them a router that
 * translates one public address to one inside (1:1), for packets from outside alone: it does not
 * lead packets from inside back in ("hairpin"). */
#pragma once

#include <stdbool.h>

#define NAT_INSIDE_IP "10.0.0.4"
#define NAT_PUBLIC_IP "203.0.113.9" /* leads to it */
#define NAT_OUTSIDE_IP "198.51.100.7"

enum nat_net { NAT_INSIDE, NAT_OUTSIDE, N_NAT_NETS };

/* Before any thread is made. False: not allowed here. */
bool nat_net_make(void);

/* Sockets and child processes that are made from now on are there; the others stay where they are.
 */
bool nat_net_enter(enum nat_net where);
