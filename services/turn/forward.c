#include "turn/forward.h"

/* Of each allocation's errors of the network, so many a second are told, and so many at once. */
#define ERRORS_PER_S 10u

/* Header, XOR-PEER-ADDRESS of IPv6, header and padding of DATA. */
#define INDICATION_OVERHEAD (STUN_HEADER_SIZE + 24 + 4 + 4)
#define INDICATION_DATA_MAX (UINT16_MAX - INDICATION_OVERHEAD)

/* DONT-FRAGMENT: between UDP and UDP it counts for IPv4 on both sides only (sections 13.1 to 13.3,
 * 14); from a stream, always (section 15). */
static bool must_not_fragment(const struct flow *flow, const struct stun *m)
{
    bool stream = flow->transport->kind == TRANSPORT_TCP || flow->transport->kind == TRANSPORT_TLS;

    return m->dont_fragment &&
           (stream || (flow->client.family == AF_INET && m->xor_peer.family == AF_INET));
}

/* Counts data that is about to pass, or that may not: its user has had enough for now. */
static bool admit(struct turn *t, struct alloc *a, enum usage_way way, size_t len)
{
    if (t->user_kbps != 0 && !quota_spend(a->quota_user, way, len, t->user_kbps, t->now_ms)) {
        a->usage.dropped++;
        stats_add(&t->stats, STAT_OVER_BANDWIDTH, 1);
        return false;
    }
    usage_add(&a->usage, way, len);
    stats_add(&t->stats, way == USAGE_IN ? STAT_PACKETS_TO_PEERS : STAT_PACKETS_TO_CLIENTS, 1);
    stats_add(&t->stats, way == USAGE_IN ? STAT_BYTES_TO_PEERS : STAT_BYTES_TO_CLIENTS, len);
    return true;
}

static bool knows_route(const struct alloc_route *r, uint32_t generation, const struct addr *from,
                        struct addr *ret_to)
{
    if (generation == 0 || r->generation != generation || !addr_eq(&r->from, from))
        return false;
    *ret_to = r->to;
    return true;
}

/* Where to send what is for this peer. */
static bool find_dest(struct alloc *a, const struct addr *peer, struct addr *ret_dest)
{
    struct turn *t = a->turn;
    uint32_t generation = peers_generation(t->peers);

    if (knows_route(&a->to_peer, generation, peer, ret_dest))
        return true;
    if (!peers_route(t->peers, peer, ret_dest)) {
        stats_add(&t->stats, STAT_DENIED_PEER, 1);
        return false;
    }
    a->to_peer = (struct alloc_route){generation, *peer, *ret_dest};
    return true;
}

static bool is_permitted(const struct alloc *a, const struct addr *peer)
{
    bool permitted = perm_allows(&a->perms, peer, a->turn->now_ms);

    stats_add(&a->turn->stats, STAT_NO_PERMISSION, !permitted);
    return permitted;
}

void forward_send(struct turn *t, const struct flow *flow, const struct stun *m)
{
    struct addr dest;
    struct relay *r;
    struct alloc *a;

    if (m->xor_peer.family == 0 || !m->data.p || m->n_unknown > 0 || m->malformed) {
        stats_add(&t->stats, STAT_MALFORMED, 1);
        return;
    }
    a = alloc_find(t->allocs, flow, t->now_ms);
    r = a ? alloc_relay(a, m->xor_peer.family) : NULL;
    if (!r || !is_permitted(a, &m->xor_peer) || !find_dest(a, &m->xor_peer, &dest) ||
        !admit(t, a, USAGE_IN, m->data.len))
        return;
    if (must_not_fragment(flow, m))
        relay_send_unfragmented(r, &dest, m->data);
    else
        relay_send(r, &dest, m->data);
}

void forward_chandata(struct turn *t, const struct flow *flow, struct bytes datagram)
{
    const struct addr *peer;
    struct bytes data;
    struct addr dest;
    uint16_t channel;
    struct relay *r;
    struct alloc *a;

    if (chandata_decode(datagram, &channel, &data) < 0) {
        stats_add(&t->stats, STAT_MALFORMED, 1);
        return;
    }
    a = alloc_find(t->allocs, flow, t->now_ms);
    peer = a ? chan_peer(&a->chans, channel, t->now_ms) : NULL;
    stats_add(&t->stats, STAT_NO_PERMISSION, a && !peer);
    r = peer ? alloc_relay(a, peer->family) : NULL;
    if (r && find_dest(a, peer, &dest) && admit(t, a, USAGE_IN, data.len))
        relay_send(r, &dest, data);
}

static void send_by_channel(const struct alloc *a, uint16_t channel, struct bytes data)
{
    uint8_t head[CHANDATA_HEADER_SIZE];
    struct wr w = wr_init(head, sizeof(head));

    wr_u16(&w, channel);
    wr_u16(&w, (uint16_t) data.len);
    flow_send(&a->flow, bytes_of(head, sizeof(head)), data);
}

static struct wr begin_indication(struct turn *t, uint8_t *buf, size_t size,
                                  const struct addr *peer)
{
    struct wr w = wr_init(buf, size);
    uint8_t tid[STUN_TID_SIZE] = {0};

    t->last_tid++;
    memcpy(tid, &t->last_tid, sizeof(t->last_tid));
    stun_begin(&w, STUN_INDICATION, STUN_DATA, tid);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    return w;
}

static void send_indication(const struct alloc *a, struct wr *w)
{
    size_t len;

    if (stun_finish(w, &len) == 0)
        flow_send(&a->flow, bytes_of(w->start, len), bytes_of(NULL, 0));
}

static void send_by_indication(const struct alloc *a, const struct addr *peer, struct bytes data)
{
    uint8_t buf[INDICATION_OVERHEAD + INDICATION_DATA_MAX];
    struct wr w = begin_indication(a->turn, buf, sizeof(buf), peer);

    stun_put_bytes(&w, STUN_ATTR_DATA, data);
    send_indication(a, &w);
}

/* As whom the client is told the sender: the first of its addresses that has a permission. */
static bool find_peer(struct alloc *a, const struct addr *from, struct addr *ret_peer)
{
    struct turn *t = a->turn;
    uint32_t generation = peers_generation(t->peers);
    size_t pos = 0, n = 0;
    struct addr peer;

    if (knows_route(&a->to_client, generation, from, ret_peer) &&
        perm_allows(&a->perms, ret_peer, t->now_ms))
        return true;
    for (; peers_origin(t->peers, from, &pos, &peer); n++) {
        if (!perm_allows(&a->perms, &peer, t->now_ms))
            continue;
        if (n == 0)
            a->to_client = (struct alloc_route){generation, *from, peer};
        *ret_peer = peer;
        return true;
    }
    stats_add(&t->stats, n > 0 ? STAT_NO_PERMISSION : STAT_DENIED_PEER, 1);
    return false;
}

void forward_peer_data(struct relay *r, const struct addr *from, struct bytes data)
{
    struct alloc *a = r->owner;
    struct turn *t = a->turn;
    struct addr peer;
    uint16_t channel;

    if (alloc_relay_is_over(a, r, t->now_ms) || !find_peer(a, from, &peer) ||
        !admit(t, a, USAGE_OUT, data.len))
        return;
    channel = chan_number(&a->chans, &peer, t->now_ms);
    if (channel != 0)
        send_by_channel(a, channel, data);
    else
        send_by_indication(a, &peer, data);
}

/* Whom we sent to counts, not who complains (section 11.5). */
void forward_peer_error(struct relay *r, const struct icmp_error *e)
{
    uint8_t buf[STUN_HEADER_SIZE + 64];
    struct alloc *a = r->owner;
    struct turn *t = a->turn;
    struct addr peer;
    struct wr w;

    if (alloc_relay_is_over(a, r, t->now_ms) || !find_peer(a, &e->peer, &peer) ||
        !bucket_take(&a->errors, 1000000 / ERRORS_PER_S, ERRORS_PER_S, t->now_ms))
        return;
    w = begin_indication(t, buf, sizeof(buf), &peer);
    stun_put_icmp(&w, e->type, e->code, e->data);
    send_indication(a, &w);
}
