#include "print_kit.h"
#include "text/json.h"
#include "units/log_view.h"

#include <time.h>

static struct journal_line line_of(const char *text, int level)
{
    return (struct journal_line){.time_us = UINT64_C(1767225600123456),
                                 .unit = "visavis-media.service",
                                 .level = level,
                                 .pid = 42,
                                 .text = bytes_str(text)};
}

static char *show(const struct journal_line *line, bool json, bool bare)
{
    struct print *p = print_begin();
    struct log_view v;

    setenv("TZ", "UTC", 1);
    tzset();
    log_view_init(&v, p->to, json);
    snprintf(v.host, sizeof(v.host), "vm");
    v.bare = bare;
    assert_true(log_view_line(line, &v));
    return print_end(p);
}

static void assert_shown(const struct journal_line *line, bool bare, const char *expected)
{
    char *text = show(line, false, bare);

    assert_string_equal(text, expected);
    free(text);
}

static void test_text(void **state)
{
    struct journal_line line = line_of("all is well", 6);

    (void) state;
    assert_shown(&line, false, "2026-01-01T00:00:00+0000 vm visavis-media[42]: all is well\n");
    line = line_of("a port is taken", 3);
    assert_shown(&line, false,
                 "2026-01-01T00:00:00+0000 vm visavis-media[42]: error: a port is taken\n");
    line = line_of("Started.", 6);
    line.from_manager = true;
    line.pid = 1;
    assert_shown(&line, false, "2026-01-01T00:00:00+0000 vm systemd[1]: Started.\n");
    assert_shown(&line, true, "");
    line = line_of("one\ntwo \033[2J", 3);
    assert_shown(&line, true, "  one\n  two \\x1b[2J\n");
}

static void test_json(void **state)
{
    struct journal_line line = line_of("a \"word\"\n\xff", 4);
    char *text = show(&line, true, false);
    json_t *o = json_loads(text, 0, NULL);

    (void) state;
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "time")),
                        "2026-01-01T00:00:00.123456Z");
    assert_string_equal(json_string_value(json_object_get(o, "unit")), "visavis-media.service");
    assert_string_equal(json_string_value(json_object_get(o, "level")), "warning");
    assert_int_equal(json_integer_value(json_object_get(o, "pid")), 42);
    assert_string_equal(json_string_value(json_object_get(o, "from")), "unit");
    assert_string_equal(json_string_value(json_object_get(o, "text")), "a \"word\"\n\xef\xbf\xbd");
    json_decref(o);
    assert_non_null(strchr(text, '\n'));
    assert_int_equal(strchr(text, '\n')[1], 0); /* a line */
    free(text);
}

static void test_levels(void **state)
{
    (void) state;
    assert_string_equal(journal_level_name(0), "emergency");
    assert_string_equal(journal_level_name(7), "debug");
    assert_string_equal(journal_level_name(8), "info");
    assert_string_equal(journal_level_name(-1), "info");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_levels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
