#include "turn/peers.h"

#include <errno.h>
#include <stdlib.h>

/* By IP first, so that the ports of one IP are neighbours. */
static int compare(const struct addr *a, const struct addr *b)
{
    int r;

    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    r = memcmp(a->ip, b->ip, sizeof(a->ip));
    if (r != 0)
        return r;
    return (a->port > b->port) - (a->port < b->port);
}

static int compare_items(const void *a, const void *b)
{
    return compare(a, b);
}

static bool is_usable(const struct addr *a)
{
    return a->family != 0 && a->port != 0 && !addr_is_unspecified(a) && !addr_is_multicast(a);
}

int peers_set(struct peers *p, const struct addr *list, size_t n)
{
    if (n > PEERS_MAX)
        return -ENOSPC;
    p->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_usable(&list[i]))
            p->sorted[p->n++] = list[i];
    }
    if (p->n > 1)
        qsort(p->sorted, p->n, sizeof(p->sorted[0]), compare_items);
    return 0;
}

/* The first entry that is not before `a`, NULL at the end. */
static const struct addr *lower_bound(const struct peers *p, const struct addr *a)
{
    size_t low = 0, high = p->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&p->sorted[middle], a) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->n ? &p->sorted[low] : NULL;
}

bool peers_allow(const struct peers *p, const struct addr *peer)
{
    const struct addr *found = lower_bound(p, peer);

    return found && compare(found, peer) == 0;
}

bool peers_allow_ip(const struct peers *p, const struct addr *peer)
{
    struct addr any_port = *peer;
    const struct addr *found;

    any_port.port = 0;
    found = lower_bound(p, &any_port);
    return found && addr_ip_eq(found, peer);
}
