#include "settings/problems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add(struct problems *p, enum setting_severity severity, unsigned line, const char *key,
                const char *what)
{
    const struct setting_problem q = {.severity = severity,
                                      .file = "f",
                                      .line = line,
                                      .key = key,
                                      .value = key ? "v" : NULL,
                                      .what = what,
                                      .wanted = "w",
                                      .example = "e",
                                      .mend = "m"};

    problems_add(&q, p);
}

static char *printed(const struct problems *p)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    problems_print(p, to);
    fclose(to);
    return text;
}

static void test_none_is_told_twice_and_order_is_that_of_lines(void **state)
{
    struct problems *p;
    char summary[PROBLEMS_SUMMARY_SIZE];

    (void) state;
    assert_int_equal(problems_new(&p), 0);
    assert_string_equal(problems_summary(p, summary), "no problems");
    add(p, SETTING_ERROR, 7, "A", "is bad");
    add(p, SETTING_WARNING, 2, NULL, "is odd");
    add(p, SETTING_ERROR, 7, "A", "is bad");
    add(p, SETTING_ERROR, 7, "A", "is worse");
    add(p, SETTING_ERROR, 0, "B", "is bad");
    add(p, SETTING_NOTICE, 7, "B", "is bad");
    problems_sort(p);
    assert_int_equal(problems_n(p), 5);
    assert_string_equal(problems_at(p, 0)->key, "B");
    assert_int_equal(problems_at(p, 1)->line, 2);
    assert_string_equal(problems_at(p, 2)->what, "is bad");
    assert_string_equal(problems_at(p, 3)->what, "is worse");
    assert_int_equal(problems_at(p, 4)->severity, SETTING_NOTICE);
    assert_null(problems_at(p, 5));
    assert_string_equal(problems_summary(p, summary), "3 errors, 1 warning, 1 notice");
    assert_false(problems_failed(p));
    assert_null(problems_free(p));
    assert_null(problems_free(NULL));
}

static void test_printed(void **state)
{
    struct problems *p;
    char *text;

    (void) state;
    assert_int_equal(problems_new(&p), 0);
    add(p, SETTING_ERROR, 7, "A", "is bad");
    add(p, SETTING_WARNING, 0, NULL, "the file is odd");
    text = printed(p);
    assert_string_equal(text, "f:7: error: A=v is bad\n"
                              "    allowed: w\n"
                              "    example: A=e\n"
                              "    mend:    m\n"
                              "\n"
                              "f: warning: the file is odd\n"
                              "    allowed: w\n"
                              "    example: e\n"
                              "    mend:    m\n");
    free(text);
    for (unsigned i = 0; i < 20; i++)
        add(p, SETTING_ERROR, 20 + i, "A", "is bad");
    text = printed(p);
    assert_null(strstr(text, "\n\n")); /* many stand close together */
    assert_null(strstr(text, "example"));
    free(text);
    problems_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_is_told_twice_and_order_is_that_of_lines),
        cmocka_unit_test(test_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
