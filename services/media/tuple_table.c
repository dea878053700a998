#include "media/tuple_table.h"

#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

struct key {
    struct addr remote, local;
};

struct tuple_entry {
    struct key key;
    struct list claims;
    unsigned n;
};

struct tuple_table {
    struct map *entries;
};

int tuple_table_new(size_t max, struct tuple_table **ret_t)
{
    struct tuple_table *t = calloc(1, sizeof(*t));
    int r = t ? map_new(max, &t->entries) : -ENOMEM;

    if (r < 0)
        free(t);
    else
        *ret_t = t;
    return r;
}

struct tuple_table *tuple_table_free(struct tuple_table *t)
{
    if (t)
        map_free(t->entries);
    free(t);
    return NULL;
}

static struct tuple_entry *find(const struct tuple_table *t, const struct addr *remote,
                                const struct addr *local)
{
    struct key key = {*remote, *local};

    return map_get(t->entries, bytes_of(&key, sizeof(key)));
}

static int add_entry(struct tuple_table *t, const struct tuple *tuple, struct tuple_entry **ret_e)
{
    struct tuple_entry *e = calloc(1, sizeof(*e));
    int r;

    if (!e)
        return -ENOMEM;
    e->key = (struct key){tuple->remote, tuple->local};
    list_init(&e->claims);
    r = map_put(t->entries, bytes_of(&e->key, sizeof(e->key)), e);
    if (r < 0)
        free(e);
    else
        *ret_e = e;
    return r;
}

/* A stale claim goes, the one that was heard least lately. */
static int make_room(struct tuple_table *t, struct tuple_entry *e, uint64_t now_ms)
{
    struct tuple_claim *c, *oldest = NULL;

    list_for_each (c, &e->claims, node) {
        if (!oldest || c->pair->heard_ms < oldest->pair->heard_ms)
            oldest = c;
    }
    if (!oldest || !tuple_claim_is_stale(oldest, now_ms))
        return -EBUSY;
    tuple_table_release(t, oldest);
    return 0;
}

int tuple_table_claim(struct tuple_table *t, struct tuple_claim *c, struct transport *transport,
                      struct ice_pair *pair)
{
    struct tuple_entry *e = find(t, &pair->tuple.remote, &pair->tuple.local);
    int r = 0;

    if (!e)
        r = add_entry(t, &pair->tuple, &e);
    else if (e->n == TUPLE_CLAIMS_MAX)
        r = make_room(t, e, pair->heard_ms);
    if (r < 0)
        return r;
    *c = (struct tuple_claim){.transport = transport, .pair = pair, .entry = e};
    list_append(&e->claims, &c->node);
    e->n++;
    return 0;
}

void tuple_table_release(struct tuple_table *t, struct tuple_claim *c)
{
    struct tuple_entry *e = c->entry;

    if (!e)
        return;
    list_del(&c->node);
    *c = (struct tuple_claim){.entry = NULL};
    if (--e->n > 0)
        return;
    map_del(t->entries, bytes_of(&e->key, sizeof(e->key)));
    free(e);
}

struct tuple_claim *tuple_table_find(const struct tuple_table *t, const struct addr *remote,
                                     const struct addr *local)
{
    const struct tuple_entry *e = find(t, remote, local);

    return e ? list_first(&e->claims, struct tuple_claim, node) : NULL;
}

struct tuple_claim *tuple_claim_next(const struct tuple_claim *c)
{
    if (c->node.next == &c->entry->claims)
        return NULL;
    return container_of(c->node.next, struct tuple_claim, node);
}

void tuple_claim_prefer(struct tuple_claim *c)
{
    list_del(&c->node);
    list_prepend(&c->entry->claims, &c->node);
}
