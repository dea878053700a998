#include "media/keyframe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS UINT64_C(1000)

static struct keyframe k;

static int setup(void **state)
{
    (void) state;
    keyframe_init(&k);
    return 0;
}

static void test_no_need(void **state)
{
    (void) state;

    assert_false(keyframe_due(&k, 0, 1000 * MS));
    assert_true(keyframe_deadline(&k) == UINT64_MAX);
}

static void test_asks_at_once_and_once(void **state)
{
    (void) state;

    keyframe_want(&k, 10 * MS);
    keyframe_want(&k, 10 * MS);
    assert_true(keyframe_deadline(&k) == 10 * MS);
    assert_true(keyframe_due(&k, 0, 10 * MS));
    assert_false(keyframe_due(&k, 0, 11 * MS));
    keyframe_want(&k, 12 * MS); /* another subscriber: the request is under way */
    assert_false(keyframe_due(&k, 0, 12 * MS));
}

static void test_repeats_until_one_passes(void **state)
{
    (void) state;
    static const uint64_t after_ms[] = {0, 100, 300, 700, 1500, 3100, 5100, 7100};

    keyframe_want(&k, 0);
    for (size_t i = 0; i < sizeof(after_ms) / sizeof(after_ms[0]); i++) {
        assert_true(keyframe_deadline(&k) == after_ms[i] * MS);
        assert_true(keyframe_due(&k, 0, after_ms[i] * MS));
    }
    keyframe_passed(&k, 7200 * MS);
    assert_true(keyframe_deadline(&k) == UINT64_MAX);
    assert_false(keyframe_due(&k, 0, 60000 * MS));
}

static void test_waits_after_a_key_frame(void **state)
{
    (void) state;

    keyframe_want(&k, 0);
    assert_true(keyframe_due(&k, 0, 0));
    keyframe_passed(&k, 50 * MS);
    keyframe_want(&k, 60 * MS); /* the encoder would drop it now */
    assert_true(keyframe_deadline(&k) == 350 * MS);
    assert_false(keyframe_due(&k, 0, 349 * MS));
    assert_true(keyframe_due(&k, 0, 350 * MS));
    assert_true(keyframe_deadline(&k) == 450 * MS);
}

static void test_new_request_ends_a_long_wait(void **state)
{
    (void) state;

    keyframe_want(&k, 0);
    for (unsigned i = 0; i < 6; i++)
        assert_true(keyframe_due(&k, 0, keyframe_deadline(&k)));
    assert_true(keyframe_deadline(&k) == 5100 * MS);
    keyframe_want(&k, 4000 * MS);
    assert_true(keyframe_due(&k, 0, 4000 * MS));
    assert_true(keyframe_deadline(&k) == 4100 * MS);
}

static void test_an_answer_takes_a_round_trip(void **state)
{
    (void) state;

    keyframe_want(&k, 0);
    assert_true(keyframe_due(&k, 200 * MS, 0));
    assert_true(keyframe_deadline(&k) == 250 * MS);
    keyframe_want(&k, 10 * MS); /* another subscriber: it will see the answer */
    assert_true(keyframe_deadline(&k) == 250 * MS);
    assert_true(keyframe_due(&k, 200 * MS, 250 * MS));
    assert_true(keyframe_deadline(&k) == 500 * MS);
}

/* Whoever asks without end gets a few, then one a second. */
static void test_requests_without_end(void **state)
{
    (void) state;
    unsigned n = 0;

    for (uint64_t now = 0; now < 60000 * MS; now += 10 * MS) {
        keyframe_want(&k, now);
        if (!keyframe_due(&k, 0, now))
            continue;
        n++;
        keyframe_passed(&k, now);
    }
    assert_in_range(n, 60 + KEYFRAME_BURST - 1, 60 + KEYFRAME_BURST + 1);
    assert_int_equal(k.n_asked, n);
    keyframe_want(&k, 70000 * MS); /* after a rest it is quick again */
    assert_true(keyframe_due(&k, 0, 70000 * MS));
}

static void test_unasked_key_frame(void **state)
{
    (void) state;

    keyframe_passed(&k, 0);
    assert_true(keyframe_deadline(&k) == UINT64_MAX);
    keyframe_want(&k, 1000 * MS);
    assert_true(keyframe_due(&k, 0, 1000 * MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_no_need, setup),
        cmocka_unit_test_setup(test_asks_at_once_and_once, setup),
        cmocka_unit_test_setup(test_repeats_until_one_passes, setup),
        cmocka_unit_test_setup(test_waits_after_a_key_frame, setup),
        cmocka_unit_test_setup(test_new_request_ends_a_long_wait, setup),
        cmocka_unit_test_setup(test_an_answer_takes_a_round_trip, setup),
        cmocka_unit_test_setup(test_requests_without_end, setup),
        cmocka_unit_test_setup(test_unasked_key_frame, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
