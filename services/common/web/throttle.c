#include "web/throttle.h"

#include "base/clock.h"
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

struct throttle {
    struct loop *loop;
    struct throttle_limits limits;
    struct map *by_host; /* struct record */
    struct list records; /* the one that was wrong longest ago first */
    struct list held;
};

/* An address that has been wrong. */
struct record {
    struct list node;
    uint8_t key[ADDR_HOST_KEY_SIZE];
    unsigned n_wrong, n_held;
    uint64_t last_ms;
};

struct held {
    struct list node;
    struct throttle *throttle;
    struct loop_timer timer;
    uint8_t key[ADDR_HOST_KEY_SIZE]; /* its record may have made way meanwhile */
    throttle_fn *fn;
    max_align_t arg[];
};

static unsigned or_default(unsigned value, unsigned fallback)
{
    return value ? value : fallback;
}

int throttle_new(struct loop *l, const struct throttle_limits *limits, struct throttle **ret_t)
{
    struct throttle *t = calloc(1, sizeof(*t));
    int r;

    if (!t)
        return -ENOMEM;
    t->loop = l;
    t->limits = (struct throttle_limits){
        .free_tries = or_default(limits->free_tries, 5),
        .window_s = or_default(limits->window_s, 600),
        .hold_ms = or_default(limits->hold_ms, 1000),
        .held = or_default(limits->held, 4),
        .addresses = or_default(limits->addresses, 4096),
    };
    list_init(&t->records);
    list_init(&t->held);
    r = map_new(t->limits.addresses, &t->by_host);
    if (r < 0) {
        free(t);
        return r;
    }
    *ret_t = t;
    return 0;
}

/* ---- records ---- */

static struct bytes key_of(const uint8_t key[static ADDR_HOST_KEY_SIZE])
{
    return bytes_of(key, ADDR_HOST_KEY_SIZE);
}

static void record_free(struct throttle *t, struct record *rec)
{
    map_del(t->by_host, key_of(rec->key));
    list_del(&rec->node);
    free(rec);
}

static bool is_over(const struct throttle *t, const struct record *rec)
{
    return clock_ms() - rec->last_ms >= (uint64_t) t->limits.window_s * 1000;
}

/* NULL when there is none, or none any more. */
static struct record *find(struct throttle *t, const uint8_t key[static ADDR_HOST_KEY_SIZE])
{
    struct record *rec = map_get(t->by_host, key_of(key));

    if (rec && is_over(t, rec)) {
        record_free(t, rec);
        return NULL;
    }
    return rec;
}

static struct record *record_new(struct throttle *t, const uint8_t key[static ADDR_HOST_KEY_SIZE])
{
    struct record *rec = list_first(&t->records, struct record, node);

    if (rec && (is_over(t, rec) || map_count(t->by_host) >= t->limits.addresses))
        record_free(t, rec);
    rec = calloc(1, sizeof(*rec));
    if (!rec)
        return NULL;
    list_init(&rec->node);
    memcpy(rec->key, key, sizeof(rec->key));
    if (map_put(t->by_host, key_of(key), rec) < 0) {
        free(rec);
        return NULL;
    }
    return rec;
}

bool throttle_wrong(struct throttle *t, const struct addr *client)
{
    uint8_t key[ADDR_HOST_KEY_SIZE];
    struct record *rec;

    addr_host_key(client, key);
    rec = find(t, key);
    if (!rec)
        rec = record_new(t, key);
    if (!rec)
        return false;
    list_del(&rec->node);
    list_append(&t->records, &rec->node);
    rec->last_ms = clock_ms();
    return ++rec->n_wrong == t->limits.free_tries;
}

/* ---- waiting ---- */

static void let_go(struct held *h)
{
    struct record *rec = map_get(h->throttle->by_host, key_of(h->key));

    if (rec && rec->n_held > 0)
        rec->n_held--;
    list_del(&h->node);
    loop_timer_done(&h->timer);
    h->fn(h->arg);
    free(h);
}

static void on_timer(struct loop_timer *timer)
{
    let_go(container_of(timer, struct held, timer));
}

static int hold(struct throttle *t, struct record *rec, throttle_fn *fn, const void *arg,
                size_t arg_size)
{
    struct held *h = calloc(1, sizeof(*h) + arg_size);
    int r;

    if (!h)
        return -ENOMEM;
    h->throttle = t;
    h->fn = fn;
    memcpy(h->arg, arg, arg_size);
    memcpy(h->key, rec->key, sizeof(h->key));
    r = loop_timer_start(&h->timer, t->loop, (uint64_t) t->limits.hold_ms * 1000, on_timer);
    if (r < 0) {
        free(h);
        return r;
    }
    list_append(&t->held, &h->node);
    rec->n_held++;
    return 1;
}

int throttle_admit(struct throttle *t, const struct addr *client, throttle_fn *fn, const void *arg,
                   size_t arg_size)
{
    uint8_t key[ADDR_HOST_KEY_SIZE];
    struct record *rec;

    addr_host_key(client, key);
    rec = find(t, key);
    if (!rec || rec->n_wrong < t->limits.free_tries)
        return 0;
    return rec->n_held < t->limits.held ? hold(t, rec, fn, arg, arg_size) : -EBUSY;
}

struct throttle *throttle_free(struct throttle *t)
{
    struct record *rec;
    struct held *h;

    if (!t)
        return NULL;
    while ((h = list_first(&t->held, struct held, node)))
        let_go(h); /* which unlinks it. NOLINT(clang-analyzer-unix.Malloc) */
    list_for_each (rec, &t->records, node)
        free(rec);
    map_free(t->by_host);
    free(t);
    return NULL;
}
