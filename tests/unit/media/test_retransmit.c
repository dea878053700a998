#include "media/retransmit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS UINT64_C(1000)

static struct retransmit r;

static int setup(void **state)
{
    (void) state;
    r = (struct retransmit){.credit = 0};
    return 0;
}

static void test_each_packet_earns_one(void **state)
{
    (void) state;

    assert_false(retransmit_grant(&r, 7, 0, 0));
    retransmit_earn(&r);
    assert_true(retransmit_grant(&r, 7, 0, 0));
    assert_false(retransmit_grant(&r, 8, 0, 0));
    for (unsigned i = 0; i < 2 * RETRANSMIT_CREDIT_MAX; i++)
        retransmit_earn(&r);
    for (uint16_t i = 0; i < RETRANSMIT_CREDIT_MAX; i++)
        assert_true(retransmit_grant(&r, i, 0, 0));
    assert_false(retransmit_grant(&r, 999, 0, 0));
}

static void test_not_again_while_it_is_under_way(void **state)
{
    (void) state;

    for (unsigned i = 0; i < 10; i++)
        retransmit_earn(&r);
    assert_true(retransmit_grant(&r, 65535, 100 * MS, 5 * MS));
    assert_false(retransmit_grant(&r, 65535, 100 * MS, 30 * MS));
    assert_true(retransmit_grant(&r, 0, 100 * MS, 30 * MS));
    assert_int_equal(r.credit, 8); /* a refusal costs nothing */
    assert_true(retransmit_grant(&r, 65535, 100 * MS, 105 * MS));
    assert_false(retransmit_grant(&r, 65535, 100 * MS, 110 * MS));
}

static void test_what_was_sent_late_is_under_way(void **state)
{
    (void) state;

    retransmit_earn(&r);
    retransmit_note(&r, 9, 20 * MS);
    assert_false(retransmit_grant(&r, 9, 100 * MS, 60 * MS));
    assert_true(retransmit_grant(&r, 9 + RETRANSMIT_RECENT, 100 * MS, 60 * MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_packet_earns_one, setup),
        cmocka_unit_test_setup(test_not_again_while_it_is_under_way, setup),
        cmocka_unit_test_setup(test_what_was_sent_late_is_under_way, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
