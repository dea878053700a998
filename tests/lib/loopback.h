/* loopback.h: UDP sockets on 127.0.0.1 with large buffers, for load. */
#pragma once

#include "base/addr.h"

/* Blocking, on a free port; connected to `to` unless that is NULL. A negative errno. */
int loopback_open(const struct addr *to, struct addr *ret_addr);

/* The same on a given address; port 0 is a free one. */
int loopback_open_at(const struct addr *at);
int loopback_open_to(const struct addr *at, const struct addr *to, struct addr *ret_addr);

/* Takes what is waiting, up to a batch, and throws it away; returns how many it was. */
unsigned loopback_drain(int fd);
