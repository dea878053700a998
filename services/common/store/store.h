/* store.h: records that outlive the process: fields with values in named hashes.
 *
 * Changes are collected and take effect together, in their order, at store_commit(), which hands
 * them to the kernel: who is killed after it has lost nothing. Nothing here waits for an answer but
 * store_load(). Values are bytes; names are NUL-terminated, at most 200 characters, without spaces
 * and control characters.
 *
 * While the store's server is away changes are dropped: when it is back (perhaps empty, perhaps
 * with what it had before) the owner puts everything anew (on_rewrite), which takes the place of
 * all that was there. The same happens when memory or the socket's patience ran out, so no function
 * here fails: a store is right, or soon will be.
 *
 * Two kinds with the same behaviour (tests/unit/store): `memory` ends with the process; `redis`
 * keeps them in a Redis server (HSET, HDEL, DEL in one MULTI/EXEC per commit). One process at a
 * time may use a prefix. */
#pragma once

#include "base/bytes.h"
#include "loop/loop.h"

struct store;

struct store_handlers {
    /* Put all that there is; the store begins and commits. Not called for the first contact when
     * store_load() has succeeded. */
    void (*on_rewrite)(struct store *st, void *arg);
};

/* address (store_address.h) says which kind: "memory", "unix:/path", or
 * "redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]"; -EINVAL for any other.
 * A Redis server is connected to by itself, again and again; it is logged when it is lost and
 * found. prefix comes before each of its keys, with a colon. handlers must stay valid. */
int store_new(struct loop *l, const char *address, const char *prefix,
              const struct store_handlers *handlers, void *arg, struct store **ret_store);

/* fn is called first by each store_commit(), and puts what was only noted up to then. */
typedef void store_commit_fn(void *arg);
void store_before_commit(struct store *st, store_commit_fn *fn, void *arg);

/* Commits what was put, and waits a moment for the server to have it. NULL is fine; returns NULL.
 */
struct store *store_free(struct store *st);

/* Calls fn for each field that was committed, hash by hash; its arguments are borrowed; it may not
 * change the store; when it returns nonzero, reading ends with that. Blocks, at most for
 * timeout_ms: waits until the process before us has let go of the server, too. A negative errno
 * when the server is not to be had in time; then what is there is overwritten when it comes. Meant
 * for the start, before the loop runs. */
typedef int store_field_fn(struct bytes hash, struct bytes field, struct bytes value, void *arg);
int store_load(struct store *st, uint64_t timeout_ms, store_field_fn *fn, void *arg);

void store_put(struct store *st, const char *hash, const char *field, struct bytes value);
void store_del(struct store *st, const char *hash, const char *field);
void store_drop(struct store *st, const char *hash); /* with all its fields */

/* Cheap when nothing was changed. */
void store_commit(struct store *st);

struct store_counts {
    uint64_t commits; /* of changes */
    uint64_t losses;  /* how often the server went away */
};
void store_count(const struct store *st, struct store_counts *ret);

/* Are commits reaching the server at this time? A memory store's always do. */
bool store_is_up(const struct store *st);
