/* redis_dial.h: a socket that is being connected to a server given by path, IP address or name, and
 * never blocks: names are looked up by a thread, and every address that one has is tried. */
#pragma once

#include "store/store_address.h"

struct redis_dial;

/* to is borrowed. */
int redis_dial_new(const struct store_address *to, struct redis_dial **ret_dial);

/* NULL is fine; returns NULL. */
struct redis_dial *redis_dial_free(struct redis_dial *d);

/* What to wait for, as for poll(). The descriptor may be another one after each step. */
int redis_dial_fd(const struct redis_dial *d);
short redis_dial_events(const struct redis_dial *d);

/* 0: *ret_fd is connected, and the caller's; -EINPROGRESS: wait; another errno: over. */
int redis_dial_step(struct redis_dial *d, int *ret_fd);
