#include "turn/forward.h"

#include "turn/request.h"

/* Header, XOR-PEER-ADDRESS of IPv6, header and padding of DATA. */
#define INDICATION_OVERHEAD (STUN_HEADER_SIZE + 24 + 4 + 4)

void forward_send(struct turn *t, const struct flow *flow, const struct stun *m)
{
    uint16_t unknown[STUN_UNKNOWN_MAX + 1];
    struct relay *r;
    struct alloc *a;

    if (m->xor_peer.family == 0 || !m->data.p || request_unknown(m, unknown) > 0)
        return;
    a = alloc_find(t->allocs, flow, t->now_ms);
    r = a ? alloc_relay(a, m->xor_peer.family) : NULL;
    if (r && perm_allows(&a->perms, &m->xor_peer, t->now_ms) &&
        peers_allow(&t->peers, &m->xor_peer))
        relay_send(r, &m->xor_peer, m->data);
}

void forward_chandata(struct turn *t, const struct flow *flow, struct bytes datagram)
{
    const struct addr *peer;
    struct bytes data;
    uint16_t channel;
    struct relay *r;
    struct alloc *a;

    if (chandata_decode(datagram, &channel, &data) < 0)
        return;
    a = alloc_find(t->allocs, flow, t->now_ms);
    peer = a ? chan_peer(&a->chans, channel, t->now_ms) : NULL;
    r = peer ? alloc_relay(a, peer->family) : NULL;
    if (r && peers_allow(&t->peers, peer))
        relay_send(r, peer, data);
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
    uint8_t buf[INDICATION_OVERHEAD + UDP_DATA_MAX], tid[STUN_TID_SIZE] = {0};
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

void forward_peer_data(struct relay *r, const struct addr *peer, struct bytes data)
{
    struct alloc *a = r->owner;
    struct turn *t = a->turn;
    uint64_t now_ms;
    uint16_t channel;

    turn_tick(t);
    now_ms = t->now_ms;
    if (a->expires_ms <= now_ms || !perm_allows(&a->perms, peer, now_ms) ||
        !peers_allow(&t->peers, peer))
        return;
    channel = chan_number(&a->chans, peer, now_ms);
    if (channel != 0)
        send_by_channel(a, channel, data);
    else
        send_indication(t, a, peer, data);
    turn_flush(t);
}
