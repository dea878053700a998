#include "turn/ratelimit.h"

#include "base/rnd.h"
#include "base/siphash.h"

#include <errno.h>
#include <stdlib.h>

#define N_BUCKETS 32768u /* 256 KiB, of which the pages that are touched are real */
#define SECOND_US 1000000u

const struct ratelimit_rule ratelimit_logins = {200, 2000, 20000};
const struct ratelimit_rule ratelimit_bindings = {1000, 5000, 50000};

struct ratelimit {
    uint32_t cost_us, burst;
    uint32_t total_cost_us, total_burst;
    uint64_t secret[2];
    struct bucket totals[2]; /* of the proven, and of the others */
    struct bucket buckets[N_BUCKETS];
};

bool bucket_take(struct bucket *b, uint32_t cost_us, uint32_t burst, uint64_t now_ms)
{
    uint64_t now_us = now_ms * 1000;
    uint64_t full_us = b->full_us > now_us ? b->full_us : now_us;

    if (full_us - now_us > (burst - 1) * (uint64_t) cost_us)
        return false;
    b->full_us = full_us + cost_us;
    return true;
}

static void bucket_give(struct bucket *b, uint32_t cost_us)
{
    b->full_us -= b->full_us < cost_us ? b->full_us : cost_us;
}

/* A thread's share; 0 threads are one. */
static uint32_t share(unsigned n, unsigned n_threads)
{
    return n_threads > 1 && n > n_threads ? n / n_threads : n;
}

int ratelimit_new(const struct ratelimit_rule *rule, unsigned n_threads,
                  struct ratelimit **ret_limit)
{
    struct ratelimit *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    l->burst = share(rule->burst, n_threads);
    l->cost_us = SECOND_US / share(rule->per_second, n_threads);
    l->total_burst = share(rule->total_per_second, n_threads);
    l->total_cost_us = SECOND_US / l->total_burst;
    rnd_bytes(l->secret, sizeof(l->secret));
    *ret_limit = l;
    return 0;
}

struct ratelimit *ratelimit_free(struct ratelimit *l)
{
    free(l);
    return NULL;
}

static struct bucket *bucket_of(struct ratelimit *l, const struct addr *client, bool proven)
{
    uint8_t key[8] = {client->family == AF_INET6, proven};

    memcpy(key + 2, client->ip, client->family == AF_INET6 ? 6 : 3);
    return &l->buckets[siphash13(l->secret, bytes_of(key, sizeof(key))) % N_BUCKETS];
}

bool ratelimit_take(struct ratelimit *l, const struct addr *client, bool proven, uint64_t now_ms)
{
    struct bucket *b = bucket_of(l, client, proven);

    if (addr_is_loopback(client))
        return true;
    if (!bucket_take(b, l->cost_us, l->burst, now_ms))
        return false;
    if (bucket_take(&l->totals[proven], l->total_cost_us, l->total_burst, now_ms))
        return true;
    bucket_give(b, l->cost_us);
    return false;
}

void ratelimit_give(struct ratelimit *l, const struct addr *client, bool proven)
{
    if (addr_is_loopback(client))
        return;
    bucket_give(bucket_of(l, client, proven), l->cost_us);
    bucket_give(&l->totals[proven], l->total_cost_us);
}
