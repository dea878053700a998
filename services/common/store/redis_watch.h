/* redis_watch.h: a second connection that looks whether the server has executed what the first one
 * was given.
 *
 * The first is never answered (CLIENT REPLY OFF): a server that cannot write an answer to a process
 * that is dead forgets what that process had sent before, unread. So each transaction counts itself
 * in a hash, `last` is set to its number, `done` is one more: both are equal as long as none was
 * refused, and `last` goes up as long as they are executed. */
#pragma once

#include "loop/loop.h"
#include "store/store_address.h"

struct redis_watch;

/* Something has happened: ask redis_watch_error(). May free the watch. */
typedef void redis_watch_fn(void *arg);

/* key: of that hash, which is there already. address is borrowed. */
int redis_watch_new(struct loop *l, const struct store_address *address, const char *key,
                    redis_watch_fn *fn, void *arg, struct redis_watch **ret_watch);

/* NULL is fine; returns NULL. */
struct redis_watch *redis_watch_free(struct redis_watch *w);

/* To be called every now and then: looks at the numbers. n_sent: that of the last transaction. */
void redis_watch_check(struct redis_watch *w, uint64_t n_sent);

/* Has the server executed everything up to that one, as far as we know? */
bool redis_watch_has(const struct redis_watch *w, uint64_t n_sent);

/* NULL while all is well. */
const char *redis_watch_error(const struct redis_watch *w);
