#include "turn/icmp.h"

#include "net/udp_socket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int open_at(const char *text, struct addr *ret)
{
    struct addr any;
    int fd;

    assert_int_equal(addr_parse_ip(text, 0, &any), 0);
    fd = udp_socket_open(&any, 0);
    assert_true(fd >= 0);
    assert_int_equal(udp_socket_bound(fd, ret), 0);
    return fd;
}

static ssize_t send_to(int fd, const struct addr *to)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(to, &sa);

    return sendto(fd, "x", 1, 0, (struct sockaddr *) &sa, len);
}

static void expect_refused(const char *text, int family, unsigned type, unsigned code)
{
    struct addr own, closed;
    struct icmp_error e;
    int fd = open_at(text, &own);

    close(open_at(text, &closed));
    assert_int_equal(icmp_enable(fd, family), 0);
    assert_false(icmp_next(fd, &e));
    assert_int_equal(send_to(fd, &closed), 1);
    assert_true(icmp_next(fd, &e));
    assert_int_equal(e.type, type);
    assert_int_equal(e.code, code);
    assert_int_equal(e.data, 0);
    assert_true(addr_eq(&e.peer, &closed));
    assert_false(icmp_next(fd, &e));
    assert_int_equal(send_to(fd, &own), 1); /* nothing is pending */
    close(fd);
}

static void test_port_unreachable(void **state)
{
    (void) state;
    expect_refused("127.0.0.1", AF_INET, 3, 3);
    expect_refused("::1", AF_INET6, 1, 4);
}

static void test_without_asking(void **state)
{
    struct addr own, closed;
    struct icmp_error e;
    int fd = open_at("127.0.0.1", &own);

    (void) state;
    close(open_at("127.0.0.1", &closed));
    assert_int_equal(send_to(fd, &closed), 1);
    assert_false(icmp_next(fd, &e));
    close(fd);
}

static void test_no_socket(void **state)
{
    struct icmp_error e;

    (void) state;
    assert_int_equal(icmp_enable(-1, AF_INET), -EBADF);
    assert_false(icmp_next(-1, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_unreachable),
        cmocka_unit_test(test_without_asking),
        cmocka_unit_test(test_no_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
