#include "net/hosts.h"

#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

struct hosts {
    struct map *by_key;
};

struct host {
    size_t n;
    uint8_t key[ADDR_HOST_KEY_SIZE];
};

int hosts_new(size_t max, struct hosts **ret_hosts)
{
    struct hosts *hs = calloc(1, sizeof(*hs));
    int r = hs ? map_new(max, &hs->by_key) : -ENOMEM;

    if (r < 0)
        free(hs);
    else
        *ret_hosts = hs;
    return r;
}

struct hosts *hosts_free(struct hosts *hs)
{
    if (hs)
        map_free(hs->by_key);
    free(hs);
    return NULL;
}

static int host_new(struct hosts *hs, const uint8_t key[static ADDR_HOST_KEY_SIZE],
                    struct host **ret_host)
{
    struct host *h = calloc(1, sizeof(*h));
    int r;

    if (!h)
        return -ENOMEM;
    memcpy(h->key, key, sizeof(h->key));
    r = map_put(hs->by_key, bytes_of(h->key, sizeof(h->key)), h);
    if (r < 0)
        free(h);
    else
        *ret_host = h;
    return r;
}

int hosts_enter(struct hosts *hs, const struct addr *a, size_t max, struct host **ret_host)
{
    uint8_t key[ADDR_HOST_KEY_SIZE];
    struct host *h;
    int r = 0;

    addr_host_key(a, key);
    h = map_get(hs->by_key, bytes_of(key, sizeof(key)));
    if (h && h->n >= max)
        return -EDQUOT;
    if (!h)
        r = host_new(hs, key, &h);
    if (r < 0)
        return r;
    h->n++;
    *ret_host = h;
    return 0;
}

struct host *hosts_leave(struct hosts *hs, struct host *h)
{
    if (h && --h->n == 0) {
        map_del(hs->by_key, bytes_of(h->key, sizeof(h->key)));
        free(h);
    }
    return NULL;
}
