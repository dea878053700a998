/* stats.h: what one thread counts. Its thread alone adds; any thread may read. */
#pragma once

#include "turn/flow.h"

enum turn_stat {
    /* each + enum transport_kind, that of the client */
    STAT_ALLOCATIONS_MADE,
    STAT_ALLOCATIONS_ENDED = STAT_ALLOCATIONS_MADE + N_TRANSPORT_KINDS,
    STAT_CONNECTIONS_MADE = STAT_ALLOCATIONS_ENDED + N_TRANSPORT_KINDS,
    STAT_CONNECTIONS_ENDED = STAT_CONNECTIONS_MADE + N_TRANSPORT_KINDS,

    STAT_PACKETS_TO_PEERS = STAT_CONNECTIONS_ENDED + N_TRANSPORT_KINDS,
    STAT_BYTES_TO_PEERS, /* of the data, without headers */
    STAT_PACKETS_TO_CLIENTS,
    STAT_BYTES_TO_CLIENTS,
    STAT_PACKETS_LOST,     /* what sockets could not take, or refused */
    STAT_DENIED_PEER,      /* packets to or from an address that the policy refuses */
    STAT_NO_PERMISSION,    /* packets of an allocation, without permission or channel */
    STAT_OVER_BANDWIDTH,   /* packets above their user's bandwidth */
    STAT_MALFORMED,        /* neither STUN nor channel data, or badly formed */
    STAT_UNANSWERED,       /* of strangers, above the rate */
    STAT_REFUSED_UNKNOWN,  /* 401: the usual first answer */
    STAT_REFUSED_PASSWORD, /* 401: wrong */
    STAT_REFUSED_EXPIRED,  /* 401: over, or revoked */
    STAT_REFUSED_STALE,    /* 438 */
    STAT_REFUSED_QUOTA,    /* 486 */
    STAT_REFUSED_CAPACITY, /* 508 */
    STAT_REFUSED_PEER,     /* 403 */
    STAT_REFUSED_OTHER,
    STAT_CONNECTIONS_REFUSED, /* there were too many, or is no certificate */
    STAT_CONNECTIONS_DROPPED, /* too slow, without an allocation for too long, in the way */
    N_STATS,
};

struct stats {
    uint64_t n[N_STATS];
};

static inline void stats_add(struct stats *s, enum turn_stat which, uint64_t n)
{
    __atomic_store_n(&s->n[which], s->n[which] + n, __ATOMIC_RELAXED);
}

/* Adds those of another thread to a sum of our own. */
static inline void stats_sum(struct stats *sum, const struct stats *s)
{
    for (unsigned i = 0; i < N_STATS; i++)
        sum->n[i] += __atomic_load_n(&s->n[i], __ATOMIC_RELAXED);
}

static inline uint64_t stats_get(const struct stats *s, enum turn_stat which)
{
    return __atomic_load_n(&s->n[which], __ATOMIC_RELAXED);
}
