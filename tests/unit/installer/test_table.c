#include "print_kit.h"
#include "text/progress.h"
#include "text/table.h"

static void test_columns_are_aligned(void **state)
{
    struct table *t = table_new();
    struct print *p = print_begin();

    (void) state;
    table_row(t);
    table_cell(t, TERM_BOLD, "a");
    table_cell(t, TERM_GOOD, "%s", "gr\xc3\xbcn");
    table_cell(t, TERM_PLAIN, "last");
    table_row(t);
    table_cell(t, TERM_PLAIN, "longer");
    table_cell(t, TERM_PLAIN, "b");
    table_cell(t, TERM_PLAIN, "the last one runs on");
    table_row(t);
    table_cell(t, TERM_PLAIN, "alone");
    table_row(t);
    table_print(t, p->to, 2);
    table_free(t);
    assert_print(p, "  a       gr\xc3\xbcn  last\n"
                    "  longer  b     the last one runs on\n"
                    "  alone\n"
                    "  \n");
}

static void test_limits(void **state)
{
    struct table *t = table_new();
    struct print *p = print_begin();
    char *text;
    size_t lines = 0;

    (void) state;
    for (int row = 0; row < TABLE_ROWS_MAX + 5; row++) {
        table_row(t);
        for (int i = 0; i < TABLE_COLUMNS_MAX + 3; i++)
            table_cell(t, TERM_PLAIN, "%d", row);
    }
    table_print(t, p->to, 0);
    table_free(t);
    text = print_end(p);
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, TABLE_ROWS_MAX);
    assert_has_not(text, "65");
    free(text);
    table_row(NULL);
    table_cell(NULL, TERM_PLAIN, "x");
    table_print(NULL, stdout, 0);
}

static void test_a_cell_shows_no_control_characters(void **state)
{
    struct table *t = table_new();
    struct print *p = print_begin();

    (void) state;
    table_row(t);
    table_cell(t, TERM_PLAIN, "%s", "a\033[2Jb");
    table_print(t, p->to, 0);
    table_free(t);
    assert_print(p, "a\\x1b[2Jb\n");
}

static void test_progress_is_lines_where_there_is_no_terminal(void **state)
{
    struct print *p = print_begin();
    struct progress g, silent;

    (void) state;
    progress_init(&g, p->to, 2);
    progress_step(&g, 1, "%s ready", "media");
    progress_step(&g, 9, "turn ready");
    progress_clear(&g);
    progress_init(&silent, NULL, 2);
    progress_step(&silent, 1, "nobody hears");
    progress_clear(&silent);
    assert_print(p, "media ready\nturn ready\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_aligned),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_cell_shows_no_control_characters),
        cmocka_unit_test(test_progress_is_lines_where_there_is_no_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
