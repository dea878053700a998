#include "media/rtt.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_assumed_then_measured(void **state)
{
    struct rtt r = {.smoothed_us = 0};

    (void) state;
    assert_int_equal(rtt_us(&r), RTT_ASSUMED_US);
    rtt_sample(&r, 20000);
    assert_int_equal(rtt_us(&r), 20000);
    assert_int_equal(rtt_patience_us(&r), 40000);
    for (unsigned i = 0; i < 50; i++)
        rtt_sample(&r, 20000);
    assert_int_equal(rtt_us(&r), 20000);
    assert_int_equal(rtt_patience_us(&r), 30000); /* some grace remains */
    for (unsigned i = 0; i < 50; i++)
        rtt_sample(&r, 200000);
    assert_in_range(rtt_us(&r), 190000, 200000);
}

static void test_varying_answers_get_more_time(void **state)
{
    struct rtt r = {.smoothed_us = 0};

    (void) state;
    for (unsigned i = 0; i < 100; i++)
        rtt_sample(&r, i % 2 ? 50000 : 150000);
    assert_in_range(rtt_us(&r), 90000, 110000);
    assert_true(rtt_patience_us(&r) > 150000);
}

static void test_nonsense_is_ignored(void **state)
{
    struct rtt r = {.smoothed_us = 0};

    (void) state;
    rtt_sample(&r, RTT_MAX_US + 1);
    assert_int_equal(rtt_us(&r), RTT_ASSUMED_US);
    rtt_sample(&r, 0); /* as good as none */
    assert_int_equal(rtt_us(&r), 1);
}

static void test_echo(void **state)
{
    uint64_t sent_us = UINT64_C(70000) * 1000000 + 123456, took_us;
    struct rtcp_dlrr echo = {.ssrc = 1, .lrr = (uint32_t) (rtt_clock(sent_us) >> 16)};

    (void) state;
    echo.dlrr = 65536 / 2; /* it was held for half a second */
    assert_int_equal(rtt_of_echo(&echo, sent_us + 530000, &took_us), 0);
    assert_in_range(took_us, 29950, 30050);
    assert_int_equal(rtt_of_echo(&echo, sent_us + 400000, &took_us), 0);
    assert_true(took_us > RTT_MAX_US); /* no sample */
    echo.lrr = 0;
    assert_int_equal(rtt_of_echo(&echo, sent_us, &took_us), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assumed_then_measured),
        cmocka_unit_test(test_varying_answers_get_more_time),
        cmocka_unit_test(test_nonsense_is_ignored),
        cmocka_unit_test(test_echo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
