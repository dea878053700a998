#include "turn/quota.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_limits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
