#include "settings/envfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct wanted_note {
    enum envfile_remark remark;
    unsigned line, other_line;
};

static struct envfile *parse_bytes(struct bytes content, enum envfile_mode mode)
{
    struct envfile *f = NULL;

    assert_int_equal(envfile_parse(content, mode, &f), 0);
    return f;
}

static struct envfile *parse(const char *text)
{
    return parse_bytes(bytes_str(text), ENVFILE_LENIENT);
}

static void assert_value(const struct envfile *f, const char *key, const char *value)
{
    const struct envfile_entry *e = envfile_find(f, key);

    assert_non_null(e);
    if (!bytes_eq_str(e->value, value))
        fail_msg("%s is '%.*s', not '%s'", key, (int) e->value.len, (const char *) e->value.p,
                 value);
}

/* Exactly these, ended by one with line 0. */
static void assert_notes(const struct envfile *f, const struct wanted_note *wanted)
{
    size_t i = 0;

    for (; wanted[i].line > 0; i++) {
        const struct envfile_note *n = envfile_note(f, i);

        assert_non_null(n);
        assert_int_equal(n->remark, wanted[i].remark);
        assert_int_equal(n->line, wanted[i].line);
        assert_int_equal(n->other_line, wanted[i].other_line);
    }
    assert_int_equal(envfile_n_notes(f), i);
    assert_null(envfile_note(f, i));
}

/* One line that sets A, its value, and what is remarked on. */
static void assert_line(const char *text, const char *value, const struct wanted_note *wanted)
{
    struct envfile *f = parse(text);

    assert_value(f, "A", value);
    assert_notes(f, wanted);
    envfile_free(f);
}

#define LINE(text, value, ...) assert_line(text, value, (struct wanted_note[]){__VA_ARGS__, {0}})
#define CLEAN(text, value) assert_line(text, value, (struct wanted_note[]){{0}})

static void test_plain_lines(void **state)
{
    struct envfile *f = parse("# comment\n\n// another\n \t\nA=1\nB=\n__c9=x\nA.b-c=2");

    (void) state;
    assert_notes(f, (struct wanted_note[]){{0}});
    assert_int_equal(envfile_n_entries(f), 4);
    assert_int_equal(envfile_entry(f, 0)->line, 5);
    assert_null(envfile_entry(f, 4));
    assert_value(f, "A", "1");
    assert_value(f, "B", "");
    assert_value(f, "__c9", "x");
    assert_value(f, "A.b-c", "2"); /* and no line end behind it */
    assert_null(envfile_find(f, "C"));
    envfile_free(f);
    f = parse("");
    assert_int_equal(envfile_n_entries(f), 0);
    envfile_free(f);
}

static void test_values_are_verbatim(void **state)
{
    (void) state;
    CLEAN("A=b=c==", "b=c==");
    CLEAN("A=#x", "#x");
    CLEAN("A=x#y", "x#y");
    CLEAN("A=$HOME \\n ${B}", "$HOME \\n ${B}");
    CLEAN("A=//x", "//x");
    CLEAN("A=x\"y\"", "x\"y\"");
    CLEAN("A=\"x", "\"x");
    CLEAN("A=\"a\",\"b\"", "\"a\",\"b\"");
    CLEAN("A=\"", "\"");
}

static void test_blanks_around_the_equals_sign(void **state)
{
    (void) state;
    CLEAN("A = x", "x");
    CLEAN("  A =\tx", "x");
    CLEAN("A =", "");
    CLEAN("A= ", "");
    LINE("A= x", "x", {ENVFILE_BLANKS, 1, 0});
}

static void test_blanks_behind(void **state)
{
    (void) state;
    LINE("A=x ", "x", {ENVFILE_BLANKS, 1, 0});
    LINE("A = x\t", "x", {ENVFILE_BLANKS, 1, 0});
    CLEAN("A=x y", "x y");
}

static void test_quotes(void **state)
{
    (void) state;
    LINE("A=\"x\"", "x", {ENVFILE_QUOTES, 1, 0});
    LINE("A='x \" y'", "x \" y", {ENVFILE_QUOTES, 1, 0});
    LINE("A=\"\"", "", {ENVFILE_QUOTES, 1, 0});
    LINE("A=\" x \"", " x ", {ENVFILE_QUOTES, 1, 0});
    LINE("A='\"x\"'", "\"x\"", {ENVFILE_QUOTES, 1, 0});
}

static void test_comment_behind_a_value(void **state)
{
    (void) state;
    LINE("A=x # note", "x", {ENVFILE_TAIL, 1, 0});
    LINE("A=x\t#", "x", {ENVFILE_TAIL, 1, 0});
    LINE("A= # note", "", {ENVFILE_TAIL, 1, 0});
    LINE("A=\"x # y\" # z", "x # y", {ENVFILE_TAIL, 1, 0}, {ENVFILE_QUOTES, 1, 0});
    LINE("A=[\"x # y\", 'a # b'] # z", "[\"x # y\", 'a # b']", {ENVFILE_TAIL, 1, 0});
    CLEAN("A=[\"x \\\" # y\"]", "[\"x \\\" # y\"]");
    LINE("A=it's # z", "it's", {ENVFILE_TAIL, 1, 0}); /* this quote opens nothing */
}

static void test_export(void **state)
{
    struct envfile *f = parse("export=1\n");

    (void) state;
    assert_value(f, "export", "1");
    envfile_free(f);
    LINE("export A=x", "x", {ENVFILE_EXPORT, 1, 0});
    LINE("export \t A = x", "x", {ENVFILE_EXPORT, 1, 0});
}

static void test_crlf_is_told_once(void **state)
{
    struct envfile *f = parse("# c\nA=1\r\n\r\nB= \r\nC=x");

    (void) state;
    assert_notes(f, (struct wanted_note[]){{ENVFILE_CRLF, 2, 0}, {0}});
    assert_value(f, "A", "1");
    assert_value(f, "B", "");
    assert_value(f, "C", "x");
    envfile_free(f);
}

static void test_byte_order_mark(void **state)
{
    (void) state;
    LINE("\xef\xbb\xbf"
         "A=1",
         "1", {ENVFILE_BOM, 1, 0});
}

static void test_indented_comment(void **state)
{
    struct envfile *f = parse("A=1\n  # note\n\t#B=2\n // x\n");

    (void) state;
    assert_notes(f, (struct wanted_note[]){{ENVFILE_INDENTED_COMMENT, 2, 0},
                                           {ENVFILE_INDENTED_COMMENT, 3, 0},
                                           {ENVFILE_INDENTED_COMMENT, 4, 0},
                                           {0}});
    assert_int_equal(envfile_n_entries(f), 1);
    envfile_free(f);
}

static void test_duplicates(void **state)
{
    struct envfile *f = parse("A=1\nB=2\nA=3\nA=4\n");

    (void) state;
    assert_notes(f,
                 (struct wanted_note[]){{ENVFILE_DUPLICATE, 3, 1}, {ENVFILE_DUPLICATE, 4, 3}, {0}});
    assert_int_equal(envfile_n_entries(f), 2);
    assert_value(f, "A", "4");
    assert_int_equal(envfile_find(f, "A")->line, 4);
    assert_int_equal(envfile_entry(f, 0)->line, 2);
    envfile_free(f);
}

static void test_malformed_lines(void **state)
{
    struct envfile *f = parse("nonsense\n=1\nA B=1\n1A=2\n-x=3\nA=ok\nexport =1\nB\tC\n");

    (void) state;
    assert_notes(f, (struct wanted_note[]){{ENVFILE_MALFORMED, 1, 0},
                                           {ENVFILE_BAD_KEY, 2, 0},
                                           {ENVFILE_BAD_KEY, 3, 0},
                                           {ENVFILE_BAD_KEY, 4, 0},
                                           {ENVFILE_BAD_KEY, 5, 0},
                                           {ENVFILE_MALFORMED, 8, 0},
                                           {0}});
    assert_int_equal(envfile_n_entries(f), 2); /* A, export */
    assert_true(bytes_eq_str(envfile_note(f, 0)->key, "nonsense"));
    for (size_t i = 0; i < envfile_n_notes(f); i++)
        assert_true(envfile_is_error(envfile_note(f, i)->remark));
    envfile_free(f);
}

static void test_nul_bytes(void **state)
{
    static const char text[] = "A=1\nB=x\0y\n# \0\nC=2";
    struct envfile *f = parse_bytes(bytes_of(text, sizeof(text) - 1), ENVFILE_LENIENT);

    (void) state;
    assert_notes(f, (struct wanted_note[]){{ENVFILE_NUL, 2, 0}, {0}});
    assert_null(envfile_find(f, "B"));
    assert_value(f, "C", "2");
    envfile_free(f);
}

static char *filled(size_t len, char with)
{
    char *text = malloc(len + 1);

    assert_non_null(text);
    memset(text, with, len);
    text[len] = '\0';
    return text;
}

static void test_length_of_a_line(void **state)
{
    char *text = filled(ENVFILE_LINE_MAX + 5, 'x');
    struct envfile *f;

    (void) state;
    memcpy(text, "A=", 2);
    f = parse(text);
    assert_notes(f, (struct wanted_note[]){{ENVFILE_LONG_LINE, 1, 0}, {0}});
    envfile_free(f);
    memcpy(text + ENVFILE_LINE_MAX, "\nB=1", 5);
    f = parse(text);
    assert_notes(f, (struct wanted_note[]){{0}});
    assert_int_equal(envfile_find(f, "A")->value.len, ENVFILE_LINE_MAX - 2);
    assert_value(f, "B", "1");
    envfile_free(f);
    free(text);
}

static void test_size_of_the_file(void **state)
{
    char *text = filled(ENVFILE_MAX + 1, '\n');
    struct envfile *f;

    (void) state;
    f = parse(text);
    assert_int_equal(envfile_n_notes(f), 1);
    assert_int_equal(envfile_note(f, 0)->remark, ENVFILE_TOO_LARGE);
    envfile_free(f);
    f = parse_bytes(bytes_of(text, ENVFILE_MAX), ENVFILE_LENIENT);
    assert_int_equal(envfile_n_notes(f), 0);
    envfile_free(f);
    free(text);
}

/* A key more than there may be, or remarks without end: the reading ends, and that is said. */
static void test_number_of_entries_and_remarks(void **state)
{
    char *text = malloc(16 * (ENVFILE_ENTRIES_MAX + 2)), *p = text;
    struct envfile *f;

    (void) state;
    for (int i = 0; i < ENVFILE_ENTRIES_MAX; i++)
        p += sprintf(p, "A%d=\n", i);
    f = parse(text);
    assert_int_equal(envfile_n_entries(f), ENVFILE_ENTRIES_MAX);
    assert_int_equal(envfile_n_notes(f), 0);
    envfile_free(f);
    sprintf(p, "B=\nC=\n");
    f = parse(text);
    assert_int_equal(envfile_n_notes(f), 1);
    assert_int_equal(envfile_note(f, 0)->remark, ENVFILE_TOO_MANY);
    assert_int_equal(envfile_note(f, 0)->line, ENVFILE_ENTRIES_MAX + 1);
    envfile_free(f);
    free(text);

    text = filled(20000, 'x');
    for (size_t i = 1; i < 20000; i += 2)
        text[i] = '\n';
    f = parse(text);
    assert_int_equal(envfile_note(f, envfile_n_notes(f) - 1)->remark, ENVFILE_TOO_MANY);
    envfile_free(f);
    free(text);
}

static void test_verbatim(void **state)
{
    struct envfile *f = parse_bytes(bytes_str("A= \"x\" # y \nB=\n# c\n"), ENVFILE_VERBATIM);

    (void) state;
    assert_notes(f, (struct wanted_note[]){{0}});
    assert_value(f, "A", " \"x\" # y ");
    assert_value(f, "B", "");
    envfile_free(f);
    assert_null(envfile_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_lines),
        cmocka_unit_test(test_values_are_verbatim),
        cmocka_unit_test(test_blanks_around_the_equals_sign),
        cmocka_unit_test(test_blanks_behind),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_comment_behind_a_value),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_crlf_is_told_once),
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_indented_comment),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_malformed_lines),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_length_of_a_line),
        cmocka_unit_test(test_size_of_the_file),
        cmocka_unit_test(test_number_of_entries_and_remarks),
        cmocka_unit_test(test_verbatim),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
