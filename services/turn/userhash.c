#include "turn/userhash.h"

#include "base/list.h"
#include "base/map.h"
#include "codec/stun.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct userhash_table {
    pthread_mutex_t lock;
    struct map *by_hash;
    struct list told; /* the first one first */
    size_t max;
    char *realm;
};

struct entry {
    struct list node;
    uint64_t expiry_s;
    uint8_t hash[STUN_USERHASH_SIZE];
    uint8_t len;
    uint8_t name[];
};

_Static_assert(TURN_NAME_MAX <= UINT8_MAX, "len holds it");

int userhash_table_new(size_t max, const char *realm, struct userhash_table **ret_table)
{
    struct userhash_table *t = calloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    pthread_mutex_init(&t->lock, NULL);
    list_init(&t->told);
    t->max = max;
    t->realm = strdup(realm);
    if (!t->realm || map_new(max, &t->by_hash) < 0) {
        userhash_table_free(t);
        return -ENOMEM;
    }
    *ret_table = t;
    return 0;
}

static void drop(struct userhash_table *t, struct entry *e)
{
    (void) map_del(t->by_hash, bytes_of(e->hash, sizeof(e->hash)));
    list_del(&e->node);
    free(e);
}

struct userhash_table *userhash_table_free(struct userhash_table *t)
{
    struct entry *e;

    if (!t)
        return NULL;
    list_for_each (e, &t->told, node)
        drop(t, e);
    map_free(t->by_hash);
    pthread_mutex_destroy(&t->lock);
    free(t->realm);
    free(t);
    return NULL;
}

/* Names are told when they are made, so those that expire first are in front, but for clocks that
 * were set: an entry behind a younger one stays longer, and its name's expiry is tested anyway. */
static void make_room(struct userhash_table *t, uint64_t now_s)
{
    struct entry *e;

    list_for_each (e, &t->told, node) {
        if (e->expiry_s > now_s && map_count(t->by_hash) < t->max)
            break;
        drop(t, e);
    }
}

static int put(struct userhash_table *t, struct bytes name, uint64_t expiry_s,
               const uint8_t hash[static STUN_USERHASH_SIZE])
{
    struct entry *e = malloc(sizeof(*e) + name.len);
    int r;

    if (!e)
        return -ENOMEM;
    *e = (struct entry){.expiry_s = expiry_s, .len = (uint8_t) name.len};
    memcpy(e->hash, hash, sizeof(e->hash));
    memcpy(e->name, name.p, name.len);
    r = map_put(t->by_hash, bytes_of(e->hash, sizeof(e->hash)), e);
    if (r < 0) {
        free(e);
        return r;
    }
    list_append(&t->told, &e->node);
    return 0;
}

int userhash_put(struct userhash_table *t, struct bytes name, uint64_t now_s)
{
    uint8_t hash[STUN_USERHASH_SIZE];
    uint64_t expiry_s;
    int r;

    if (name.len > TURN_NAME_MAX || turn_name_expiry(name, &expiry_s) < 0)
        return -EBADMSG;
    if (expiry_s <= now_s)
        return -ETIME;
    r = stun_userhash(name, bytes_str(t->realm), hash);
    if (r < 0)
        return r;
    pthread_mutex_lock(&t->lock);
    if (!map_get(t->by_hash, bytes_of(hash, sizeof(hash)))) {
        make_room(t, now_s);
        r = put(t, name, expiry_s, hash);
    }
    pthread_mutex_unlock(&t->lock);
    return r;
}

bool userhash_find(struct userhash_table *t, const uint8_t hash[static SHA256_SIZE],
                   uint8_t ret_name[static TURN_NAME_MAX], size_t *ret_len)
{
    const struct entry *e;

    pthread_mutex_lock(&t->lock);
    e = map_get(t->by_hash, bytes_of(hash, STUN_USERHASH_SIZE));
    if (e) {
        memcpy(ret_name, e->name, e->len);
        *ret_len = e->len;
    }
    pthread_mutex_unlock(&t->lock);
    return e;
}

size_t userhash_count(struct userhash_table *t)
{
    size_t n;

    pthread_mutex_lock(&t->lock);
    n = map_count(t->by_hash);
    pthread_mutex_unlock(&t->lock);
    return n;
}
