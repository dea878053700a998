#include "store/store_internal.h"

#include "base/crypto.h"

int store_new(struct loop *l, const char *address, const char *prefix,
              const struct store_handlers *handlers, void *arg, struct store **ret_store)
{
    struct store_address a;
    char why[128];
    int r = store_address_parse(address, &a, why, sizeof(why));

    if (r == 0 && a.place == STORE_MEMORY)
        return store_new_memory(ret_store);
    if (r == 0)
        r = store_new_redis(l, &a, prefix, handlers, arg, ret_store);
    secret_wipe(&a, sizeof(a));
    return r;
}

void store_before_commit(struct store *st, store_commit_fn *fn, void *arg)
{
    st->before_commit = fn;
    st->before_commit_arg = arg;
}

struct store *store_free(struct store *st)
{
    if (st)
        st->kind->free(st);
    return NULL;
}

int store_load(struct store *st, uint64_t timeout_ms, store_field_fn *fn, void *arg)
{
    return st->kind->load(st, timeout_ms, fn, arg);
}

void store_put(struct store *st, const char *hash, const char *field, struct bytes value)
{
    st->kind->put(st, hash, field, value);
}

void store_del(struct store *st, const char *hash, const char *field)
{
    st->kind->del(st, hash, field);
}

void store_drop(struct store *st, const char *hash)
{
    st->kind->drop(st, hash);
}

void store_commit(struct store *st)
{
    if (st->before_commit)
        st->before_commit(st->before_commit_arg);
    st->kind->commit(st);
}

void store_count(const struct store *st, struct store_counts *ret)
{
    *ret = st->counts;
}

bool store_is_up(const struct store *st)
{
    return st->kind->is_up(st);
}
