#include "net_kit.h"

#include "net/udp_in.h"

static struct udp_in *in;
static int here, there; /* receives, sends */
static struct addr at_here, at_there;

static void open_ends(const char *text, unsigned flags)
{
    here = open_at(text, flags, &at_here);
    there = open_at(text, 0, &at_there);
    assert_int_equal(udp_in_new(&in), 0);
}

static int close_ends(void **state)
{
    (void) state;
    in = udp_in_free(in);
    close(here);
    close(there);
    return 0;
}

/* In datagrams of so many bytes, when segment is not 0. */
static void send_cut(struct bytes data, uint16_t segment)
{
    struct sockaddr_storage sa;
    struct udp_control control = {{0}};
    struct iovec part = {(void *) data.p, data.len};
    struct msghdr h = {
        .msg_name = &sa,
        .msg_namelen = addr_to_sockaddr(&at_here, &sa),
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = segment ? control.bytes : NULL,
        .msg_controllen = segment ? udp_control_put_segment(&control, 0, segment) : 0,
    };

    assert_int_equal(sendmsg(there, &h, 0), data.len);
}

static void send_numbered(size_t len, uint8_t nr)
{
    static uint8_t buf[DATAGRAM_MAX];

    send_cut(numbered(buf, len, nr), 0);
}

static void expect_packet(size_t len, uint8_t nr)
{
    struct udp_packet p;

    assert_true(udp_in_next(in, &p));
    assert_true(is_numbered(bytes_of(p.data, p.len), len, nr));
    assert_true(addr_eq(&p.from, &at_there));
}

static void expect_no_packet(void)
{
    struct udp_packet p;

    assert_false(udp_in_next(in, &p));
}

static void test_sizes(void **state)
{
    static const size_t sizes[] = {0, 1, 1200, 2000, 65507, 0, 3};
    const size_t n = sizeof(sizes) / sizeof(sizes[0]);

    (void) state;
    open_ends("127.0.0.1", UDP_SOCKET_COALESCE);
    assert_int_equal(udp_in_receive(in, here), 0);
    expect_no_packet();
    for (size_t i = 0; i < n; i++)
        send_numbered(sizes[i], (uint8_t) i);
    assert_int_equal(udp_in_receive(in, here), n);
    assert_int_equal(udp_in_room(in), UDP_IN_SLOTS - n);
    for (size_t i = 0; i < n; i++)
        expect_packet(sizes[i], (uint8_t) i);
    expect_no_packet();
}

/* Ten datagrams that may come as one message: all are there, the last one is shorter. */
static void check_coalesced(const char *text, unsigned flags)
{
    uint8_t data[9 * 100 + 7];

    open_ends(text, flags);
    if (!udp_socket_has_gso(there))
        skip();
    for (size_t i = 0; i < 10; i++)
        (void) numbered(data + i * 100, i < 9 ? 100 : 7, (uint8_t) i);
    send_cut(bytes_of(data, sizeof(data)), 100);
    send_numbered(5, 77);
    assert_true(udp_in_receive(in, here) >= 2);
    for (size_t i = 0; i < 10; i++)
        expect_packet(i < 9 ? 100 : 7, (uint8_t) i);
    expect_packet(5, 77);
    expect_no_packet();
}

static void test_coalesced(void **state)
{
    (void) state;
    check_coalesced("127.0.0.1", UDP_SOCKET_COALESCE);
}

static void test_coalesced_ipv6(void **state)
{
    (void) state;
    check_coalesced("::1", UDP_SOCKET_COALESCE | UDP_SOCKET_TELL_LOCAL);
}

static void test_not_coalesced(void **state)
{
    (void) state;
    check_coalesced("127.0.0.1", UDP_SOCKET_TELL_LOCAL);
}

static void check_local(const char *text)
{
    struct addr local = ip(text, 0);
    struct udp_packet p;

    open_ends(text, UDP_SOCKET_COALESCE | UDP_SOCKET_TELL_LOCAL);
    send_numbered(10, 1);
    assert_int_equal(udp_in_receive(in, here), 1);
    assert_true(udp_in_next(in, &p));
    assert_true(addr_eq(&p.local, &local));
    close_ends(NULL);
    open_ends(text, 0);
    send_numbered(10, 1);
    assert_int_equal(udp_in_receive(in, here), 1);
    assert_true(udp_in_next(in, &p));
    assert_int_equal(p.local.family, 0);
}

static void test_local(void **state)
{
    (void) state;
    check_local("127.0.0.2");
}

static void test_local_ipv6(void **state)
{
    (void) state;
    check_local("::1");
}

/* What was received before stays as it is until the release. */
static void test_room(void **state)
{
    struct udp_packet first;

    (void) state;
    open_ends("127.0.0.1", UDP_SOCKET_COALESCE);
    for (unsigned i = 0; i < UDP_IN_SLOTS + 1; i++)
        send_numbered(20, (uint8_t) i);
    assert_int_equal(udp_in_receive(in, here), UDP_IN_SLOTS);
    assert_int_equal(udp_in_room(in), 0);
    assert_true(udp_in_next(in, &first));
    udp_in_release(in);
    assert_int_equal(udp_in_room(in), UDP_IN_SLOTS);
    expect_no_packet();
    assert_int_equal(udp_in_receive(in, here), 1);
    expect_packet(20, UDP_IN_SLOTS);
}

static void test_held(void **state)
{
    struct udp_packet first;

    (void) state;
    open_ends("127.0.0.1", UDP_SOCKET_COALESCE);
    send_numbered(20, 1);
    assert_int_equal(udp_in_receive(in, here), 1);
    assert_true(udp_in_next(in, &first));
    send_numbered(30, 2);
    send_numbered(30, 3);
    assert_int_equal(udp_in_receive(in, here), 2);
    expect_packet(30, 2);
    assert_true(is_numbered(bytes_of(first.data, first.len), 20, 1));
    assert_int_equal(udp_in_receive(in, here), 0); /* the rest of before is forgotten */
    expect_no_packet();
}

static void test_failure(void **state)
{
    (void) state;
    open_ends("127.0.0.1", 0);
    assert_int_equal(udp_in_receive(in, -1), -EBADF);
    expect_no_packet();
}

#define ends_test(f) cmocka_unit_test_teardown(f, close_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ends_test(test_sizes),         ends_test(test_coalesced), ends_test(test_coalesced_ipv6),
        ends_test(test_not_coalesced), ends_test(test_local),     ends_test(test_local_ipv6),
        ends_test(test_room),          ends_test(test_held),      ends_test(test_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
