/* interfaces.h: the addresses of this machine's interfaces, and when they change (rtnetlink(7)). */
#pragma once

#include "base/addr.h"
#include "loop/loop.h"

struct interfaces;

/* Something may have changed: interfaces or addresses came, went, or went up or down. */
typedef void interfaces_fn(void *arg);

int interfaces_watch(struct loop *l, interfaces_fn *fn, void *arg, struct interfaces **ret_i);

/* May be called inside fn. NULL is fine; returns NULL. */
struct interfaces *interfaces_free(struct interfaces *i);

/* Which destinations are this machine's: addresses of interfaces that are up, and their broadcast
 * addresses; port 0. free() the list. */
int interfaces_own(struct addr **ret_list, size_t *ret_n);
