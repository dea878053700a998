#include "media/padding.h"

#include "tests/lib/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define N_MAX 16

static void check(unsigned n, const uint16_t *sizes, const uint8_t *expected)
{
    uint8_t padding[N_MAX];

    memset(padding, 0xaa, sizeof(padding));
    padding_plan(sizes, n, padding);
    assert_memory_equal(padding, expected, n);
}

static void the_parts_of_a_frame_become_equal(void **state)
{
    (void) state;
    check(3, (uint16_t[]){876, 877, 877}, (uint8_t[]){1, 0, 0});
    check(3, (uint16_t[]){877, 876, 877}, (uint8_t[]){0, 1, 0});
    check(4, (uint16_t[]){1100, 1108, 1100, 1120}, (uint8_t[]){20, 12, 20, 0});
}

static void the_last_of_a_run_may_be_shorter(void **state)
{
    (void) state;
    check(3, (uint16_t[]){1200, 1200, 300}, (uint8_t[]){0, 0, 0});
    check(2, (uint16_t[]){877, 876}, (uint8_t[]){0, 0});
    check(1, (uint16_t[]){80}, (uint8_t[]){0});
    check(0, NULL, NULL);
}

static void unequal_ones_are_left_alone(void **state)
{
    (void) state;
    check(4, (uint16_t[]){60, 1199, 1200, 400}, (uint8_t[]){0, 1, 0, 0});
    check(4, (uint16_t[]){1200, 600, 1200, 1190}, (uint8_t[]){0, 0, 0, 0});
    check(2, (uint16_t[]){1000, 1000 + 32}, (uint8_t[]){32, 0}); /* just a 32nd */
    check(2, (uint16_t[]){1000, 1000 + 33}, (uint8_t[]){0, 0});
}

/* Whatever the sizes are: not above the largest, not above the share, and no more messages. */
static void it_never_makes_things_worse(void **state)
{
    struct chance dice;

    (void) state;
    chance_init(&dice);
    for (unsigned round = 0; round < 20000; round++) {
        unsigned n = 1 + chance_below(&dice, N_MAX), before = 1, after = 1;
        uint16_t sizes[N_MAX], largest = 0;
        uint8_t padding[N_MAX];

        for (unsigned i = 0; i < n; i++) {
            sizes[i] = (uint16_t) (chance_below(&dice, 4) ? 900 + chance_below(&dice, 40)
                                                          : 30 + chance_below(&dice, 1400));
            largest = sizes[i] > largest ? sizes[i] : largest;
        }
        padding_plan(sizes, n, padding);
        for (unsigned i = 0; i < n; i++) {
            unsigned padded = sizes[i] + padding[i];

            assert_true(padded <= largest && padding[i] <= padded / PADDING_SHARE);
            if (i == 0)
                continue;
            before += sizes[i - 1] != sizes[i];
            after += (unsigned) sizes[i - 1] + padding[i - 1] != padded;
        }
        assert_true(after <= before + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_of_a_frame_become_equal),
        cmocka_unit_test(the_last_of_a_run_may_be_shorter),
        cmocka_unit_test(unequal_ones_are_left_alone),
        cmocka_unit_test(it_never_makes_things_worse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
