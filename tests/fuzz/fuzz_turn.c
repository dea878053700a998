/* What clients, peers, operators and time do to a TURN server. The input is a list of records: kind
 * and client, length, bytes. A signed request is made of any attributes, to get past the
 * authentication; that is RFC 8489's when the input has an odd length. There are clients of both
 * families, over datagrams and over streams, of two users, the second of whom has not long. They
 * are swallowed by transports of our own, relays send to the discard port of loopback. */
#include "base/clock.h"
#include "base/crypto.h"
#include "codec/turn_stream.h"
#include "turn/forward.h"

#include <stdlib.h>

/* Of a record: what it is of, then for whom. */
#define KIND_MASK 0x70
#define KIND_MESSAGE 0x00
#define KIND_SIGNED 0x10
#define KIND_PEER 0x20
#define KIND_NETWORK 0x30
#define KIND_REVOKE 0x40
#define KIND_POLICY 0x50
#define KIND_SETTINGS 0x60
#define KIND_TIME 0x70
#define LATER 0x80 /* 100 s later than the last one */
#define PEER_V6 0x08
#define CLAIM 0x08 /* of a signed request: what was reserved last */
#define STREAM 0x04
#define CLIENT_V6 0x02
#define SECOND_USER 0x01

#define N_POLICIES 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct turn turn;
static struct auth auth, sha256_auth;
static struct quota *quota;
static struct peers *policies[N_POLICIES + 1]; /* and none */
static const char *const users[] = {"9999999999:fuzz", "500:fuzz"};
static uint8_t keys[2][16];
static uint8_t token[RESERVATION_TOKEN_SIZE];
static struct turn_config config = {
    .relay_ports = {57001, 65535}, .total_quota = 8, .secret = "s", .realm = "r"};
static const struct peers_media media[] = {{.addr = {AF_INET, 9, 0, {127, 0, 0, 1}}},
                                           {.addr = {AF_INET6, 9, 0, {[15] = 1}}}};
static const struct peers_media behind_nat[] = {
    {.addr = {AF_INET, 9, 0, {192, 0, 2, 1}}, .via = {AF_INET, 9, 0, {127, 0, 0, 1}}}};

static void swallow(struct transport *t, const struct flow *flow, struct bytes head,
                    struct bytes body)
{
    struct stun m;

    (void) t;
    if (flow->client.family == 0 || head.len + body.len < CHANDATA_HEADER_SIZE)
        abort();
    if (stun_decode(head, &m) == 0 && m.reservation_token.p)
        memcpy(token, m.reservation_token.p, sizeof(token));
}

static void derive_key(const char *name, uint8_t ret[static 16])
{
    char password[BASE64_SIZE(SHA1_SIZE)];
    struct bytes user = bytes_str(name);
    uint8_t mac[SHA1_SIZE];

    hmac_sha1(bytes_str(config.secret), &user, 1, mac);
    base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password));
    stun_long_term_key(user, bytes_str(config.realm), bytes_str(password), ret);
}

static void init(void)
{
    const struct peers_rules rules[N_POLICIES] = {
        {.media = media, .n_media = 2},
        {.media = behind_nat, .n_media = 1, .internal_relay = true},
        {.any_public = true, .own = &media[0].addr, .n_own = 1},
    };
    static const uint8_t nonce_key[NONCE_KEY_SIZE];
    struct userhash_table *usernames;
    struct loop *loop;

    log_init("fuzz", LOG_LEVEL_ERROR);
    if (auth_init(&auth, config.secret, config.realm, nonce_key) < 0 ||
        auth_init(&sha256_auth, config.secret, config.realm, nonce_key) < 0 ||
        userhash_table_new(8, config.realm, &usernames) < 0 ||
        auth_use_sha256(&sha256_auth, usernames, nonce_key) < 0 || loop_new(&loop) < 0 ||
        turn_init(&turn, loop, &config, &auth, NULL) < 0)
        abort();
    for (size_t i = 0; i < 2; i++) {
        derive_key(users[i], keys[i]);
        if (userhash_put(usernames, bytes_str(users[i]), 0) < 0)
            abort();
    }
    for (size_t i = 0; i < N_POLICIES; i++) {
        if (peers_new(&rules[i], &policies[i]) < 0)
            abort();
    }
}

/* A server without clients, of whom it knows nothing. */
static void begin(void)
{
    turn.allocs = alloc_table_free(turn.allocs);
    turn.logins = ratelimit_free(turn.logins);
    turn.bindings = ratelimit_free(turn.bindings);
    if (ratelimit_new(&ratelimit_logins, 1, &turn.logins) < 0 ||
        ratelimit_new(&ratelimit_bindings, 1, &turn.bindings) < 0 ||
        quota_new(config.total_quota, 3, &quota) < 0 ||
        reservations_new(quota, &turn.reservations) < 0 ||
        alloc_table_new(config.total_quota, quota, &turn.allocs) < 0)
        abort();
    auth.quota = sha256_auth.quota = quota;
    turn_set_peers(&turn, peers_ref(policies[0]));
    turn.external_ip = turn.alternate_server = (struct addr){0};
    turn.user_kbps = 0;
}

/* Nothing is left of them. */
static void end(void)
{
    turn.allocs = alloc_table_free(turn.allocs);
    turn.reservations = reservations_free(turn.reservations);
    if (quota_count(quota) != 0)
        abort();
    quota = quota_free(quota);
}

static void signed_request(const struct flow *flow, uint8_t kind,
                           struct bytes method_and_attributes)
{
    bool second = kind & SECOND_USER;
    struct rd r = rd_init(method_and_attributes);
    uint8_t method = rd_u8(&r), tid[STUN_TID_SIZE] = {method >> 4};
    char nonce[NONCE_MAX + 1];
    uint8_t buf[2048];
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len;

    nonce_make(&turn.auth->nonces, &flow->client, clock_ms(), nonce);
    stun_begin(&w, STUN_REQUEST, (enum stun_method)(method & 0xf), tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(users[second]));
    stun_put_bytes(&w, STUN_ATTR_REALM, bytes_str(config.realm));
    stun_put_bytes(&w, STUN_ATTR_NONCE, bytes_str(nonce));
    wr_bytes(&w, rd_bytes(&r, rd_left(&r) & ~(size_t) 3));
    if (kind & CLAIM)
        stun_put_bytes(&w, STUN_ATTR_RESERVATION_TOKEN, bytes_of(token, sizeof(token)));
    stun_put_integrity(&w, bytes_of(keys[second], sizeof(keys[second])));
    if (stun_finish(&w, &len) == 0)
        turn_on_datagram(&turn, flow, bytes_of(buf, len));
}

/* A stream may have several in one read. */
static void message(const struct flow *flow, struct bytes in)
{
    struct bytes one;
    size_t taken;

    if (flow->transport->kind == TRANSPORT_UDP)
        turn_on_datagram(&turn, flow, in);
    while (flow->transport->kind == TRANSPORT_TCP &&
           turn_stream_next(in, TURN_STREAM_MESSAGE_MAX, &one, &taken) == 0) {
        turn_on_datagram(&turn, flow, one);
        in = bytes_of(in.p + taken, in.len - taken);
    }
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

/* What a reload brings, and the sweep that is due now and then. */
static void change_settings(struct bytes data)
{
    struct rd r = rd_init(data);
    uint8_t what = rd_u8(&r);

    turn.external_ip = what & 1 ? behind_nat[0].addr : (struct addr){0};
    turn.alternate_server = what & 2 ? behind_nat[0].addr : (struct addr){0};
    turn.user_kbps = rd_u8(&r);
    alloc_table_sweep(turn.allocs, clock_ms());
    reservations_expire(turn.reservations, clock_ms());
}

static void take_record(const struct flow *flow, uint8_t kind, struct bytes bytes)
{
    switch (kind & KIND_MASK) {
    case KIND_MESSAGE:
        message(flow, bytes);
        break;
    case KIND_SIGNED:
        signed_request(flow, kind, bytes);
        break;
    case KIND_PEER:
        from_peer(flow, (kind & PEER_V6) != 0, bytes);
        break;
    case KIND_NETWORK:
        from_network(flow, (kind & PEER_V6) != 0, bytes);
        break;
    case KIND_REVOKE:
        (void) quota_revoke(quota, bytes_str(users[kind & SECOND_USER]), clock_wall_ms());
        break;
    case KIND_POLICY:
        turn_set_peers(&turn, peers_ref(policies[kind & N_POLICIES]));
        break;
    case KIND_SETTINGS:
        change_settings(bytes);
        break;
    default: /* KIND_TIME: it has passed already */
        break;
    }
    turn_flush(&turn);
}

static uint64_t pause_us(uint8_t kind, struct bytes bytes)
{
    struct rd r = rd_init(bytes);

    if ((kind & KIND_MASK) == KIND_TIME)
        return rd_u32(&r) * (uint64_t) 1000;
    return kind & LATER ? 100000000 : 1000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct transport transports[] = {{TRANSPORT_UDP, swallow}, {TRANSPORT_TCP, swallow}};
    struct rd r = rd_init(bytes_of(data, size));
    uint64_t now_us = 1000000;

    if (!policies[0])
        init();
    turn.auth = size % 2 ? &sha256_auth : &auth;
    begin();
    while (rd_left(&r) > 0) {
        uint8_t kind = rd_u8(&r);
        uint8_t len = rd_u8(&r);
        struct bytes bytes = rd_bytes(&r, len);
        bool v6 = kind & CLIENT_V6;
        uint16_t port = (uint16_t) (1 + kind % 4);
        struct flow flow = {.client = media[v6].addr,
                            .local = media[v6].addr,
                            .transport = &transports[(kind & STREAM) != 0]};

        if (r.failed)
            break;
        flow.client.port = port;
        flow.local.port = 3478;
        clock_fake(now_us += pause_us(kind, bytes));
        turn_tick(&turn);
        take_record(&flow, kind, bytes);
    }
    reservations_expire(turn.reservations, UINT64_MAX);
    if (alloc_table_count(turn.allocs) != quota_count(quota))
        abort();
    end();
    return 0;
}
