/* Open hashing: a power-of-two array of chains, doubled when it is full. */
#include "base/map.h"

#include "base/rnd.h"
#include "base/siphash.h"

#include <errno.h>
#include <stdlib.h>

#define MAP_MIN_BUCKETS 16

struct entry {
    struct entry *next;
    void *value;
    uint64_t hash;
    size_t len;
    uint8_t key[];
};

struct map {
    struct entry **buckets;
    size_t n_buckets;
    size_t count;
    size_t max;
    uint64_t secret[2];
};

int map_new(size_t max, struct map **ret_map)
{
    struct map *m = calloc(1, sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->n_buckets = MAP_MIN_BUCKETS;
    m->buckets = calloc(m->n_buckets, sizeof(struct entry *));
    if (!m->buckets) {
        free(m);
        return -ENOMEM;
    }
    m->max = max;
    rnd_bytes(m->secret, sizeof(m->secret));
    *ret_map = m;
    return 0;
}

struct map *map_free(struct map *m)
{
    if (!m)
        return NULL;
    for (size_t i = 0; i < m->n_buckets; i++) {
        for (struct entry *e = m->buckets[i], *next; e; e = next) {
            next = e->next;
            free(e);
        }
    }
    free(m->buckets);
    free(m);
    return NULL;
}

size_t map_count(const struct map *m)
{
    return m->count;
}

/* The link that points to the entry, or to the NULL at the end of its chain. */
static struct entry **find(const struct map *m, struct bytes key, uint64_t hash)
{
    struct entry **link = &m->buckets[hash & (m->n_buckets - 1)];

    while (*link && ((*link)->hash != hash || !bytes_eq(bytes_of((*link)->key, (*link)->len), key)))
        link = &(*link)->next;
    return link;
}

/* A failure to grow is no error: chains get longer, nothing is lost. */
static void grow(struct map *m)
{
    size_t n = m->n_buckets * 2;
    struct entry **buckets = calloc(n, sizeof(struct entry *));

    if (!buckets)
        return;
    for (size_t i = 0; i < m->n_buckets; i++) {
        for (struct entry *e = m->buckets[i], *next; e; e = next) {
            struct entry **head = &buckets[e->hash & (n - 1)];

            next = e->next;
            e->next = *head;
            *head = e;
        }
    }
    free(m->buckets);
    m->buckets = buckets;
    m->n_buckets = n;
}

int map_put(struct map *m, struct bytes key, void *value)
{
    uint64_t hash = siphash13(m->secret, key);
    struct entry **link = find(m, key, hash);
    struct entry *e;

    if (*link)
        return -EEXIST;
    if (m->count >= m->max)
        return -ENOSPC;
    e = malloc(sizeof(*e) + key.len);
    if (!e)
        return -ENOMEM;
    *e = (struct entry){.value = value, .hash = hash, .len = key.len};
    if (key.len)
        memcpy(e->key, key.p, key.len);
    *link = e;
    m->count++;
    if (m->count > m->n_buckets)
        grow(m);
    return 0;
}

void *map_get(const struct map *m, struct bytes key)
{
    struct entry *e = *find(m, key, siphash13(m->secret, key));

    return e ? e->value : NULL;
}

void *map_del(struct map *m, struct bytes key)
{
    struct entry **link = find(m, key, siphash13(m->secret, key));
    struct entry *e = *link;
    void *value;

    if (!e)
        return NULL;
    value = e->value;
    *link = e->next;
    m->count--;
    free(e);
    return value;
}

/* pos is (bucket << 16 | depth): chains stay far below 65,536 entries. The depth counts from the
 * chain's end, so deleting the entry just returned does not shift the ones still to come. */
void *map_next(const struct map *m, size_t *pos)
{
    size_t bucket = *pos >> 16;
    size_t seen = *pos & 0xffff;

    for (; bucket < m->n_buckets; bucket++, seen = 0) {
        size_t depth = 0;
        struct entry *e;

        for (e = m->buckets[bucket]; e; e = e->next)
            depth++;
        if (seen == 0)
            seen = depth + 1;
        if (seen > 1) {
            size_t skip = depth >= seen - 1 ? depth - (seen - 1) : 0;

            for (e = m->buckets[bucket]; skip; skip--)
                e = e->next;
            *pos = bucket << 16 | (seen - 1);
            return e->value;
        }
    }
    *pos = bucket << 16;
    return NULL;
}
