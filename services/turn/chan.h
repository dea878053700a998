/* chan.h: channels of one allocation (RFC 8656 section 12): a number for a peer's address.
 * Knows numbers, addresses and deadlines; no sockets. Zeroed memory is an empty table. */
#pragma once

#include "base/addr.h"

#define CHAN_MAX 32
#define CHAN_FIRST 0x4000
#define CHAN_LAST 0x4FFF
#define CHAN_LIFETIME_MS 600000u

struct chan_table {
    size_t n; /* entries in use, expired ones included */
    struct {
        uint64_t expires_ms;
        struct addr peer;
        uint16_t number;
    } entries[CHAN_MAX];
};

/* May the number be bound to the peer, or is it? -ERANGE: no channel number; -EEXIST: the number or
 * the peer is bound otherwise; -ENOSPC: too many. */
int chan_check(struct chan_table *t, uint16_t number, const struct addr *peer, uint64_t now_ms);

/* Binds or refreshes. Errors as of chan_check(). */
int chan_bind(struct chan_table *t, uint16_t number, const struct addr *peer, uint64_t now_ms);

/* Unbinds all peers of this family (AF_INET, AF_INET6). */
void chan_drop(struct chan_table *t, int family);

/* NULL when the number is not bound. */
const struct addr *chan_peer(const struct chan_table *t, uint16_t number, uint64_t now_ms);

/* 0 when the peer has no channel. */
uint16_t chan_number(const struct chan_table *t, const struct addr *peer, uint64_t now_ms);
