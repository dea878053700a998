#include "order_kit.h"

/* ---- the way it goes when all is well ---- */

/* To the first look at the authorisations, all n of them pending and answered. */
static void answer_all(struct order *o, size_t n)
{
    kit_expect(o, ORDER_CREATE);
    kit_on_doc(o, ACME_PENDING);
    assert_string_equal(order_url(o), KIT_URL);
    for (size_t i = 0; i < n; i++) {
        kit_expect_at(o, ORDER_AUTHZ, i);
        kit_on_authz(o, i, ACME_PENDING, ACME_PENDING);
    }
    for (size_t i = 0; i < n; i++) {
        kit_expect_at(o, ORDER_PRESENT, i);
        order_on_presented(o);
    }
    for (size_t i = 0; i < n; i++) {
        kit_expect_at(o, ORDER_RESPOND, i);
        order_on_responded(o, 0);
    }
    kit_wait(o);
    kit_expect_at(o, ORDER_AUTHZ, 0);
}

static void one_name(void **state)
{
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    assert_string_equal(order_url(o), "");
    assert_null(order_document(o));
    assert_null(order_authz(o, 0));
    answer_all(o, 1);
    assert_int_equal(order_challenge(o, 0)->type, CHALLENGE_HTTP_01);
    kit_on_authz(o, 0, ACME_VALID, ACME_VALID);
    kit_expect(o, ORDER_FETCH);
    kit_on_doc(o, ACME_READY);
    kit_expect(o, ORDER_FINALIZE);
    kit_on_doc(o, ACME_PROCESSING);
    kit_wait(o);
    kit_expect(o, ORDER_FETCH);
    kit_on_doc(o, ACME_VALID);
    kit_expect(o, ORDER_DOWNLOAD);
    assert_string_equal(order_document(o)->certificate, "https://ca.example/cert/1");
    assert_int_equal(order_authz(o, 0)->status, ACME_VALID);
    assert_null(order_authz(o, 1));
    order_free(o);
}

static void finalised_at_once(void **state)
{
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    kit_on_doc(o, ACME_READY);
    kit_expect(o, ORDER_FINALIZE);
    kit_on_doc(o, ACME_VALID);
    kit_expect(o, ORDER_DOWNLOAD);
    order_free(o);
}

/* What a CA may have done before it answers newOrder. */
static void created_in_each_state(void **state)
{
    static const struct {
        enum acme_status status;
        enum order_action next;
    } cases[] = {{ACME_PENDING, ORDER_AUTHZ},
                 {ACME_READY, ORDER_FINALIZE},
                 {ACME_PROCESSING, ORDER_WAIT},
                 {ACME_VALID, ORDER_DOWNLOAD},
                 {ACME_INVALID, ORDER_FAILED}};

    (void) state;
    for (int resumed = 0; resumed < 2; resumed++) {
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
            struct order *o = KIT_ORDER("a.example");

            if (resumed) {
                order_resume(o, KIT_URL);
                kit_expect(o, ORDER_FETCH);
            }
            kit_on_doc(o, cases[i].status);
            kit_expect(o, cases[i].next);
            if (cases[i].status == ACME_INVALID) {
                kit_failed(o, FAILURE_CA, "gives no reason");
                assert_false(order_can_resume(o));
                assert_int_equal(order_is_stale(o), resumed);
            }
            order_free(o);
        }
    }
}

static void valid_authorisations_are_skipped(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example", "c.example");

    (void) state;
    kit_on_doc(o, ACME_PENDING);
    kit_on_authz(o, 0, ACME_VALID, ACME_VALID);
    kit_on_authz(o, 1, ACME_PENDING, ACME_PENDING);
    kit_on_authz(o, 2, ACME_VALID, ACME_VALID);
    assert_null(order_challenge(o, 0));
    kit_expect_at(o, ORDER_PRESENT, 1);
    order_on_presented(o);
    kit_expect_at(o, ORDER_RESPOND, 1);
    order_on_responded(o, 0);
    kit_wait(o);
    kit_expect_at(o, ORDER_AUTHZ, 1);
    kit_on_authz(o, 1, ACME_VALID, ACME_VALID);
    kit_expect(o, ORDER_FETCH);
    order_free(o);

    o = KIT_ORDER("a.example");
    kit_on_doc(o, ACME_PENDING);
    kit_on_authz(o, 0, ACME_VALID, ACME_VALID);
    kit_expect(o, ORDER_FETCH); /* nothing to prove */
    order_free(o);
}

/* A name and its wildcard have the same TXT name: both values are up before the CA looks. */
static void all_proofs_are_up_before_the_first_answer(void **state)
{
    struct order *o = KIT_ORDER("example.org", "*.example.org");

    (void) state;
    kit_config.types[0] = CHALLENGE_DNS_01;
    kit_config.n_types = 1;
    o = kit_again(o);
    answer_all(o, 2);
    assert_int_equal(order_challenge(o, 0)->type, CHALLENGE_DNS_01);
    assert_int_equal(order_challenge(o, 1)->type, CHALLENGE_DNS_01);
    assert_string_not_equal(order_challenge(o, 0)->token, order_challenge(o, 1)->token);
    order_free(o);
}

static void undecided_ones_alone_are_looked_at_again(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example", "c.example");

    (void) state;
    answer_all(o, 3);
    kit_on_authz(o, 0, ACME_PENDING, ACME_PROCESSING);
    kit_expect_at(o, ORDER_AUTHZ, 1);
    kit_on_authz(o, 1, ACME_VALID, ACME_VALID);
    kit_expect_at(o, ORDER_AUTHZ, 2);
    kit_on_authz(o, 2, ACME_PENDING, ACME_PROCESSING);
    kit_wait(o);
    kit_expect_at(o, ORDER_AUTHZ, 0);
    kit_on_authz(o, 0, ACME_VALID, ACME_VALID);
    kit_expect_at(o, ORDER_AUTHZ, 2);
    kit_on_authz(o, 2, ACME_VALID, ACME_VALID);
    kit_expect(o, ORDER_FETCH);
    order_free(o);
}

/* Replicas of a CA may be behind: not ready yet, though all is proved. */
static void still_pending_when_all_is_valid(void **state)
{
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    answer_all(o, 1);
    kit_on_authz(o, 0, ACME_VALID, ACME_VALID);
    kit_on_doc(o, ACME_PENDING);
    kit_wait(o);
    kit_expect(o, ORDER_FETCH);
    kit_on_doc(o, ACME_READY);
    kit_expect(o, ORDER_FINALIZE);
    kit_on_doc(o, ACME_READY); /* the same, after it was finalised */
    kit_wait(o);
    kit_expect(o, ORDER_FETCH);
    kit_on_doc(o, ACME_VALID);
    kit_expect(o, ORDER_DOWNLOAD);
    order_free(o);
}

static void order_without_authorisations(void **state)
{
    struct order *o = KIT_ORDER("a.example");
    struct acme_order doc = kit_doc(ACME_PENDING);

    (void) state;
    doc.n_authz = 0;
    order_on_order(o, KIT_URL, &doc, 0);
    kit_wait(o);
    kit_expect(o, ORDER_FETCH);
    doc.status = ACME_READY;
    order_on_order(o, NULL, &doc, 0);
    kit_expect(o, ORDER_FINALIZE);
    order_free(o);
}

/* ---- the choice of a challenge ---- */

static enum acme_challenge_type chosen(struct order *o, const struct acme_authz *doc)
{
    const struct acme_challenge *c;

    kit_on_doc(o, ACME_PENDING);
    order_on_authz(o, doc, 0);
    c = order_challenge(o, 0);
    if (c) {
        struct order_todo todo = kit_expect(o, ORDER_PRESENT);

        assert_int_equal(todo.authz, 0);
        assert_ptr_equal(&order_authz(o, 0)->challenges[todo.challenge], c);
    }
    return c ? c->type : N_CHALLENGE_TYPES;
}

static void the_first_that_is_offered(void **state)
{
    struct order *o = KIT_ORDER("a.example");
    struct acme_authz doc = kit_authz(0, ACME_PENDING, ACME_PENDING);

    (void) state;
    assert_int_equal(chosen(o, &doc), CHALLENGE_HTTP_01);
    kit_config.types[0] = CHALLENGE_DNS_01;
    o = kit_again(o);
    assert_int_equal(chosen(o, &doc), CHALLENGE_DNS_01);
    kit_config.cannot[0][CHALLENGE_DNS_01] = true;
    o = kit_again(o);
    assert_int_equal(chosen(o, &doc), CHALLENGE_TLS_ALPN_01);
    /* in whatever order the CA has them, one that failed left aside */
    doc.challenges[0] = doc.challenges[2];
    doc.n_challenges = 2;
    kit_config.cannot[0][CHALLENGE_DNS_01] = false;
    doc.challenges[0].status = ACME_INVALID;
    o = kit_again(o);
    assert_int_equal(chosen(o, &doc), CHALLENGE_TLS_ALPN_01);
    order_free(o);
}

static void none_of_the_offered_will_do(void **state)
{
    struct order *o = KIT_ORDER("*.example.org");
    struct acme_authz doc = kit_authz(0, ACME_PENDING, ACME_PENDING);
    const struct acme_failure *f;

    (void) state;
    doc.challenges[0] = doc.challenges[2]; /* dns-01 alone */
    doc.n_challenges = 1;
    kit_config.cannot[0][CHALLENGE_DNS_01] = true;
    o = kit_again(o);
    assert_int_equal(chosen(o, &doc), N_CHALLENGE_TYPES);
    f = kit_failed(o, FAILURE_REFUSED,
                   "for *.example.org: dns-01; what can be used here: "
                   "http-01, tls-alpn-01");
    assert_non_null(strstr(f->next, "ACME_CHALLENGE=dns-01"));
    assert_false(order_can_resume(o));
    order_free(o);

    o = KIT_ORDER("192.0.2.1");
    kit_config.n_types = 0;
    o = kit_again(o);
    doc = kit_authz(0, ACME_PENDING, ACME_PENDING);
    doc.n_challenges = 0;
    assert_int_equal(chosen(o, &doc), N_CHALLENGE_TYPES);
    kit_failed(o, FAILURE_REFUSED, "none that is known; what can be used here: none");
    order_free(o);
}

/* Each name by what will do for it. */
static void types_differ_by_name(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example");

    (void) state;
    kit_config.cannot[1][CHALLENGE_HTTP_01] = true;
    o = kit_again(o);
    answer_all(o, 2);
    assert_int_equal(order_challenge(o, 0)->type, CHALLENGE_HTTP_01);
    assert_int_equal(order_challenge(o, 1)->type, CHALLENGE_TLS_ALPN_01);
    order_free(o);
}

/* ---- an order of an earlier run ---- */

/* The CA was told before: the proof is put up again, but told it is not. */
static void an_answered_challenge_is_not_answered_again(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example");
    struct acme_authz doc = kit_authz(0, ACME_PENDING, ACME_PENDING);

    (void) state;
    order_resume(o, KIT_URL);
    kit_on_doc(o, ACME_PENDING);
    doc.challenges[CHALLENGE_TLS_ALPN_01].status = ACME_PROCESSING;
    order_on_authz(o, &doc, 0);
    assert_int_equal(order_challenge(o, 0)->type, CHALLENGE_TLS_ALPN_01);
    kit_on_authz(o, 1, ACME_PENDING, ACME_VALID); /* valid, the rest follows */
    kit_expect_at(o, ORDER_PRESENT, 0);
    order_on_presented(o);
    kit_wait(o);
    kit_expect_at(o, ORDER_AUTHZ, 0);
    order_free(o);

    /* one in a way that is not wanted now */
    o = KIT_ORDER("a.example");
    kit_config.n_types = 1;
    o = kit_again(o);
    order_resume(o, KIT_URL);
    kit_on_doc(o, ACME_PENDING);
    doc.id = kit_config.ids.list[0];
    order_on_authz(o, &doc, 0);
    kit_failed(o, FAILURE_REFUSED, "what can be used here: http-01");
    assert_true(order_is_stale(o));
    order_free(o);
}

static void an_order_that_is_gone(void **state)
{
    static const char *const types[] = {"malformed", "unauthorized", "accountDoesNotExist"};

    (void) state;
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        struct order *o = KIT_ORDER("a.example");

        order_resume(o, KIT_URL);
        kit_on_problem(o, STEP_ORDER, types[i]);
        kit_failed(o, FAILURE_REFUSED, "no");
        assert_true(order_is_stale(o));
        assert_false(order_can_resume(o));
        assert_non_null(strstr(order_failure(o)->next, "a new order takes its place"));
        order_free(o);
    }
}

/* What says nothing of the order leaves it for the next run. */
static void a_ca_that_is_down_spoils_nothing(void **state)
{
    static const char *const types[] = {"rateLimited", "serverInternal", "badNonce"};

    (void) state;
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        struct order *o = KIT_ORDER("a.example");

        order_resume(o, KIT_URL);
        kit_on_problem(o, STEP_ORDER, types[i]);
        kit_expect(o, ORDER_FAILED);
        assert_true(order_can_resume(o));
        assert_false(order_is_stale(o));
        order_free(o);

        o = KIT_ORDER("a.example"); /* one that never came to be */
        kit_on_problem(o, STEP_ORDER, types[i]);
        kit_expect(o, ORDER_FAILED);
        assert_false(order_can_resume(o));
        order_free(o);
    }
}

static void authorisations_that_ended_meanwhile(void **state)
{
    static const enum acme_status ends[] = {ACME_INVALID, ACME_DEACTIVATED, ACME_EXPIRED,
                                            ACME_REVOKED};

    (void) state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        struct order *o = KIT_ORDER("a.example");

        order_resume(o, KIT_URL);
        kit_on_doc(o, ACME_PENDING);
        kit_on_authz(o, 0, ends[i], ACME_PENDING);
        kit_failed(o, ends[i] == ACME_INVALID ? FAILURE_VALIDATION : FAILURE_CA,
                   acme_status_names[ends[i]]);
        assert_true(order_is_stale(o));
        order_free(o);
    }
}

static void a_stored_url_that_is_none(void **state)
{
    static const char *const urls[] = {"", "file:///etc/passwd", "https://", "https://a b/"};

    (void) state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        struct order *o = KIT_ORDER("a.example");

        order_resume(o, urls[i]);
        kit_failed(o, FAILURE_CA, "URL");
        assert_true(order_is_stale(o));
        order_free(o);
    }
}

/* ---- failed validations ---- */

static void fail_authz(struct order *o, size_t i, const char *type, const char *detail)
{
    struct acme_authz doc = kit_authz(i, ACME_INVALID, ACME_PENDING);

    doc.challenges[CHALLENGE_HTTP_01].status = ACME_INVALID;
    doc.challenges[CHALLENGE_HTTP_01].problem = kit_problem(type, detail);
    order_on_authz(o, &doc, 0);
}

static void a_failed_validation(void **state)
{
    struct order *o = KIT_ORDER("a.example");
    const struct acme_failure *f;

    (void) state;
    answer_all(o, 1);
    fail_authz(o, 0, "connection", "203.0.113.1: Connection refused");
    f = kit_failed(o, FAILURE_VALIDATION, "203.0.113.1: Connection refused");
    assert_int_equal(f->step, STEP_CHALLENGE);
    assert_string_equal(f->where, "a.example by http-01");
    assert_int_equal(f->problem.type, PROBLEM_CONNECTION);
    assert_non_null(strstr(f->problem.verbatim, "urn:ietf:params:acme:error:connection"));
    assert_non_null(strstr(f->next, "port 80"));
    assert_false(order_can_resume(o));
    assert_false(order_is_stale(o));
    order_free(o);
}

/* The others are waited for, and told. */
static void several_failed_validations(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example", "c.example");

    (void) state;
    answer_all(o, 3);
    fail_authz(o, 0, "dns", "NXDOMAIN");
    kit_expect_at(o, ORDER_AUTHZ, 1);
    kit_on_authz(o, 1, ACME_PENDING, ACME_PROCESSING);
    kit_on_authz(o, 2, ACME_PENDING, ACME_PROCESSING);
    kit_wait(o);
    kit_expect_at(o, ORDER_AUTHZ, 1);
    kit_on_authz(o, 1, ACME_VALID, ACME_VALID);
    kit_expect_at(o, ORDER_AUTHZ, 2);
    fail_authz(o, 2, "connection", "refused");
    kit_failed(o, FAILURE_VALIDATION, "NXDOMAIN; and for c.example: ");
    assert_int_equal(order_failure(o)->problem.type, PROBLEM_DNS);
    assert_non_null(strstr(order_failure(o)->what, ": refused"));
    assert_int_equal(order_authz(o, 0)->status, ACME_INVALID);
    assert_int_equal(order_authz(o, 1)->status, ACME_VALID);
    assert_true(order_authz_failed(o, 0));
    assert_false(order_authz_failed(o, 1));
    assert_true(order_authz_failed(o, 2));
    assert_false(order_authz_failed(o, 3));
    order_free(o);
}

/* Some call the challenge invalid before the authorisation. */
static void an_invalid_challenge_is_enough(void **state)
{
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    answer_all(o, 1);
    kit_on_authz(o, 0, ACME_PENDING, ACME_INVALID);
    kit_failed(o, FAILURE_VALIDATION, "invalid and gives no reason");
    order_free(o);
}

static void a_name_that_caa_forbids(void **state)
{
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    answer_all(o, 1);
    fail_authz(o, 0, "caa", "CAA record for example prevents issuance");
    kit_failed(o, FAILURE_REFUSED, "prevents issuance");
    order_free(o);
}

/* The longest texts a CA can send stay whole characters within their limits. */
static void long_texts_of_many_failures(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example", "c.example", "d.example");
    char detail[401];

    (void) state;
    for (size_t i = 0; i < 400; i += 2)
        memcpy(detail + i, "\xc3\xa4", 2);
    detail[400] = '\0';
    answer_all(o, 4);
    for (size_t i = 0; i < 4; i++)
        fail_authz(o, i, "connection", detail);
    kit_failed(o, FAILURE_VALIDATION, "and for b.example");
    assert_true(strlen(order_failure(o)->what) > 1500);
    assert_null(strchr(order_failure(o)->what, '?'));
    order_free(o);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_name),
        cmocka_unit_test(finalised_at_once),
        cmocka_unit_test(created_in_each_state),
        cmocka_unit_test(valid_authorisations_are_skipped),
        cmocka_unit_test(all_proofs_are_up_before_the_first_answer),
        cmocka_unit_test(undecided_ones_alone_are_looked_at_again),
        cmocka_unit_test(still_pending_when_all_is_valid),
        cmocka_unit_test(order_without_authorisations),
        cmocka_unit_test(the_first_that_is_offered),
        cmocka_unit_test(none_of_the_offered_will_do),
        cmocka_unit_test(types_differ_by_name),
        cmocka_unit_test(an_answered_challenge_is_not_answered_again),
        cmocka_unit_test(an_order_that_is_gone),
        cmocka_unit_test(a_ca_that_is_down_spoils_nothing),
        cmocka_unit_test(authorisations_that_ended_meanwhile),
        cmocka_unit_test(a_stored_url_that_is_none),
        cmocka_unit_test(a_failed_validation),
        cmocka_unit_test(several_failed_validations),
        cmocka_unit_test(an_invalid_challenge_is_enough),
        cmocka_unit_test(a_name_that_caa_forbids),
        cmocka_unit_test(long_texts_of_many_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
