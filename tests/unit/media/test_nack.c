#include "media/nack.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct nack n;
static uint16_t seqs[NACK_MISSING_MAX];
static bool broken;
static uint64_t took_us;

static bool media(uint64_t seq, uint64_t now_us)
{
    return nack_packet(&n, seq, false, now_us, &took_us);
}

static void repeated(uint64_t seq, uint64_t now_us)
{
    assert_true(nack_packet(&n, seq, true, now_us, &took_us));
}

static int setup(void **state)
{
    (void) state;
    nack_init(&n);
    assert_true(media(0x1fffe, 0));
    return 0;
}

static size_t due(uint64_t now_us)
{
    return nack_due(&n, now_us, 0, seqs, NACK_MISSING_MAX, &broken);
}

static void test_nothing_missing(void **state)
{
    (void) state;

    assert_true(media(0x1ffff, 0));
    assert_true(media(0x1fff0, 0)); /* older than the first */
    assert_true(media(0x20000, 0));
    assert_true(nack_deadline(&n) == UINT64_MAX);
    assert_int_equal(due(UINT64_MAX / 2), 0);
}

static void test_asks_after_the_reordering_time(void **state)
{
    (void) state;

    assert_true(media(0x20001, 1000));
    assert_true(nack_deadline(&n) == 1000 + NACK_REORDER_US);
    assert_int_equal(due(999 + NACK_REORDER_US), 0);
    assert_int_equal(due(1000 + NACK_REORDER_US), 2);
    assert_int_equal(seqs[0], 0xffff);
    assert_int_equal(seqs[1], 0);
    assert_int_equal(n.asked, 2);
    assert_int_equal(n.lost, 0);
}

static void test_late_packets_are_not_asked_for(void **state)
{
    (void) state;

    media(0x20001, 0);
    media(0x1ffff, 0);
    assert_int_equal(due(NACK_REORDER_US), 1);
    assert_int_equal(seqs[0], 0);
    media(0x20000, 0);
    assert_true(nack_deadline(&n) == UINT64_MAX);
}

static void test_repeats_by_round_trip_time(void **state)
{
    (void) state;
    uint64_t at = NACK_REORDER_US;

    media(0x20000, 0);
    assert_int_equal(nack_due(&n, at, 100000, seqs, 9, &broken), 1);
    assert_true(nack_deadline(&n) == at + 100000);
    at += 100000;
    assert_int_equal(nack_due(&n, at, 10, seqs, 9, &broken), 1);
    assert_true(nack_deadline(&n) == at + NACK_RETRY_MIN_US);
}

static void test_gives_up_after_many_tries(void **state)
{
    (void) state;

    media(0x20000, 0);
    for (unsigned i = 0; i < NACK_TRIES_MAX; i++)
        assert_int_equal(due(nack_deadline(&n)), 1);
    assert_false(broken);
    assert_int_equal(due(nack_deadline(&n)), 0);
    assert_true(broken);
    assert_int_equal(n.lost, 1);
    assert_true(nack_deadline(&n) == UINT64_MAX);
}

static void test_gives_up_with_age(void **state)
{
    (void) state;

    media(0x20001, 0);
    assert_int_equal(due(NACK_AGE_MAX_US), 2);
    assert_int_equal(due(NACK_AGE_MAX_US + NACK_RETRY_MIN_US), 0);
    assert_int_equal(n.lost, 2);
}

static void test_room_for_few(void **state)
{
    (void) state;

    media(0x20003, 0);
    assert_int_equal(nack_due(&n, NACK_REORDER_US, 0, seqs, 3, &broken), 3);
    assert_int_equal(nack_due(&n, NACK_REORDER_US, 0, seqs, 3, &broken), 1);
    assert_int_equal(seqs[0], 2);
}

static void test_breakdown(void **state)
{
    (void) state;

    assert_true(media(0x1ffff + NACK_MISSING_MAX, 0));
    assert_int_equal(due(NACK_REORDER_US), NACK_MISSING_MAX);
    assert_false(media(0x20001 + NACK_MISSING_MAX, 0)); /* one more */
    assert_true(nack_deadline(&n) == UINT64_MAX);
    assert_true(media(0x20002 + NACK_MISSING_MAX, 0));
    assert_true(media(0x20004 + NACK_MISSING_MAX, 0));
    assert_int_equal(due(2 * NACK_REORDER_US), 1);
    assert_false(media(UINT64_C(1) << 40, 0));
}

/* What is older than a key frame is asked for all the same, but nothing depends on it: it goes
 * first when there is too much. */
static void test_before_a_key_frame(void **state)
{
    (void) state;

    media(0x20004, 0);
    nack_key_frame(&n, 0x20004);
    assert_int_equal(due(NACK_REORDER_US), 5);
    assert_int_equal(due(NACK_AGE_MAX_US + NACK_RETRY_MIN_US), 0);
    assert_int_equal(n.lost, 5);
    assert_false(broken);

    media(0x20006, 2 * NACK_AGE_MAX_US);
    nack_key_frame(&n, 0x20006);
    assert_true(media(0x20007 + NACK_MISSING_MAX, 2 * NACK_AGE_MAX_US));
    assert_int_equal(n.n, NACK_MISSING_MAX);
    assert_int_equal(n.lost, 6);
}

static void test_tells_how_long_an_answer_took(void **state)
{
    (void) state;
    uint64_t at = NACK_REORDER_US;

    media(0x20001, 0);
    assert_int_equal(due(at), 2);
    repeated(0x1ffff, at + 30000);
    assert_int_equal(took_us, 30000);
    assert_int_equal(n.recovered, 1);
    assert_int_equal(due(at + 50000), 1);
    repeated(0x20000, at + 60000); /* the answer to which request? */
    assert_int_equal(took_us, 0);
    repeated(0x20000, at + 60001);
    assert_int_equal(n.recovered, 2);
}

/* Packets that are overtaken by so much are waited for, until it turns out that others are lost. */
static void test_learns_how_late_packets_come(void **state)
{
    (void) state;
    uint64_t seq = 0x20000, now = 0;

    for (unsigned i = 0; i < 4; i++, seq += 2, now += 100000) {
        media(seq, now);
        media(seq - 1, now + 16000);
    }
    assert_true(n.late_us == 16000);
    media(seq, now);
    assert_true(nack_deadline(&n) == now + 20000);
    media(seq - 1, now + 17000);
    for (unsigned i = 0; i < 60; i++) {
        seq += 2;
        now += 100000;
        media(seq, now);
        assert_int_equal(due(now + NACK_REORDER_MAX_US), 1);
        repeated(seq - 1, now + 90000);
    }
    media(seq + 2, now + 100000);
    assert_true(nack_deadline(&n) == now + 100000 + NACK_REORDER_US);
}

static void test_does_not_wait_for_ever(void **state)
{
    (void) state;

    media(0x20000, 0);
    media(0x1ffff, NACK_REORDER_MAX_US);
    media(0x20002, 100000);
    assert_true(nack_deadline(&n) == 100000 + NACK_REORDER_MAX_US);
    media(0x20001, 100000 + NACK_REORDER_MAX_US + 1); /* asking is quicker than that */
    assert_true(n.late_us == NACK_REORDER_MAX_US);
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
        cmocka_unit_test_setup(test_before_a_key_frame, setup),
        cmocka_unit_test_setup(test_tells_how_long_an_answer_took, setup),
        cmocka_unit_test_setup(test_learns_how_late_packets_come, setup),
        cmocka_unit_test_setup(test_does_not_wait_for_ever, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
