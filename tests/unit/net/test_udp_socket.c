#include "net_kit.h"

static void test_open_and_bound(void **state)
{
    struct addr a, v6 = ip("::1", 0), taken;
    int fd = open_at("127.0.0.1", 0, &a), fd6, mapped;

    (void) state;
    assert_int_not_equal(a.port, 0);
    taken = a;
    assert_int_equal(udp_socket_open(&taken, 0), -EADDRINUSE);
    v6.port = a.port; /* the other family is another address */
    fd6 = udp_socket_open(&v6, UDP_SOCKET_FRAGMENT | UDP_SOCKET_TELL_LOCAL);
    assert_true(fd6 >= 0);
    close(fd6);
    v6 = (struct addr){.family = AF_INET6, .port = a.port};
    assert_int_equal(udp_socket_open(&v6, UDP_SOCKET_BOTH_FAMILIES), -EADDRINUSE);
    close(fd);
    mapped = udp_socket_open(&v6, UDP_SOCKET_BOTH_FAMILIES);
    assert_true(mapped >= 0);
    close(mapped);
}

static void test_shared_port(void **state)
{
    struct addr a;
    int first = open_at("127.0.0.1", UDP_SOCKET_REUSE_PORT, &a), second;

    (void) state;
    second = udp_socket_open(&a, UDP_SOCKET_REUSE_PORT);
    assert_true(second >= 0);
    assert_int_equal(udp_socket_open(&a, 0), -EADDRINUSE);
    close(first);
    close(second);
}

static int buffer_of(int fd, int name)
{
    socklen_t len = sizeof(int);
    int size = 0;

    assert_int_equal(getsockopt(fd, SOL_SOCKET, name, &size, &len), 0);
    return size;
}

static void test_buffers(void **state)
{
    struct addr a;
    int fd = open_at("127.0.0.1", 0, &a), send = buffer_of(fd, SO_SNDBUF);

    (void) state;
    udp_socket_ask_buffers(fd, 20000, 0);
    assert_int_equal(buffer_of(fd, SO_RCVBUF), 40000); /* the kernel doubles it */
    assert_int_equal(buffer_of(fd, SO_SNDBUF), send);
    close(fd);
}

/* What was put as the local address of a message is read back as such; both in their order. */
static void check_control(const char *text, bool v6)
{
    struct addr local = ip(text, 0), got;
    struct udp_control c = {{0}};
    size_t segment, len = udp_control_put_local(&c, 0, &local, v6);
    struct msghdr h = {.msg_control = c.bytes};

    assert_true(len > 0);
    len = udp_control_put_segment(&c, len, 1200);
    assert_true(len <= sizeof(c.bytes));
    h.msg_controllen = len;
    udp_control_read(&h, &got, &segment);
    assert_true(addr_eq(&got, &local));
    assert_int_equal(segment, 0); /* how to cut what is sent is no word about what came */
}

static void test_control_messages(void **state)
{
    static const struct addr none;
    struct udp_control c;
    struct msghdr h = {.msg_control = NULL};
    struct addr got;
    size_t segment;

    (void) state;
    check_control("192.0.2.1", false);
    check_control("192.0.2.1", true); /* mapped */
    check_control("2001:db8::1", true);
    assert_int_equal(udp_control_put_local(&c, 0, &none, true), 0);
    udp_control_read(&h, &got, &segment);
    assert_int_equal(got.family, 0);
    assert_int_equal(segment, 0);
}

static void test_errors(void **state)
{
    (void) state;
    assert_int_equal(udp_send_error_of(EAGAIN), UDP_SEND_FULL);
    assert_int_equal(udp_send_error_of(ENOBUFS), UDP_SEND_FULL);
    assert_int_equal(udp_send_error_of(EIO), UDP_SEND_NO_GSO);
    assert_int_equal(udp_send_error_of(EMSGSIZE), UDP_SEND_TOO_LARGE);
    assert_int_equal(udp_send_error_of(EINVAL), UDP_SEND_TOO_LARGE);
    assert_int_equal(udp_send_error_of(ECONNREFUSED), UDP_SEND_REFUSED);
    assert_int_equal(udp_send_error_of(EPERM), UDP_SEND_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_bound), cmocka_unit_test(test_shared_port),
        cmocka_unit_test(test_buffers),        cmocka_unit_test(test_control_messages),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
