#include "turn/methods.h"

#include "base/log.h"
#include "turn/forward.h"

#include <errno.h>

#define PROTOCOL_UDP 17

static int family_of(uint8_t requested)
{
    return requested == 1 ? AF_INET : requested == 2 ? AF_INET6 : 0;
}

void method_binding(struct request *rq)
{
    uint8_t buf[REPLY_MAX];
    struct wr w = request_reply(rq, buf);

    stun_put_xor_addr(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &rq->flow->client);
    request_send(rq, &w);
}

static void reply_allocated(const struct request *rq)
{
    uint8_t buf[REPLY_MAX];
    struct wr w = request_reply(rq, buf);

    for (size_t i = 0; i < 2; i++) {
        if (rq->alloc->relays[i].fn)
            stun_put_xor_addr(&w, STUN_ATTR_XOR_RELAYED_ADDRESS, &rq->alloc->relayed[i]);
    }
    stun_put_u32(&w, STUN_ATTR_LIFETIME, rq->alloc->lifetime_s);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &rq->flow->client);
    request_send(rq, &w);
}

/* What the request itself is worth (RFC 8656 section 7.2, steps 2 to 7): 0 or an error code.
 * We hand out no reservations, so no token is one of ours, and no pair of ports can be had. */
static unsigned check_allocate(const struct stun *m)
{
    if (!m->has_requested_transport)
        return 400;
    if (m->requested_transport != PROTOCOL_UDP)
        return 442;
    if (m->reservation_token.p)
        return m->has_even_port || m->has_requested_family ? 400 : 508;
    if (m->has_requested_family && family_of(m->requested_family) == 0)
        return 440;
    return m->has_even_port && m->even_port_reserve ? 508 : 0;
}

static unsigned code_of(int error)
{
    return error == -EDQUOT ? 486 : 508;
}

static int open_relay(struct turn *t, struct alloc *a, const struct addr *ip, bool even)
{
    const struct addr *external = &t->external_ip;
    bool v6 = ip->family == AF_INET6;
    struct relay *relay = &a->relays[v6];
    int r = relay_open(relay, t->set, t->batch, ip, &t->config->relay_ports, even,
                       forward_peer_data, a);

    if (r < 0)
        return r;
    a->turn = t;
    a->relayed[v6] = external->family == ip->family ? *external : *ip;
    a->relayed[v6].port = relay->bound.port;
    return 0;
}

static void log_allocated(const struct alloc *a)
{
    char client[ADDR_TEXT_SIZE], relayed[ADDR_TEXT_SIZE];

    for (size_t i = 0; i < 2; i++) {
        if (a->relays[i].fn)
            log_debug("%s has %s for %u s", addr_format(&a->flow.client, client),
                      addr_format(&a->relayed[i], relayed), a->lifetime_s);
    }
}

static void log_failure(const struct request *rq, int error)
{
    char client[ADDR_TEXT_SIZE];

    log_limited(&rq->turn->log_failed, LOG_LEVEL_WARNING, "no allocation for %s: %s",
                addr_format(&rq->flow->client, client), strerror(-error));
}

static void allocate(struct request *rq, const struct addr *ip)
{
    const struct stun *m = rq->msg;
    struct alloc *a;
    int r = alloc_new(rq->turn->allocs, rq->flow, rq->user.name, &a);

    if (r == 0) {
        r = open_relay(rq->turn, a, ip, m->has_even_port);
        if (r < 0)
            alloc_free(a);
    }
    if (r < 0) {
        log_failure(rq, r);
        request_reject(rq, code_of(r));
        return;
    }
    memcpy(a->tid, m->tid, sizeof(a->tid));
    a->key = rq->user.key;
    alloc_extend(a, alloc_lifetime_for(m->has_lifetime ? &m->lifetime_s : NULL), rq->now_ms);
    stats_add(&rq->turn->stats, STAT_ALLOCATIONS_MADE + rq->flow->transport->kind, 1);
    rq->alloc = a;
    log_allocated(a);
    reply_allocated(rq);
}

void method_allocate(struct request *rq)
{
    const struct stun *m = rq->msg;
    unsigned code;
    struct addr ip;

    if (rq->alloc) {
        if (memcmp(rq->alloc->tid, m->tid, sizeof(m->tid)) == 0 &&
            bytes_eq(quota_user_name(rq->alloc->quota_user), rq->user.name))
            reply_allocated(rq);
        else
            request_reject(rq, 437);
        return;
    }
    code = check_allocate(m);
    if (code == 0 &&
        turn_relay_ip(rq->turn, &rq->flow->local,
                      m->has_requested_family ? family_of(m->requested_family) : AF_INET, &ip) < 0)
        code = 440;
    if (code != 0)
        request_reject(rq, code);
    else
        allocate(rq, &ip);
}

void method_refresh(struct request *rq)
{
    const struct stun *m = rq->msg;
    uint32_t lifetime_s = alloc_lifetime_for(m->has_lifetime ? &m->lifetime_s : NULL);
    uint8_t buf[REPLY_MAX];
    struct wr w;

    if (m->has_requested_family && !alloc_relay(rq->alloc, family_of(m->requested_family))) {
        request_reject(rq, 443);
        return;
    }
    if (m->has_lifetime && m->lifetime_s == 0) {
        lifetime_s = 0;
        rq->alloc = alloc_free(rq->alloc);
    } else {
        alloc_extend(rq->alloc, lifetime_s, rq->now_ms);
    }
    w = request_reply(rq, buf);
    stun_put_u32(&w, STUN_ATTR_LIFETIME, lifetime_s);
    request_send(rq, &w);
}

static unsigned refuse_peer(const struct request *rq, const struct addr *peer)
{
    char client[ADDR_TEXT_SIZE], text[ADDR_TEXT_SIZE];

    log_limited(&rq->turn->log_refused, LOG_LEVEL_NOTICE, "%s wanted to reach %s, refused",
                addr_format(&rq->flow->client, client), addr_format(peer, text));
    return 403;
}

/* All permissions are installed, or none. */
static unsigned grant_all(const struct request *rq)
{
    struct perm_table perms = rq->alloc->perms;
    struct addr peer;
    size_t pos = 0;

    while (stun_next_peer(rq->msg, &pos, &peer)) {
        if (!alloc_relay(rq->alloc, peer.family))
            return 443;
        if (!peers_allow_ip(&rq->turn->peers, &peer))
            return refuse_peer(rq, &peer);
        if (perm_grant(&perms, &peer, rq->now_ms) < 0)
            return 508;
    }
    rq->alloc->perms = perms;
    return 0;
}

static void answer(const struct request *rq, unsigned code)
{
    uint8_t buf[REPLY_MAX];
    struct wr w;

    if (code != 0) {
        request_reject(rq, code);
        return;
    }
    w = request_reply(rq, buf);
    request_send(rq, &w);
}

void method_create_permission(struct request *rq)
{
    answer(rq, rq->msg->n_peers == 0 ? 400 : grant_all(rq));
}

static unsigned bind_channel(const struct request *rq)
{
    const struct addr *peer = &rq->msg->xor_peer;
    struct perm_table perms = rq->alloc->perms;
    int r;

    if (!rq->msg->has_channel || peer->family == 0)
        return 400;
    if (!alloc_relay(rq->alloc, peer->family))
        return 443;
    if (!peers_allow(&rq->turn->peers, peer))
        return refuse_peer(rq, peer);
    if (perm_grant(&perms, peer, rq->now_ms) < 0)
        return 508;
    r = chan_bind(&rq->alloc->chans, rq->msg->channel, peer, rq->now_ms);
    if (r < 0)
        return r == -ENOSPC ? 508 : 400;
    rq->alloc->perms = perms;
    return 0;
}

void method_channel_bind(struct request *rq)
{
    answer(rq, bind_channel(rq));
}
