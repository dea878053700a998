/* addresses.h: keeps the candidates up to date: the machine's interfaces, the configured public
 * addresses, and the public name, looked up in a thread of its own. */
#pragma once

#include "media/candidates.h"
#include "media/config.h"

#include "loop/loop.h"

struct addresses;

typedef void addresses_fn(const struct candidates *c, void *arg);

/* What is known at once: everything but a name that needs a look-up. */
int addresses_now(const struct config *config, bool with_ipv6, struct candidates *ret);

/* fn is told after each look (now and then), changed or not. */
int addresses_new(struct loop *l, const struct config *config, bool with_ipv6, addresses_fn *fn,
                  void *arg, struct addresses **ret_a);
/* The configured public addresses or name may have changed: looks at once. */
void addresses_reloaded(struct addresses *a);

struct addresses *addresses_free(struct addresses *a);
