/* private_net.h: a test in a network of its own, where it may have any address and any port. */
#pragma once

#include <stdbool.h>

#define NET_OWN "198.51.100.4" /* of this machine, on an interface */
#define NET_OWN6 "2001:db8::4"
#define NET_HOST "198.51.100.5" /* the same, once private_net_add_host() gave it one */
#define NET_ELSE "203.0.113.9"  /* whoever listens there answers, but it is on no interface */
#define NET_NOWHERE "192.0.2.1" /* no way there */

/* Before any thread is made. False: not allowed here. */
bool private_net_enter(void);

/* An interface that is not the loopback, with an address (NET_HOST), for servers that need one;
 * what is sent there stays on this machine all the same. */
bool private_net_add_host(void);
