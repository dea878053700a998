/* The engine with checks of the test's own; and the order of the real table. */
#include "doctor/doctor.h"
#include "doctor/doctor_print.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void say_nothing(struct check_context *x)
{
    (void) x;
}

static void warn_twice(struct check_context *x)
{
    found(x, SEVERITY_NOTE, "a note with \x01 and \x7f in it");
    found(x, SEVERITY_WARNING, "a warning about %d", 42);
    found_detail(x, "more of it");
    found_command(x, "mend %s", "it");
}

static void go_wrong(struct check_context *x)
{
    found(x, SEVERITY_FAILURE, "a failure");
}

static void hang(struct check_context *x)
{
    found(x, SEVERITY_FAILURE, "nobody hears of this");
    for (;;)
        pause();
}

static void die(struct check_context *x)
{
    (void) x;
    abort();
}

static void talk(struct check_context *x)
{
    char many[FINDING_TEXT_MAX * 2];

    memset(many, '"', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    for (int i = 0; i < FINDINGS_MAX + 5; i++) {
        found(x, SEVERITY_NOTE, "%s", many);
        found_detail(x, "%s", many);
        found_command(x, "%s", many);
    }
}

#define BOTH CHECK_ALWAYS

static const struct check first_checks[] = {
    {.id = "first.fine", .title = "a", .fn = say_nothing, .flags = BOTH},
    {.id = "first.warning", .title = "b", .fn = warn_twice, .flags = BOTH},
    {.id = "first.failure", .title = "c", .fn = go_wrong, .flags = BOTH},
    {.id = "first.after", .title = "d", .fn = go_wrong, .flags = BOTH, .needs = "first.failure"},
    {.id = "first.after-that", .title = "e", .fn = go_wrong, .flags = BOTH, .needs = "first.after"},
    {.id = "first.installed", .title = "f", .fn = go_wrong, .flags = CHECK_INSTALLED},
    {.id = NULL},
};
static const struct check second_checks[] = {
    {.id = "second.hanging", .title = "g", .fn = hang, .flags = BOTH, .timeout_ms = 200},
    {.id = "second.dying", .title = "h", .fn = die, .flags = BOTH},
    {.id = "second.talking", .title = "i", .fn = talk, .flags = BOTH},
    {.id = NULL},
};
static const struct check slow_checks[] = {
    {.id = "slow.one", .title = "j", .fn = go_wrong, .flags = BOTH | CHECK_ASKED},
    {.id = NULL},
};
static const struct check_group first = {"first", first_checks}, second = {"second", second_checks},
                                slow = {"slow", slow_checks};
static const struct check_group *const groups[] = {&first, &second, &slow, NULL};

static struct doctor *run(bool preflight, const char *const *words, size_t n)
{
    static struct check_context context;
    struct doctor *d;
    const char *wrong;

    context.preflight = preflight;
    assert_int_equal(doctor_new(groups, &context, words, n, &d, &wrong), 0);
    assert_int_equal(doctor_run(d), 0);
    return d;
}

static const struct check_result *result(const struct doctor *d, const char *id)
{
    const struct check_result *r;

    for (size_t i = 0; (r = doctor_result(d, i)); i++)
        if (strcmp(r->check->id, id) == 0)
            return r;
    return NULL;
}

static void test_all(void **state)
{
    struct doctor *d = run(false, NULL, 0);
    const struct check_result *r;

    (void) state;
    assert_int_equal(doctor_worst(d), SEVERITY_FAILURE);
    assert_int_equal(result(d, "first.fine")->severity, SEVERITY_OK);
    r = result(d, "first.warning");
    assert_int_equal(r->severity, SEVERITY_WARNING);
    assert_int_equal(r->n_findings, 2);
    assert_string_equal(r->findings[0].text, "a note with ? and ? in it");
    assert_string_equal(r->findings[1].text, "a warning about 42");
    assert_string_equal(r->findings[1].detail, "more of it");
    assert_string_equal(r->findings[1].command, "mend it");
    doctor_free(d);
}

static void test_what_needs_a_failure_is_unknown(void **state)
{
    struct doctor *d = run(false, NULL, 0);

    (void) state;
    assert_int_equal(result(d, "first.after")->severity, SEVERITY_UNKNOWN);
    assert_false(result(d, "first.after")->ran);
    /* The one that everything goes back to is named. */
    assert_string_equal(result(d, "first.after-that")->findings[0].text,
                        "Cannot be known while first.failure fails.");
    doctor_free(d);
}

static void test_hanging_and_dying(void **state)
{
    struct doctor *d = run(false, NULL, 0);

    (void) state;
    assert_int_equal(result(d, "second.hanging")->severity, SEVERITY_UNKNOWN);
    assert_non_null(strstr(result(d, "second.hanging")->findings[0].text, "did not end"));
    assert_int_equal(result(d, "second.dying")->severity, SEVERITY_UNKNOWN);
    assert_non_null(strstr(result(d, "second.dying")->findings[0].text, "signal 6"));
    doctor_free(d);
}

static void test_findings_have_limits(void **state)
{
    struct doctor *d = run(false, NULL, 0);
    const struct check_result *r = result(d, "second.talking");

    (void) state;
    assert_int_equal(r->n_findings, FINDINGS_MAX);
    assert_int_equal(strlen(r->findings[0].text), FINDING_TEXT_MAX - 1);
    assert_string_equal(r->findings[0].text + FINDING_TEXT_MAX - 5, " ...");
    doctor_free(d);
}

static void test_choice(void **state)
{
    static const char *const one[] = {"first.after"}, *const group[] = {"second"},
                             *const asked[] = {"slow"}, *const not_fit[] = {"first.installed"};
    static struct check_context context;
    const char *wrong;
    const char *const nonsense[] = {"first.fine", "nonsense"};
    struct doctor *d = run(false, one, 1);

    (void) state;
    /* What it needs ran, but is not shown. */
    assert_non_null(doctor_result(d, 0));
    assert_null(doctor_result(d, 1));
    assert_int_equal(doctor_worst(d), SEVERITY_UNKNOWN);
    doctor_free(d);
    d = run(false, group, 1);
    assert_null(result(d, "first.fine"));
    assert_non_null(result(d, "second.dying"));
    doctor_free(d);
    d = run(true, NULL, 0);
    assert_null(result(d, "first.installed"));
    doctor_free(d);
    d = run(true, not_fit, 1); /* asked for by its name */
    assert_int_equal(result(d, "first.installed")->severity, SEVERITY_FAILURE);
    doctor_free(d);
    d = run(false, NULL, 0);
    assert_null(result(d, "slow.one"));
    doctor_free(d);
    d = run(false, asked, 1);
    assert_non_null(result(d, "slow.one"));
    doctor_free(d);
    assert_int_equal(doctor_new(groups, &context, nonsense, 2, &d, &wrong), -ENOENT);
    assert_string_equal(wrong, "nonsense");
}

static void test_texts(void **state)
{
    struct doctor *d = run(false, NULL, 0);
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    json_t *o;

    (void) state;
    doctor_print(d, f, true);
    fclose(f);
    assert_non_null(strstr(text, "failure  first.failure: a failure"));
    assert_non_null(strstr(text, "> mend it"));
    assert_non_null(strstr(text, "more of it"));
    assert_non_null(strstr(text, "first.after, first.after-that: Cannot be known"));
    free(text);
    f = open_memstream(&text, &len);
    doctor_print_json(d, f);
    fclose(f);
    o = json_loads(text, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(o, "severity")), "failure");
    assert_int_equal(json_array_size(json_object_get(o, "checks")), 9);
    json_decref(o);
    free(text);
    doctor_free(d);
}

/* Ids are "group.name" and unique; what a check needs stands further up, and is there whenever the
 * check is. */
static void test_the_real_table(void **state)
{
    const struct check *seen[128];
    size_t n = 0;

    (void) state;
    for (const struct check_group *const *g = check_groups; *g; g++) {
        for (const struct check *c = (*g)->checks; c->id; c++) {
            size_t len = strlen((*g)->name);
            const struct check *needed = NULL;

            assert_true(n < sizeof(seen) / sizeof(seen[0]));
            assert_memory_equal(c->id, (*g)->name, len);
            assert_int_equal(c->id[len], '.');
            assert_int_equal(strspn(c->id, "abcdefghijklmnopqrstuvwxyz0123456789.-"),
                             strlen(c->id));
            assert_non_null(c->title);
            assert_non_null(c->fn);
            assert_true(c->flags & CHECK_ALWAYS);
            for (size_t i = 0; i < n; i++) {
                assert_string_not_equal(seen[i]->id, c->id);
                if (c->needs && strcmp(seen[i]->id, c->needs) == 0)
                    needed = seen[i];
            }
            if (c->needs) {
                assert_non_null(needed);
                assert_int_equal(c->flags & CHECK_ALWAYS & ~needed->flags, 0);
            }
            seen[n++] = c;
        }
    }
    assert_true(n > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_what_needs_a_failure_is_unknown),
        cmocka_unit_test(test_hanging_and_dying),
        cmocka_unit_test(test_findings_have_limits),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_the_real_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
