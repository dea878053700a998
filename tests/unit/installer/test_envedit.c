#include "settings/envedit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_edit(const char *text, const char *key, const char *value, const char *expected)
{
    struct env_change c = {key, value};
    char *edited;
    size_t len;

    assert_int_equal(envedit(bytes_str(text), &c, 1, &edited, &len), 0);
    assert_string_equal(edited, expected);
    assert_int_equal(len, strlen(expected));
    free(edited);
}

static void test_the_assignment_is_replaced(void **state)
{
    (void) state;
    assert_edit("A=1\nB=2\nC=3\n", "B", "x=y", "A=1\nB=x=y\nC=3\n");
    assert_edit("A=1\nB=2", "B", "", "A=1\nB=\n");
    assert_edit(" export B = 2\n", "B", "3", "B=3\n");
}

static void test_the_last_of_several_holds(void **state)
{
    (void) state;
    assert_edit("B=1\nB=2\n# B=3\n", "B", "4", "B=1\nB=4\n# B=3\n");
}

static void test_a_commented_line_gives_the_place(void **state)
{
    (void) state;
    assert_edit("# About B.\n# B=1\nC=3\n", "B", "2", "# About B.\nB=2\nC=3\n");
    assert_edit("#B=1\n#B=5\n", "B", "2", "B=2\n#B=5\n");
}

static void test_a_new_key_goes_to_the_end(void **state)
{
    (void) state;
    assert_edit("", "B", "2", "B=2\n");
    assert_edit("A=1", "B", "2", "A=1\nB=2\n");
    assert_edit("BB=1\nXB=1\n", "B", "2", "BB=1\nXB=1\nB=2\n");
    assert_edit("# B is a key\n", "B", "2", "# B is a key\nB=2\n");
}

static void test_several_at_once_and_the_rest_untouched(void **state)
{
    const struct env_change c[] = {{"B", "two"}, {"D", "four"}, {"B", "three"}};
    char *edited;
    size_t len;

    (void) state;
    assert_int_equal(envedit(bytes_str("A=1\r\n\n  # odd\nB=2\n"), c, 3, &edited, &len), 0);
    assert_string_equal(edited, "A=1\r\n\n  # odd\nB=three\nD=four\n");
    free(edited);
}

static void test_a_line_break_is_refused(void **state)
{
    const struct env_change c[] = {{"A", "1"}, {"B", "1\nC=2"}};
    char *edited = NULL;
    size_t len = 7;

    (void) state;
    assert_int_equal(envedit(bytes_str("B=2\n"), c, 2, &edited, &len), -EINVAL);
    assert_null(edited);
    assert_int_equal(len, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_assignment_is_replaced),
        cmocka_unit_test(test_the_last_of_several_holds),
        cmocka_unit_test(test_a_commented_line_gives_the_place),
        cmocka_unit_test(test_a_new_key_goes_to_the_end),
        cmocka_unit_test(test_several_at_once_and_the_rest_untouched),
        cmocka_unit_test(test_a_line_break_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
