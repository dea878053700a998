#include "turn/ratelimit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct ratelimit_rule small = {.per_second = 10, .burst = 5, .total_per_second = 100};

static struct addr ip(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, 1, &a), 0);
    return a;
}

static struct ratelimit *new_limit(const struct ratelimit_rule *rule, unsigned n_threads)
{
    struct ratelimit *l;

    assert_int_equal(ratelimit_new(rule, n_threads, &l), 0);
    return l;
}

/* How many of n are let through. */
static unsigned take(struct ratelimit *l, const char *text, bool proven, unsigned n,
                     uint64_t now_ms)
{
    struct addr a = ip(text);
    unsigned taken = 0;

    for (unsigned i = 0; i < n; i++)
        taken += ratelimit_take(l, &a, proven, now_ms);
    return taken;
}

static void test_bucket(void **state)
{
    struct bucket b = {0};

    (void) state;
    for (int i = 0; i < 3; i++)
        assert_true(bucket_take(&b, 1000, 3, 50));
    assert_false(bucket_take(&b, 1000, 3, 50));
    assert_true(bucket_take(&b, 1000, 3, 51));
    assert_false(bucket_take(&b, 1000, 3, 51));
    for (int i = 0; i < 3; i++)
        assert_true(bucket_take(&b, 1000, 3, 1000)); /* no fuller than full */
    assert_false(bucket_take(&b, 1000, 3, 1000));
}

static void test_burst_then_rate(void **state)
{
    struct ratelimit *l = new_limit(&small, 1);

    (void) state;
    assert_int_equal(take(l, "192.0.2.1", false, 50, 1000), 5);
    assert_int_equal(take(l, "192.0.2.1", false, 50, 1099), 0);
    assert_int_equal(take(l, "192.0.2.1", false, 50, 1100), 1);
    assert_int_equal(take(l, "192.0.2.1", false, 50, 1400), 3);
    assert_int_equal(take(l, "192.0.2.1", false, 50, 60000), 5);
    ratelimit_free(l);
}

static void test_networks(void **state)
{
    struct ratelimit *l = new_limit(&small, 1);

    (void) state;
    assert_int_equal(take(l, "192.0.2.1", false, 5, 0), 5);
    assert_int_equal(take(l, "192.0.2.255", false, 5, 0), 0); /* the same /24 */
    assert_int_equal(take(l, "192.0.3.1", false, 5, 0), 5);
    assert_int_equal(take(l, "2001:db8:1::1", false, 5, 0), 5);
    assert_int_equal(take(l, "2001:db8:1:ffff::2", false, 5, 0), 0); /* the same /48 */
    assert_int_equal(take(l, "2001:db8:2::1", false, 5, 0), 5);
    ratelimit_free(l);
}

/* Who writes others' addresses takes nothing from those who have them. */
static void test_proven(void **state)
{
    struct ratelimit *l = new_limit(&small, 1);

    (void) state;
    assert_int_equal(take(l, "192.0.2.1", false, 100, 0), 5);
    assert_int_equal(take(l, "192.0.2.1", true, 100, 0), 5);
    ratelimit_free(l);
}

static void test_give(void **state)
{
    struct ratelimit *l = new_limit(&small, 1);
    struct addr a = ip("192.0.2.1");

    (void) state;
    for (int i = 0; i < 1000; i++) { /* the total is not used up either */
        assert_true(ratelimit_take(l, &a, true, 0));
        ratelimit_give(l, &a, true);
    }
    assert_int_equal(take(l, "192.0.2.1", true, 100, 0), 5);
    ratelimit_free(l);
}

/* Addresses that are made up at random. */
static void test_total(void **state)
{
    struct ratelimit *l = new_limit(&small, 1);
    struct addr a = ip("10.0.0.1");
    unsigned taken = 0;

    (void) state;
    for (unsigned i = 0; i < 10000; i++) {
        a.ip[1] = (uint8_t) (i >> 8);
        a.ip[2] = (uint8_t) i;
        taken += ratelimit_take(l, &a, false, 0);
    }
    assert_int_equal(taken, 100);
    assert_int_equal(take(l, "192.0.2.1", true, 1, 0), 1);
    assert_int_equal(take(l, "192.0.2.1", false, 1, 0), 0);
    assert_int_equal(take(l, "192.0.2.1", false, 1, 10), 1);
    ratelimit_free(l);
}

static void test_threads_share(void **state)
{
    struct ratelimit *l = new_limit(&small, 2);
    struct ratelimit *many = new_limit(&small, 64);

    (void) state;
    assert_int_equal(take(l, "192.0.2.1", false, 50, 0), 2);
    assert_int_equal(take(l, "192.0.2.1", false, 50, 200), 1);
    assert_true(take(many, "192.0.2.1", false, 50, 0) >= 1);
    ratelimit_free(l);
    ratelimit_free(many);
    assert_null(ratelimit_free(NULL));
}

static void test_loopback(void **state)
{
    struct ratelimit *l = new_limit(&small, 1);
    struct addr a = ip("127.0.0.1");

    (void) state;
    assert_int_equal(take(l, "127.0.0.1", false, 1000, 0), 1000);
    assert_int_equal(take(l, "::1", true, 1000, 0), 1000);
    ratelimit_give(l, &a, false);
    assert_int_equal(take(l, "192.0.2.1", false, 1000, 0), 5);
    ratelimit_free(l);
}

/* Thirty people behind one NAT, each with thirty requests at once. */
static void test_office(void **state)
{
    struct ratelimit *l = new_limit(&ratelimit_logins, 1);

    (void) state;
    assert_int_equal(take(l, "192.0.2.1", false, 30 * 30, 0), 900);
    ratelimit_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket),        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_networks),      cmocka_unit_test(test_proven),
        cmocka_unit_test(test_give),          cmocka_unit_test(test_total),
        cmocka_unit_test(test_threads_share), cmocka_unit_test(test_office),
        cmocka_unit_test(test_loopback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
