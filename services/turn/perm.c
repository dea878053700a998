#include "turn/perm.h"

#include <errno.h>

int perm_grant(struct perm_table *t, const struct addr *peer, uint64_t now_ms)
{
    size_t at = PERM_MAX;

    for (size_t i = 0; i < PERM_MAX; i++) {
        if (addr_ip_eq(&t->entries[i].peer, peer)) {
            at = i;
            break;
        }
        if (at == PERM_MAX && t->entries[i].expires_ms <= now_ms)
            at = i;
    }
    if (at == PERM_MAX)
        return -ENOSPC;
    t->entries[at].peer = *peer;
    t->entries[at].expires_ms = now_ms + PERM_LIFETIME_MS;
    return 0;
}

bool perm_allows(const struct perm_table *t, const struct addr *peer, uint64_t now_ms)
{
    for (size_t i = 0; i < PERM_MAX; i++) {
        if (t->entries[i].expires_ms > now_ms && addr_ip_eq(&t->entries[i].peer, peer))
            return true;
    }
    return false;
}

void perm_drop(struct perm_table *t, int family)
{
    for (size_t i = 0; i < PERM_MAX; i++) {
        if (t->entries[i].peer.family == family)
            t->entries[i].expires_ms = 0;
    }
}
