#include "turn/forward.h"

#include "base/clock.h"
#include "turn/request.h"

/* Header, XOR-PEER-ADDRESS of IPv6, header and padding of DATA. */
#define INDICATION_OVERHEAD (STUN_HEADER_SIZE + 24 + 4 + 4)

_Static_assert(UDP_HEADROOM >= CHANDATA_HEADER_SIZE, "the channel's header goes in front");

void forward_send(struct turn *t, const struct flow *flow, const struct stun *m, uint64_t now_ms)
{
    uint16_t unknown[STUN_UNKNOWN_MAX + 1];
    struct alloc *a;

    if (m->xor_peer.family == 0 || !m->data.p || request_unknown(m, unknown) > 0)
        return;
    a = alloc_find(t->allocs, flow, now_ms);
    if (a && perm_allows(&a->perms, &m->xor_peer, now_ms) && peers_allow(&t->peers, &m->xor_peer))
        relay_send(&a->relay, &m->xor_peer, m->data);
}

void forward_chandata(struct turn *t, const struct flow *flow, struct bytes datagram,
                      uint64_t now_ms)
{
    const struct addr *peer;
    struct bytes data;
    uint16_t channel;
    struct alloc *a;

    if (chandata_decode(datagram, &channel, &data) < 0)
        return;
    a = alloc_find(t->allocs, flow, now_ms);
    peer = a ? chan_peer(&a->chans, channel, now_ms) : NULL;
    if (peer && peers_allow(&t->peers, peer))
        relay_send(&a->relay, peer, data);
}

static void send_by_channel(const struct alloc *a, uint16_t channel, uint8_t *data, size_t len)
{
    uint8_t *start = data - CHANDATA_HEADER_SIZE;
    struct wr w = wr_init(start, CHANDATA_HEADER_SIZE);

    wr_u16(&w, channel);
    wr_u16(&w, (uint16_t) len);
    flow_send(&a->flow, bytes_of(start, CHANDATA_HEADER_SIZE + len));
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
        flow_send(&a->flow, bytes_of(buf, len));
}

void forward_peer_data(struct relay *r, const struct addr *peer, uint8_t *data, size_t len)
{
    struct alloc *a = container_of(r, struct alloc, relay);
    struct turn *t = a->owner;
    uint64_t now_ms = clock_ms();
    uint16_t channel;

    if (a->expires_ms <= now_ms || !perm_allows(&a->perms, peer, now_ms) ||
        !peers_allow(&t->peers, peer))
        return;
    channel = chan_number(&a->chans, peer, now_ms);
    if (channel != 0)
        send_by_channel(a, channel, data, len);
    else
        send_indication(t, a, peer, bytes_of(data, len));
}
