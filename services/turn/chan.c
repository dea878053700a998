#include "turn/chan.h"

#include <errno.h>

static void drop_expired(struct chan_table *t, uint64_t now_ms)
{
    for (size_t i = 0; i < t->n;) {
        if (t->entries[i].expires_ms <= now_ms)
            t->entries[i] = t->entries[--t->n];
        else
            i++;
    }
}

/* Where it is bound, or would be. */
static int find_place(struct chan_table *t, uint16_t number, const struct addr *peer,
                      uint64_t now_ms, size_t *ret_at)
{
    size_t at;

    if (number < CHAN_FIRST || number > CHAN_LAST)
        return -ERANGE;
    drop_expired(t, now_ms);
    for (at = 0; at < t->n; at++) {
        bool same_number = t->entries[at].number == number;
        bool same_peer = addr_eq(&t->entries[at].peer, peer);

        if (same_number != same_peer)
            return -EEXIST;
        if (same_number)
            break;
    }
    if (at == CHAN_MAX)
        return -ENOSPC;
    *ret_at = at;
    return 0;
}

int chan_check(struct chan_table *t, uint16_t number, const struct addr *peer, uint64_t now_ms)
{
    size_t at;

    return find_place(t, number, peer, now_ms, &at);
}

int chan_bind(struct chan_table *t, uint16_t number, const struct addr *peer, uint64_t now_ms)
{
    size_t at;
    int r = find_place(t, number, peer, now_ms, &at);

    if (r < 0)
        return r;
    t->entries[at].number = number;
    t->entries[at].peer = *peer;
    t->entries[at].expires_ms = now_ms + CHAN_LIFETIME_MS;
    if (at == t->n)
        t->n++;
    return 0;
}

void chan_drop(struct chan_table *t, int family)
{
    for (size_t i = 0; i < t->n;) {
        if (t->entries[i].peer.family == family)
            t->entries[i] = t->entries[--t->n];
        else
            i++;
    }
}

const struct addr *chan_peer(const struct chan_table *t, uint16_t number, uint64_t now_ms)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->entries[i].number == number)
            return t->entries[i].expires_ms > now_ms ? &t->entries[i].peer : NULL;
    }
    return NULL;
}

uint16_t chan_number(const struct chan_table *t, const struct addr *peer, uint64_t now_ms)
{
    for (size_t i = 0; i < t->n; i++) {
        if (addr_eq(&t->entries[i].peer, peer))
            return t->entries[i].expires_ms > now_ms ? t->entries[i].number : 0;
    }
    return 0;
}
