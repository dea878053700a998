/* The control plane of TURN over loopback: who may allocate what, for how long. */
#include "turn_client.h"

static struct server_under_test server;
static struct client c;

static int setup(void **state)
{
    struct turn_config config = default_config("127.0.0.1");

    (void) state;
    server_start(&server, &config);
    client_open(&c, &server, "127.0.0.1", "127.0.0.1");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    client_close(&c);
    server_end(&server);
    return 0;
}

/* An Allocate of UDP with one attribute more. */
static struct wr allocate_request(void)
{
    struct wr w = client_request(&c, STUN_ALLOCATE);

    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    return w;
}

static void test_binding(void **state)
{
    struct wr w = client_request(&c, STUN_BINDING);

    (void) state;
    assert_int_equal(client_exchange_unsigned(&c, &w), 0);
    assert_true(addr_eq(&c.reply.xor_mapped, &c.addr));
    c.fingerprint = true;
    w = client_request(&c, STUN_BINDING);
    assert_int_equal(client_exchange_unsigned(&c, &w), 0);
}

/* As clients of RFC 3489 ask: the place of the magic cookie belongs to the transaction's id. */
static void test_classic_binding(void **state)
{
    static const uint8_t request[] = "\0\x01\0\x08"
                                     "0123456789abcdef"
                                     "\x80\x22\0\x03lib";
    static const uint8_t change[] = "\0\x01\0\x08"
                                    "0123456789abcdef"
                                    "\0\x03\0\x04\0\0\0\x06";
    uint8_t expected[32] = "\x01\x01\0\x0c"
                           "0123456789abcdef"
                           "\0\x01\0\x08\0\x01";
    struct bytes reply;

    (void) state;
    expected[26] = (uint8_t) (c.addr.port >> 8);
    expected[27] = (uint8_t) c.addr.port;
    memcpy(expected + 28, c.addr.ip, 4);
    client_send(&c, bytes_of(change, 28)); /* from another address: nobody here can */
    client_send(&c, bytes_of(request, 28));
    reply = client_receive(&c);
    assert_int_equal(reply.len, sizeof(expected));
    assert_memory_equal(reply.p, expected, sizeof(expected));
    for (size_t len = 0; len < 28; len++) /* cut */
        client_send(&c, bytes_of(request, len));
    client_send(&c, bytes_of(request, 28));
    reply = client_receive(&c);
    assert_memory_equal(reply.p, expected, sizeof(expected));
}

static void test_challenge_then_allocation(void **state)
{
    struct wr w = allocate_request();

    (void) state;
    c.fingerprint = true;
    assert_int_equal(client_exchange_unsigned(&c, &w), 401);
    assert_true(bytes_eq_str(c.reply.realm, REALM));
    assert_int_equal(c.reply.error_reason.len, 0);
    assert_null(c.reply.integrity.p);
    assert_true(c.reply.raw.len <= 100); /* little more than was asked with */
    assert_int_equal(n_allocations(&server), 0);

    w = allocate_request();
    assert_int_equal(client_exchange(&c, &w), 0);
    assert_int_equal(c.reply.xor_relayed.family, AF_INET);
    assert_true(addr_is_loopback(&c.reply.xor_relayed));
    assert_in_range(c.reply.xor_relayed.port, 57001, 65535);
    assert_true(addr_eq(&c.reply.xor_mapped, &c.addr));
    assert_int_equal(c.reply.lifetime_s, 600);
    assert_int_equal(n_allocations(&server), 1);
}

/* Without credentials, and not what a client begins with. */
static void test_strangers(void **state)
{
    struct wr w = client_request(&c, STUN_ALLOCATE);

    (void) state;
    assert_int_equal(client_exchange_unsigned(&c, &w), 400);
    w = client_request(&c, STUN_REFRESH);
    assert_int_equal(client_exchange_unsigned(&c, &w), 437);
    assert_int_equal(client_allocate(&c), 0);
    w = client_request(&c, STUN_REFRESH);
    assert_int_equal(client_exchange_unsigned(&c, &w), 400);
    w = client_request(&c, STUN_REFRESH);
    stun_put_u32(&w, STUN_ATTR_LIFETIME, 0);
    assert_int_equal(client_exchange_unsigned(&c, &w), 401);
    assert_int_equal(n_allocations(&server), 1);
}

static void test_repeated_allocate(void **state)
{
    struct addr relayed;
    struct wr w;

    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    relayed = c.reply.xor_relayed;

    c.n_requests--; /* the same transaction, its answer was lost */
    w = allocate_request();
    assert_int_equal(client_exchange(&c, &w), 0);
    assert_true(addr_eq(&c.reply.xor_relayed, &relayed));
    w = allocate_request(); /* another one */
    assert_int_equal(client_exchange(&c, &w), 437);
    assert_int_equal(n_allocations(&server), 1);
}

static void test_wrong_credentials(void **state)
{
    char user[64];
    struct wr w;

    (void) state;
    strcpy(user, c.user);
    client_set_user(&c, "wrong", user);
    assert_int_equal(client_allocate(&c), 401);
    client_set_user(&c, SECRET, "alice");
    assert_int_equal(client_allocate(&c), 401);
    snprintf(user, sizeof(user), "%u:a", START_S);
    client_set_user(&c, SECRET, user);
    assert_int_equal(client_allocate(&c), 401); /* its time is just over */
    assert_int_equal(n_allocations(&server), 0);

    w = allocate_request();
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(c.user));
    stun_put_integrity(&w, bytes_of(c.key, sizeof(c.key)));
    assert_int_equal(client_exchange_unsigned(&c, &w), 400);
}

static void test_nonces(void **state)
{
    struct wr w;

    (void) state;
    client_get_nonce(&c);
    at_s(601);
    w = allocate_request();
    assert_int_equal(client_exchange(&c, &w), 438);
    assert_int_equal(c.reply.error_reason.len, 0);
    assert_non_null(c.reply.realm.p);
    w = allocate_request(); /* with the nonce that came along */
    assert_int_equal(client_exchange(&c, &w), 0);

    strcpy(c.nonce, "something else");
    assert_int_equal(client_refresh(&c, 600), 438);
    assert_int_equal(client_refresh(&c, 600), 0);
}

static void test_nonce_of_another_client(void **state)
{
    struct client other;

    (void) state;
    client_open(&other, &server, "127.0.0.1", "127.0.0.1");
    client_get_nonce(&other);
    strcpy(c.nonce, other.nonce);
    struct wr w = allocate_request();

    assert_int_equal(client_exchange(&c, &w), 438);
    client_close(&other);
}

static unsigned allocate_with(enum stun_attr type, const char *value, size_t len)
{
    struct wr w = allocate_request();

    stun_put_bytes(&w, type, bytes_of(value, len));
    return client_exchange(&c, &w);
}

static void test_refused_wishes(void **state)
{
    struct wr w;

    (void) state;
    client_get_nonce(&c);
    w = client_request(&c, STUN_ALLOCATE);
    assert_int_equal(client_exchange(&c, &w), 400); /* no transport */
    w = client_request(&c, STUN_ALLOCATE);
    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 6u << 24);
    assert_int_equal(client_exchange(&c, &w), 442); /* TCP */
    assert_int_equal(allocate_with(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\3\0\0\0", 4), 440);
    assert_int_equal(allocate_with(STUN_ATTR_RESERVATION_TOKEN, "12345678", 8), 508);
    assert_int_equal(allocate_with((enum stun_attr) 0x7ff0, "", 0), 420);
    assert_int_equal(n_allocations(&server), 0);

    w = allocate_request();
    stun_put_bytes(&w, STUN_ATTR_RESERVATION_TOKEN, bytes_str("12345678"));
    stun_put_bytes(&w, STUN_ATTR_EVEN_PORT, bytes_of("\0", 1));
    assert_int_equal(client_exchange(&c, &w), 400);
}

static void test_unknown_attributes_are_named(void **state)
{
    struct wr w = client_request(&c, STUN_BINDING);

    (void) state;
    stun_put_bytes(&w, (enum stun_attr) 0x7ff1, bytes_str("abc"));
    assert_int_equal(client_exchange_unsigned(&c, &w), 420);
    assert_memory_equal(c.reply.raw.p + c.reply.raw.len - 8, "\x00\x0a\x00\x02\x7f\xf1\x00\x00", 8);
}

static void test_even_port(void **state)
{
    (void) state;
    client_get_nonce(&c);
    assert_int_equal(allocate_with(STUN_ATTR_EVEN_PORT, "\0", 1), 0);
    assert_int_equal(c.reply.xor_relayed.port % 2, 0);
}

static void test_other_family(void **state)
{
    (void) state;
    client_get_nonce(&c);
    assert_int_equal(allocate_with(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\2\0\0\0", 4), 0);
    assert_int_equal(c.reply.xor_relayed.family, AF_INET6);
    assert_true(addr_is_loopback(&c.reply.xor_relayed));
}

static void test_lifetimes(void **state)
{
    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(client_refresh(&c, 1), 0);
    assert_int_equal(c.reply.lifetime_s, 600);
    assert_int_equal(client_refresh(&c, 1000), 0);
    assert_int_equal(c.reply.lifetime_s, 1000);
    assert_int_equal(client_refresh(&c, UINT32_MAX), 0);
    assert_int_equal(c.reply.lifetime_s, 3600);
}

static void test_refresh_0_deletes(void **state)
{
    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(client_refresh(&c, 0), 0);
    assert_int_equal(c.reply.lifetime_s, 0);
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(client_refresh(&c, 600), 437);
    assert_int_equal(client_allocate(&c), 0);
}

static void test_allocation_ends(void **state)
{
    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    at_s(599);
    assert_int_equal(client_refresh(&c, 600), 0);
    at_s(1198);
    client_get_nonce(&c);
    assert_int_equal(client_refresh(&c, 600), 0);
    at_s(1798);
    client_get_nonce(&c);
    assert_int_equal(client_refresh(&c, 600), 437);
    assert_int_equal(n_allocations(&server), 0);
}

static void test_sweep_frees(void **state)
{
    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    at_s(599);
    alloc_table_sweep(server.worker.turn.allocs, clock_ms());
    assert_int_equal(n_allocations(&server), 1);
    at_s(600);
    alloc_table_sweep(server.worker.turn.allocs, clock_ms());
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(quota_count(server.quota), 0);
}

/* A call may last longer than the token that it began with. */
static void test_allocation_outlives_its_token(void **state)
{
    char user[64];

    (void) state;
    snprintf(user, sizeof(user), "%u:a", START_S + 100);
    client_set_user(&c, SECRET, user);
    assert_int_equal(client_allocate(&c), 0);
    at_s(200);
    assert_int_equal(client_refresh(&c, 600), 0);
    assert_int_equal(client_refresh(&c, 0), 0);
    assert_int_equal(client_allocate(&c), 401);
}

static void test_another_user(void **state)
{
    struct addr peer = ip("127.0.0.1", 40000);
    char user[64];

    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    snprintf(user, sizeof(user), "%u:other", START_S + DAY_S);
    client_set_user(&c, SECRET, user);
    assert_int_equal(client_refresh(&c, 0), 441);
    assert_int_equal(client_permit(&c, &peer), 441);
    assert_int_equal(client_bind(&c, 0x4000, &peer), 441);
    assert_int_equal(n_allocations(&server), 1);
}

static void test_without_allocation(void **state)
{
    struct addr peer = ip("127.0.0.1", 40000);

    (void) state;
    client_get_nonce(&c);
    assert_int_equal(client_refresh(&c, 600), 437);
    assert_int_equal(client_permit(&c, &peer), 437);
    assert_int_equal(client_bind(&c, 0x4000, &peer), 437);
}

static void test_rubbish(void **state)
{
    uint32_t seed = 1;
    uint8_t junk[200];

    (void) state;
    for (int i = 0; i < 2000; i++) {
        size_t len = (size_t) i % sizeof(junk);

        for (size_t k = 0; k < len; k++)
            junk[k] = (uint8_t) ((seed = seed * 1103515245 + 12345) >> 16);
        if (len >= 8 && i % 2) /* what looks like STUN */
            memcpy(junk, "\x00\x03\x00\x00\x21\x12\xa4\x42", 8);
        client_send(&c, bytes_of(junk, len));
        if (i % 100 == 99)
            client_expect_silence(&c);
    }
    assert_int_equal(n_allocations(&server), 0);
}

static void test_bad_fingerprint_and_responses_are_dropped(void **state)
{
    struct wr w = client_request(&c, STUN_BINDING);
    static const uint8_t tid[STUN_TID_SIZE];
    size_t len;

    (void) state;
    stun_put_fingerprint(&w);
    assert_int_equal(stun_finish(&w, &len), 0);
    c.tx[len - 1] ^= 1;
    client_send(&c, bytes_of(c.tx, len));
    for (int class = STUN_INDICATION; class <= STUN_ERROR; class ++) {
        w = wr_init(c.tx, sizeof(c.tx));
        stun_begin(&w, (enum stun_class) class, STUN_BINDING, tid);
        assert_int_equal(stun_finish(&w, &len), 0);
        client_send(&c, bytes_of(c.tx, len));
    }
    w = wr_init(c.tx, sizeof(c.tx));
    stun_begin(&w, STUN_REQUEST, (enum stun_method) 0x00a, tid); /* Connect, of TCP relays */
    assert_int_equal(stun_finish(&w, &len), 0);
    client_send(&c, bytes_of(c.tx, len));
    client_expect_silence(&c);
}

static void test_quotas(void **state)
{
    static struct client clients[5];
    struct turn_config config = default_config("127.0.0.1");

    (void) state;
    teardown(NULL);
    config.user_quota = 2;
    config.total_quota = 3;
    server_start(&server, &config);
    client_open(&c, &server, "127.0.0.1", "127.0.0.1");
    for (size_t i = 0; i < 5; i++) {
        client_open(&clients[i], &server, "127.0.0.1", "127.0.0.1");
        if (i < 3)
            client_set_user(&clients[i], SECRET, c.user);
    }
    assert_int_equal(client_allocate(&clients[0]), 0);
    assert_int_equal(client_allocate(&clients[1]), 0);
    assert_int_equal(client_allocate(&clients[2]), 486);
    assert_int_equal(client_allocate(&clients[3]), 0);
    assert_int_equal(client_allocate(&clients[4]), 508);
    assert_int_equal(client_refresh(&clients[0], 0), 0);
    assert_int_equal(client_allocate(&clients[2]), 0);
    for (size_t i = 0; i < 5; i++)
        client_close(&clients[i]);
}

static void test_no_port_left(void **state)
{
    struct turn_config config = default_config("127.0.0.1");
    struct addr taken;
    int fd;

    (void) state;
    teardown(NULL);
    fd = open_socket("127.0.0.1", &taken);
    config.relay_ports = (struct ports){taken.port, taken.port};
    server_start(&server, &config);
    client_open(&c, &server, "127.0.0.1", "127.0.0.1");
    assert_int_equal(client_allocate(&c), 508);
    assert_int_equal(quota_count(server.quota), 0);
    close(fd);
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(c.reply.xor_relayed.port, taken.port);
}

/* The listener has no address of its own: answers leave from where the client sent to, and the
 * relay is there, too. */
static void test_wildcard_listener(void **state)
{
    struct turn_config config = default_config("0.0.0.0");

    (void) state;
    teardown(NULL);
    server_start(&server, &config);
    client_open(&c, &server, "127.0.0.1", "127.0.0.5");
    assert_int_equal(client_allocate(&c), 0);
    c.reply.xor_relayed.port = 0;
    assert_true(addr_eq(&c.reply.xor_relayed, &(struct addr){AF_INET, 0, 0, {127, 0, 0, 5}}));
}

static void test_ipv6_client(void **state)
{
    struct turn_config config = default_config("::");

    (void) state;
    teardown(NULL);
    server_start(&server, &config);
    client_open(&c, &server, "::1", "::1");
    assert_int_equal(client_allocate(&c), 0);
    assert_true(addr_eq(&c.reply.xor_mapped, &c.addr));
    assert_int_equal(c.reply.xor_relayed.family, AF_INET);
    assert_int_equal(client_refresh(&c, 0), 0);
    assert_int_equal(allocate_with(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\2\0\0\0", 4), 0);
    assert_true(addr_ip_eq(&c.reply.xor_relayed, &c.addr));
}

static void test_configured_addresses(void **state)
{
    struct turn_config config = default_config("127.0.0.1");

    (void) state;
    teardown(NULL);
    config.relay_ip = ip("127.0.0.9", 0);
    config.external_ip = ip("203.0.113.1", 0);
    server_start(&server, &config);
    client_open(&c, &server, "127.0.0.1", "127.0.0.1");
    assert_int_equal(client_allocate(&c), 0);
    assert_true(addr_ip_eq(&c.reply.xor_relayed, &config.external_ip));
}

#define flow_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* As when the configuration was read again. */
static void test_another_secret(void **state)
{
    char user[32];
    struct client later;

    (void) state;
    snprintf(user, sizeof(user), "%u:x", START_S + DAY_S);
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(secrets_set(&server.auth.secrets, "another", NULL, 0, clock_wall_ms()), 0);
    server.worker.turn.external_ip = ip("203.0.113.1", 0);
    assert_int_equal(client_refresh(&c, 600), 0);
    assert_int_equal(n_allocations(&server), 1);

    client_open(&later, &server, "127.0.0.1", "127.0.0.1"); /* with what was given out before */
    assert_int_equal(client_allocate(&later), 0);
    assert_true(addr_ip_eq(&later.reply.xor_relayed, &server.worker.turn.external_ip));
    client_close(&later);
    client_open(&later, &server, "127.0.0.1", "127.0.0.1");
    client_set_user(&later, "another", user);
    assert_int_equal(client_allocate(&later), 0);
    client_close(&later);

    quota_set_limits(server.quota, 3, 10);
    client_open(&later, &server, "127.0.0.1", "127.0.0.1");
    assert_int_equal(client_allocate(&later), 508);
    quota_set_limits(server.quota, 4, 10);
    assert_int_equal(client_allocate(&later), 0);
    client_close(&later);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        flow_test(test_binding),
        flow_test(test_classic_binding),
        flow_test(test_challenge_then_allocation),
        flow_test(test_strangers),
        flow_test(test_repeated_allocate),
        flow_test(test_wrong_credentials),
        flow_test(test_nonces),
        flow_test(test_nonce_of_another_client),
        flow_test(test_refused_wishes),
        flow_test(test_unknown_attributes_are_named),
        flow_test(test_even_port),
        flow_test(test_other_family),
        flow_test(test_lifetimes),
        flow_test(test_refresh_0_deletes),
        flow_test(test_allocation_ends),
        flow_test(test_sweep_frees),
        flow_test(test_allocation_outlives_its_token),
        flow_test(test_another_user),
        flow_test(test_without_allocation),
        flow_test(test_rubbish),
        flow_test(test_bad_fingerprint_and_responses_are_dropped),
        flow_test(test_quotas),
        flow_test(test_no_port_left),
        flow_test(test_wildcard_listener),
        flow_test(test_ipv6_client),
        flow_test(test_configured_addresses),
        flow_test(test_another_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
