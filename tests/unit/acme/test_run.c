/* Which CA is asked, and whom a wish to be left alone binds. */
#include "acme/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000)
#define FIRST "https://first/dir"
#define SECOND "https://second/dir"

static const struct acme_config both = {
    .ca = {.directory = FIRST},
    .fallback = {.directory = SECOND},
    .staging = {.directory = "https://staging/dir"},
    .fallback_after = 3,
};

static struct acme_state failed(unsigned failures, const char *banned, int64_t until_s)
{
    struct acme_state s;

    state_init(&s);
    s.failures = failures;
    s.attempt_s = NOW - 10;
    s.not_before_s = until_s;
    snprintf(s.not_before_directory, sizeof(s.not_before_directory), "%s", banned);
    return s;
}

static void test_choice(void **state)
{
    static const struct {
        unsigned failures;
        const char *banned;
        int64_t until_s;
        const char *chosen;
    } cases[] = {
        {0, "", 0, FIRST},
        {2, "", 0, FIRST},
        {3, "", 0, SECOND},
        {4, "", 0, FIRST},
        {5, "", 0, SECOND},
        /* before its time the second is not asked */
        {1, FIRST, NOW + 3600, FIRST},
        /* while it waits for days it fails no more often */
        {1, FIRST, NOW + 3 * 86400, SECOND},
        {2, SECOND, NOW + 3 * 86400, FIRST},
        {4, FIRST, NOW + 3600, SECOND},
        {4, FIRST, NOW - 1, FIRST},
        {3, SECOND, NOW + 3600, FIRST},
        {3, SECOND, NOW - 1, SECOND},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct acme_state s = failed(cases[i].failures, cases[i].banned, cases[i].until_s);

        assert_string_equal(run_choose_ca(&both, &s, NOW)->directory, cases[i].chosen);
    }
}

static void test_no_fallback(void **state)
{
    struct acme_config c = both;
    struct acme_state s = failed(100, FIRST, NOW + 3600);

    (void) state;
    c.fallback_after = 0;
    assert_string_equal(run_choose_ca(&c, &s, NOW)->directory, FIRST);
    c.fallback_after = 3;
    c.fallback.directory = NULL;
    assert_string_equal(run_choose_ca(&c, &s, NOW)->directory, FIRST);
    c.fallback.directory = "";
    assert_string_equal(run_choose_ca(&c, &s, NOW)->directory, FIRST);
}

static void test_whom_it_binds(void **state)
{
    struct acme_state s = failed(1, FIRST, NOW + 3600);

    (void) state;
    assert_int_equal(run_state_for(&s, &both.ca).not_before_s, NOW + 3600);
    assert_int_equal(run_state_for(&s, &both.fallback).not_before_s, 0);
    /* of a state that does not say who it was */
    s.not_before_directory[0] = '\0';
    assert_int_equal(run_state_for(&s, &both.fallback).not_before_s, NOW + 3600);
}

static void test_find(void **state)
{
    (void) state;
    assert_ptr_equal(run_find_ca(&both, FIRST), &both.ca);
    assert_ptr_equal(run_find_ca(&both, SECOND), &both.fallback);
    assert_ptr_equal(run_find_ca(&both, "https://staging/dir"), &both.staging);
    assert_null(run_find_ca(&both, "https://third/dir"));
    assert_null(run_find_ca(&both, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_no_fallback),
        cmocka_unit_test(test_whom_it_binds),
        cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
