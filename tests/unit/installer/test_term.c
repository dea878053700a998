#include "print_kit.h"
#include "text/term.h"
#include "text/utf8.h"

#include <fcntl.h>

static void test_text_from_outside_cannot_move_the_cursor(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"tab\there", "tab\there"},
        {"\033[31mred", "\\x1b[31mred"},
        {"a\rb\x7f", "a\\x0db\\x7f"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"}, /* CSI as a C1 control */
        {"\xff\xfe", "\\xff\\xfe"},
        {"\xc3", "\\xc3"},
        {"one\ntwo", "one\n  two"},
        {"end\n\n", "end"},
        {"", ""},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct print *p = print_begin();

        term_text(p->to, bytes_str(cases[i].in), 2);
        assert_print(p, cases[i].out);
    }
}

static void test_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"a", 1},
        {"\xc3\xbc", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"", 0},
        {"\x80", 0},
        {"\xc0\x80", 0},         /* overlong */
        {"\xe0\x80\x80", 0},     /* overlong */
        {"\xf0\x80\x80\x80", 0}, /* overlong */
        {"\xed\xa0\x80", 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 0}, /* past the last */
        {"\xf5\x80\x80\x80", 0},
        {"\xe2\x82", 0},
        {"\xe2\x82"
         "a",
         0},
        {"\xf0\x9f\x98"
         "a",
         0},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(utf8_char(bytes_str(cases[i].text)), cases[i].len);
}

static void test_a_file_has_no_colours(void **state)
{
    FILE *f = tmpfile();

    (void) state;
    assert_non_null(f);
    setenv("TERM", "xterm", 1);
    assert_false(term_is_tty(f));
    assert_string_equal(term_on(f, TERM_BAD), "");
    assert_string_equal(term_off(f), "");
    term_clear(f);
    assert_int_equal(ftell(f), 0);
    fclose(f);
}

/* A pair of a terminal's ends, where the kernel gives us one. */
static FILE *open_terminal(int *ret_master)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    FILE *f;

    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    f = fopen(ptsname(master), "r+");
    assert_non_null(f);
    *ret_master = master;
    return f;
}

static void test_a_terminal_has_colours_unless_told_otherwise(void **state)
{
    int master;
    FILE *f = open_terminal(&master);

    (void) state;
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    assert_true(term_is_screen(f));
    assert_string_equal(term_on(f, TERM_BAD), "\033[31m");
    assert_string_equal(term_off(f), "\033[0m");
    setenv("NO_COLOR", "1", 1);
    assert_string_equal(term_on(f, TERM_BAD), "");
    assert_true(term_is_screen(f));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_string_equal(term_on(f, TERM_BAD), "");
    assert_false(term_is_screen(f));
    fclose(f);
    close(master);
}

static void test_width(void **state)
{
    FILE *f = tmpfile();

    (void) state;
    unsetenv("COLUMNS");
    assert_int_equal(term_width(f), 80);
    setenv("COLUMNS", "132", 1);
    assert_int_equal(term_width(f), 132);
    setenv("COLUMNS", "nonsense", 1);
    assert_int_equal(term_width(f), 80);
    setenv("COLUMNS", "1", 1);
    assert_int_equal(term_width(f), 20);
    setenv("COLUMNS", "99999999", 1);
    assert_int_equal(term_width(f), 1000);
    unsetenv("COLUMNS");
    fclose(f);
    assert_int_equal(term_columns("gr\xc3\xbc\xc3\x9f"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_from_outside_cannot_move_the_cursor),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_a_file_has_no_colours),
        cmocka_unit_test(test_a_terminal_has_colours_unless_told_otherwise),
        cmocka_unit_test(test_width),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
