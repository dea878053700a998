#include "base/roff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *page;
static size_t page_len;
static FILE *to;

static int begin(void **state)
{
    (void) state;
    to = open_memstream(&page, &page_len);
    return to ? 0 : -1;
}

static int end(void **state)
{
    (void) state;
    free(page);
    return 0;
}

static void assert_page(const char *expected)
{
    fclose(to);
    assert_string_equal(page, expected);
}

static void nothing_is_a_command(void **state)
{
    (void) state;
    roff_text(to, ".a\n'b \\ -c\n");
    roff_inline(to, ".d `bold` it's");
    assert_page("\\&.a\n\\&\\(aqb \\e \\-c\n.d \\fBbold\\fR it\\(aqs");
}

static void forms(void **state)
{
    (void) state;
    roff_sentence(to, "the end");
    roff_option(to, 'n', "no-audio", NULL, "video alone");
    roff_option(to, 0, "rate", "N", "how fast");
    roff_status(to, 3, "no run");
    assert_page("The end.\n.TP\n\\fB\\-n\\fR, \\fB\\-\\-no\\-audio\\fR\nVideo alone.\n"
                ".TP\n\\fB\\-\\-rate\\fR \\fIN\\fR\nHow fast.\n.TP\n.B 3\nNo run.\n");
}

static void paragraphs_are_parted(void **state)
{
    (void) state;
    roff_paragraphs(to, NULL);
    roff_paragraphs(to, "one\nmore\n\ntwo\n\n  kept\n\nthree");
    assert_page("one\nmore\n.PP\ntwo\n.PP\n.nf\n  kept\n.fi\n.PP\nthree\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_a_command, begin, end),
        cmocka_unit_test_setup_teardown(forms, begin, end),
        cmocka_unit_test_setup_teardown(paragraphs_are_parted, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
