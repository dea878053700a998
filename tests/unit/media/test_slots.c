#include "media/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void numbers_are_small_and_used_again(void **state)
{
    struct slots s = {0};
    int things[40];
    uint32_t nr;

    (void) state;
    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(slots_add(&s, &things[i], &nr), 0);
        assert_int_equal(nr, i);
    }
    assert_ptr_equal(slots_get(&s, 39), &things[39]);
    assert_int_equal(slots_set(&s, 7, NULL), 0);
    assert_null(slots_get(&s, 7));
    assert_int_equal(slots_add(&s, &things[0], &nr), 0);
    assert_int_equal(nr, 7);
    slots_done(&s);
}

static void a_given_number_may_be_far_away(void **state)
{
    struct slots s = {0};
    int thing;

    (void) state;
    assert_null(slots_get(&s, 1000));
    assert_int_equal(slots_set(&s, 1000, NULL), 0); /* nothing to do */
    assert_null(s.items);
    assert_int_equal(slots_set(&s, 1000, &thing), 0);
    assert_ptr_equal(slots_get(&s, 1000), &thing);
    assert_null(slots_get(&s, 999));
    slots_done(&s);
    assert_null(slots_get(&s, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_small_and_used_again),
        cmocka_unit_test(a_given_number_may_be_far_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
