/* The data plane of TURN over loopback: what passes between a client and a peer, and what not. */
#include "turn_client.h"

#define UDP_PAYLOAD_MAX 65507 /* over IPv4 */

static struct server_under_test server;
static struct client c;
static struct addr relayed;

/* A media daemon's socket, which is in the list, and another one on the same IP, which is not. */
static int media_fd, foreign_fd;
static struct addr media, foreign;

static int setup(void **state)
{
    struct turn_config config = default_config("127.0.0.1");

    (void) state;
    server_start(&server, &config);
    media_fd = open_socket("127.0.0.1", &media);
    foreign_fd = open_socket("127.0.0.1", &foreign);
    set_peers(&server, &media, 1);
    client_open(&c, &server, "127.0.0.1", "127.0.0.1");
    assert_int_equal(client_allocate(&c), 0);
    relayed = c.reply.xor_relayed;
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    client_close(&c);
    close(media_fd);
    close(foreign_fd);
    server_end(&server);
    return 0;
}

/* What was sent arrives, from the relayed address. */
static void expect_at(int fd, const char *text)
{
    struct addr from;
    char buf[UINT16_MAX + 1];

    client_expect_silence(&c);
    assert_int_equal(receive_now(fd, buf, sizeof(buf), &from), strlen(text));
    assert_string_equal(buf, text);
    assert_true(addr_eq(&from, &relayed));
}

static void expect_nothing_at(int fd)
{
    struct addr from;
    char buf[UINT16_MAX + 1];

    client_expect_silence(&c);
    assert_int_equal(receive_now(fd, buf, sizeof(buf), &from), -1);
}

static void expect_indication(const struct addr *peer, const char *text)
{
    struct stun m;

    assert_int_equal(stun_decode(client_receive(&c), &m), 0);
    assert_int_equal(m.class, STUN_INDICATION);
    assert_int_equal(m.method, STUN_DATA);
    assert_true(addr_eq(&m.xor_peer, peer));
    assert_true(bytes_eq_str(m.data, text));
}

static void expect_channel(uint16_t want, const char *text)
{
    struct bytes data;
    uint16_t channel;

    assert_int_equal(chandata_decode(client_receive(&c), &channel, &data), 0);
    assert_int_equal(channel, want);
    assert_true(bytes_eq_str(data, text));
}

static void test_indications(void **state)
{
    (void) state;
    assert_int_equal(client_permit(&c, &media), 0);
    client_send_indication(&c, &media, "hello");
    expect_at(media_fd, "hello");
    send_to(media_fd, &relayed, "world!!");
    expect_indication(&media, "world!!");
    send_to(media_fd, &relayed, "");
    expect_indication(&media, "");
}

static void test_channel(void **state)
{
    (void) state;
    assert_int_equal(client_bind(&c, 0x4001, &media), 0); /* a permission comes with it */
    client_send_channel(&c, 0x4001, "hello");
    expect_at(media_fd, "hello");
    send_to(media_fd, &relayed, "world");
    expect_channel(0x4001, "world");
    client_send_indication(&c, &media, "still");
    expect_at(media_fd, "still");
    client_send_channel(&c, 0x4002, "unbound");
    expect_nothing_at(media_fd);
}

static void test_large_datagrams(void **state)
{
    static char text[UINT16_MAX];

    (void) state;
    assert_int_equal(client_bind(&c, 0x4001, &media), 0);
    memset(text, 'x', UDP_PAYLOAD_MAX - CHANDATA_HEADER_SIZE);
    client_send_channel(&c, 0x4001, text);
    expect_at(media_fd, text);
    send_to(media_fd, &relayed, text);
    expect_channel(0x4001, text);
    memset(text, 'x', UDP_PAYLOAD_MAX); /* what has no room for our header */
    send_to(media_fd, &relayed, text);
    client_expect_silence(&c);
}

static void test_no_permission_no_data(void **state)
{
    (void) state;
    client_send_indication(&c, &media, "hello");
    expect_nothing_at(media_fd);
    send_to(media_fd, &relayed, "world");
    client_expect_silence(&c);
}

static void test_foreign_ip(void **state)
{
    struct addr far = ip("192.0.2.1", media.port), v6 = ip("2001:db8::1", media.port);
    struct wr w;

    (void) state;
    assert_int_equal(client_permit(&c, &far), 403);
    assert_int_equal(client_bind(&c, 0x4001, &far), 403);
    assert_int_equal(client_permit(&c, &v6), 443);
    assert_int_equal(client_bind(&c, 0x4001, &v6), 443);

    /* One that may be reached and one that may not: neither is granted. */
    w = client_request(&c, STUN_CREATE_PERMISSION);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &media);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &far);
    assert_int_equal(client_exchange(&c, &w), 403);
    client_send_indication(&c, &media, "hello");
    expect_nothing_at(media_fd);
}

static void test_foreign_port(void **state)
{
    (void) state;
    assert_int_equal(client_permit(&c, &foreign), 0); /* the IP is the media daemon's */
    assert_int_equal(client_bind(&c, 0x4001, &foreign), 403);
    client_send_indication(&c, &foreign, "hello");
    expect_nothing_at(foreign_fd);
    send_to(foreign_fd, &relayed, "world");
    client_expect_silence(&c);
}

static void test_mapped_address_is_the_same_peer(void **state)
{
    struct addr mapped = {.family = AF_INET6, .port = foreign.port};

    (void) state;
    mapped.ip[10] = mapped.ip[11] = 0xff;
    memcpy(mapped.ip + 12, foreign.ip, 4);
    assert_int_equal(client_bind(&c, 0x4001, &mapped), 403);
    mapped.port = media.port;
    assert_int_equal(client_bind(&c, 0x4001, &mapped), 0);
    client_send_channel(&c, 0x4001, "hello");
    expect_at(media_fd, "hello");
}

static void test_peers_change(void **state)
{
    (void) state;
    assert_int_equal(client_bind(&c, 0x4001, &media), 0);
    set_peers(&server, &foreign, 1);
    client_send_channel(&c, 0x4001, "hello");
    client_send_indication(&c, &media, "hello");
    expect_nothing_at(media_fd);
    send_to(media_fd, &relayed, "world");
    client_expect_silence(&c);
    assert_int_equal(client_bind(&c, 0x4001, &media), 403);
}

static void test_malformed_requests(void **state)
{
    struct wr w = client_request(&c, STUN_CREATE_PERMISSION);

    (void) state;
    assert_int_equal(client_exchange(&c, &w), 400);
    w = client_request(&c, STUN_CHANNEL_BIND);
    stun_put_channel(&w, 0x4000);
    assert_int_equal(client_exchange(&c, &w), 400);
    w = client_request(&c, STUN_CHANNEL_BIND);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &media);
    assert_int_equal(client_exchange(&c, &w), 400);
    assert_int_equal(client_bind(&c, 0x3fff, &media), 400);
    assert_int_equal(client_bind(&c, 0x5000, &media), 400);
}

static void test_channel_conflicts(void **state)
{
    struct addr both[] = {media, foreign};

    (void) state;
    set_peers(&server, both, 2);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_bind(&c, 0x4000, &foreign), 400);
    assert_int_equal(client_bind(&c, 0x4001, &media), 400);
    assert_int_equal(client_bind(&c, 0x4001, &foreign), 0);
}

static void test_limits(void **state)
{
    static struct addr many[CHAN_MAX + PERM_MAX + 2];
    size_t n = 0;

    (void) state;
    for (uint16_t i = 0; i <= CHAN_MAX; i++)
        many[n++] = ip("127.0.0.1", (uint16_t) (30000 + i));
    for (uint8_t i = 0; i <= PERM_MAX; i++) {
        many[n] = ip("127.0.1.0", 30000);
        many[n++].ip[3] = i;
    }
    set_peers(&server, many, n);
    for (uint16_t i = 0; i < CHAN_MAX; i++)
        assert_int_equal(client_bind(&c, 0x4000 + i, &many[i]), 0);
    assert_int_equal(client_bind(&c, 0x4000 + CHAN_MAX, &many[CHAN_MAX]), 508);
    for (size_t i = 1; i < PERM_MAX; i++) /* 127.0.0.1 has one already */
        assert_int_equal(client_permit(&c, &many[CHAN_MAX + i]), 0);
    assert_int_equal(client_permit(&c, &many[CHAN_MAX + PERM_MAX]), 508);
}

static void test_permission_ends(void **state)
{
    (void) state;
    assert_int_equal(client_permit(&c, &media), 0);
    at_s(299);
    client_send_indication(&c, &media, "hello");
    expect_at(media_fd, "hello");
    at_s(300);
    client_send_indication(&c, &media, "hello");
    expect_nothing_at(media_fd);
    send_to(media_fd, &relayed, "world");
    client_expect_silence(&c);
    assert_int_equal(client_permit(&c, &media), 0);
    send_to(media_fd, &relayed, "world");
    expect_indication(&media, "world");
}

static void test_channel_ends(void **state)
{
    (void) state;
    assert_int_equal(client_refresh(&c, 3600), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(400); /* the permission that came with it is over */
    send_to(media_fd, &relayed, "world");
    client_expect_silence(&c);
    assert_int_equal(client_permit(&c, &media), 0);
    at_s(599);
    client_send_channel(&c, 0x4000, "hello");
    expect_at(media_fd, "hello");
    send_to(media_fd, &relayed, "world");
    expect_channel(0x4000, "world");
    at_s(600);
    client_send_channel(&c, 0x4000, "hello");
    expect_nothing_at(media_fd);
    send_to(media_fd, &relayed, "world");
    expect_indication(&media, "world");
}

static void test_allocation_ends(void **state)
{
    (void) state;
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(500);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(600);
    send_to(media_fd, &relayed, "world");
    client_expect_silence(&c);
    client_send_channel(&c, 0x4000, "hello");
    client_send_indication(&c, &media, "hello");
    expect_nothing_at(media_fd);
    assert_int_equal(n_allocations(&server), 0);
}

static void test_send_with_unknown_attribute(void **state)
{
    static const uint8_t tid[STUN_TID_SIZE] = {9};
    struct wr w = wr_init(c.tx, sizeof(c.tx));
    size_t len;

    (void) state;
    assert_int_equal(client_permit(&c, &media), 0);
    stun_begin(&w, STUN_INDICATION, STUN_SEND, tid);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &media);
    stun_put_bytes(&w, (enum stun_attr) 0x7ff0, bytes_str(NULL));
    stun_put_bytes(&w, STUN_ATTR_DATA, bytes_str("hello"));
    assert_int_equal(stun_finish(&w, &len), 0);
    client_send(&c, bytes_of(c.tx, len));
    expect_nothing_at(media_fd);
}

/* A 5-tuple is an allocation: another socket cannot use it. */
static void test_another_client_has_nothing(void **state)
{
    struct client other;

    (void) state;
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    client_open(&other, &server, "127.0.0.1", "127.0.0.1");
    client_send_channel(&other, 0x4000, "hello");
    client_send_indication(&other, &media, "hello");
    client_expect_silence(&other);
    expect_nothing_at(media_fd);
    client_close(&other);
}

#define flow_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        flow_test(test_indications),
        flow_test(test_channel),
        flow_test(test_large_datagrams),
        flow_test(test_no_permission_no_data),
        flow_test(test_foreign_ip),
        flow_test(test_foreign_port),
        flow_test(test_mapped_address_is_the_same_peer),
        flow_test(test_peers_change),
        flow_test(test_malformed_requests),
        flow_test(test_channel_conflicts),
        flow_test(test_limits),
        flow_test(test_permission_ends),
        flow_test(test_channel_ends),
        flow_test(test_allocation_ends),
        flow_test(test_send_with_unknown_attribute),
        flow_test(test_another_client_has_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
