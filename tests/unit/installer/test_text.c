#include "text/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_printable(void **state)
{
    static const char *const good[] = {"",         "a b",          "\xc2\xa0",
                                       "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    static const char *const bad[] = {"\n",        "\x1b",         "\x7f",
                                      "\xc2\x85",  "\xff",         "\xc3",
                                      "\xc0\xaf",  "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "a\xe2\x82", "\xe0\x80\xaf"};

    (void) state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(text_is_printable(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(text_is_printable(bad[i]));
}

static void test_made_printable(void **state)
{
    char buf[16];

    (void) state;
    assert_string_equal(text_printable(bytes_str("a\x1b[m\xc3\xa9"), buf, 16), "a\\x1b[m\xc3\xa9");
    assert_string_equal(text_printable(bytes_of("\0", 1), buf, 16), "\\x00");
    assert_string_equal(text_printable(bytes_str("0123456789ab"), buf, 16), "0123456789ab");
    assert_string_equal(text_printable(bytes_str("0123456789abc"), buf, 16), "0123456789ab...");
    assert_string_equal(text_printable(bytes_str("0123456789\xe2\x82\xac"), buf, 16),
                        "0123456789...");
    assert_string_equal(text_printable(bytes_str(""), buf, 16), "");
}

static void test_join(void **state)
{
    char one[] = "a", two[] = "bc";
    char *items[] = {one, two}, *text = text_join(items, 2, ", ");

    (void) state;
    assert_string_equal(text, "a, bc");
    free(text);
    text = text_join(items, 0, ", ");
    assert_string_equal(text, "");
    free(text);
}

static void assert_quoted(const char *text, const char *wanted)
{
    char buf[64];
    struct wr w = wr_init(buf, sizeof(buf));

    text_shell_quote(&w, text);
    wr_u8(&w, 0);
    assert_false(w.failed);
    assert_string_equal(buf, wanted);
}

static void test_quoting_for_a_shell(void **state)
{
    (void) state;
    assert_quoted("/etc/visavis/.env", "/etc/visavis/.env");
    assert_quoted("A=b", "A=b");
    assert_quoted("", "''");
    assert_quoted("a b", "'a b'");
    assert_quoted("it's $x", "'it'\\''s $x'");
    assert_quoted("~", "'~'");
}

static void test_wrapping(void **state)
{
    char buf[128];
    struct wr w = wr_init(buf, sizeof(buf));

    (void) state;
    text_wrap(&w, "# ", "one two three averylongword four", 11);
    text_wrap(&w, "  ", "one two", 6);
    wr_u8(&w, 0);
    assert_string_equal(buf, "# one two\n# three\n# averylongword\n# four\none\n  two\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printable), cmocka_unit_test(test_made_printable),
        cmocka_unit_test(test_join),      cmocka_unit_test(test_quoting_for_a_shell),
        cmocka_unit_test(test_wrapping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
