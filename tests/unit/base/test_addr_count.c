#include "base/addr_count.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct addr_counts *all;

static int setup(void **state)
{
    (void) state;
    return addr_counts_new(2, &all);
}

static int teardown(void **state)
{
    (void) state;
    all = addr_counts_free(all);
    return 0;
}

static int take(const char *ip, size_t max, struct addr_count **ret)
{
    struct addr a = {0};

    if (*ip)
        assert_int_equal(addr_parse_ip(ip, 0, &a), 0);
    return addr_count_take(all, &a, max, ret);
}

static void each_address_has_its_own(void **state)
{
    struct addr_count *a, *b, *c, *none;

    (void) state;
    assert_int_equal(take("192.0.2.1", 2, &a), 0);
    assert_int_equal(take("192.0.2.1", 2, &b), 0);
    assert_int_equal(take("192.0.2.1", 2, &none), -ENOSPC);
    assert_null(none);
    assert_int_equal(take("192.0.2.2", 2, &c), 0);
    /* more addresses than it has room for */
    assert_int_equal(take("192.0.2.3", 2, &none), -ENOSPC);
    addr_count_release(c);
    assert_int_equal(take("192.0.2.3", 2, &c), 0);
    addr_count_release(a);
    assert_int_equal(take("192.0.2.1", 2, &a), 0);
    /* the limit is that of the moment */
    assert_int_equal(take("192.0.2.1", 3, &none), 0);
    addr_count_release(none);
    addr_count_release(a);
    addr_count_release(b);
    addr_count_release(c);
}

static void a_network_counts_as_one_where_it_is_one(void **state)
{
    struct addr_count *a, *b, *none;

    (void) state;
    assert_int_equal(take("2001:db8::1", 1, &a), 0);
    assert_int_equal(take("2001:db8::ffff:2", 1, &none), -ENOSPC);
    assert_int_equal(take("2001:db8:0:1::1", 1, &b), 0);
    addr_count_release(a);
    addr_count_release(b);
}

static void some_are_not_counted(void **state)
{
    static const char *const ips[] = {"127.0.0.1", "::1", ""};
    struct addr_count *c;

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++) {
            assert_int_equal(take(ips[i], 1, &c), 0);
            assert_null(c);
            addr_count_release(c);
        }
    }
    for (int k = 0; k < 3; k++)
        assert_int_equal(take("192.0.2.1", 0, &c), 0);
    assert_null(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(each_address_has_its_own),
        TEST(a_network_counts_as_one_where_it_is_one),
        TEST(some_are_not_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
