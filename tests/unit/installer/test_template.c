/* The files in env/ are what the table gives: `make env` makes them. The tests run in the root of
 * the sources. */
#include "settings/template.h"

#include "files/files.h"
#include "settings/envfile.h"
#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char text[REFERENCE_MAX + 1];

static size_t generate(void (*write)(struct wr *w))
{
    struct wr w = wr_init(text, REFERENCE_MAX);
    size_t len = 0;

    write(&w);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    return len;
}

static void assert_is_file(const char *path, size_t len)
{
    char *content;
    size_t file_len;

    assert_int_equal(file_read(path, REFERENCE_MAX, &content, &file_len), 0);
    if (!bytes_eq(bytes_of(content, file_len), bytes_of(text, len)))
        fail_msg("%s is not what the table gives: make env", path);
    free(content);
}

static void test_files_are_those_of_the_table(void **state)
{
    (void) state;
    assert_is_file("env/env.template", generate(template_write));
    assert_is_file("env/settings.md", generate(reference_write));
}

/* Every key once, set or as a comment, and nothing to remark on. */
static void test_template_has_every_key(void **state)
{
    size_t len = generate(template_write);
    struct envfile *f;

    (void) state;
    assert_true(len < ENVFILE_MAX);
    assert_int_equal(envfile_parse(bytes_of(text, len), ENVFILE_LENIENT, &f), 0);
    assert_int_equal(envfile_n_notes(f), 0);
    for (int i = 0; i < N_SETTINGS; i++) {
        const struct setting_def *d = setting_def((enum setting) i);
        char line[128];

        assert_int_equal(envfile_find(f, d->key) != NULL, d->shipped);
        snprintf(line, sizeof(line), "\n%s%s=", d->shipped ? "" : "#", d->key);
        if (d->scope == SETTING_DEV_ONLY)
            assert_null(strstr(text, line));
        else
            assert_non_null(strstr(text, line));
    }
    envfile_free(f);
}

static void test_reference_has_every_key(void **state)
{
    (void) state;
    generate(reference_write);
    for (int i = 0; i < N_SETTINGS; i++) {
        char title[128];

        snprintf(title, sizeof(title), "\n### %s\n", setting_def((enum setting) i)->key);
        assert_non_null(strstr(text, title));
    }
    assert_non_null(strstr(text, "| `KMS_*` |"));
    assert_non_null(strstr(text, "| `OPENVIDU_PUBLICURL` |"));
}

static void test_lines_are_no_longer_than_they_should(void **state)
{
    (void) state;
    generate(reference_write);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strlen(line) > 100 && line[0] != '|' && strchr(line + 3, ' ') && !strchr(line, '`'))
            fail_msg("%s", line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_those_of_the_table),
        cmocka_unit_test(test_template_has_every_key),
        cmocka_unit_test(test_reference_has_every_key),
        cmocka_unit_test(test_lines_are_no_longer_than_they_should),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
