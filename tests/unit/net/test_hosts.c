#include "net/hosts.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct addr ip(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, 1, &a), 0);
    return a;
}

static void test_counts(void **state)
{
    struct addr a = ip("192.0.2.1"), b = ip("192.0.2.2"), six = ip("2001:db8::1"),
                same = ip("2001:db8::2"), other = ip("2001:db8:0:1::1");
    struct host *h[6] = {NULL};
    struct hosts *hs;

    (void) state;
    assert_int_equal(hosts_new(3, &hs), 0);
    assert_int_equal(hosts_enter(hs, &a, 2, &h[0]), 0);
    a.port = 7;
    assert_int_equal(hosts_enter(hs, &a, 2, &h[1]), 0);
    assert_int_equal(hosts_enter(hs, &a, 2, &h[5]), -EDQUOT);
    assert_int_equal(hosts_enter(hs, &b, 2, &h[2]), 0);
    assert_int_equal(hosts_enter(hs, &six, 2, &h[3]), 0);
    assert_int_equal(hosts_enter(hs, &same, 2, &h[4]), 0);
    assert_int_equal(hosts_enter(hs, &same, 2, &h[5]), -EDQUOT);
    assert_int_equal(hosts_enter(hs, &other, 2, &h[5]), -ENOSPC);
    h[2] = hosts_leave(hs, h[2]);
    assert_null(h[2]);
    assert_int_equal(hosts_enter(hs, &other, 2, &h[5]), 0);
    h[0] = hosts_leave(hs, h[0]);
    assert_int_equal(hosts_enter(hs, &a, 2, &h[0]), 0);
    for (int i = 0; i < 6; i++)
        assert_null(hosts_leave(hs, h[i]));
    assert_null(hosts_free(hs));
    assert_null(hosts_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
