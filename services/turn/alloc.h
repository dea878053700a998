/* alloc.h: allocations (RFC 8656 section 3.2) and the table of one thread, found by the client's
 * 5-tuple. One destructor undoes everything: relay socket, table entry, quota. */
#pragma once

#include "base/list.h"
#include "turn/auth.h"
#include "turn/chan.h"
#include "turn/flow.h"
#include "turn/perm.h"
#include "turn/quota.h"
#include "turn/ratelimit.h"
#include "turn/relay.h"
#include "turn/reservations.h"
#include "turn/usage.h"

#define ALLOC_LIFETIME_S 600 /* by default, and at least */
#define ALLOC_LIFETIME_MAX_S 3600

struct alloc_table;
struct turn;

/* The last answer of the peer policy: an address, and another that it stands for. It holds while
 * the policy has this generation; 0: there is none. */
struct alloc_route {
    uint32_t generation;
    struct addr from, to;
};

struct alloc {
    struct list node; /* in the table's list of all */
    struct alloc_table *table;
    struct turn *turn; /* for the relays' handler */
    struct flow flow;
    struct relay relays[2];        /* IPv4, IPv6; closed ones have no fn */
    struct addr relayed[2];        /* what the client was told; family 0: never had one */
    uint64_t relay_expires_ms[2];  /* each has its own time (section 8.1) */
    uint64_t expires_ms;           /* the first of them */
    uint32_t lifetime_s;           /* as last granted */
    struct auth_key key;           /* of the user who made it */
    struct quota_user *quota_user; /* NULL: nothing taken yet */
    struct usage usage;            /* not yet accounted to the user */
    const char *end_reason;        /* for the log; NULL: given up */

    /* The request that made it is answered again when it comes again: */
    uint8_t tid[STUN_TID_SIZE];
    uint16_t missing_code; /* of the second family, 0: nothing is missing */
    uint8_t missing_family;
    bool has_reservation;
    uint8_t reservation_token[RESERVATION_TOKEN_SIZE];

    struct bucket errors;                  /* of the network, that the client is told */
    struct alloc_route to_peer, to_client; /* most allocations have one peer */
    struct perm_table perms;
    struct chan_table chans;
};

/* quota must outlive the table. */
int alloc_table_new(size_t max, struct quota *quota, struct alloc_table **ret_table);

/* Frees all allocations. NULL is fine; returns NULL. */
struct alloc_table *alloc_table_free(struct alloc_table *t);

size_t alloc_table_count(const struct alloc_table *t);

/* Takes from the user's quota and enters the flow; the relay is the caller's to open. -EDQUOT,
 * -ENOSPC, -ENOMEM, -EEXIST. */
int alloc_new(struct alloc_table *t, const struct flow *flow, struct bytes username,
              struct alloc **ret_alloc);

/* The same for one whose place in the quota is taken: the caller sets quota_user. */
int alloc_new_reserved(struct alloc_table *t, const struct flow *flow, struct alloc **ret_alloc);

/* NULL is fine; returns NULL. */
struct alloc *alloc_free(struct alloc *a);

/* A line about it, at the level debug. */
void alloc_log(const struct alloc *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* NULL when there is none; what is over of it is closed, and if that is all, it is freed. */
struct alloc *alloc_find(struct alloc_table *t, const struct flow *flow, uint64_t now_ms);

/* The relay of this family (AF_INET, AF_INET6), NULL when it has none. */
static inline struct relay *alloc_relay(struct alloc *a, int family)
{
    struct relay *r = &a->relays[family == AF_INET6];

    return r->fn ? r : NULL;
}

/* Has it such a relay, or had it one? */
static inline bool alloc_had_relay(const struct alloc *a, int family)
{
    return a->relayed[family == AF_INET6].family != 0;
}

/* For relays' handlers, which may not close them. */
static inline bool alloc_relay_is_over(const struct alloc *a, const struct relay *r,
                                       uint64_t now_ms)
{
    return a->relay_expires_ms[r == &a->relays[1]] <= now_ms;
}

/* The lifetime to grant: the wish (NULL: none) within the bounds. */
uint32_t alloc_lifetime_for(const uint32_t *wish_s);

/* The relay of this family, or all (family 0) it has. */
void alloc_extend(struct alloc *a, int family, uint32_t lifetime_s, uint64_t now_ms);

/* Ends the relay of this family, or all (family 0), with the permissions and channels that belong
 * to it. NULL when none is left: the allocation is freed. */
struct alloc *alloc_end(struct alloc *a, int family);

/* Closes and frees what is over, and what belongs to users whose credentials were revoked; accounts
 * to users what was relayed since the last sweep. */
void alloc_table_sweep(struct alloc_table *t, uint64_t now_ms);
