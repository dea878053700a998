/* quota.h: the users, those who have allocations: how much they may have, what they have had, and
 * whose credentials were revoked. A user is a user name: one participant.
 * Shared by the threads, with a lock: it is asked when allocations come and go, never by packets,
 * which touch a user by quota_spend() alone, and that takes no lock. */
#pragma once

#include "base/bytes.h"
#include "turn/usage.h"

#define QUOTA_IDLE_MAX 16384 /* users without allocations whose use is remembered */

struct quota;
struct quota_user;

int quota_new(size_t max_total, size_t max_per_user, struct quota **ret_quota);

/* For those to come; nothing that was taken is taken back. */
void quota_set_limits(struct quota *q, size_t max_total, size_t max_per_user);

/* All that was taken must have been given back. NULL is fine; returns NULL. */
struct quota *quota_free(struct quota *q);

/* For one allocation. -EDQUOT: the user has enough; -ENOSPC: the total is reached; -EKEYREVOKED:
 * the user's credentials are; -ENOMEM. */
int quota_take(struct quota *q, struct bytes username, struct quota_user **ret_user);
void quota_give(struct quota *q, struct quota_user *user);

/* Without a lock; of one who has allocations. */
struct bytes quota_user_name(const struct quota_user *user);
bool quota_user_is_named(const struct quota_user *user, struct bytes username);

size_t quota_count(struct quota *q);

/* ---- revocation ---- */

/* From now on until its expiry. Whether the user has allocations: they are to be ended by the
 * threads that have them. */
bool quota_revoke(struct quota *q, struct bytes username, uint64_t wall_ms);
bool quota_is_revoked(struct quota *q, struct bytes username);

/* Without a lock; of one who has allocations. */
bool quota_user_is_revoked(const struct quota_user *user);

/* Those whose time is not over; the others are forgotten. */
size_t quota_n_revoked(struct quota *q);

/* ---- use ---- */

/* Adds what one allocation has counted, and zeroes it. Without a lock. */
void quota_account(struct quota_user *user, struct usage *counted);

/* May so much pass at kbps (not 0) for each way, now? Without a lock. */
bool quota_spend(struct quota_user *user, enum usage_way way, uint64_t len, uint64_t kbps,
                 uint64_t now_ms);

struct quota_report {
    struct bytes username;
    uint64_t since_ms; /* first allocation, since 1970 */
    size_t allocations;
    uint64_t allocations_made;
    struct usage usage;
};

/* Called with the lock held: short, and nothing of quota.h. */
typedef void quota_report_fn(const struct quota_report *r, void *arg);

/* Not called when nothing is known of the user. forget: one without allocations is unknown then. */
void quota_report(struct quota *q, struct bytes username, bool forget, quota_report_fn *fn,
                  void *arg);

/* At most max of all users, from the one with this number; returns the number to go on with, 0
 * after the last one. */
uint64_t quota_report_all(struct quota *q, uint64_t from, size_t max, quota_report_fn *fn,
                          void *arg);
