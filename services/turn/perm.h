/* perm.h: TURN permissions of one allocation (RFC 8656 section 9).
 * Knows IPs and deadlines; no sockets. A value: copy it, change the copy, and assign it back to
 * change several at once or none. Zeroed memory is an empty table. */
#pragma once

#include "base/addr.h"

#define PERM_MAX 16
#define PERM_LIFETIME_MS 300000u

struct perm_table {
    struct {
        struct addr peer;
        uint64_t expires_ms; /* 0: the entry is free */
    } entries[PERM_MAX];
};

/* Installs or refreshes; the port does not matter. -ENOSPC when the table is full. */
int perm_grant(struct perm_table *t, const struct addr *peer, uint64_t now_ms);

bool perm_allows(const struct perm_table *t, const struct addr *peer, uint64_t now_ms);

/* Takes back all that are for addresses of this family (AF_INET, AF_INET6). */
void perm_drop(struct perm_table *t, int family);
