#include "turn/perm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct addr ip(const char *text, uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, port, &a), 0);
    return a;
}

static void test_ip_counts_not_port(void **state)
{
    struct perm_table t = {0};
    struct addr a = ip("192.0.2.1", 1), other_port = ip("192.0.2.1", 2), b = ip("192.0.2.2", 1);

    (void) state;
    assert_false(perm_allows(&t, &a, 0));
    assert_int_equal(perm_grant(&t, &a, 1000), 0);
    assert_true(perm_allows(&t, &a, 1000));
    assert_true(perm_allows(&t, &other_port, 1000));
    assert_false(perm_allows(&t, &b, 1000));
}

static void test_lifetime(void **state)
{
    struct perm_table t = {0};
    struct addr a = ip("2001:db8::1", 1);

    (void) state;
    assert_int_equal(perm_grant(&t, &a, 1000), 0);
    assert_true(perm_allows(&t, &a, 1000 + PERM_LIFETIME_MS - 1));
    assert_false(perm_allows(&t, &a, 1000 + PERM_LIFETIME_MS));
    assert_int_equal(perm_grant(&t, &a, 200000), 0);
    assert_true(perm_allows(&t, &a, 1000 + PERM_LIFETIME_MS));
    assert_false(perm_allows(&t, &a, 200000 + PERM_LIFETIME_MS));
}

static void test_limit(void **state)
{
    struct perm_table t = {0};
    struct addr a = ip("10.0.0.0", 1);

    (void) state;
    for (uint8_t i = 0; i < PERM_MAX; i++) {
        a.ip[3] = i;
        assert_int_equal(perm_grant(&t, &a, i), 0);
    }
    a.ip[3] = 200;
    assert_int_equal(perm_grant(&t, &a, PERM_MAX), -ENOSPC);
    a.ip[3] = 3;
    assert_int_equal(perm_grant(&t, &a, PERM_MAX), 0); /* a refresh takes no room */
    a.ip[3] = 200;
    assert_int_equal(perm_grant(&t, &a, PERM_LIFETIME_MS), 0); /* the first one's time is over */
    assert_true(perm_allows(&t, &a, PERM_LIFETIME_MS));
    a.ip[3] = 0;
    assert_false(perm_allows(&t, &a, PERM_LIFETIME_MS));
}

static void test_drop_family(void **state)
{
    struct perm_table t = {0};
    struct addr v4 = ip("192.0.2.1", 1), v6 = ip("2001:db8::1", 1);

    (void) state;
    assert_int_equal(perm_grant(&t, &v4, 1000), 0);
    assert_int_equal(perm_grant(&t, &v6, 1000), 0);
    perm_drop(&t, AF_INET6);
    assert_true(perm_allows(&t, &v4, 1000));
    assert_false(perm_allows(&t, &v6, 1000));
    assert_int_equal(perm_grant(&t, &v6, 1000), 0);
    assert_true(perm_allows(&t, &v6, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drop_family),
        cmocka_unit_test(test_ip_counts_not_port),
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
