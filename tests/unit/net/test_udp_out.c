#include "net_kit.h"

#include "net/udp_out.h"

#define PEERS 3

static struct udp_out *out;
static struct udp_out_socket sender;
static struct addr at_sender, at_peer[PEERS];
static int peer[PEERS];
static const struct bytes nothing;

static void open_ends(const char *text)
{
    assert_int_equal(udp_out_new(&out), 0);
    udp_out_socket_init(&sender, open_at(text, UDP_SOCKET_FRAGMENT, &at_sender));
    for (size_t i = 0; i < PEERS; i++) {
        peer[i] = open_at(text, 0, &at_peer[i]);
        udp_socket_ask_buffers(peer[i], 4 << 20, 0);
    }
}

static int setup(void **state)
{
    (void) state;
    open_ends("127.0.0.1");
    return 0;
}

static int setup_ipv6(void **state)
{
    (void) state;
    open_ends("::1");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    out = udp_out_free(out);
    close(sender.fd);
    for (size_t i = 0; i < PEERS; i++)
        close(peer[i]);
    return 0;
}

/* The body must live until the flush: bodies of a test are one after the other in here. */
static uint8_t bodies[1 << 22];
static size_t bodies_len;

static void send_numbered(size_t to, size_t len, uint8_t nr)
{
    assert_true(bodies_len + len <= sizeof(bodies));
    udp_out_send(out, &sender, &at_peer[to], NULL, nothing, numbered(bodies + bodies_len, len, nr));
    bodies_len += len;
}

static void flush(void)
{
    udp_out_flush(out);
    bodies_len = 0;
}

/* Messages in place of so many packets, where the kernel can do it. */
static void expect_messages(uint64_t packets, uint64_t messages)
{
    const struct udp_out_counters *c = udp_out_counters(out);

    assert_int_equal(c->packets, packets);
    assert_int_equal(c->messages, sender.gso_max > 0 ? messages : packets);
    assert_int_equal(c->lost, 0);
}

static void test_head_and_body(void **state)
{
    uint8_t head[] = {7, 'x'}, body[] = {'x', 'x', 'x'};

    (void) state;
    udp_out_send(out, &sender, &at_peer[0], NULL, bytes_of(head, 2), bytes_of(body, 3));
    head[0] = 8; /* it was copied */
    udp_out_send(out, &sender, &at_peer[0], NULL, bytes_of(head, 2), nothing);
    expect_nothing(peer[0]);
    flush();
    expect_numbered(peer[0], &at_sender, 5, 7);
    expect_numbered(peer[0], &at_sender, 2, 8);
    expect_messages(2, 1);
    flush(); /* nothing twice */
    expect_nothing(peer[0]);
}

/* A run is of one size; only its last may be shorter. */
static void test_runs(void **state)
{
    static const size_t sizes[] = {1200, 1200, 1200, 400, 1200, 1300, 1300, 0, 1, 0, 1};
    const size_t n = sizeof(sizes) / sizeof(sizes[0]);

    (void) state;
    for (size_t i = 0; i < n; i++)
        send_numbered(0, sizes[i], (uint8_t) i);
    flush();
    for (size_t i = 0; i < n; i++)
        expect_numbered(peer[0], &at_sender, sizes[i], (uint8_t) i);
    expect_nothing(peer[0]);
    expect_messages(n, 7); /* 3 and the shorter, 1, 2, and four that are alone */
}

static void test_interleaved(void **state)
{
    (void) state;
    for (uint8_t i = 0; i < 20; i++) {
        for (size_t k = 0; k < PEERS; k++)
            send_numbered(k, 500 + k, i);
    }
    flush();
    for (size_t k = 0; k < PEERS; k++) {
        for (uint8_t i = 0; i < 20; i++)
            expect_numbered(peer[k], &at_sender, 500 + k, i);
        expect_nothing(peer[k]);
    }
    expect_messages(20 * PEERS, PEERS);
    assert_int_equal(udp_out_counters(out)->calls, 1);
}

/* At most 64 segments, and 65,000 bytes. */
static void test_long_runs(void **state)
{
    (void) state;
    for (size_t i = 0; i < 130; i++)
        send_numbered(0, 10, (uint8_t) i);
    for (size_t i = 0; i < 10; i++)
        send_numbered(1, 9000, (uint8_t) i);
    flush();
    for (size_t i = 0; i < 130; i++)
        expect_numbered(peer[0], &at_sender, 10, (uint8_t) i);
    for (size_t i = 0; i < 10; i++)
        expect_numbered(peer[1], &at_sender, 9000, (uint8_t) i);
    expect_messages(140, 3 + 2);
}

/* More than may wait: the first ones leave by themselves. */
static void test_many(void **state)
{
    (void) state;
    for (size_t i = 0; i < 3000; i++)
        send_numbered(i % PEERS, 100, (uint8_t) (i / PEERS));
    flush();
    for (size_t i = 0; i < 3000; i++)
        expect_numbered(peer[i % PEERS], &at_sender, 100, (uint8_t) (i / PEERS));
    assert_int_equal(udp_out_counters(out)->packets, 3000);
}

static void test_large(void **state)
{
    static uint8_t buf[UINT16_MAX + 1];

    (void) state;
    send_numbered(0, 65507, 1);
    udp_out_send(out, &sender, &at_peer[0], NULL, numbered(buf, 65000, 2), nothing);
    udp_out_send(out, &sender, &at_peer[0], NULL, numbered(buf, 65001, 3), nothing);
    udp_out_send(out, &sender, &at_peer[0], NULL, numbered(buf, 65002, 4), nothing);
    flush();
    expect_numbered(peer[0], &at_sender, 65507, 1);
    for (uint8_t i = 2; i <= 4; i++)
        expect_numbered(peer[0], &at_sender, 64998u + i, i);
    udp_out_send(out, &sender, &at_peer[0], NULL, bytes_of(buf, UINT16_MAX), bytes_of(buf, 1));
    udp_out_send(out, &sender, &at_peer[0], NULL, bytes_of(buf, UINT16_MAX), nothing);
    flush(); /* no datagram can be so large */
    expect_nothing(peer[0]);
    assert_int_equal(udp_out_counters(out)->lost, 2);
}

static void test_from_chosen_address(void **state)
{
    struct udp_out_socket any;
    struct addr zero = {.family = AF_INET}, from = ip("127.0.0.5", 0), other = ip("127.0.0.6", 0);

    (void) state;
    udp_out_socket_init(&any, udp_socket_open(&zero, 0));
    assert_int_equal(addr_of_socket(any.fd, &zero), 0);
    from.port = other.port = zero.port;
    for (uint8_t i = 0; i < 4; i++)
        udp_out_send(out, &any, &at_peer[0], i % 2 ? &other : &from,
                     numbered((uint8_t[10]){0}, 10, i), nothing);
    udp_out_flush(out);
    expect_numbered(peer[0], &from, 10, 0);
    expect_numbered(peer[0], &from, 10, 2);
    expect_numbered(peer[0], &other, 10, 1);
    expect_numbered(peer[0], &other, 10, 3);
    expect_messages(4, 2);
    close(any.fd);
}

/* A socket that goes away leaves nothing behind, and another may come in its place. */
static void test_socket_ends(void **state)
{
    struct udp_out_socket zeroed = {.fd = -1};
    struct addr at_second;
    int fd = sender.fd;

    (void) state;
    udp_out_socket_flush(out, &zeroed);
    udp_out_socket_flush(out, &sender);
    send_numbered(0, 10, 1);
    udp_out_socket_flush(out, &sender);
    expect_numbered(peer[0], &at_sender, 10, 1);
    udp_out_socket_init(&sender, open_at("127.0.0.1", 0, &at_second));
    send_numbered(0, 10, 2);
    flush();
    expect_numbered(peer[0], &at_second, 10, 2);
    expect_nothing(peer[0]);
    close(fd);
}

/* Of two sockets one is flushed, the other one's datagrams still wait. */
static void test_one_of_two_ends(void **state)
{
    struct udp_out_socket second;
    struct addr at_second;

    (void) state;
    udp_out_socket_init(&second, open_at("127.0.0.1", 0, &at_second));
    send_numbered(0, 10, 1);
    udp_out_send(out, &second, &at_peer[1], NULL, numbered((uint8_t[10]){0}, 10, 2), nothing);
    udp_out_socket_flush(out, &sender);
    expect_numbered(peer[0], &at_sender, 10, 1);
    expect_nothing(peer[1]);
    send_numbered(0, 10, 3);
    flush();
    expect_numbered(peer[0], &at_sender, 10, 3);
    expect_numbered(peer[1], &at_second, 10, 2);
    close(second.fd);
}

/* An answer of the network to one datagram must not cost another one. */
static void test_error_of_before(void **state)
{
    struct pollfd p = {.fd = sender.fd};
    struct addr nobody = at_peer[1];
    int on = 1;

    (void) state;
    assert_int_equal(setsockopt(sender.fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
    close(peer[1]);
    udp_out_send(out, &sender, &nobody, NULL, numbered((uint8_t[10]){0}, 10, 1), nothing);
    flush();
    assert_int_equal(poll(&p, 1, 20000), 1); /* POLLERR */
    send_numbered(0, 10, 2);
    send_numbered(0, 10, 3);
    flush();
    expect_numbered(peer[0], &at_sender, 10, 2);
    expect_numbered(peer[0], &at_sender, 10, 3);
    expect_messages(3, 2);
    assert_int_not_equal(sender.gso_max == 0, udp_socket_has_gso(sender.fd));
    peer[1] = open_at("127.0.0.1", 0, &at_peer[1]);
}

static void test_refused(void **state)
{
    struct addr nowhere = ip("127.0.0.1", 0); /* port 0 */

    (void) state;
    send_numbered(0, 10, 1);
    for (int i = 0; i < 3; i++)
        udp_out_send(out, &sender, &nowhere, NULL, numbered((uint8_t[10]){0}, 10, 2), nothing);
    send_numbered(1, 10, 3);
    flush();
    expect_numbered(peer[0], &at_sender, 10, 1);
    expect_numbered(peer[1], &at_sender, 10, 3);
    assert_int_equal(udp_out_counters(out)->lost, 3);
    assert_int_equal(udp_out_counters(out)->packets, 2);
    assert_int_not_equal(sender.gso_max == 0, udp_socket_has_gso(sender.fd));
}

/* Where segments cannot be sent, all leave singly. */
static void test_without_gso(void **state)
{
    (void) state;
    sender.gso_max = 0;
    for (uint8_t i = 0; i < 5; i++)
        send_numbered(0, 10, i);
    flush();
    for (uint8_t i = 0; i < 5; i++)
        expect_numbered(peer[0], &at_sender, 10, i);
    expect_messages(5, 5);
}

#define out_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define out_test6(f)                                                                               \
    {                                                                                              \
#f " (IPv6)", f, setup_ipv6, teardown, NULL                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        out_test(test_head_and_body),
        out_test6(test_head_and_body),
        out_test(test_runs),
        out_test6(test_runs),
        out_test(test_interleaved),
        out_test6(test_interleaved),
        out_test(test_long_runs),
        out_test6(test_long_runs),
        out_test(test_many),
        out_test(test_large),
        out_test(test_from_chosen_address),
        out_test(test_socket_ends),
        out_test(test_one_of_two_ends),
        out_test(test_error_of_before),
        out_test(test_refused),
        out_test(test_without_gso),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
