#include "media/candidates.h"

#include <errno.h>
#include <stdio.h>

#define TYPE_PREFERENCE_HOST 126
#define TYPE_PREFERENCE_HOST_TCP 90 /* below UDP without a relay; browsers take this */
#define PASSIVE (4u << 13)          /* the direction's preference (RFC 6544 section 4.2) */

static bool contains(const struct candidates *c, const struct addr *a)
{
    for (size_t i = 0; i < c->n; i++) {
        if (addr_ip_eq(&c->items[i].addr, a))
            return true;
    }
    return false;
}

static uint32_t priority_of(uint32_t type_preference, uint32_t local_preference)
{
    return type_preference << 24 | local_preference << 8 | 255;
}

/* The earlier the better (RFC 8445 section 5.1.2.1). */
static void add(struct candidates *c, const struct addr *a, struct addr via)
{
    uint32_t n = (uint32_t) c->n;

    if (c->n == CANDIDATES_MAX || contains(c, a))
        return;
    c->items[c->n] = (struct candidate){
        .addr = *a,
        .via = via,
        .priority = priority_of(TYPE_PREFERENCE_HOST, 65535 - n),
        .tcp_priority = priority_of(TYPE_PREFERENCE_HOST_TCP, PASSIVE | (8191 - n)),
    };
    c->items[c->n].addr.port = 0;
    c->n++;
}

/* Link-local addresses need a scope that the peer does not know. */
static bool is_usable(const struct addr *a, const char *name, bool with_ipv6)
{
    if (addr_is_loopback(a) || addr_is_unspecified(a) || addr_is_multicast(a))
        return false;
    if (a->family == AF_INET6 && (!with_ipv6 || addr_is_link_local(a)))
        return false;
    return !addr_is_container_interface(name);
}

static const struct addr none = {.family = 0};

int public_addr_parse(const char *text, struct public_addr *ret)
{
    struct public_addr p = {.via.family = 0};
    const char *slash = strchr(text, '/');
    char first[ADDR_TEXT_SIZE];
    int len = slash ? (int) (slash - text) : (int) strlen(text);

    if (snprintf(first, sizeof(first), "%.*s", len, text) >= (int) sizeof(first) ||
        addr_parse_ip(first, 0, &p.addr) < 0)
        return -EBADMSG;
    if (slash && (addr_parse_ip(slash + 1, 0, &p.via) < 0 || p.via.family != p.addr.family))
        return -EBADMSG;
    *ret = p;
    return 0;
}

size_t public_addrs_own(struct public_addr *list, size_t n, const struct addr *locals,
                        size_t n_locals)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (list[i].via.family != 0 && addr_is_among(&list[i].via, locals, n_locals))
            list[kept++] = list[i];
    }
    return kept > 0 ? kept : n;
}

/* Where packets to a public address end up. */
static struct addr leads_to(const struct public_addr *public, const struct addr *locals,
                            char (*names)[16], size_t n, bool with_ipv6)
{
    if (addr_is_among(&public->addr, locals, n))
        return none;
    if (addr_is_among(&public->via, locals, n))
        return public->via;
    for (size_t i = 0; i < n; i++) {
        if (locals[i].family == public->addr.family && is_usable(&locals[i], names[i], with_ipv6))
            return locals[i];
    }
    return none;
}

static void add_family(const struct addr *locals, char (*names)[16], size_t n, uint16_t family,
                       bool with_ipv6, struct candidates *ret)
{
    for (size_t i = 0; i < n; i++) {
        if (locals[i].family == family && is_usable(&locals[i], names[i], with_ipv6))
            add(ret, &locals[i], none);
    }
}

void candidates_build(const struct addr *locals, char (*names)[16], size_t n_locals,
                      const struct public_addr *publics, size_t n_publics, bool only_public,
                      bool with_ipv6, struct candidates *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < n_publics; i++) {
        if (with_ipv6 || publics[i].addr.family == AF_INET)
            add(ret, &publics[i].addr, leads_to(&publics[i], locals, names, n_locals, with_ipv6));
    }
    if (!only_public) {
        add_family(locals, names, n_locals, AF_INET, with_ipv6, ret);
        add_family(locals, names, n_locals, AF_INET6, with_ipv6, ret);
    }
    for (size_t i = 0; i < n_locals; i++) {
        if (addr_is_loopback(&locals[i]) && locals[i].family == AF_INET)
            add(ret, &locals[i], none);
    }
}

/* Another address or protocol is another foundation. */
void candidates_put(const struct candidates *c, size_t i, bool tcp, uint16_t port, struct wr *w)
{
    const struct candidate *from = &c->items[i];
    char ip[ADDR_TEXT_SIZE];

    wr_fmt(w, "%zu 1 %s %u %s %u typ host%s", 2 * i + 1 + tcp, tcp ? "tcp" : "udp",
           tcp ? from->tcp_priority : from->priority, addr_format_ip(&from->addr, ip), port,
           tcp ? " tcptype passive" : "");
}

bool candidates_eq(const struct candidates *a, const struct candidates *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (!addr_eq(&a->items[i].addr, &b->items[i].addr) ||
            !addr_eq(&a->items[i].via, &b->items[i].via))
            return false;
    }
    return true;
}
