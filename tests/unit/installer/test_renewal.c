/* When `visavis run` comes back to the certificate. */
#include "apply/renewal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S 1000000ull
#define NOW 1800000000

static void test_moments(void **state)
{
    (void) state;
    assert_int_equal(renewal_wait_us("1800000010\n", NOW, false), 10 * S);
    assert_int_equal(renewal_wait_us("1800000010", NOW, false), 10 * S);
    assert_int_equal(renewal_wait_us("1800003600\n", NOW, true), 3600 * S);
    assert_int_equal(renewal_wait_us("1800900000\n", NOW, false), 86400 * S);
}

static void test_what_is_due_is_not_run_without_end(void **state)
{
    (void) state;
    assert_int_equal(renewal_wait_us("1800000000\n", NOW, false), 2 * S);
    assert_int_equal(renewal_wait_us("1\n", NOW, true), 2 * S);
}

static void test_nothing_said(void **state)
{
    static const char *const texts[] = {NULL, "", "\n", "soon\n", "-5\n", "99999999999999999999\n"};

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(renewal_wait_us(texts[i], NOW, false), 86400 * S);
        assert_int_equal(renewal_wait_us(texts[i], NOW, true), 3600 * S);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_what_is_due_is_not_run_without_end),
        cmocka_unit_test(test_nothing_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
