#include "turn/classic.h"

#define BINDING_REQUEST 0x0001
#define BINDING_RESPONSE 0x0101
#define ID_SIZE 16 /* the cookie's place is part of it */
#define REPLY_SIZE (STUN_HEADER_SIZE + 8 + 16)

/* Attributes that the sender wants to be understood; the one that there was asks for an answer from
 * another address (CHANGE-REQUEST). */
static bool asks_for_more(struct bytes attributes)
{
    struct rd r = rd_init(attributes);

    while (rd_left(&r) > 0) {
        uint16_t type = rd_u16(&r);
        uint16_t len = rd_u16(&r);

        rd_skip(&r, len + (4 - len % 4) % 4u);
        if (r.failed || type < 0x8000)
            return true;
    }
    return false;
}

static void answer(const struct flow *flow, struct bytes id)
{
    size_t ip_len = addr_ip_len(&flow->client);
    uint8_t buf[REPLY_SIZE];
    struct wr w = wr_init(buf, sizeof(buf));

    wr_u16(&w, BINDING_RESPONSE);
    wr_u16(&w, (uint16_t) (8 + ip_len));
    wr_bytes(&w, id);
    wr_u16(&w, STUN_ATTR_MAPPED_ADDRESS);
    wr_u16(&w, (uint16_t) (4 + ip_len));
    wr_u16(&w, flow->client.family == AF_INET6 ? STUN_FAMILY_IPV6 : STUN_FAMILY_IPV4);
    wr_u16(&w, flow->client.port);
    wr_bytes(&w, bytes_of(flow->client.ip, ip_len));
    flow_send(flow, bytes_of(buf, wr_len(&w)), bytes_of(NULL, 0));
}

bool classic_on_datagram(struct turn *t, const struct flow *flow, struct bytes datagram)
{
    struct rd r = rd_init(datagram);
    uint16_t type = rd_u16(&r), len = rd_u16(&r);
    struct bytes id = rd_bytes(&r, ID_SIZE), cookie = bytes_of(id.p, id.p ? 4 : 0);

    if (r.failed || type != BINDING_REQUEST || len != rd_left(&r) ||
        bytes_eq(cookie, bytes_of("\x21\x12\xA4\x42", 4)))
        return false;
    if (asks_for_more(rd_bytes(&r, len)) ||
        !ratelimit_take(t->bindings, &flow->client, flow->transport->kind != TRANSPORT_UDP,
                        t->now_ms))
        stats_add(&t->stats, STAT_UNANSWERED, 1);
    else
        answer(flow, id);
    return true;
}
