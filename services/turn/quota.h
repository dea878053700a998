/* quota.h: how many allocations there may be, in all and of one user name.
 * Shared by the threads, with a lock: it is asked when allocations come and go, never by packets.
 */
#pragma once

#include "base/bytes.h"

struct quota;
struct quota_user;

int quota_new(size_t max_total, size_t max_per_user, struct quota **ret_quota);

/* For those to come; nothing that was taken is taken back. */
void quota_set_limits(struct quota *q, size_t max_total, size_t max_per_user);

/* All that was taken must have been given back. NULL is fine; returns NULL. */
struct quota *quota_free(struct quota *q);

/* -EDQUOT: the user has enough; -ENOSPC: the total is reached; -ENOMEM. */
int quota_take(struct quota *q, struct bytes username, struct quota_user **ret_user);
void quota_give(struct quota *q, struct quota_user *user);

size_t quota_count(struct quota *q);
