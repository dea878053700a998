#include "host/ports.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static struct addr loopback(void)
{
    struct addr a;

    assert_int_equal(addr_parse_ip("127.0.0.1", 0, &a), 0);
    return a;
}

/* Binds a UDP port that the kernel chooses. */
static int take_port(struct addr *ret)
{
    struct addr a = loopback();
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(&a, &sa);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &sa, len), 0);
    len = sizeof(sa);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &len), 0);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, len, ret), 0);
    return fd;
}

static void test_taken(void **state)
{
    struct addr a;
    int fd = take_port(&a);

    (void) state;
    assert_int_equal(port_check(&a, SOCK_DGRAM), -EADDRINUSE);
    assert_int_equal(port_find(&a, 1, SOCK_DGRAM, a.port, 1), -EADDRINUSE);
    close(fd);
    assert_int_equal(port_check(&a, SOCK_DGRAM), 0);
    assert_int_equal(port_find(&a, 1, SOCK_DGRAM, a.port, 1), a.port);
}

static void test_the_search_ends_at_the_last_port(void **state)
{
    struct addr a = loopback();
    int port = port_find(&a, 1, SOCK_DGRAM, 65535, 100);

    (void) state;
    assert_true(port == 65535 || port == -EADDRINUSE);
}

static void test_another_error_is_told(void **state)
{
    struct addr a[2] = {loopback()};

    (void) state;
    assert_int_equal(addr_parse_ip("203.0.113.9", 0, &a[1]), 0);
    assert_int_equal(port_check(&a[1], SOCK_DGRAM), -EADDRNOTAVAIL);
    assert_int_equal(port_find(a, 2, SOCK_DGRAM, 20000, 10000), -EADDRNOTAVAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_the_search_ends_at_the_last_port),
        cmocka_unit_test(test_another_error_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
