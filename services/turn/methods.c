#include "turn/methods.h"

#include "base/log.h"

#include <errno.h>

void method_binding(struct request *rq)
{
    uint8_t buf[REPLY_MAX];
    struct wr w = request_reply(rq, buf);

    stun_put_xor_addr(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &rq->flow->client);
    request_send(rq, &w);
}

static void reply_refreshed(const struct request *rq, uint32_t lifetime_s)
{
    uint8_t buf[REPLY_MAX];
    struct wr w = request_reply(rq, buf);

    stun_put_u32(&w, STUN_ATTR_LIFETIME, lifetime_s);
    request_send(rq, &w);
}

/* RFC 8656 section 8.2. The relay of one family is meant, or all there are. One that was deleted
 * may be deleted again: the answer was lost. */
void method_refresh(struct request *rq)
{
    const struct stun *m = rq->msg;
    int family = m->has_requested_family ? request_family(m->requested_family) : 0;
    bool deletes = m->has_lifetime && m->lifetime_s == 0;
    uint32_t lifetime_s = alloc_lifetime_for(m->has_lifetime ? &m->lifetime_s : NULL);

    if (m->has_requested_family &&
        (family == 0 || !(deletes ? alloc_had_relay(rq->alloc, family)
                                  : alloc_relay(rq->alloc, family) != NULL))) {
        request_reject(rq, 443);
    } else if (deletes) {
        rq->alloc = alloc_end(rq->alloc, family);
        reply_refreshed(rq, 0);
    } else {
        alloc_extend(rq->alloc, family, lifetime_s, rq->now_ms);
        reply_refreshed(rq, lifetime_s);
    }
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
        if (!peers_allow_ip(rq->turn->peers, &peer))
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

/* RFC 8656 section 12.2: its checks, in its order. */
static unsigned bind_channel(const struct request *rq)
{
    const struct addr *peer = &rq->msg->xor_peer;
    struct chan_table *chans = &rq->alloc->chans;
    uint16_t number = rq->msg->channel;
    struct addr dest;
    int r;

    if (!rq->msg->has_channel || peer->family == 0)
        return 400;
    r = chan_check(chans, number, peer, rq->now_ms);
    if (r == -ERANGE || r == -EEXIST)
        return 400;
    if (!alloc_relay(rq->alloc, peer->family))
        return 443;
    if (!peers_route(rq->turn->peers, peer, &dest))
        return refuse_peer(rq, peer);
    if (r < 0 || perm_grant(&rq->alloc->perms, peer, rq->now_ms) < 0)
        return 508;
    return chan_bind(chans, number, peer, rq->now_ms) < 0 ? 508 : 0;
}

void method_channel_bind(struct request *rq)
{
    answer(rq, bind_channel(rq));
}
