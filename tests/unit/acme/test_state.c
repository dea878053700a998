#include "acme/state.h"
#include "starve.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* All of it, by the longest texts. */
static void fill(struct acme_state *s)
{
    static const char body[] =
        "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\n\"status\":429,\"detail\":\"too "
        "many \\u00e4\",\"subproblems\":[{\"type\":\"urn:ietf:params:acme:error:dns\",\"detail\":"
        "\"x\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"}},{}]}";
    struct acme_problem p;

    state_init(s);
    s->result = RESULT_FAILED;
    s->attempt_s = 1800000000;
    s->success_s = 1700000000;
    s->failures = 3;
    s->not_before_s = 1800003600;
    snprintf(s->not_before_directory, sizeof(s->not_before_directory), "https://ca.example/dir");
    memset(s->directory, 'd', sizeof(s->directory) - 1);
    s->staging_first = true;
    s->type = CHALLENGE_TLS_ALPN_01;
    assert_int_equal(acme_problem_parse(bytes_str(body), &p), 0);
    failure_of_problem(&s->failure, STEP_ORDER, -EPROTO, "https://ca.example/new-order", &p);
    s->failure.not_before = 1800003600;
    memset(s->ari.id, 'i', sizeof(s->ari.id) - 1);
    s->ari.info.start_s = 1;
    s->ari.info.end_s = 2;
    snprintf(s->ari.info.explanation, sizeof(s->ari.info.explanation), "https://ca.example/why");
    s->ari.selected_s = INT64_MAX;
    s->ari.fetched_s = 4;
    s->ari.fetch_next_s = 5;
}

static void same_subproblems(const struct acme_problem *a, const struct acme_problem *b)
{
    assert_int_equal(a->n_sub, b->n_sub);
    for (size_t i = 0; i < a->n_sub; i++) {
        assert_int_equal(a->sub[i].type, b->sub[i].type);
        assert_string_equal(a->sub[i].identifier, b->sub[i].identifier);
        assert_string_equal(a->sub[i].detail, b->sub[i].detail);
    }
}

static void same_failure(const struct acme_failure *a, const struct acme_failure *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->step, b->step);
    assert_string_equal(a->where, b->where);
    assert_string_equal(a->what, b->what);
    assert_string_equal(a->next, b->next);
    assert_int_equal(a->not_before, b->not_before);
    assert_int_equal(a->problem.type, b->problem.type);
    assert_int_equal(a->problem.status, b->problem.status);
    assert_string_equal(a->problem.type_text, b->problem.type_text);
    assert_string_equal(a->problem.detail, b->problem.detail);
    assert_string_equal(a->problem.verbatim, b->problem.verbatim);
    same_subproblems(&a->problem, &b->problem);
}

static void same(const struct acme_state *a, const struct acme_state *b)
{
    assert_int_equal(a->result, b->result);
    assert_int_equal(a->attempt_s, b->attempt_s);
    assert_int_equal(a->success_s, b->success_s);
    assert_int_equal(a->failures, b->failures);
    assert_int_equal(a->not_before_s, b->not_before_s);
    assert_string_equal(a->not_before_directory, b->not_before_directory);
    assert_string_equal(a->directory, b->directory);
    assert_int_equal(a->staging_first, b->staging_first);
    assert_int_equal(a->type, b->type);
    same_failure(&a->failure, &b->failure);
    assert_string_equal(a->ari.id, b->ari.id);
    assert_int_equal(a->ari.info.start_s, b->ari.info.start_s);
    assert_int_equal(a->ari.info.end_s, b->ari.info.end_s);
    assert_string_equal(a->ari.info.explanation, b->ari.info.explanation);
    assert_int_equal(a->ari.selected_s, b->ari.selected_s);
    assert_int_equal(a->ari.fetched_s, b->ari.fetched_s);
    assert_int_equal(a->ari.fetch_next_s, b->ari.fetch_next_s);
}

static void round_trip(const struct acme_state *s)
{
    struct acme_state again;
    char *text = state_text(s);

    assert_non_null(text);
    assert_int_equal(state_parse(bytes_str(text), &again), 0);
    same(s, &again);
    free(text);
}

static void what_is_written_is_read(void **state)
{
    struct acme_state s;

    (void) state;
    state_init(&s);
    assert_int_equal(s.type, N_CHALLENGE_TYPES);
    round_trip(&s);
    fill(&s);
    round_trip(&s);
    for (unsigned i = 0; i < N_ACME_RESULTS; i++) {
        s.result = (enum acme_result) i;
        round_trip(&s);
    }
    for (unsigned i = 0; i <= N_CHALLENGE_TYPES; i++) {
        s.type = (enum acme_challenge_type) i;
        round_trip(&s);
    }
    for (unsigned i = FAILURE_NONE + 1; i < N_FAILURE_KINDS; i++) {
        s.failure.kind = (enum acme_failure_kind) i;
        round_trip(&s);
    }
    for (unsigned i = 0; i < N_ACME_STEPS; i++) {
        s.failure.step = (enum acme_step) i;
        round_trip(&s);
    }
    for (unsigned i = 0; i < N_PROBLEM_TYPES; i++) {
        s.failure.problem.type = (enum acme_problem_type) i;
        round_trip(&s);
    }
}

static void the_longest_there_is(void **state)
{
    struct acme_state s;
    struct acme_problem *p = &s.failure.problem;

    (void) state;
    fill(&s);
    memset(s.failure.what, '"', sizeof(s.failure.what) - 1);
    memset(s.failure.next, '\\', sizeof(s.failure.next) - 1);
    memset(s.failure.where, '"', sizeof(s.failure.where) - 1);
    memset(p->verbatim, '\n', sizeof(p->verbatim) - 1);
    memset(p->detail, '"', sizeof(p->detail) - 1);
    p->n_sub = ACME_SUBPROBLEMS_MAX;
    for (size_t i = 0; i < p->n_sub; i++) {
        memset(p->sub[i].detail, '"', sizeof(p->sub[i].detail) - 1);
        memset(p->sub[i].identifier, '"', sizeof(p->sub[i].identifier) - 1);
        p->sub[i].detail[sizeof(p->sub[i].detail) - 1] = '\0';
        p->sub[i].identifier[sizeof(p->sub[i].identifier) - 1] = '\0';
    }
    round_trip(&s);
}

/* No text keeps a state from being written. */
static void texts_that_are_none(void **state)
{
    struct acme_state s, again;
    char *text;

    (void) state;
    fill(&s);
    snprintf(s.failure.what, sizeof(s.failure.what), "a\xff\x1b");
    text = state_text(&s);
    assert_non_null(text);
    assert_int_equal(state_parse(bytes_str(text), &again), 0);
    assert_string_equal(again.failure.what, "a??");
    free(text);
}

static void what_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"version\":\"1\"}",
        "{\"version\":2,\"failures\":3}",
        "{\"version\":1,\"failures\":3",
        "{\"version\":1,\"failures\":3,\"failures\":4}",
    };
    struct acme_state s, init;
    char *large = malloc(300000);

    (void) state;
    assert_non_null(large);
    state_init(&init);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        fill(&s);
        assert_int_equal(state_parse(bytes_str(bad[i]), &s), -EBADMSG);
        same(&s, &init);
    }
    memset(large, ' ', 300000);
    memcpy(large, "{\"version\":1}", 13);
    assert_int_equal(state_parse(bytes_of(large, 200000), &s), 0);
    assert_int_equal(state_parse(bytes_of(large, 300000), &s), -EBADMSG);
    assert_int_equal(state_parse((struct bytes){.p = NULL}, &s), -EBADMSG);
    free(large);
}

/* As if it were missing. */
static void values_that_do_not_fit(void **state)
{
    static const char odd[] =
        "{\"version\":1,\"more\":[],\"result\":\"odd\",\"attempt\":-5,\"success\":\"x\","
        "\"failures\":1.5,\"notBefore\":null,\"directory\":7,\"stagingFirst\":\"yes\","
        "\"challenge\":\"dns-02\",\"failure\":{\"kind\":\"odd\",\"step\":9,\"what\":[],"
        "\"problem\":{\"type\":7,\"status\":-1,\"subproblems\":7}},\"ari\":[]}";
    static const char much[] = "{\"version\":1,\"failures\":99999999999,\"failure\":{\"problem\":"
                               "{\"type\":\"odd\",\"status\":70000,\"subproblems\":[0,0,0,0,0,0,0,"
                               "0,0,0,0,0,0,0,0,0,0,0,0,0]}},\"attempt\":9223372036854775807}";
    struct acme_state s, init;

    (void) state;
    state_init(&init);
    assert_int_equal(state_parse(bytes_str(odd), &s), 0);
    same(&s, &init);
    assert_int_equal(state_parse(bytes_str(much), &s), 0);
    assert_int_equal(s.failures, 1000000);
    assert_int_equal(s.failure.problem.type, PROBLEM_OTHER);
    assert_int_equal(s.failure.problem.status, 999);
    assert_int_equal(s.failure.problem.n_sub, ACME_SUBPROBLEMS_MAX);
    assert_int_equal(s.attempt_s, INT64_MAX);
}

static struct acme_state filled;

static char *make(void)
{
    return state_text(&filled);
}

static void each_allocation_may_fail(void **state)
{
    (void) state;
    fill(&filled);
    assert_in_range(starve(make), 50, 1000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(the_longest_there_is),
        cmocka_unit_test(texts_that_are_none),     cmocka_unit_test(what_is_refused),
        cmocka_unit_test(values_that_do_not_fit),  cmocka_unit_test(each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
