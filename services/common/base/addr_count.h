/* addr_count.h: how many of something each address has, up to a limit (IPv6: each /64). Loopback
 * and what has no address are not counted: there a proxy, or this machine itself, is behind all. */
#pragma once

#include "base/addr.h"

struct addr_counts;
struct addr_count;

int addr_counts_new(size_t max_addresses, struct addr_counts **ret_counts);

/* All must have been given back. NULL is fine; returns NULL. */
struct addr_counts *addr_counts_free(struct addr_counts *all);

/* One more, to be given back. *ret is NULL where nothing is counted. -ENOSPC: the address has max
 * already (0: no limit); -ENOMEM. */
int addr_count_take(struct addr_counts *all, const struct addr *a, size_t max,
                    struct addr_count **ret);

/* NULL is fine. */
void addr_count_release(struct addr_count *c);
