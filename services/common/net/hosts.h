/* hosts.h: how many of something each address has (each /64 for IPv6). */
#pragma once

#include "base/addr.h"

struct hosts;
struct host;

/* For at most max addresses at a time. -ENOMEM. */
int hosts_new(size_t max, struct hosts **ret_hosts);

/* All have left. NULL is fine; returns NULL. */
struct hosts *hosts_free(struct hosts *hs);

/* One more of this address, whose place is given back. -EDQUOT: it has so many; -ENOSPC, -ENOMEM.
 */
int hosts_enter(struct hosts *hs, const struct addr *a, size_t max, struct host **ret_host);

/* NULL is fine; returns NULL. */
struct host *hosts_leave(struct hosts *hs, struct host *h);
