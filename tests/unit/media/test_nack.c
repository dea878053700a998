#include "media/nack.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct nack n;
static uint16_t seqs[NACK_MISSING_MAX];
static unsigned lost;

static int setup(void **state)
{
    (void) state;
    nack_init(&n);
    assert_true(nack_packet(&n, 0x1fffe, 0));
    return 0;
}

static size_t due(uint64_t now_us)
{
    return nack_due(&n, now_us, 0, seqs, NACK_MISSING_MAX, &lost);
}

static void test_nothing_missing(void **state)
{
    (void) state;

    assert_true(nack_packet(&n, 0x1ffff, 0));
    assert_true(nack_packet(&n, 0x1fff0, 0)); /* older than the first */
    assert_true(nack_packet(&n, 0x20000, 0));
    assert_true(nack_deadline(&n) == UINT64_MAX);
    assert_int_equal(due(UINT64_MAX / 2), 0);
}

static void test_asks_after_the_reordering_time(void **state)
{
    (void) state;

    assert_true(nack_packet(&n, 0x20001, 1000));
    assert_true(nack_deadline(&n) == 1000 + NACK_REORDER_US);
    assert_int_equal(due(999 + NACK_REORDER_US), 0);
    assert_int_equal(due(1000 + NACK_REORDER_US), 2);
    assert_int_equal(seqs[0], 0xffff);
    assert_int_equal(seqs[1], 0);
    assert_int_equal(lost, 0);
}

static void test_late_packets_are_not_asked_for(void **state)
{
    (void) state;

    nack_packet(&n, 0x20001, 0);
    nack_packet(&n, 0x1ffff, 0);
    assert_int_equal(due(NACK_REORDER_US), 1);
    assert_int_equal(seqs[0], 0);
    nack_packet(&n, 0x20000, 0);
    assert_true(nack_deadline(&n) == UINT64_MAX);
}

static void test_repeats_by_round_trip_time(void **state)
{
    (void) state;
    uint64_t at = NACK_REORDER_US;

    nack_packet(&n, 0x20000, 0);
    assert_int_equal(nack_due(&n, at, 100000, seqs, 9, &lost), 1);
    assert_true(nack_deadline(&n) == at + 100000);
    at += 100000;
    assert_int_equal(nack_due(&n, at, 10, seqs, 9, &lost), 1);
    assert_true(nack_deadline(&n) == at + NACK_RETRY_MIN_US);
}

static void test_gives_up_after_many_tries(void **state)
{
    (void) state;

    nack_packet(&n, 0x20000, 0);
    for (unsigned i = 0; i < NACK_TRIES_MAX; i++)
        assert_int_equal(due(nack_deadline(&n)), 1);
    assert_int_equal(lost, 0);
    assert_int_equal(due(nack_deadline(&n)), 0);
    assert_int_equal(lost, 1);
    assert_true(nack_deadline(&n) == UINT64_MAX);
}

static void test_gives_up_with_age(void **state)
{
    (void) state;

    nack_packet(&n, 0x20001, 0);
    assert_int_equal(due(NACK_AGE_MAX_US), 2);
    assert_int_equal(due(NACK_AGE_MAX_US + NACK_RETRY_MIN_US), 0);
    assert_int_equal(lost, 2);
}

static void test_room_for_few(void **state)
{
    (void) state;

    nack_packet(&n, 0x20003, 0);
    assert_int_equal(nack_due(&n, NACK_REORDER_US, 0, seqs, 3, &lost), 3);
    assert_int_equal(nack_due(&n, NACK_REORDER_US, 0, seqs, 3, &lost), 1);
    assert_int_equal(seqs[0], 2);
}

static void test_breakdown(void **state)
{
    (void) state;

    assert_true(nack_packet(&n, 0x1ffff + NACK_MISSING_MAX, 0));
    assert_int_equal(due(NACK_REORDER_US), NACK_MISSING_MAX);
    assert_false(nack_packet(&n, 0x20001 + NACK_MISSING_MAX, 0)); /* one more */
    assert_true(nack_deadline(&n) == UINT64_MAX);
    assert_true(nack_packet(&n, 0x20002 + NACK_MISSING_MAX, 0));
    assert_true(nack_packet(&n, 0x20004 + NACK_MISSING_MAX, 0));
    assert_int_equal(due(2 * NACK_REORDER_US), 1);
    assert_false(nack_packet(&n, UINT64_C(1) << 40, 0));
}

static void test_forget_before_a_key_frame(void **state)
{
    (void) state;

    nack_packet(&n, 0x20004, 0);
    nack_forget_before(&n, 0x20002);
    assert_int_equal(due(NACK_REORDER_US), 2);
    assert_int_equal(seqs[0], 2);
    assert_int_equal(seqs[1], 3);
    nack_forget_before(&n, 0x20004);
    assert_true(nack_deadline(&n) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_missing, setup),
        cmocka_unit_test_setup(test_asks_after_the_reordering_time, setup),
        cmocka_unit_test_setup(test_late_packets_are_not_asked_for, setup),
        cmocka_unit_test_setup(test_repeats_by_round_trip_time, setup),
        cmocka_unit_test_setup(test_gives_up_after_many_tries, setup),
        cmocka_unit_test_setup(test_gives_up_with_age, setup),
        cmocka_unit_test_setup(test_room_for_few, setup),
        cmocka_unit_test_setup(test_breakdown, setup),
        cmocka_unit_test_setup(test_forget_before_a_key_frame, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
