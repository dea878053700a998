#include "turn/quota.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "link/turn_api.h"
#include "link/turn_names.h"
#include "turn/bandwidth.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct quota {
    pthread_mutex_t lock;
    struct map *users; /* user name -> quota_user */
    struct list all;   /* users in the order in which they came */
    struct list idle;  /* those without allocations, the longest first */
    size_t n_idle;
    struct turn_names *revoked;
    size_t max_total, max_per_user;
    size_t total;
    uint64_t last_number;
};

struct quota_user {
    struct list node, idle_node;
    uint64_t number;
    uint64_t since_ms;
    size_t n;
    uint64_t made;
    bool revoked; /* atomic, as are those down to the name */
    struct bandwidth bandwidth[N_USAGE_WAYS];
    struct usage usage;
    size_t len;
    uint8_t name[];
};

int quota_new(size_t max_total, size_t max_per_user, struct quota **ret_quota)
{
    struct quota *q = calloc(1, sizeof(*q));
    int r;

    if (!q)
        return -ENOMEM;
    r = map_new(SIZE_MAX, &q->users); /* never more than the total, and the idle ones */
    if (r == 0)
        r = turn_names_new(TURN_API_REMEMBERED_MAX, &q->revoked);
    if (r < 0) {
        map_free(q->users);
        free(q);
        return r;
    }
    pthread_mutex_init(&q->lock, NULL);
    list_init(&q->all);
    list_init(&q->idle);
    q->max_total = max_total;
    q->max_per_user = max_per_user;
    *ret_quota = q;
    return 0;
}

void quota_set_limits(struct quota *q, size_t max_total, size_t max_per_user)
{
    pthread_mutex_lock(&q->lock);
    q->max_total = max_total;
    q->max_per_user = max_per_user;
    pthread_mutex_unlock(&q->lock);
}

/* One without allocations. */
static void forget_user(struct quota *q, struct quota_user *u)
{
    list_del(&u->node);
    list_del(&u->idle_node);
    q->n_idle--;
    (void) map_del(q->users, bytes_of(u->name, u->len));
    free(u);
}

struct quota *quota_free(struct quota *q)
{
    struct quota_user *u;

    if (!q)
        return NULL;
    while ((u = list_first(&q->idle, struct quota_user, idle_node)))
        forget_user(q, u);
    turn_names_free(q->revoked);
    map_free(q->users);
    pthread_mutex_destroy(&q->lock);
    free(q);
    return NULL;
}

/* A user without allocations. */
static int add_user(struct quota *q, struct bytes name, struct quota_user **ret)
{
    struct quota_user *u = malloc(sizeof(*u) + name.len);
    int r;

    if (!u)
        return -ENOMEM;
    *u = (struct quota_user){
        .number = q->last_number + 1, .since_ms = clock_wall_ms(), .len = name.len};
    if (name.len)
        memcpy(u->name, name.p, name.len);
    r = map_put(q->users, name, u);
    if (r < 0) {
        free(u);
        return r;
    }
    q->last_number++;
    list_append(&q->all, &u->node);
    list_append(&q->idle, &u->idle_node);
    q->n_idle++;
    *ret = u;
    return 0;
}

static int take_locked(struct quota *q, struct bytes username, struct quota_user **ret_user)
{
    struct quota_user *u = map_get(q->users, username);
    int r;

    if (turn_names_has(q->revoked, username))
        return -EKEYREVOKED;
    if (u && u->n >= q->max_per_user)
        return -EDQUOT;
    if (q->total >= q->max_total)
        return -ENOSPC;
    if (!u) {
        r = add_user(q, username, &u);
        if (r < 0)
            return r;
    }
    if (u->n++ == 0) {
        list_del(&u->idle_node);
        q->n_idle--;
    }
    u->made++;
    q->total++;
    *ret_user = u;
    return 0;
}

int quota_take(struct quota *q, struct bytes username, struct quota_user **ret_user)
{
    int r;

    pthread_mutex_lock(&q->lock);
    r = take_locked(q, username, ret_user);
    pthread_mutex_unlock(&q->lock);
    return r;
}

void quota_give(struct quota *q, struct quota_user *user)
{
    pthread_mutex_lock(&q->lock);
    q->total--;
    if (--user->n == 0) {
        list_append(&q->idle, &user->idle_node);
        q->n_idle++;
        if (q->n_idle > QUOTA_IDLE_MAX)
            forget_user(q, list_first(&q->idle, struct quota_user, idle_node));
    }
    pthread_mutex_unlock(&q->lock);
}

struct bytes quota_user_name(const struct quota_user *user)
{
    return bytes_of(user->name, user->len);
}

bool quota_user_is_named(const struct quota_user *user, struct bytes username)
{
    return bytes_eq(quota_user_name(user), username);
}

size_t quota_count(struct quota *q)
{
    size_t n;

    pthread_mutex_lock(&q->lock);
    n = q->total;
    pthread_mutex_unlock(&q->lock);
    return n;
}

/* ---- revocation ---- */

bool quota_revoke(struct quota *q, struct bytes username, uint64_t wall_ms)
{
    struct quota_user *u;
    bool has_some;

    pthread_mutex_lock(&q->lock);
    turn_names_expire(q->revoked, wall_ms / 1000);
    /* A name that is over makes no allocations any more, but may have some. */
    (void) turn_names_put(q->revoked, username, wall_ms / 1000);
    u = map_get(q->users, username);
    has_some = u && u->n > 0;
    if (u)
        __atomic_store_n(&u->revoked, true, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&q->lock);
    return has_some;
}

bool quota_is_revoked(struct quota *q, struct bytes username)
{
    bool is;

    pthread_mutex_lock(&q->lock);
    is = turn_names_has(q->revoked, username);
    pthread_mutex_unlock(&q->lock);
    return is;
}

bool quota_user_is_revoked(const struct quota_user *user)
{
    return __atomic_load_n(&user->revoked, __ATOMIC_RELAXED);
}

size_t quota_n_revoked(struct quota *q)
{
    size_t n;

    pthread_mutex_lock(&q->lock);
    turn_names_expire(q->revoked, clock_wall_ms() / 1000);
    n = turn_names_count(q->revoked);
    pthread_mutex_unlock(&q->lock);
    return n;
}

/* ---- use ---- */

void quota_account(struct quota_user *user, struct usage *counted)
{
    for (int way = 0; way < N_USAGE_WAYS; way++) {
        __atomic_fetch_add(&user->usage.packets[way], counted->packets[way], __ATOMIC_RELAXED);
        __atomic_fetch_add(&user->usage.bytes[way], counted->bytes[way], __ATOMIC_RELAXED);
    }
    __atomic_fetch_add(&user->usage.dropped, counted->dropped, __ATOMIC_RELAXED);
    *counted = (struct usage){.dropped = 0};
}

bool quota_spend(struct quota_user *user, enum usage_way way, uint64_t len, uint64_t kbps,
                 uint64_t now_ms)
{
    return bandwidth_take(&user->bandwidth[way], len, kbps, now_ms);
}

static void report(const struct quota_user *u, quota_report_fn *fn, void *arg)
{
    struct quota_report r = {.username = bytes_of(u->name, u->len),
                             .since_ms = u->since_ms,
                             .allocations = u->n,
                             .allocations_made = u->made};

    for (int way = 0; way < N_USAGE_WAYS; way++) {
        r.usage.packets[way] = __atomic_load_n(&u->usage.packets[way], __ATOMIC_RELAXED);
        r.usage.bytes[way] = __atomic_load_n(&u->usage.bytes[way], __ATOMIC_RELAXED);
    }
    r.usage.dropped = __atomic_load_n(&u->usage.dropped, __ATOMIC_RELAXED);
    fn(&r, arg);
}

void quota_report(struct quota *q, struct bytes username, bool forget, quota_report_fn *fn,
                  void *arg)
{
    struct quota_user *u;

    pthread_mutex_lock(&q->lock);
    u = map_get(q->users, username);
    if (u)
        report(u, fn, arg);
    if (u && forget && u->n == 0)
        forget_user(q, u);
    pthread_mutex_unlock(&q->lock);
}

uint64_t quota_report_all(struct quota *q, uint64_t from, size_t max, quota_report_fn *fn,
                          void *arg)
{
    uint64_t next = 0;
    struct quota_user *u;

    pthread_mutex_lock(&q->lock);
    list_for_each (u, &q->all, node) {
        if (u->number < from)
            continue;
        if (max-- == 0) {
            next = u->number;
            break;
        }
        report(u, fn, arg);
    }
    pthread_mutex_unlock(&q->lock);
    return next;
}
