#include "call/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
    char longest[ROOM_NAME_MAX + 2];

    (void) state;
    assert_true(room_name_is_valid("a"));
    assert_true(room_name_is_valid("Daily-Meeting_7"));
    assert_false(room_name_is_valid(""));
    assert_false(room_name_is_valid("a b"));
    assert_false(room_name_is_valid("a/b"));
    assert_false(room_name_is_valid("a%2fb"));
    assert_false(room_name_is_valid("\xc3\xa4"));
    memset(longest, 'x', sizeof(longest));
    longest[ROOM_NAME_MAX + 1] = '\0';
    assert_false(room_name_is_valid(longest));
    longest[ROOM_NAME_MAX] = '\0';
    assert_true(room_name_is_valid(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
