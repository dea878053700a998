#include "turn/peers.h"

#include "base/special_ip.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct rules {
    struct ip_rule *items;
    size_t n;
};

struct peers {
    atomic_uint n_refs;
    uint32_t generation;
    bool any_public;
    struct rules allowed, denied;
    struct peers_media *media;  /* in the order of addr; via has its port or is none */
    struct peers_media *by_via; /* those that have one, in the order of via, then addr */
    size_t n_media, n_by_via;
    struct addr *own; /* in order */
    size_t n_own;
};

/* ---- order ---- */

static int compare_addr(const void *a, const void *b)
{
    return addr_compare(a, b);
}

static int compare_media(const void *a, const void *b)
{
    const struct peers_media *x = a, *y = b;
    int r = addr_compare(&x->addr, &y->addr);

    return r != 0 ? r : addr_compare(&x->via, &y->via);
}

static int compare_via(const void *a, const void *b)
{
    const struct peers_media *x = a, *y = b;
    int r = addr_compare(&x->via, &y->via);

    return r != 0 ? r : addr_compare(&x->addr, &y->addr);
}

static void sort(void *items, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    if (n > 1)
        qsort(items, n, size, compare);
}

/* The first of the sorted items, each of this size and beginning with its address at `offset`,
 * that is not before `a`. */
static size_t lower_bound(const void *items, size_t n, size_t size, size_t offset,
                          const struct addr *a)
{
    const uint8_t *p = items;
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const void *at = p + middle * size + offset;

        if (addr_compare(at, a) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- questions about one address, without what is embedded in it ---- */

static const struct peers_media *find_media(const struct peers *p, const struct addr *a)
{
    size_t i = lower_bound(p->media, p->n_media, sizeof(p->media[0]),
                           offsetof(struct peers_media, addr), a);

    return i < p->n_media && addr_compare(&p->media[i].addr, a) == 0 ? &p->media[i] : NULL;
}

static bool is_media_ip(const struct peers *p, const struct addr *a)
{
    struct addr first = *a;
    size_t i;

    first.port = 0;
    i = lower_bound(p->media, p->n_media, sizeof(p->media[0]), offsetof(struct peers_media, addr),
                    &first);
    return i < p->n_media && addr_ip_eq(&p->media[i].addr, a);
}

static bool is_own(const struct peers *p, const struct addr *a)
{
    struct addr ip = *a;
    size_t i;

    ip.port = 0;
    i = lower_bound(p->own, p->n_own, sizeof(p->own[0]), 0, &ip);
    return i < p->n_own && addr_ip_eq(&p->own[i], a);
}

static bool matches(const struct rules *r, const struct addr *a)
{
    for (size_t i = 0; i < r->n; i++) {
        if (ip_rule_matches(&r->items[i], a))
            return true;
    }
    return false;
}

static bool allows_beyond_media(const struct peers *p, const struct addr *a, bool is_allowed)
{
    const struct special_ip *special;

    if (is_own(p, a))
        return false;
    special = special_ip_find(a);
    if (special && special->never)
        return false;
    return is_allowed || (p->any_public && !is_media_ip(p, a) && special_ip_is_public(a));
}

static bool allows_one(const struct peers *p, const struct addr *a)
{
    if (matches(&p->denied, a))
        return false;
    return find_media(p, a) || allows_beyond_media(p, a, matches(&p->allowed, a));
}

static bool allows_one_ip(const struct peers *p, const struct addr *a)
{
    bool is_allowed = false;

    for (size_t i = 0; i < p->denied.n; i++) {
        if (ip_rule_has_every_port(&p->denied.items[i]) &&
            ip_rule_matches_ip(&p->denied.items[i], a))
            return false;
    }
    for (size_t i = 0; i < p->allowed.n && !is_allowed; i++)
        is_allowed = ip_rule_matches_ip(&p->allowed.items[i], a);
    return is_media_ip(p, a) || allows_beyond_media(p, a, is_allowed);
}

/* ---- the whole question ---- */

static bool allows(const struct peers *p, const struct addr *a)
{
    struct addr inner[SPECIAL_IP_EMBEDDED_MAX];
    size_t n = special_ip_embedded(a, inner);
    bool told = find_media(p, a);

    if (a->port == 0 || !allows_one(p, a))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (told ? matches(&p->denied, &inner[i]) : !allows_one(p, &inner[i]))
            return false;
    }
    return true;
}

/* The way there by the address that it stands for must not be denied either. */
static bool route(const struct peers *p, const struct addr *peer, struct addr *ret_dest)
{
    const struct peers_media *m = find_media(p, peer);

    if (!allows(p, peer) || (m && m->via.family != 0 && matches(&p->denied, &m->via)))
        return false;
    *ret_dest = m && m->via.family != 0 ? m->via : *peer;
    return true;
}

bool peers_route(const struct peers *p, const struct addr *peer, struct addr *ret_dest)
{
    return p && route(p, peer, ret_dest);
}

bool peers_origin(const struct peers *p, const struct addr *from, size_t *pos,
                  struct addr *ret_peer)
{
    struct addr dest;
    size_t first;

    if (!p)
        return false;
    if (*pos == 0) {
        *pos = 1;
        if (route(p, from, &dest)) {
            *ret_peer = *from;
            return true;
        }
    }
    first = lower_bound(p->by_via, p->n_by_via, sizeof(p->by_via[0]),
                        offsetof(struct peers_media, via), from);
    for (size_t i = first + *pos - 1; i < p->n_by_via; i++) {
        if (addr_compare(&p->by_via[i].via, from) != 0)
            return false;
        ++*pos;
        if (route(p, &p->by_via[i].addr, &dest)) {
            *ret_peer = p->by_via[i].addr;
            return true;
        }
    }
    return false;
}

bool peers_allow_ip(const struct peers *p, const struct addr *peer)
{
    struct addr inner[SPECIAL_IP_EMBEDDED_MAX];
    size_t n = special_ip_embedded(peer, inner);

    if (!p || !allows_one_ip(p, peer))
        return false;
    if (is_media_ip(p, peer)) /* its ports are looked at when packets come */
        return true;
    for (size_t i = 0; i < n; i++) {
        if (!allows_one_ip(p, &inner[i]))
            return false;
    }
    return true;
}

uint32_t peers_generation(const struct peers *p)
{
    return p ? p->generation : 0;
}

const struct addr *peers_denied_media(const struct peers *p)
{
    struct addr dest;

    for (size_t i = 0; p && i < p->n_media; i++) {
        if (!route(p, &p->media[i].addr, &dest))
            return &p->media[i].addr;
    }
    return NULL;
}

/* ---- making one ---- */

static void *copy_of(const void *items, size_t n, size_t size)
{
    void *copy = calloc(n ? n : 1, size);

    if (copy && n)
        memcpy(copy, items, n * size);
    return copy;
}

static bool is_usable(const struct addr *a)
{
    return a->family != 0 && a->port != 0 && !addr_is_unspecified(a) && !addr_is_multicast(a);
}

/* Which address the relays shall use: family 0 for the known one. */
static struct addr usable_via(const struct peers *p, const struct peers_media *m,
                              bool internal_relay)
{
    struct addr via = m->via;

    via.port = m->addr.port;
    if (via.family != m->addr.family || !is_usable(&via) || addr_ip_eq(&via, &m->addr) ||
        !(internal_relay || is_own(p, &via)))
        return (struct addr){.family = 0};
    return via;
}

static void take_media(struct peers *p, const struct peers_rules *rules)
{
    for (size_t i = 0; i < rules->n_media; i++) {
        const struct peers_media *m = &rules->media[i];

        if (is_usable(&m->addr))
            p->media[p->n_media++] = (struct peers_media){
                .addr = m->addr, .via = usable_via(p, m, rules->internal_relay)};
    }
    sort(p->media, p->n_media, sizeof(p->media[0]), compare_media);
    for (size_t i = 0; i < p->n_media; i++) {
        if (p->media[i].via.family != 0)
            p->by_via[p->n_by_via++] = p->media[i];
    }
    sort(p->by_via, p->n_by_via, sizeof(p->by_via[0]), compare_via);
}

/* Addresses that lead to one of ours are ours as well. */
static void take_own(struct peers *p, const struct peers_rules *rules)
{
    size_t n_more = 0;

    p->n_own = rules->n_own;
    for (size_t i = 0; i < p->n_own; i++) {
        p->own[i] = rules->own[i];
        p->own[i].port = 0;
    }
    sort(p->own, p->n_own, sizeof(p->own[0]), compare_addr);
    for (size_t i = 0; i < rules->n_media; i++) {
        if (is_own(p, &rules->media[i].via)) {
            p->own[p->n_own + n_more] = rules->media[i].addr;
            p->own[p->n_own + n_more++].port = 0;
        }
    }
    p->n_own += n_more;
    sort(p->own, p->n_own, sizeof(p->own[0]), compare_addr);
}

int peers_new(const struct peers_rules *rules, struct peers **ret_peers)
{
    static atomic_uint last_generation;
    struct peers *p = calloc(1, sizeof(*p));

    if (!p)
        return -ENOMEM;
    atomic_init(&p->n_refs, 1);
    do {
        p->generation = atomic_fetch_add(&last_generation, 1) + 1;
    } while (p->generation == 0);
    p->any_public = rules->any_public;
    p->allowed = (struct rules){copy_of(rules->allowed, rules->n_allowed, sizeof(struct ip_rule)),
                                rules->n_allowed};
    p->denied = (struct rules){copy_of(rules->denied, rules->n_denied, sizeof(struct ip_rule)),
                               rules->n_denied};
    p->media = calloc(rules->n_media + 1, sizeof(p->media[0]));
    p->by_via = calloc(rules->n_media + 1, sizeof(p->by_via[0]));
    p->own = calloc(rules->n_own + rules->n_media + 1, sizeof(p->own[0]));
    if (!p->allowed.items || !p->denied.items || !p->media || !p->by_via || !p->own) {
        peers_unref(p);
        return -ENOMEM;
    }
    take_own(p, rules);
    take_media(p, rules);
    *ret_peers = p;
    return 0;
}

struct peers *peers_ref(struct peers *p)
{
    if (p)
        atomic_fetch_add_explicit(&p->n_refs, 1, memory_order_relaxed);
    return p;
}

struct peers *peers_unref(struct peers *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->n_refs, 1, memory_order_acq_rel) > 1)
        return NULL;
    free(p->allowed.items);
    free(p->denied.items);
    free(p->media);
    free(p->by_via);
    free(p->own);
    free(p);
    return NULL;
}
