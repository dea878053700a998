#include "acme/failure.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct acme_problem problem(enum acme_problem_type type, unsigned status)
{
    struct acme_problem p = {.type = type, .status = status};

    snprintf(p.detail, sizeof(p.detail), "the detail");
    return p;
}

static enum acme_failure_kind kind(enum acme_step step, enum acme_problem_type type,
                                   unsigned status)
{
    struct acme_problem p = problem(type, status);
    struct acme_failure f;

    assert_int_equal(failure_of_problem(&f, step, -EPROTO, "here", &p), -EPROTO);
    assert_int_equal(f.step, step);
    assert_string_equal(f.where, "here");
    assert_int_equal(f.problem.type, type);
    assert_non_null(strstr(f.what, "the detail"));
    return f.kind;
}

static void a_failure_of_ours(void **state)
{
    struct acme_failure f = {.not_before = 7, .problem = {.type = PROBLEM_CAA}, .next = "x"};
    char text[512], small[16];

    (void) state;
    assert_int_equal(failure_set(&f, FAILURE_UNREACHABLE, STEP_DIRECTORY, -ECONNREFUSED,
                                 "https://ca.example/dir", "%s\n%d", "no\x1b", 7),
                     -ECONNREFUSED);
    assert_int_equal(f.kind, FAILURE_UNREACHABLE);
    assert_string_equal(f.what, "no??7");
    assert_int_equal(f.not_before, 0);
    assert_int_equal(f.problem.type, PROBLEM_NONE);
    assert_string_equal(failure_text(&f, text, sizeof(text)),
                        "directory (https://ca.example/dir): no??7.");
    failure_next(&f, "Try %s.", "`visavis cert renew`");
    assert_string_equal(failure_text(&f, text, sizeof(text)),
                        "directory (https://ca.example/dir): no??7. Try `visavis cert renew`.");
    assert_string_equal(failure_text(&f, small, sizeof(small)), "directory (http");
    failure_set(&f, FAILURE_LOCAL, STEP_STORE, -EIO, NULL, "x");
    assert_string_equal(failure_text(&f, text, sizeof(text)), "store: x.");
}

static void kinds_by_type(void **state)
{
    static const struct {
        enum acme_problem_type type;
        enum acme_failure_kind of_request, of_validation;
    } cases[] = {
        {PROBLEM_ACCOUNT_DOES_NOT_EXIST, FAILURE_REFUSED, FAILURE_REFUSED},
        {PROBLEM_ALREADY_REPLACED, FAILURE_CA, FAILURE_CA},
        {PROBLEM_BAD_CSR, FAILURE_REFUSED, FAILURE_REFUSED},
        {PROBLEM_BAD_NONCE, FAILURE_CA, FAILURE_CA},
        {PROBLEM_CAA, FAILURE_REFUSED, FAILURE_REFUSED},
        {PROBLEM_CONNECTION, FAILURE_REFUSED, FAILURE_VALIDATION},
        {PROBLEM_DNS, FAILURE_REFUSED, FAILURE_VALIDATION},
        {PROBLEM_INCORRECT_RESPONSE, FAILURE_REFUSED, FAILURE_VALIDATION},
        {PROBLEM_TLS, FAILURE_REFUSED, FAILURE_VALIDATION},
        {PROBLEM_UNAUTHORIZED, FAILURE_REFUSED, FAILURE_VALIDATION},
        {PROBLEM_EXTERNAL_ACCOUNT_REQUIRED, FAILURE_REFUSED, FAILURE_REFUSED},
        {PROBLEM_ORDER_NOT_READY, FAILURE_CA, FAILURE_CA},
        {PROBLEM_RATE_LIMITED, FAILURE_RATE_LIMIT, FAILURE_RATE_LIMIT},
        {PROBLEM_REJECTED_IDENTIFIER, FAILURE_REFUSED, FAILURE_REFUSED},
        {PROBLEM_SERVER_INTERNAL, FAILURE_CA, FAILURE_CA},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(kind(STEP_ORDER, cases[i].type, 403), cases[i].of_request);
        assert_int_equal(kind(STEP_CHALLENGE, cases[i].type, 403), cases[i].of_validation);
        assert_int_equal(kind(STEP_AUTHORIZATION, cases[i].type, 403), cases[i].of_validation);
    }
    for (unsigned i = 0; i < N_PROBLEM_TYPES; i++)
        assert_int_not_equal(kind(STEP_ORDER, (enum acme_problem_type) i, 0), FAILURE_NONE);
}

static void kinds_by_status(void **state)
{
    static const enum acme_problem_type types[] = {PROBLEM_NONE, PROBLEM_OTHER, PROBLEM_COMPOUND};

    (void) state;
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        assert_int_equal(kind(STEP_ORDER, types[i], 429), FAILURE_RATE_LIMIT);
        assert_int_equal(kind(STEP_ORDER, types[i], 503), FAILURE_CA);
        assert_int_equal(kind(STEP_ORDER, types[i], 400), FAILURE_REFUSED);
        assert_int_equal(kind(STEP_ORDER, types[i], 0), FAILURE_CA);
        assert_int_equal(kind(STEP_CHALLENGE, types[i], 503), FAILURE_CA);
        assert_int_equal(kind(STEP_CHALLENGE, types[i], 400), FAILURE_VALIDATION);
        assert_int_equal(kind(STEP_CHALLENGE, types[i], 0), FAILURE_VALIDATION);
    }
}

static void several_at_once(void **state)
{
    struct acme_problem p = problem(PROBLEM_COMPOUND, 403);
    struct acme_failure f;

    (void) state;
    p.n_sub = 3;
    p.sub[0].type = PROBLEM_CONNECTION;
    p.sub[1].type = PROBLEM_DNS;
    p.sub[2].type = PROBLEM_CONNECTION;
    snprintf(p.sub[1].identifier, sizeof(p.sub[1].identifier), "b.example");
    failure_of_problem(&f, STEP_CHALLENGE, -EPROTO, "", &p);
    assert_int_equal(f.kind, FAILURE_VALIDATION);
    assert_non_null(strstr(f.what, "for b.example, the CA could not look up"));
    assert_non_null(strstr(f.next, acme_problem_next(PROBLEM_CONNECTION)));
    /* each advice once, and as many as there is room for */
    assert_ptr_equal(strstr(f.next, "Let the whole"), f.next);
    assert_null(strstr(f.next + 1, "Let the whole"));
    p.sub[2].type = PROBLEM_CAA;
    failure_of_problem(&f, STEP_CHALLENGE, -EPROTO, "", &p);
    assert_int_equal(f.kind, FAILURE_REFUSED);
    p.type = PROBLEM_RATE_LIMITED; /* what is said of the whole counts */
    failure_of_problem(&f, STEP_CHALLENGE, -EPROTO, "", &p);
    assert_int_equal(f.kind, FAILURE_RATE_LIMIT);
}

static void advice_for_an_account(void **state)
{
    struct acme_problem p = problem(PROBLEM_UNAUTHORIZED, 403);
    struct acme_failure f;

    (void) state;
    failure_of_problem(&f, STEP_CHALLENGE, -EPROTO, "", &p);
    assert_string_equal(f.next, acme_problem_next(PROBLEM_UNAUTHORIZED));
    failure_of_problem(&f, STEP_ACCOUNT, -EPROTO, "", &p);
    assert_non_null(strstr(f.next, "ACME_EAB_KID"));
    /* a problem that is the failure's own */
    failure_of_problem(&f, STEP_CHALLENGE, -EPROTO, "", &f.problem);
    assert_int_equal(f.problem.type, PROBLEM_UNAUTHORIZED);
    assert_int_equal(f.kind, FAILURE_VALIDATION);
}

static void names(void **state)
{
    (void) state;
    for (size_t i = 0; i < N_ACME_STEPS; i++)
        assert_non_null(acme_step_names[i]);
    for (size_t i = 0; i < N_FAILURE_KINDS; i++)
        assert_non_null(acme_failure_names[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_of_ours),     cmocka_unit_test(kinds_by_type),
        cmocka_unit_test(kinds_by_status),       cmocka_unit_test(several_at_once),
        cmocka_unit_test(advice_for_an_account), cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
