/* The kind that ends with the process. A change for which there is no memory is left out: nothing
 * but store_load() would miss it. */
#include "base/list.h"
#include "base/map.h"
#include "store/store_internal.h"

#include <errno.h>
#include <stdlib.h>

struct memory {
    struct store store;
    struct map *hashes;  /* struct hash by name */
    struct list changes; /* since the last commit */
};

struct hash {
    struct bytes name;
    struct map *fields; /* struct field by name */
    uint8_t bytes[];
};

struct field {
    struct bytes name, value;
    uint8_t bytes[];
};

enum change_kind { CHANGE_PUT, CHANGE_DEL, CHANGE_DROP };

struct change {
    struct list node;
    enum change_kind kind;
    struct bytes hash;   /* in bytes */
    struct field *field; /* for PUT with the value, for DEL without; for DROP NULL */
    uint8_t bytes[];
};

/* ---- what there is ---- */

static struct field *field_new(struct bytes name, struct bytes value)
{
    struct field *f = malloc(sizeof(*f) + name.len + value.len);

    if (!f)
        return NULL;
    memcpy(f->bytes, name.p, name.len);
    if (value.len)
        memcpy(f->bytes + name.len, value.p, value.len);
    f->name = bytes_of(f->bytes, name.len);
    f->value = bytes_of(f->bytes + name.len, value.len);
    return f;
}

static struct hash *hash_free(struct hash *h)
{
    struct field *f;
    size_t pos = 0;

    if (!h)
        return NULL;
    while (h->fields && (f = map_next(h->fields, &pos)))
        free(f);
    map_free(h->fields);
    free(h);
    return NULL;
}

static struct hash *hash_new(struct memory *m, struct bytes name)
{
    struct hash *h = malloc(sizeof(*h) + name.len);

    if (!h)
        return NULL;
    *h = (struct hash){.name = bytes_of(h->bytes, name.len)};
    memcpy(h->bytes, name.p, name.len);
    if (map_new(SIZE_MAX, &h->fields) < 0 || map_put(m->hashes, h->name, h) < 0)
        return hash_free(h);
    return h;
}

/* Takes over f. */
static void apply_put(struct memory *m, struct bytes name, struct field *f)
{
    struct hash *h = map_get(m->hashes, name);

    if (!h)
        h = hash_new(m, name);
    if (h)
        free(map_del(h->fields, f->name));
    if (!h || map_put(h->fields, f->name, f) < 0)
        free(f);
}

static void apply_del(struct memory *m, struct bytes name, struct bytes field)
{
    struct hash *h = map_get(m->hashes, name);

    if (!h)
        return;
    free(map_del(h->fields, field));
    if (map_count(h->fields) == 0)
        hash_free(map_del(m->hashes, name));
}

/* ---- changes ---- */

static struct change *change_free(struct change *c)
{
    if (!c)
        return NULL;
    list_del(&c->node);
    free(c->field);
    free(c);
    return NULL;
}

/* Takes over f. */
static void add_change(struct memory *m, enum change_kind kind, struct bytes hash, struct field *f)
{
    struct change *c = malloc(sizeof(*c) + hash.len);

    if (!c) {
        free(f);
        return;
    }
    *c = (struct change){.kind = kind, .hash = bytes_of(c->bytes, hash.len), .field = f};
    memcpy(c->bytes, hash.p, hash.len);
    list_append(&m->changes, &c->node);
}

static void memory_put(struct store *st, const char *hash, const char *field, struct bytes value)
{
    struct field *f = field_new(bytes_str(field), value);

    if (f)
        add_change((struct memory *) st, CHANGE_PUT, bytes_str(hash), f);
}

static void memory_del(struct store *st, const char *hash, const char *field)
{
    struct field *f = field_new(bytes_str(field), bytes_str(NULL));

    if (f)
        add_change((struct memory *) st, CHANGE_DEL, bytes_str(hash), f);
}

static void memory_drop(struct store *st, const char *hash)
{
    add_change((struct memory *) st, CHANGE_DROP, bytes_str(hash), NULL);
}

static void memory_commit(struct store *st)
{
    struct memory *m = (struct memory *) st;
    struct change *c;

    st->counts.commits += !list_empty(&m->changes);
    list_for_each (c, &m->changes, node) {
        if (c->kind == CHANGE_PUT) {
            apply_put(m, c->hash, c->field);
            c->field = NULL;
        } else if (c->kind == CHANGE_DEL) {
            apply_del(m, c->hash, c->field->name);
        } else {
            hash_free(map_del(m->hashes, c->hash));
        }
        change_free(c);
    }
}

/* ---- the rest ---- */

static int memory_load(struct store *st, uint64_t timeout_ms, store_field_fn *fn, void *arg)
{
    const struct memory *m = (const struct memory *) st;
    const struct hash *h;
    size_t pos = 0;

    (void) timeout_ms;
    while ((h = map_next(m->hashes, &pos))) {
        const struct field *f;
        size_t field_pos = 0;

        while ((f = map_next(h->fields, &field_pos))) {
            int r = fn(h->name, f->name, f->value, arg);

            if (r != 0)
                return r;
        }
    }
    return 0;
}

static bool memory_is_up(const struct store *st)
{
    (void) st;
    return true;
}

static void memory_free(struct store *st)
{
    struct memory *m = (struct memory *) st;
    struct change *c;
    struct hash *h;
    size_t pos = 0;

    list_for_each (c, &m->changes, node)
        change_free(c);
    while (m->hashes && (h = map_next(m->hashes, &pos)))
        hash_free(h);
    map_free(m->hashes);
    free(m);
}

int store_new_memory(struct store **ret_store)
{
    static const struct store_kind kind = {
        .free = memory_free,
        .load = memory_load,
        .put = memory_put,
        .del = memory_del,
        .drop = memory_drop,
        .commit = memory_commit,
        .is_up = memory_is_up,
    };
    struct memory *m = calloc(1, sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->store.kind = &kind;
    list_init(&m->changes);
    if (map_new(SIZE_MAX, &m->hashes) < 0) {
        memory_free(&m->store);
        return -ENOMEM;
    }
    *ret_store = &m->store;
    return 0;
}
