#include "media/hold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TS 3000u

static struct hold h;

static int setup(void **state)
{
    (void) state;
    h = (struct hold){.n = 0};
    return 0;
}

static void assert_held(unsigned n, const uint64_t *seqs)
{
    assert_int_equal(h.n, n);
    for (unsigned i = 0; i < n; i++)
        assert_true(h.seqs[i] == seqs[i]);
}

static void a_frame_goes_with_its_marker(void **state)
{
    static const uint64_t frame[] = {10, 11, 12};

    (void) state;
    assert_int_equal(hold_put(&h, 10, TS, false, 100), HOLD_KEPT);
    assert_int_equal(hold_put(&h, 11, TS, false, 110), HOLD_KEPT);
    assert_false(hold_is_due(&h, 120));
    assert_int_equal(hold_put(&h, 12, TS, true, 120), HOLD_KEPT);
    assert_true(hold_is_due(&h, 120));
    assert_held(3, frame);
}

static void a_frame_without_a_marker_goes_in_time(void **state)
{
    (void) state;
    assert_false(hold_is_due(&h, 100000));
    assert_int_equal(hold_put(&h, 10, TS, false, 100), HOLD_KEPT);
    assert_int_equal(hold_put(&h, 11, TS, false, 100 + HOLD_US - 1), HOLD_KEPT);
    assert_false(hold_is_due(&h, 100 + HOLD_US - 1));
    assert_true(hold_is_due(&h, 100 + HOLD_US)); /* since the first of them */
    hold_clear(&h);
    assert_int_equal(hold_put(&h, 12, TS, false, 5000), HOLD_KEPT);
    assert_false(hold_is_due(&h, 5000));
}

static void the_next_frame_sends_the_last_one_on(void **state)
{
    static const uint64_t next[] = {11};

    (void) state;
    assert_int_equal(hold_put(&h, 10, TS, true, 0), HOLD_KEPT);
    assert_int_equal(hold_put(&h, 11, 2 * TS, false, 0), HOLD_FULL);
    hold_clear(&h);
    assert_int_equal(hold_put(&h, 11, 2 * TS, false, 0), HOLD_KEPT);
    assert_held(1, next);
    assert_false(hold_is_due(&h, 0)); /* the marker was the other frame's */
}

static void no_more_than_the_most(void **state)
{
    (void) state;
    for (unsigned i = 0; i < HOLD_MAX; i++) {
        assert_false(hold_is_due(&h, 0));
        assert_int_equal(hold_put(&h, 10 + i, TS, false, 0), HOLD_KEPT);
    }
    assert_true(hold_is_due(&h, 0));
    assert_int_equal(hold_put(&h, 10 + HOLD_MAX, TS, false, 0), HOLD_FULL);
    assert_int_equal(h.n, HOLD_MAX);
}

static void what_was_overtaken_finds_its_place(void **state)
{
    static const uint64_t frame[] = {10, 11, 12, 13};

    (void) state;
    assert_int_equal(hold_put(&h, 11, TS, false, 0), HOLD_KEPT);
    assert_int_equal(hold_put(&h, 13, TS, true, 0), HOLD_KEPT);
    assert_int_equal(hold_put(&h, 12, TS, false, 0), HOLD_KEPT);
    assert_int_equal(hold_put(&h, 10, TS, false, 0), HOLD_KEPT);
    assert_held(4, frame);
    assert_true(hold_is_due(&h, 0));
}

static void what_comes_late_does_not_wait(void **state)
{
    static const uint64_t held[] = {21};

    (void) state;
    assert_int_equal(hold_put(&h, 20, TS, true, 0), HOLD_KEPT);
    hold_clear(&h);
    assert_int_equal(hold_put(&h, 19, TS, false, 0), HOLD_LATE); /* its frame has gone */
    assert_int_equal(hold_put(&h, 21, 2 * TS, false, 0), HOLD_KEPT);
    assert_int_equal(hold_put(&h, 18, TS, true, 0), HOLD_LATE);
    assert_held(1, held);
    assert_false(hold_is_due(&h, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_frame_goes_with_its_marker, setup),
        cmocka_unit_test_setup(a_frame_without_a_marker_goes_in_time, setup),
        cmocka_unit_test_setup(the_next_frame_sends_the_last_one_on, setup),
        cmocka_unit_test_setup(no_more_than_the_most, setup),
        cmocka_unit_test_setup(what_was_overtaken_finds_its_place, setup),
        cmocka_unit_test_setup(what_comes_late_does_not_wait, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
