/* ports.h: is a port free on this machine? Asked by binding it, so the answer may be old the moment
 * it is given; the daemon that binds it for good reports its own failure. */
#pragma once

#include "base/addr.h"

/* 0; -EADDRINUSE, -EACCES (a low port without root), -EADDRNOTAVAIL (no such address here). */
int port_check(const struct addr *a, int socket_type);

/* The first of n ports from first on that is free on all addresses. -EADDRINUSE when there is none;
 * another error of port_check() ends the search. */
int port_find(const struct addr *addrs, size_t n_addrs, int socket_type, uint16_t first,
              unsigned n);
