#include "store/store_internal.h"

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
    st->kind->commit(st);
}

bool store_is_up(const struct store *st)
{
    return st->kind->is_up(st);
}
