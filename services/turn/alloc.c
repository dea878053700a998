#include "turn/alloc.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/map.h"
#include "link/turn_names.h"
#include "turn/turn.h"

#include <errno.h>
#include <stdlib.h>

struct alloc_table {
    struct map *by_flow;
    struct list all;
    struct quota *quota;
};

int alloc_table_new(size_t max, struct quota *quota, struct alloc_table **ret_table)
{
    struct alloc_table *t = calloc(1, sizeof(*t));
    int r;

    if (!t)
        return -ENOMEM;
    r = map_new(max, &t->by_flow);
    if (r < 0) {
        free(t);
        return r;
    }
    list_init(&t->all);
    t->quota = quota;
    *ret_table = t;
    return 0;
}

struct alloc_table *alloc_table_free(struct alloc_table *t)
{
    struct alloc *a;

    if (!t)
        return NULL;
    list_for_each (a, &t->all, node)
        alloc_free(a);
    map_free(t->by_flow);
    free(t);
    return NULL;
}

size_t alloc_table_count(const struct alloc_table *t)
{
    return map_count(t->by_flow);
}

int alloc_new_reserved(struct alloc_table *t, const struct flow *flow, struct alloc **ret_alloc)
{
    struct alloc *a = calloc(1, sizeof(*a));
    int r;

    if (!a)
        return -ENOMEM;
    list_init(&a->node);
    r = map_put(t->by_flow, flow_key(flow), a);
    if (r < 0) {
        free(a);
        return r;
    }
    a->table = t;
    a->flow = *flow;
    list_append(&t->all, &a->node);
    *ret_alloc = a;
    return 0;
}

int alloc_new(struct alloc_table *t, const struct flow *flow, struct bytes username,
              struct alloc **ret_alloc)
{
    struct alloc *a;
    int r = alloc_new_reserved(t, flow, &a);

    if (r < 0)
        return r;
    r = quota_take(t->quota, username, &a->quota_user);
    if (r < 0) {
        alloc_free(a);
        return r;
    }
    *ret_alloc = a;
    return 0;
}

void alloc_log(const struct alloc *a, const char *fmt, ...)
{
    char join[TURN_JOIN_SIZE] = "";
    va_list ap;

    if (a->quota_user)
        turn_name_join(quota_user_name(a->quota_user), join);
    va_start(ap, fmt);
    log_about_v((struct log_ids){.join = join}, LOG_LEVEL_DEBUG, fmt, ap);
    va_end(ap);
}

static void log_end(const struct alloc *a)
{
    char client[ADDR_TEXT_SIZE];

    alloc_log(a, "the allocation of %s ends: %s", addr_format(&a->flow.client, client),
              a->end_reason ? a->end_reason : "it was given up, or its connection has ended");
}

struct alloc *alloc_free(struct alloc *a)
{
    if (!a)
        return NULL;
    if (a->expires_ms != 0) /* it was granted */
        log_end(a);
    relay_close(&a->relays[0]);
    relay_close(&a->relays[1]);
    map_del(a->table->by_flow, flow_key(&a->flow));
    list_del(&a->node);
    if (a->quota_user) {
        quota_account(a->quota_user, &a->usage);
        quota_give(a->table->quota, a->quota_user);
    }
    if (a->expires_ms != 0)
        stats_add(&a->turn->stats, STAT_ALLOCATIONS_ENDED + a->flow.transport->kind, 1);
    secret_wipe(&a->key, sizeof(a->key));
    free(a);
    return NULL;
}

static int family_of(size_t i)
{
    return i == 1 ? AF_INET6 : AF_INET;
}

static bool is_meant(const struct alloc *a, size_t i, int family)
{
    return a->relays[i].fn && (family == 0 || family == family_of(i));
}

static bool has_relays(const struct alloc *a)
{
    return a->relays[0].fn || a->relays[1].fn;
}

static void find_first_end(struct alloc *a)
{
    a->expires_ms = UINT64_MAX;
    for (size_t i = 0; i < 2; i++) {
        if (a->relays[i].fn && a->relay_expires_ms[i] < a->expires_ms)
            a->expires_ms = a->relay_expires_ms[i];
    }
}

struct alloc *alloc_end(struct alloc *a, int family)
{
    for (size_t i = 0; i < 2; i++) {
        if (!is_meant(a, i, family))
            continue;
        relay_close(&a->relays[i]);
        perm_drop(&a->perms, family_of(i));
        chan_drop(&a->chans, family_of(i));
    }
    if (!has_relays(a))
        return alloc_free(a);
    find_first_end(a);
    return a;
}

static void end_revoked(struct alloc *a)
{
    a->end_reason = "its credentials were revoked";
    alloc_free(a);
}

/* NULL when nothing is left. */
static struct alloc *expire(struct alloc *a, uint64_t now_ms)
{
    a->end_reason = "its time is over";
    for (size_t i = 0; i < 2 && a; i++) {
        if (a->relays[i].fn && a->relay_expires_ms[i] <= now_ms)
            a = alloc_end(a, family_of(i));
    }
    return a;
}

struct alloc *alloc_find(struct alloc_table *t, const struct flow *flow, uint64_t now_ms)
{
    struct alloc *a = map_get(t->by_flow, flow_key(flow));

    return a && a->expires_ms <= now_ms ? expire(a, now_ms) : a;
}

uint32_t alloc_lifetime_for(const uint32_t *wish_s)
{
    if (!wish_s || *wish_s < ALLOC_LIFETIME_S)
        return ALLOC_LIFETIME_S;
    return *wish_s > ALLOC_LIFETIME_MAX_S ? ALLOC_LIFETIME_MAX_S : *wish_s;
}

void alloc_extend(struct alloc *a, int family, uint32_t lifetime_s, uint64_t now_ms)
{
    a->lifetime_s = lifetime_s;
    for (size_t i = 0; i < 2; i++) {
        if (is_meant(a, i, family))
            a->relay_expires_ms[i] = now_ms + lifetime_s * (uint64_t) 1000;
    }
    find_first_end(a);
}

void alloc_table_sweep(struct alloc_table *t, uint64_t now_ms)
{
    struct alloc *a;

    list_for_each (a, &t->all, node) {
        if (quota_user_is_revoked(a->quota_user))
            end_revoked(a);
        else if (a->expires_ms <= now_ms)
            expire(a, now_ms);
        else
            quota_account(a->quota_user, &a->usage);
    }
}
