/* What clients and peers send to a TURN server. The input is a list of records: client and kind,
 * length, bytes. A signed request is made of any attributes, to get past the authentication; that
 * is RFC 8489's when the input has an odd length. Clients are swallowed by a transport of our own,
 * relays send to the discard port of loopback. */
#include "base/clock.h"
#include "base/crypto.h"
#include "turn/forward.h"

#include <stdlib.h>

#define USER "9999999999:fuzz"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct turn turn;
static struct auth auth, sha256_auth;
static struct quota *quota;
static uint8_t key[16];
static struct turn_config config = {
    .relay_ports = {57001, 65535}, .total_quota = 8, .secret = "s", .realm = "r"};
static const struct peers_media media[] = {{.addr = {AF_INET, 9, 0, {127, 0, 0, 1}}},
                                           {.addr = {AF_INET6, 9, 0, {[15] = 1}}}};

static void swallow(struct transport *t, const struct flow *flow, struct bytes head,
                    struct bytes body)
{
    (void) t;
    if (flow->client.family == 0 || head.len + body.len < CHANDATA_HEADER_SIZE)
        abort();
}

static void init(void)
{
    struct bytes user = bytes_str(USER);
    char password[BASE64_SIZE(SHA1_SIZE)];
    uint8_t mac[SHA1_SIZE];
    static const uint8_t nonce_key[NONCE_KEY_SIZE];
    struct userhash_table *usernames;
    struct peers *peers;
    struct loop *loop;

    log_init("fuzz", LOG_LEVEL_ERROR);
    hmac_sha1(bytes_str(config.secret), &user, 1, mac);
    base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password));
    stun_long_term_key(user, bytes_str(config.realm), bytes_str(password), key);
    if (auth_init(&auth, config.secret, config.realm, nonce_key) < 0 ||
        auth_init(&sha256_auth, config.secret, config.realm, nonce_key) < 0 ||
        userhash_table_new(8, config.realm, &usernames) < 0 ||
        userhash_put(usernames, user, 0) < 0 ||
        auth_use_sha256(&sha256_auth, usernames, nonce_key) < 0 || loop_new(&loop) < 0 ||
        quota_new(8, 8, &quota) < 0 || turn_init(&turn, loop, &config, &auth, quota) < 0 ||
        reservations_new(quota, &turn.reservations) < 0 ||
        peers_new(&(struct peers_rules){.media = media, .n_media = 2}, &peers) < 0)
        abort();
    turn_set_peers(&turn, peers);
}

static void signed_request(const struct flow *flow, struct bytes method_and_attributes)
{
    static const uint8_t tid[STUN_TID_SIZE];
    struct rd r = rd_init(method_and_attributes);
    char nonce[NONCE_MAX + 1];
    uint8_t buf[2048];
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len;

    nonce_make(&turn.auth->nonces, &flow->client, clock_ms(), nonce);
    stun_begin(&w, STUN_REQUEST, (enum stun_method)(rd_u8(&r) & 0xf), tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(USER));
    stun_put_bytes(&w, STUN_ATTR_REALM, bytes_str(config.realm));
    stun_put_bytes(&w, STUN_ATTR_NONCE, bytes_str(nonce));
    wr_bytes(&w, rd_bytes(&r, rd_left(&r) & ~(size_t) 3));
    stun_put_integrity(&w, bytes_of(key, sizeof(key)));
    if (stun_finish(&w, &len) == 0)
        turn_on_datagram(&turn, flow, bytes_of(buf, len));
}

static struct relay *relay_of(const struct flow *flow, unsigned family)
{
    struct alloc *a = alloc_find(turn.allocs, flow, clock_ms());

    return a ? alloc_relay(a, family ? AF_INET6 : AF_INET) : NULL;
}

static void from_peer(const struct flow *flow, unsigned which, struct bytes data)
{
    struct relay *relay = relay_of(flow, which);

    if (relay)
        forward_peer_data(relay, &media[which].addr, data);
}

static void from_network(const struct flow *flow, unsigned which, struct bytes data)
{
    struct icmp_error e = {.peer = media[which].addr};
    struct relay *relay = relay_of(flow, which);
    struct rd r = rd_init(data);

    e.type = rd_u8(&r);
    e.code = rd_u8(&r);
    e.data = rd_u32(&r);
    if (relay)
        forward_peer_error(relay, &e);
}

static void take_record(const struct flow *flow, uint8_t kind, struct bytes bytes)
{
    switch (kind & 0x30) {
    case 0x10:
        signed_request(flow, bytes);
        break;
    case 0x20:
        from_peer(flow, kind >> 3 & 1, bytes);
        break;
    case 0x30:
        from_network(flow, kind >> 3 & 1, bytes);
        break;
    default:
        turn_on_datagram(&turn, flow, bytes);
    }
    turn_flush(&turn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct transport transport = {.send = swallow}; /* of allocations until the next call */
    struct rd r = rd_init(bytes_of(data, size));
    uint64_t now_us = 1000000;

    if (!quota)
        init();
    turn.auth = size % 2 ? &sha256_auth : &auth;
    turn.allocs = alloc_table_free(turn.allocs);
    if (alloc_table_new(config.total_quota, quota, &turn.allocs) < 0)
        abort();
    while (rd_left(&r) > 0) {
        uint8_t kind = rd_u8(&r);
        uint8_t len = rd_u8(&r);
        struct bytes bytes = rd_bytes(&r, len);
        struct flow flow = {.client = {AF_INET, (uint16_t) (1 + kind % 4), 0, {127, 0, 0, 1}},
                            .local = {AF_INET, 3478, 0, {127, 0, 0, 1}},
                            .transport = &transport};

        clock_fake(now_us += (kind & 0x80) ? 100000000 : 1000);
        turn_tick(&turn);
        if (r.failed)
            break;
        take_record(&flow, kind, bytes);
    }
    reservations_expire(turn.reservations, UINT64_MAX);
    if (alloc_table_count(turn.allocs) != quota_count(quota))
        abort();
    return 0;
}
