/* What a user of TURN may have and has had: revoked credentials, use, bandwidth. The clock is moved
 * by hand. */
#include "turn_client.h"

static struct server_under_test server;
static struct client c;
static int media_fd;
static struct addr media;

static int setup(void **state)
{
    struct turn_config config = default_config("127.0.0.1");

    (void) state;
    server_start(&server, &config);
    server.auth.quota = server.quota;
    media_fd = open_socket("127.0.0.1", &media);
    set_peers(&server, &media, 1);
    client_open(&c, &server, "127.0.0.1", "127.0.0.1");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    client_close(&c);
    close(media_fd);
    server_end(&server);
    return 0;
}

static bool revoke_user(const struct client *of)
{
    return quota_revoke(server.quota, bytes_str(of->user), clock_wall_ms());
}

static void test_revoked(void **state)
{
    struct client other;

    (void) state;
    client_open(&other, &server, "127.0.0.1", "127.0.0.1");
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(client_allocate(&other), 0);
    assert_true(revoke_user(&c));
    assert_int_equal(client_refresh(&c, 600), 401); /* even before the sweep */
    assert_int_equal(client_permit(&c, &media), 401);
    worker_sweep(&server.worker);
    assert_int_equal(n_allocations(&server), 1);
    assert_int_equal(client_allocate(&c), 401);
    assert_int_equal(client_refresh(&other, 600), 0);
    client_close(&other);
}

/* Also one of whose relays the time is over in the same moment. */
static void test_revoked_with_one_relay_over(void **state)
{
    struct wr w;

    (void) state;
    client_get_nonce(&c);
    w = client_request(&c, STUN_ALLOCATE);
    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    stun_put_family(&w, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IPV6);
    assert_int_equal(client_exchange(&c, &w), 0);
    w = client_request(&c, STUN_REFRESH);
    stun_put_u32(&w, STUN_ATTR_LIFETIME, 3600);
    stun_put_family(&w, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, STUN_FAMILY_IPV6);
    assert_int_equal(client_exchange(&c, &w), 0);
    at_s(601);
    assert_true(revoke_user(&c));
    worker_sweep(&server.worker);
    assert_int_equal(n_allocations(&server), 0);
}

/* Before it has allocated anything: a page that is closed while it gathers candidates. */
static void test_revoked_before_its_allocation(void **state)
{
    (void) state;
    client_get_nonce(&c);
    assert_false(revoke_user(&c));
    assert_int_equal(client_allocate(&c), 401);
    assert_int_equal(n_allocations(&server), 0);
}

/* One whose time is over goes on with what it has, unless it is revoked. */
static void test_expired_and_revoked(void **state)
{
    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(client_refresh(&c, 3600), 0);
    for (unsigned s = 3000; s < DAY_S; s += 3000) {
        at_s(s);
        client_get_nonce(&c);
        assert_int_equal(client_refresh(&c, 3600), 0);
    }
    at_s(DAY_S + 1);
    client_get_nonce(&c);
    assert_int_equal(client_refresh(&c, 3600), 0);
    assert_true(revoke_user(&c));
    worker_sweep(&server.worker);
    assert_int_equal(n_allocations(&server), 0);
}

static void on_report(const struct quota_report *r, void *arg)
{
    *(struct quota_report *) arg = *r;
}

static struct quota_report report(void)
{
    struct quota_report r = {.since_ms = 0};

    quota_report(server.quota, bytes_str(c.user), false, on_report, &r);
    return r;
}

static void test_use(void **state)
{
    struct quota_report r;
    struct addr relayed;
    char buf[64];
    struct addr from;

    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    relayed = c.reply.xor_relayed;
    assert_int_equal(client_permit(&c, &media), 0);
    client_send_indication(&c, &media, "12345");
    client_expect_silence(&c);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    client_send_channel(&c, 0x4000, "1234567");
    client_expect_silence(&c);
    assert_int_equal(receive_now(media_fd, buf, sizeof(buf), &from), 5);
    assert_int_equal(receive_now(media_fd, buf, sizeof(buf), &from), 7);
    send_to(media_fd, &relayed, "123");
    assert_int_equal(client_receive(&c).len, 4 + 3);

    r = report();
    assert_int_equal(r.usage.packets[USAGE_IN], 0); /* not before a sweep */
    worker_sweep(&server.worker);
    r = report();
    assert_int_equal(r.since_ms, START_S * UINT64_C(1000));
    assert_int_equal(r.allocations, 1);
    assert_int_equal(r.usage.packets[USAGE_IN], 2);
    assert_int_equal(r.usage.bytes[USAGE_IN], 12);
    assert_int_equal(r.usage.packets[USAGE_OUT], 1);
    assert_int_equal(r.usage.bytes[USAGE_OUT], 3);

    /* What came since the last sweep counts when the allocation ends, too. */
    client_send_channel(&c, 0x4000, "1");
    assert_int_equal(client_refresh(&c, 0), 0);
    r = report();
    assert_int_equal(r.allocations, 0);
    assert_int_equal(r.usage.bytes[USAGE_IN], 13);
    assert_int_equal(counted(&server, STAT_ALLOCATIONS_MADE + TRANSPORT_UDP), 1);
    assert_int_equal(counted(&server, STAT_ALLOCATIONS_ENDED + TRANSPORT_UDP), 1);
    assert_int_equal(counted(&server, STAT_PACKETS_TO_PEERS), 3);
    assert_int_equal(counted(&server, STAT_BYTES_TO_CLIENTS), 3);
}

/* Each packet that goes nowhere is counted by its reason. */
static void test_refused_packets(void **state)
{
    struct addr relayed, foreign;
    int fd = open_socket("127.0.0.1", &foreign);

    (void) state;
    client_send_channel(&c, 0x4000, "a stranger's");
    client_expect_silence(&c);
    assert_int_equal(counted(&server, STAT_NO_PERMISSION), 0);
    assert_int_equal(client_allocate(&c), 0);
    relayed = c.reply.xor_relayed;
    client_send_channel(&c, 0x4000, "no channel");
    client_send_indication(&c, &media, "no permission");
    send_to(media_fd, &relayed, "neither");
    client_expect_silence(&c);
    client_expect_silence(&c);
    assert_int_equal(counted(&server, STAT_NO_PERMISSION), 3);

    assert_int_equal(client_permit(&c, &media), 0);
    client_send_indication(&c, &foreign, "another port");
    send_to(fd, &relayed, "likewise");
    client_expect_silence(&c);
    client_expect_silence(&c);
    assert_int_equal(counted(&server, STAT_DENIED_PEER), 2);
    assert_int_equal(counted(&server, STAT_NO_PERMISSION), 3);
    assert_int_equal(
        counted(&server, STAT_PACKETS_TO_PEERS) + counted(&server, STAT_PACKETS_TO_CLIENTS), 0);
    close(fd);
}

static unsigned n_arrived(void)
{
    char buf[2048];
    struct addr from;
    unsigned n = 0;

    client_expect_silence(&c);
    while (receive_now(media_fd, buf, sizeof(buf), &from) > 0)
        n++;
    return n;
}

/* Sends so many datagrams of 100 bytes; how many arrive? */
static unsigned send_many(unsigned n)
{
    char data[101];

    memset(data, 'x', 100);
    data[100] = '\0';
    for (unsigned i = 0; i < n; i++)
        client_send_channel(&c, 0x4000, data);
    return n_arrived();
}

static void test_bandwidth(void **state)
{
    struct addr relayed;

    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    relayed = c.reply.xor_relayed;
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(send_many(20), 20); /* no limit */
    server.worker.turn.user_kbps = 8;    /* ten a second */
    assert_int_equal(send_many(20), 10);
    send_to(media_fd, &relayed, "the other way has its own share");
    assert_int_equal(client_receive(&c).len, 4 + 31);
    at_s(1);
    assert_int_equal(send_many(20), 10);
    worker_sweep(&server.worker);
    assert_int_equal(report().usage.dropped, 20);
    assert_int_equal(report().usage.packets[USAGE_IN], 40);
    assert_int_equal(counted(&server, STAT_OVER_BANDWIDTH), 20);
}

/* It is the user's, not the allocation's. */
static void test_bandwidth_is_shared(void **state)
{
    struct client second;

    (void) state;
    server.worker.turn.user_kbps = 8;
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    client_open(&second, &server, "127.0.0.1", "127.0.0.1");
    client_set_user(&second, SECRET, c.user);
    assert_int_equal(client_allocate(&second), 0);
    assert_int_equal(client_bind(&second, 0x4000, &media), 0);
    assert_int_equal(send_many(20), 10);
    client_send_channel(&second, 0x4000, "nothing is left for this one");
    client_expect_silence(&second);
    assert_int_equal(n_arrived(), 0);
    assert_int_equal(counted(&server, STAT_OVER_BANDWIDTH), 11);
    client_close(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_revoked_with_one_relay_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_revoked_before_its_allocation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expired_and_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_packets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bandwidth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bandwidth_is_shared, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
