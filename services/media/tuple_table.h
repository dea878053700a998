/* tuple_table.h: whose datagrams come from an address pair of the worker's UDP socket.
 *
 * A check opens a pair for its transport, and mostly that is the only one. But a NAT may give a
 * port to somebody else, and a participant may send checks under another's address, in order to get
 * what he sends. So a check takes nothing away from anybody: transports that claim the same pair
 * stand side by side, the one that was proven right last before the others, and which of them a
 * packet is for is found by their keys. Lives on its worker. */
#pragma once

#include "media/ice_lite.h"

#include "base/list.h"

#define TUPLE_CLAIMS_MAX 4 /* of one pair */

/* A claim is stale after this: it gives way to others. Peers that are connecting check every half
 * second, connected ones send reports, or checks every 6 s. */
#define TUPLE_STALE_MS 10000

struct transport;
struct tuple_entry;
struct tuple_table;

/* A field of the transport. Zeroed memory claims nothing. */
struct tuple_claim {
    struct transport *transport;
    struct ice_pair *pair; /* of the transport: what is claimed, and when it was heard */
    struct tuple_entry *entry;
    struct list node; /* in the entry */
};

int tuple_table_new(size_t max, struct tuple_table **ret_t);

/* All have been released. NULL is fine; returns NULL. */
struct tuple_table *tuple_table_free(struct tuple_table *t);

/* Puts in a claim for pair, of a transport. -EBUSY: TUPLE_CLAIMS_MAX others hold it that are not
 * stale; -ENOSPC, -ENOMEM. */
int tuple_table_claim(struct tuple_table *t, struct tuple_claim *c, struct transport *transport,
                      struct ice_pair *pair);

/* May be called on zeroed memory. */
void tuple_table_release(struct tuple_table *t, struct tuple_claim *c);

/* The claim that comes first; NULL: nobody's. */
struct tuple_claim *tuple_table_find(const struct tuple_table *t, const struct addr *remote,
                                     const struct addr *local);

/* The one behind it; NULL: it was the last. */
struct tuple_claim *tuple_claim_next(const struct tuple_claim *c);

/* It has been proven right. */
void tuple_claim_prefer(struct tuple_claim *c);

static inline bool tuple_claim_is_stale(const struct tuple_claim *c, uint64_t now_ms)
{
    return now_ms >= c->pair->heard_ms + TUPLE_STALE_MS;
}
