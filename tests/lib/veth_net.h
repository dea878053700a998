/* veth_net.h: a link between two networks of the test's own, here and there, as between machines:
 * an MTU of 1500, datagrams that travel as segments of one message, and are gathered to such on
 * arrival (GRO). */
#pragma once

#include <stdbool.h>

#define VETH_HERE "198.51.100.1"
#define VETH_THERE "198.51.100.2"
#define VETH_HERE6 "2001:db8::1"
#define VETH_THERE6 "2001:db8::2"

/* The process is here then. Before any thread is made. False: not allowed. */
bool veth_net_enter(void);

/* Sockets that this thread opens from now on are of that side. */
void veth_net_go(bool there);
