/* store_internal.h: what a kind of store is made of; for the files of this folder. */
#pragma once

#include "store/store.h"
#include "store/store_address.h"

/* As the functions of store.h; st is never NULL. */
struct store_kind {
    void (*free)(struct store *st);
    int (*load)(struct store *st, uint64_t timeout_ms, store_field_fn *fn, void *arg);
    void (*put)(struct store *st, const char *hash, const char *field, struct bytes value);
    void (*del)(struct store *st, const char *hash, const char *field);
    void (*drop)(struct store *st, const char *hash);
    void (*commit)(struct store *st);
    bool (*is_up)(const struct store *st);
};

/* The first field of every kind's struct. */
struct store {
    const struct store_kind *kind;
    store_commit_fn *before_commit; /* or NULL */
    void *before_commit_arg;
    struct store_counts counts; /* the kind counts */
};

int store_new_memory(struct store **ret_store);

int store_new_redis(struct loop *l, const struct store_address *address, const char *prefix,
                    const struct store_handlers *handlers, void *arg, struct store **ret_store);
