#include "base/rnd.h"
#include "rtc/srtp_replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Against a list of everything that came. */
static void agrees_with_a_plain_list(void **state)
{
    enum { SPAN = 40000 };
    static bool seen[SPAN];

    (void) state;
    for (int round = 0; round < 20; round++) {
        struct srtp_replay r = {0};
        uint64_t base = rnd_u32() % 5000;
        uint64_t highest = 0;
        bool any = false;

        memset(seen, 0, sizeof(seen));
        while (base < SPAN - 2000) {
            uint64_t index = base + rnd_u32() % 700;
            bool old = any && highest >= index && highest - index >= SRTP_REPLAY_WINDOW;

            assert_int_equal(srtp_replay_allows(&r, index), !old && !seen[index]);
            if (!old && !seen[index]) {
                srtp_replay_add(&r, index);
                seen[index] = true;
                highest = !any || index > highest ? index : highest;
                any = true;
            }
            base += rnd_u32() % 50 == 0 ? rnd_u32() % 1300 : rnd_u32() % 3;
        }
        assert_int_equal(r.highest, highest);
    }
}

static void forgets_what_a_leap_passes_over(void **state)
{
    struct srtp_replay r = {0};

    (void) state;
    for (uint64_t i = 0; i < SRTP_REPLAY_WINDOW; i++)
        srtp_replay_add(&r, i);
    srtp_replay_add(&r, UINT64_C(1) << 40);
    for (uint64_t i = 1; i < SRTP_REPLAY_WINDOW; i++)
        assert_true(srtp_replay_allows(&r, (UINT64_C(1) << 40) - i));
    assert_false(srtp_replay_allows(&r, UINT64_C(1) << 40));
    assert_false(srtp_replay_allows(&r, (UINT64_C(1) << 40) - SRTP_REPLAY_WINDOW));
}

static void guesses_the_nearest_index(void **state)
{
    static const struct {
        uint64_t highest;
        uint16_t seq;
        uint64_t want;
    } cases[] = {
        {0, 1, 1},
        {100, 99, 99},
        {100, 65535, 65535}, /* no cycle before the first */
        {65535, 0, 0x10000},
        {0x10000, 65535, 65535},
        {0x1fff0, 0x0010, 0x20010},
        {0x20010, 0xfff0, 0x1fff0},
        {0x18000, 0x0001, 0x10001},
        {0x18001, 0x0001, 0x10001},
        {0x18002, 0x0001, 0x20001},
    };
    struct srtp_replay r = {0};

    (void) state;
    assert_int_equal(srtp_replay_guess(&r, 65535), 65535);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        r = (struct srtp_replay){.any = true, .highest = cases[i].highest};
        assert_int_equal(srtp_replay_guess(&r, cases[i].seq), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_plain_list),
        cmocka_unit_test(forgets_what_a_leap_passes_over),
        cmocka_unit_test(guesses_the_nearest_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
