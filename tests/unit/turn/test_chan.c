#include "turn/chan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct addr peer(uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip("192.0.2.1", port, &a), 0);
    return a;
}

static void test_both_ways(void **state)
{
    struct chan_table t = {0};
    struct addr a = peer(1), b = peer(2);

    (void) state;
    assert_int_equal(chan_bind(&t, 0x4000, &a, 0), 0);
    assert_int_equal(chan_bind(&t, 0x4FFF, &b, 0), 0);
    assert_true(addr_eq(chan_peer(&t, 0x4000, 0), &a));
    assert_true(addr_eq(chan_peer(&t, 0x4FFF, 0), &b));
    assert_int_equal(chan_number(&t, &a, 0), 0x4000);
    assert_int_equal(chan_number(&t, &b, 0), 0x4FFF);
    assert_null(chan_peer(&t, 0x4001, 0));
    b = peer(3);
    assert_int_equal(chan_number(&t, &b, 0), 0);
}

static void test_numbers(void **state)
{
    struct chan_table t = {0};
    struct addr a = peer(1);

    (void) state;
    assert_int_equal(chan_bind(&t, 0x3FFF, &a, 0), -ERANGE);
    assert_int_equal(chan_bind(&t, 0x5000, &a, 0), -ERANGE);
    assert_int_equal(t.n, 0);
}

static void test_conflicts(void **state)
{
    struct chan_table t = {0};
    struct addr a = peer(1), b = peer(2);

    (void) state;
    assert_int_equal(chan_bind(&t, 0x4000, &a, 0), 0);
    assert_int_equal(chan_bind(&t, 0x4001, &b, 0), 0);
    assert_int_equal(chan_bind(&t, 0x4000, &b, 0), -EEXIST);
    assert_int_equal(chan_bind(&t, 0x4002, &a, 0), -EEXIST);
    assert_int_equal(chan_bind(&t, 0x4001, &a, 0), -EEXIST);
    assert_int_equal(chan_bind(&t, 0x4000, &a, 5), 0);
    assert_int_equal(t.n, 2);
}

static void test_lifetime(void **state)
{
    struct chan_table t = {0};
    struct addr a = peer(1), b = peer(2);

    (void) state;
    assert_int_equal(chan_bind(&t, 0x4000, &a, 0), 0);
    assert_non_null(chan_peer(&t, 0x4000, CHAN_LIFETIME_MS - 1));
    assert_null(chan_peer(&t, 0x4000, CHAN_LIFETIME_MS));
    assert_int_equal(chan_number(&t, &a, CHAN_LIFETIME_MS), 0);
    assert_int_equal(chan_bind(&t, 0x4000, &b, CHAN_LIFETIME_MS), 0); /* free again */
    assert_true(addr_eq(chan_peer(&t, 0x4000, CHAN_LIFETIME_MS), &b));
}

static void test_limit(void **state)
{
    struct chan_table t = {0};
    struct addr a;

    (void) state;
    for (uint16_t i = 0; i < CHAN_MAX; i++) {
        a = peer(i + 1);
        assert_int_equal(chan_bind(&t, CHAN_FIRST + i, &a, 0), 0);
    }
    a = peer(1000);
    assert_int_equal(chan_bind(&t, CHAN_FIRST + CHAN_MAX, &a, 0), -ENOSPC);
    assert_int_equal(chan_bind(&t, CHAN_FIRST + CHAN_MAX, &a, CHAN_LIFETIME_MS), 0);
    assert_int_equal(t.n, 1);
}

static struct addr ip(const char *text, uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, port, &a), 0);
    return a;
}

static void test_check_changes_nothing(void **state)
{
    struct chan_table t = {0};
    struct addr a = ip("192.0.2.1", 1), b = ip("192.0.2.1", 2);

    (void) state;
    assert_int_equal(chan_check(&t, 0x4000, &a, 1000), 0);
    assert_null(chan_peer(&t, 0x4000, 1000));
    assert_int_equal(chan_bind(&t, 0x4000, &a, 1000), 0);
    assert_int_equal(chan_check(&t, 0x4000, &a, 1000), 0);
    assert_int_equal(chan_check(&t, 0x4000, &b, 1000), -EEXIST);
    assert_int_equal(chan_check(&t, 0x4001, &a, 1000), -EEXIST);
    assert_int_equal(chan_check(&t, 0x5000, &b, 1000), -ERANGE);
}

static void test_drop_family(void **state)
{
    struct chan_table t = {0};
    struct addr v4 = ip("192.0.2.1", 1), v6 = ip("2001:db8::1", 1);

    (void) state;
    assert_int_equal(chan_bind(&t, 0x4000, &v4, 1000), 0);
    assert_int_equal(chan_bind(&t, 0x4001, &v6, 1000), 0);
    chan_drop(&t, AF_INET);
    assert_null(chan_peer(&t, 0x4000, 1000));
    assert_true(addr_eq(chan_peer(&t, 0x4001, 1000), &v6));
    assert_int_equal(chan_bind(&t, 0x4000, &v4, 1000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_changes_nothing),
        cmocka_unit_test(test_drop_family),
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
