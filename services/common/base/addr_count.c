#include "base/addr_count.h"

#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct addr_counts {
    struct map *by_key;
};

struct addr_count {
    struct addr_counts *all;
    size_t n;
    uint8_t key[ADDR_HOST_KEY_SIZE];
};

int addr_counts_new(size_t max_addresses, struct addr_counts **ret_counts)
{
    struct addr_counts *all = calloc(1, sizeof(*all));
    int r;

    if (!all)
        return -ENOMEM;
    r = map_new(max_addresses, &all->by_key);
    if (r < 0) {
        free(all);
        return r;
    }
    *ret_counts = all;
    return 0;
}

struct addr_counts *addr_counts_free(struct addr_counts *all)
{
    if (all)
        map_free(all->by_key);
    free(all);
    return NULL;
}

static int add(struct addr_counts *all, struct bytes key, struct addr_count **ret)
{
    struct addr_count *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->all = all;
    memcpy(c->key, key.p, sizeof(c->key));
    r = map_put(all->by_key, key, c);
    if (r < 0) {
        free(c);
        return r;
    }
    *ret = c;
    return 0;
}

int addr_count_take(struct addr_counts *all, const struct addr *a, size_t max,
                    struct addr_count **ret)
{
    uint8_t key[ADDR_HOST_KEY_SIZE];
    struct addr_count *c;
    int r = 0;

    *ret = NULL;
    if (max == 0 || a->family == 0 || addr_is_loopback(a))
        return 0;
    addr_host_key(a, key);
    c = map_get(all->by_key, bytes_of(key, sizeof(key)));
    if (c && c->n >= max)
        return -ENOSPC;
    if (!c)
        r = add(all, bytes_of(key, sizeof(key)), &c);
    if (r < 0)
        return r;
    c->n++;
    *ret = c;
    return 0;
}

void addr_count_release(struct addr_count *c)
{
    if (!c || --c->n > 0)
        return;
    map_del(c->all->by_key, bytes_of(c->key, sizeof(c->key)));
    free(c);
}
