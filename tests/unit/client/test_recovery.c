#include "client/recovery.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MS UINT64_C(1000)

static struct recovery r;
static uint16_t seqs[64];

static int setup(void **state)
{
    (void) state;
    r = (struct recovery){.started = false};
    return 0;
}

static void nothing_is_missing(void **state)
{
    (void) state;
    assert_false(recovery_repeated(&r, 5));
    for (unsigned i = 65530; i < 65550; i++) /* over the wrap */
        assert_true(recovery_packet(&r, (uint16_t) i));
    assert_int_equal(recovery_due(&r, 0, seqs, 64), 0);
    assert_true(recovery_deadline(&r) == UINT64_MAX);
    assert_false(recovery_packet(&r, 3)); /* twice */
    assert_false(recovery_packet(&r, 65000));
    assert_false(recovery_repeated(&r, 3));
}

static void asks_at_once_and_again(void **state)
{
    (void) state;
    assert_true(recovery_packet(&r, 65534));
    assert_true(recovery_packet(&r, 2));
    assert_true(recovery_deadline(&r) == 0);
    assert_int_equal(recovery_due(&r, 5 * MS, seqs, 64), 3);
    assert_int_equal(seqs[0], 65535);
    assert_int_equal(seqs[1], 0);
    assert_int_equal(seqs[2], 1);
    assert_int_equal(recovery_due(&r, 104 * MS, seqs, 64), 0);
    assert_true(recovery_deadline(&r) == 105 * MS);
    assert_true(recovery_repeated(&r, 0));
    assert_false(recovery_repeated(&r, 0));
    assert_true(recovery_packet(&r, 65535)); /* late, by itself */
    assert_int_equal(recovery_due(&r, 105 * MS, seqs, 64), 1);
    assert_int_equal(seqs[0], 1);
    assert_int_equal(r.asked, 4);
}

static void gives_up_at_last(void **state)
{
    uint64_t now = 0;

    (void) state;
    assert_true(recovery_packet(&r, 1));
    assert_true(recovery_packet(&r, 3));
    for (unsigned i = 0; i < RECOVERY_TRIES_MAX; i++, now += RECOVERY_AGAIN_US) {
        assert_int_equal(recovery_due(&r, now, seqs, 64), 1);
        assert_int_equal(r.given_up, 0);
    }
    assert_int_equal(recovery_due(&r, now, seqs, 64), 0);
    assert_int_equal(r.given_up, 1);
    assert_true(recovery_deadline(&r) == UINT64_MAX);
    assert_false(recovery_repeated(&r, 2));
}

static void many_at_once(void **state)
{
    (void) state;
    assert_true(recovery_packet(&r, 0));
    assert_true(recovery_packet(&r, 5000));
    assert_int_equal(r.n_missing, RECOVERY_MISSING_MAX);
    assert_int_equal(recovery_due(&r, 0, seqs, 64), 64);
    assert_int_equal(seqs[63], 64);
    assert_int_equal(recovery_due(&r, 0, seqs, 64), 64);
    assert_int_equal(seqs[0], 65);
}

static void a_key_frame_is_asked_for(void **state)
{
    uint64_t now = 0;

    (void) state;
    assert_true(recovery_packet(&r, 65534));
    assert_true(recovery_key_frame_due(&r, now)); /* none came yet */
    assert_false(recovery_key_frame_due(&r, now + RECOVERY_KEY_AGAIN_US - 1));
    now += RECOVERY_KEY_AGAIN_US;
    assert_true(recovery_key_frame_due(&r, now));
    recovery_key_frame(&r, 65534);
    now += RECOVERY_KEY_AGAIN_US;
    assert_false(recovery_key_frame_due(&r, now));

    assert_true(recovery_packet(&r, 1)); /* 65535 and 0 are missing */
    assert_false(recovery_key_frame_due(&r, now));
    for (unsigned i = 0; i <= RECOVERY_TRIES_MAX; i++, now += RECOVERY_AGAIN_US)
        (void) recovery_due(&r, now, seqs, 64);
    assert_int_equal(r.given_up, 2);
    assert_true(recovery_key_frame_due(&r, now));
    recovery_key_frame(&r, 65535); /* it lacks something itself */
    now += RECOVERY_KEY_AGAIN_US;
    assert_true(recovery_key_frame_due(&r, now));
    recovery_key_frame(&r, 1);
    now += RECOVERY_KEY_AGAIN_US;
    assert_false(recovery_key_frame_due(&r, now));
}

static void what_is_before_a_key_frame_is_not_needed(void **state)
{
    uint64_t now = 0;

    (void) state;
    assert_true(recovery_packet(&r, 1));
    assert_true(recovery_packet(&r, 3));
    recovery_key_frame(&r, 3);
    for (unsigned i = 0; i <= RECOVERY_TRIES_MAX; i++, now += RECOVERY_AGAIN_US)
        (void) recovery_due(&r, now, seqs, 64);
    assert_int_equal(r.given_up, 1);
    assert_false(recovery_key_frame_due(&r, now));
    assert_true(recovery_packet(&r, 5000)); /* too many to ask for */
    assert_true(recovery_key_frame_due(&r, now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_missing, setup),
        cmocka_unit_test_setup(asks_at_once_and_again, setup),
        cmocka_unit_test_setup(gives_up_at_last, setup),
        cmocka_unit_test_setup(many_at_once, setup),
        cmocka_unit_test_setup(a_key_frame_is_asked_for, setup),
        cmocka_unit_test_setup(what_is_before_a_key_frame_is_not_needed, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
