#include "base/clock.h"
#include "turn/quota.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_limits(void **state)
{
    struct quota_user *a[2], *b, *c;
    struct quota *q;

    (void) state;
    assert_int_equal(quota_new(3, 2, &q), 0);
    assert_int_equal(quota_take(q, bytes_str("a"), &a[0]), 0);
    assert_int_equal(quota_take(q, bytes_str("a"), &a[1]), 0);
    assert_int_equal(quota_take(q, bytes_str("a"), &c), -EDQUOT);
    assert_int_equal(quota_take(q, bytes_str("b"), &b), 0);
    assert_int_equal(quota_take(q, bytes_str("c"), &c), -ENOSPC);
    assert_int_equal(quota_count(q), 3);

    quota_give(q, a[0]);
    assert_int_equal(quota_take(q, bytes_str("c"), &c), 0);
    quota_give(q, b);
    assert_int_equal(quota_take(q, bytes_str("a"), &a[0]), 0);
    assert_int_equal(quota_take(q, bytes_str("a"), &b), -EDQUOT);

    /* Other limits are for those to come. */
    quota_set_limits(q, 2, 1);
    assert_int_equal(quota_count(q), 3);
    assert_int_equal(quota_take(q, bytes_str("d"), &b), -ENOSPC);
    quota_set_limits(q, 100, 3);
    assert_int_equal(quota_take(q, bytes_str("a"), &b), 0);
    quota_give(q, b);
    quota_give(q, a[0]);
    quota_give(q, a[1]);
    quota_give(q, c);
    assert_int_equal(quota_count(q), 0);
    quota_free(q);
}

static void test_revoked(void **state)
{
    struct quota_user *a, *b;
    struct quota *q;

    (void) state;
    clock_fake(499999000);
    assert_int_equal(quota_new(100, 100, &q), 0);
    assert_int_equal(quota_take(q, bytes_str("500:a"), &a), 0);
    assert_int_equal(quota_take(q, bytes_str("500:b"), &b), 0);
    assert_false(quota_user_is_revoked(a));
    assert_false(quota_is_revoked(q, bytes_str("500:a")));

    assert_true(quota_revoke(q, bytes_str("500:a"), 499999));
    assert_true(quota_user_is_revoked(a));
    assert_false(quota_user_is_revoked(b));
    assert_true(quota_is_revoked(q, bytes_str("500:a")));
    assert_int_equal(quota_take(q, bytes_str("500:a"), &a), -EKEYREVOKED);
    quota_give(q, a);
    assert_int_equal(quota_take(q, bytes_str("500:a"), &a), -EKEYREVOKED);
    assert_false(quota_revoke(q, bytes_str("500:a"), 499999));

    assert_false(quota_revoke(q, bytes_str("600:never"), 499999)); /* seen */
    assert_int_equal(quota_take(q, bytes_str("600:never"), &a), -EKEYREVOKED);
    assert_int_equal(quota_n_revoked(q), 2);

    /* Over already: need not be remembered, but what it has ends. */
    assert_true(quota_revoke(q, bytes_str("500:b"), 500000));
    assert_true(quota_user_is_revoked(b));
    assert_int_equal(quota_n_revoked(q), 1); /* nor the other one any more */
    clock_fake(600000000);
    assert_int_equal(quota_n_revoked(q), 0);
    clock_fake(UINT64_MAX);
    quota_give(q, b);
    quota_free(q);
}

struct seen {
    unsigned n;
    char names[256];
    struct quota_report last;
};

static void on_report(const struct quota_report *r, void *arg)
{
    struct seen *s = arg;

    s->n++;
    s->last = *r;
    snprintf(s->names + strlen(s->names), sizeof(s->names) - strlen(s->names), "%.*s ",
             (int) r->username.len, (const char *) r->username.p);
}

static void test_use(void **state)
{
    struct usage counted = {.packets = {1, 2}, .bytes = {30, 40}, .dropped = 5};
    struct quota_user *a, *again;
    struct seen s = {.n = 0};
    struct quota *q;

    (void) state;
    clock_fake(9000000);
    assert_int_equal(quota_new(100, 100, &q), 0);
    quota_report(q, bytes_str("500:a"), false, on_report, &s);
    assert_int_equal(s.n, 0);
    assert_int_equal(quota_take(q, bytes_str("500:a"), &a), 0);
    quota_account(a, &counted);
    assert_int_equal(counted.packets[0] + counted.bytes[1] + counted.dropped, 0);
    counted = (struct usage){.packets = {10, 20}, .bytes = {300, 400}};
    quota_account(a, &counted);
    quota_report(q, bytes_str("500:a"), true, on_report, &s);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.last.since_ms, 9000);
    assert_int_equal(s.last.allocations, 1);
    assert_int_equal(s.last.usage.packets[USAGE_IN], 11);
    assert_int_equal(s.last.usage.packets[USAGE_OUT], 22);
    assert_int_equal(s.last.usage.bytes[USAGE_IN], 330);
    assert_int_equal(s.last.usage.bytes[USAGE_OUT], 440);
    assert_int_equal(s.last.usage.dropped, 5);

    /* The next allocation of the same user goes on counting. */
    quota_give(q, a);
    clock_fake(10000000);
    assert_int_equal(quota_take(q, bytes_str("500:a"), &again), 0);
    quota_report(q, bytes_str("500:a"), false, on_report, &s);
    assert_int_equal(s.last.since_ms, 9000);
    assert_int_equal(s.last.allocations, 1);
    assert_int_equal(s.last.allocations_made, 2);
    assert_int_equal(s.last.usage.bytes[USAGE_OUT], 440);
    quota_give(q, again);
    quota_report(q, bytes_str("500:a"), true, on_report, &s);
    assert_int_equal(s.n, 3);
    quota_report(q, bytes_str("500:a"), true, on_report, &s);
    assert_int_equal(s.n, 3); /* forgotten */
    quota_free(q);
    clock_fake(UINT64_MAX);
}

static void test_report_in_parts(void **state)
{
    static const char *const names[] = {"1:a", "1:b", "1:c", "1:d"};
    struct quota_user *u[4];
    struct seen s = {.n = 0};
    uint64_t next;
    struct quota *q;

    (void) state;
    assert_int_equal(quota_new(100, 100, &q), 0);
    assert_int_equal(quota_report_all(q, 0, 2, on_report, &s), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(quota_take(q, bytes_str(names[i]), &u[i]), 0);
    next = quota_report_all(q, 0, 2, on_report, &s);
    assert_string_equal(s.names, "1:a 1:b ");
    assert_int_not_equal(next, 0);
    quota_give(q, u[2]);
    next = quota_report_all(q, next, 2, on_report, &s);
    assert_string_equal(s.names, "1:a 1:b 1:c 1:d ");
    assert_int_equal(next, 0);
    quota_give(q, u[0]);
    quota_give(q, u[1]);
    quota_give(q, u[3]);
    quota_free(q);
}

/* Of users without allocations the longest idle is forgotten. */
static void test_idle_bound(void **state)
{
    struct quota_user *u, *busy;
    struct seen s = {.n = 0};
    char name[32];
    struct quota *q;

    (void) state;
    assert_int_equal(quota_new(100, 100, &q), 0);
    assert_int_equal(quota_take(q, bytes_str("1:busy"), &busy), 0);
    for (unsigned i = 0; i < QUOTA_IDLE_MAX + 1; i++) {
        snprintf(name, sizeof(name), "1:%u", i);
        assert_int_equal(quota_take(q, bytes_str(name), &u), 0);
        quota_give(q, u);
    }
    quota_report(q, bytes_str("1:0"), false, on_report, &s);
    assert_int_equal(s.n, 0);
    quota_report(q, bytes_str("1:1"), false, on_report, &s);
    quota_report(q, bytes_str("1:busy"), false, on_report, &s);
    assert_int_equal(s.n, 2);
    quota_give(q, busy);
    quota_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_revoked),
        cmocka_unit_test(test_use),        cmocka_unit_test(test_report_in_parts),
        cmocka_unit_test(test_idle_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
