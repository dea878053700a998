#include "turn/forward.h"

#include "turn/request.h"

/* Header, XOR-PEER-ADDRESS of IPv6, header and padding of DATA. */
#define INDICATION_OVERHEAD (STUN_HEADER_SIZE + 24 + 4 + 4)
#define INDICATION_DATA_MAX (UINT16_MAX - INDICATION_OVERHEAD)

void forward_send(struct turn *t, const struct flow *flow, const struct stun *m)
{
    uint16_t unknown[STUN_UNKNOWN_MAX + 1];
    struct addr dest;
    struct relay *r;
    struct alloc *a;

    if (m->xor_peer.family == 0 || !m->data.p || request_unknown(m, unknown) > 0)
        return;
    a = alloc_find(t->allocs, flow, t->now_ms);
    r = a ? alloc_relay(a, m->xor_peer.family) : NULL;
    if (r && perm_allows(&a->perms, &m->xor_peer, t->now_ms) &&
        peers_route(t->peers, &m->xor_peer, &dest))
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

    if (chandata_decode(datagram, &channel, &data) < 0)
        return;
    a = alloc_find(t->allocs, flow, t->now_ms);
    peer = a ? chan_peer(&a->chans, channel, t->now_ms) : NULL;
    r = peer ? alloc_relay(a, peer->family) : NULL;
    if (r && peers_route(t->peers, peer, &dest))
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

static void send_indication(struct turn *t, const struct alloc *a, const struct addr *peer,
                            struct bytes data)
{
    uint8_t buf[INDICATION_OVERHEAD + INDICATION_DATA_MAX], tid[STUN_TID_SIZE] = {0};
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len;

    t->last_tid++;
    memcpy(tid, &t->last_tid, sizeof(t->last_tid));
    stun_begin(&w, STUN_INDICATION, STUN_DATA, tid);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    stun_put_bytes(&w, STUN_ATTR_DATA, data);
    if (stun_finish(&w, &len) == 0)
        flow_send(&a->flow, bytes_of(buf, len), bytes_of(NULL, 0));
}

/* As whom the client is told the sender. */
static bool find_peer(const struct alloc *a, const struct addr *from, struct addr *ret_peer)
{
    size_t pos = 0;

    while (peers_origin(a->turn->peers, from, &pos, ret_peer)) {
        if (perm_allows(&a->perms, ret_peer, a->turn->now_ms))
            return true;
    }
    return false;
}

void forward_peer_data(struct relay *r, const struct addr *from, struct bytes data)
{
    struct alloc *a = r->owner;
    struct turn *t = a->turn;
    struct addr peer;
    uint16_t channel;

    if (a->expires_ms <= t->now_ms || !find_peer(a, from, &peer))
        return;
    channel = chan_number(&a->chans, &peer, t->now_ms);
    if (channel != 0)
        send_by_channel(a, channel, data);
    else
        send_indication(t, a, &peer, data);
}
