#include "media/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* So many seconds at this rate, from where it stands. */
static void run(struct load *l, unsigned seconds, unsigned permille)
{
    for (unsigned i = 0; i < seconds; i++)
        load_measure(l, l->cpu_us + permille * 1000, l->at_us + 1000000);
}

static void it_follows_the_cpu_time_within_seconds(void **state)
{
    struct load l = {0};

    (void) state;
    load_measure(&l, 123456789, 1000000); /* what was before does not count */
    assert_int_equal(load_expected(&l), 0);
    run(&l, 8, 500);
    assert_in_range(load_expected(&l), 490, 510);
    run(&l, 1, 0);
    assert_in_range(load_expected(&l), 240, 260); /* not at once */
    run(&l, 12, 0);
    assert_in_range(load_expected(&l), 0, 1);
}

static void what_was_placed_counts_until_it_shows(void **state)
{
    struct load l = {0};

    (void) state;
    load_measure(&l, 0, 1000000);
    for (unsigned i = 0; i < 100; i++)
        load_place(&l);
    assert_int_equal(load_expected(&l), 100 * LOAD_TRANSPORT);
    run(&l, 1, 0);
    assert_in_range(load_expected(&l), 50, 99);
    run(&l, 20, 0);
    assert_in_range(load_expected(&l), 0, 2);
}

static void the_same_instant_twice_is_no_load(void **state)
{
    struct load l = {0};

    (void) state;
    load_measure(&l, 5, 1000000);
    load_measure(&l, 5000, 1000000);
    assert_int_equal(load_expected(&l), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows_the_cpu_time_within_seconds),
        cmocka_unit_test(what_was_placed_counts_until_it_shows),
        cmocka_unit_test(the_same_instant_twice_is_no_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
