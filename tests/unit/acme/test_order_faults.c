/* Orders of a CA that is slow, or wrong; and what was not asked for. */
#include "order_kit.h"

static void to_poll(struct order *o, size_t n)
{
    kit_on_doc(o, ACME_PENDING);
    for (size_t i = 0; i < n; i++)
        kit_on_authz(o, i, ACME_PENDING, ACME_PENDING);
    for (size_t i = 0; i < n; i++)
        order_on_presented(o);
    for (size_t i = 0; i < n; i++)
        order_on_responded(o, 0);
    kit_expect(o, ORDER_WAIT);
}

static void to_process(struct order *o)
{
    kit_on_doc(o, ACME_READY);
    kit_expect(o, ORDER_FINALIZE);
    kit_on_doc(o, ACME_PROCESSING);
    kit_expect(o, ORDER_WAIT);
}

/* ---- waits ---- */

static void distances_grow(void **state)
{
    struct order *o = KIT_ORDER("a.example");
    uint64_t last = 0, sum = 0, ms;
    unsigned n = 0;

    (void) state;
    to_poll(o, 1);
    for (;;) {
        struct order_todo todo;

        order_next(o, &todo);
        if (todo.action == ORDER_FAILED)
            break;
        ms = kit_wait(o);
        sum += ms;
        assert_true(ms >= last || sum == ORDER_VALIDATION_LIMIT_MS);
        assert_true(ms <= 10000);
        last = ms;
        n++;
        kit_on_authz(o, 0, ACME_PENDING, ACME_PROCESSING);
    }
    assert_int_equal(sum, ORDER_VALIDATION_LIMIT_MS);
    assert_in_range(n, 20, 60);
    kit_failed(o, FAILURE_CA, "not done with looking for the proof within 300 s");
    assert_string_equal(order_failure(o)->where, "a.example");
    assert_true(order_can_resume(o)); /* once */
    order_free(o);
}

static void each_limit_has_its_end(void **state)
{
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    kit_config.validation_limit_ms = 5000;
    kit_config.processing_limit_ms = 3000;

    o = kit_again(o); /* looking for proofs */
    to_poll(o, 1);
    order_on_waited(o, 6000); /* longer than was asked for */
    kit_on_authz(o, 0, ACME_PENDING, ACME_PROCESSING);
    kit_failed(o, FAILURE_CA, "looking for the proof within 5 s");

    o = kit_again(o); /* the order is pending for ever */
    kit_on_doc(o, ACME_PENDING);
    kit_on_authz(o, 0, ACME_VALID, ACME_VALID);
    for (unsigned i = 0; i < 6; i++) {
        kit_on_doc(o, ACME_PENDING);
        if (i < 5)
            kit_wait(o);
    }
    kit_failed(o, FAILURE_CA, "calling the order ready within 5 s");

    o = kit_again(o); /* finalised, and processed for ever */
    to_process(o);
    order_on_waited(o, UINT64_MAX);
    kit_on_doc(o, ACME_PROCESSING);
    kit_failed(o, FAILURE_CA, "making the certificate within 3 s");
    assert_int_equal(order_failure(o)->step, STEP_FINALIZE);
    assert_true(order_can_resume(o));

    o = kit_again(o); /* for the second time */
    order_resume(o, KIT_URL);
    kit_on_doc(o, ACME_PROCESSING);
    order_on_waited(o, 3000);
    kit_on_doc(o, ACME_PROCESSING);
    kit_failed(o, FAILURE_CA, "making the certificate");
    assert_false(order_can_resume(o));
    assert_true(order_is_stale(o));
    order_free(o);
}

/* A wait that ends early is counted as what was asked for, so it all ends. */
static void waits_that_take_no_time(void **state)
{
    struct order *o = KIT_ORDER("a.example");
    unsigned n = 0;
    struct order_todo todo;

    (void) state;
    to_process(o);
    for (order_next(o, &todo); todo.action == ORDER_WAIT; order_next(o, &todo), n++) {
        order_on_waited(o, 0);
        kit_on_doc(o, ACME_PROCESSING);
    }
    assert_in_range(n, 20, 100);
    kit_expect(o, ORDER_FAILED);
    order_free(o);
}

static void retry_after_is_obeyed(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example");
    struct acme_authz doc;
    struct acme_order order;

    (void) state;
    kit_on_doc(o, ACME_PENDING);
    kit_on_authz(o, 0, ACME_PENDING, ACME_PENDING);
    kit_on_authz(o, 1, ACME_PENDING, ACME_PENDING);
    order_on_presented(o);
    order_on_presented(o);
    order_on_responded(o, 7); /* the longest of the round */
    order_on_responded(o, 3);
    assert_int_equal(kit_wait(o), 7000);
    doc = kit_authz(0, ACME_PENDING, ACME_PROCESSING);
    order_on_authz(o, &doc, 0);
    doc = kit_authz(1, ACME_PENDING, ACME_PROCESSING);
    order_on_authz(o, &doc, 60);
    assert_int_equal(kit_wait(o), 60000);
    kit_on_authz(o, 0, ACME_VALID, ACME_VALID);
    kit_on_authz(o, 1, ACME_VALID, ACME_VALID);
    kit_on_doc(o, ACME_READY);
    order = kit_doc(ACME_PROCESSING);
    order_on_order(o, KIT_URL, &order, 2);
    assert_int_equal(kit_wait(o), 2000);
    order_on_order(o, KIT_URL, &order, INT64_MAX);
    kit_failed(o, FAILURE_CA, "asked again in 1000000000 s");
    assert_true(order_can_resume(o));
    order_free(o);
}

/* RFC 8555 section 8.2: a CA that tries again says so in a challenge that is processing. */
static void a_reason_while_it_still_tries(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example");
    struct acme_authz doc = kit_authz(0, ACME_PENDING, ACME_PROCESSING);

    (void) state;
    doc.challenges[CHALLENGE_HTTP_01].problem = kit_problem("connection", "Timeout");
    to_poll(o, 2);
    order_on_waited(o, ORDER_VALIDATION_LIMIT_MS);
    order_on_authz(o, &doc, 0);
    kit_on_authz(o, 1, ACME_PENDING, ACME_PROCESSING);
    kit_failed(o, FAILURE_VALIDATION, "Timeout");
    assert_string_equal(order_failure(o)->where, "a.example by http-01");
    assert_false(order_can_resume(o));
    order_free(o);
}

/* One has failed, another is never decided: the failure is what is told. */
static void a_failure_and_an_endless_one(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example");
    struct acme_authz doc = kit_authz(0, ACME_INVALID, ACME_INVALID);

    (void) state;
    doc.challenges[CHALLENGE_HTTP_01].problem = kit_problem("unauthorized", "404");
    to_poll(o, 2);
    kit_wait(o);
    order_on_authz(o, &doc, 0);
    kit_on_authz(o, 1, ACME_PENDING, ACME_PROCESSING);
    order_on_waited(o, ORDER_VALIDATION_LIMIT_MS);
    kit_on_authz(o, 1, ACME_PENDING, ACME_PROCESSING);
    kit_failed(o, FAILURE_VALIDATION, "404");
    order_free(o);
}

/* ---- finalising ---- */

static void a_refused_finalisation_is_tried_once_more(void **state)
{
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    kit_on_doc(o, ACME_READY);
    kit_on_problem(o, STEP_FINALIZE, "orderNotReady");
    kit_wait(o);
    kit_expect(o, ORDER_FETCH);
    kit_on_doc(o, ACME_READY);
    kit_expect(o, ORDER_FINALIZE);
    kit_on_problem(o, STEP_FINALIZE, "orderNotReady");
    kit_failed(o, FAILURE_CA, "ready to be finalised");
    assert_true(order_can_resume(o));
    order_free(o);
}

/* By its document the order is pending after all: what is missing is done. */
static void a_refused_finalisation_of_a_pending_order(void **state)
{
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    kit_on_doc(o, ACME_READY);
    kit_on_problem(o, STEP_FINALIZE, "unauthorized"); /* 403, by whatever name */
    kit_wait(o);
    kit_on_doc(o, ACME_PENDING);
    kit_expect_at(o, ORDER_AUTHZ, 0);
    kit_on_authz(o, 0, ACME_VALID, ACME_VALID);
    kit_on_doc(o, ACME_READY);
    kit_expect(o, ORDER_FINALIZE);
    kit_on_doc(o, ACME_VALID);
    kit_expect(o, ORDER_DOWNLOAD);
    order_free(o);
}

static void a_request_that_is_refused_for_good(void **state)
{
    struct order *o = KIT_ORDER("a.example");
    struct acme_problem p;
    struct acme_failure f;

    (void) state;
    assert_int_equal(acme_problem_parse(bytes_str("{\"type\":\"urn:ietf:params:acme:error:badCSR\","
                                                  "\"status\":400,\"detail\":\"weak key\"}"),
                                        &p),
                     0);
    kit_on_doc(o, ACME_READY);
    failure_of_problem(&f, STEP_FINALIZE, -EPROTO, KIT_URL, &p);
    order_on_failure(o, &f);
    kit_failed(o, FAILURE_REFUSED, "weak key");
    assert_false(order_can_resume(o));
    order_free(o);
}

static void it_becomes_invalid_when_finalised(void **state)
{
    struct order *o = KIT_ORDER("a.example");
    struct acme_order doc;

    (void) state;
    to_process(o);
    kit_wait(o);
    doc = kit_doc(ACME_INVALID);
    doc.problem = kit_problem("caa", "forbidden by CAA");
    order_on_order(o, KIT_URL, &doc, 0);
    kit_failed(o, FAILURE_REFUSED, "forbidden by CAA");
    assert_int_equal(order_failure(o)->step, STEP_FINALIZE);
    assert_false(order_can_resume(o));
    order_free(o);
}

static void a_download_that_fails(void **state)
{
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    kit_on_doc(o, ACME_VALID);
    kit_on_problem(o, STEP_DOWNLOAD, "serverInternal");
    kit_failed(o, FAILURE_CA, "trouble");
    assert_true(order_can_resume(o));
    order_free(o);
}

/* ---- documents that do not fit ---- */

static void other_order(struct acme_order *doc, unsigned kind)
{
    const char *const *names = (const char *const[]){"a.example", "c.example", NULL};
    const char *bad;

    switch (kind) {
    case 0:
        assert_int_equal(acme_ids_parse(names, &doc->ids, &bad), 0);
        break;
    case 1:
        doc->ids.n--;
        break;
    case 2:
        doc->n_authz--;
        break;
    case 3:
        snprintf(doc->authz[1], ACME_URL_SIZE, "https://ca.example/authz/other");
        break;
    case 4:
        snprintf(doc->finalize, ACME_URL_SIZE, "https://other.example/");
        break;
    case 5:
        doc->status = ACME_PENDING;
        break;
    case 6:
        doc->status = ACME_READY;
        break;
    default:
        doc->status = ACME_VALID; /* without certificate */
        break;
    }
}

static void orders_that_do_not_fit(void **state)
{
    static const char *const what[] = {"other names",    "other names",          "authorizations",
                                       "authorizations", "URL for finalising",   "backwards",
                                       "backwards",      "without a certificate"};

    (void) state;
    for (unsigned kind = 0; kind < 8; kind++) {
        struct order *o = KIT_ORDER("a.example", "b.example");
        struct acme_order doc;

        to_process(o);
        kit_wait(o);
        doc = kit_doc(ACME_PROCESSING);
        other_order(&doc, kind);
        order_on_order(o, KIT_URL, &doc, 0);
        kit_failed(o, FAILURE_CA, what[kind]);
        assert_false(order_can_resume(o));
        assert_false(order_is_stale(o));
        order_free(o);
    }
}

static void urls_that_do_not_fit(void **state)
{
    static const char *const bad[] = {NULL, "", "order/1", "ftp://ca.example/"};
    struct acme_order doc;
    struct order *o = KIT_ORDER("a.example");

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        o = kit_again(o);
        doc = kit_doc(ACME_PENDING);
        order_on_order(o, bad[i], &doc, 0);
        kit_failed(o, FAILURE_CA, "without telling its URL");
        assert_false(order_can_resume(o));
    }
    o = kit_again(o);
    to_process(o);
    kit_wait(o);
    doc = kit_doc(ACME_VALID);
    order_on_order(o, "https://ca.example/order/2", &doc, 0);
    kit_failed(o, FAILURE_CA, "another order");
    order_free(o);
}

/* The list of authorisations may come in another order each time; items keep theirs. */
static void authorisations_in_another_order(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example");
    struct acme_order doc;

    (void) state;
    to_process(o);
    kit_wait(o);
    doc = kit_doc(ACME_VALID);
    memcpy(doc.authz[0], "https://ca.example/authz/1", 27);
    memcpy(doc.authz[1], "https://ca.example/authz/0", 27);
    order_on_order(o, "", &doc, 0);
    kit_expect(o, ORDER_DOWNLOAD);
    assert_string_equal(order_document(o)->authz[0], "https://ca.example/authz/0");
    order_free(o);
}

static void authorisations_that_do_not_fit(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example");
    struct acme_authz doc;

    (void) state;
    kit_on_doc(o, ACME_PENDING);
    doc = kit_authz(0, ACME_PENDING, ACME_PENDING);
    assert_int_equal(acme_id_parse("c.example", &doc.id), 0);
    order_on_authz(o, &doc, 0);
    kit_failed(o, FAILURE_CA, "not asked for");

    o = kit_again(o);
    kit_on_doc(o, ACME_PENDING);
    kit_on_authz(o, 0, ACME_VALID, ACME_VALID);
    kit_on_authz(o, 0, ACME_PENDING, ACME_PENDING);
    kit_failed(o, FAILURE_CA, "two authorizations");

    for (unsigned kind = 0; kind < 4; kind++) {
        static const char *const what[] = {"changed the name", "changed a challenge",
                                           "changed a challenge", "took a challenge away"};

        o = kit_again(o);
        to_poll(o, 2);
        kit_wait(o);
        doc = kit_authz(0, ACME_PENDING, ACME_PROCESSING);
        if (kind == 0)
            assert_int_equal(acme_id_parse("b.example", &doc.id), 0);
        else if (kind == 1)
            doc.challenges[CHALLENGE_HTTP_01].token[0] = 'X';
        else if (kind == 2)
            doc.challenges[CHALLENGE_HTTP_01].url[10] = 'X';
        else
            doc.challenges[CHALLENGE_HTTP_01] = doc.challenges[--doc.n_challenges];
        order_on_authz(o, &doc, 0);
        kit_failed(o, FAILURE_CA, what[kind]);
        assert_false(order_can_resume(o));
    }
    order_free(o);
}

/* A name that changes to none of the others. */
static void an_authorisation_of_another_name(void **state)
{
    struct order *o = KIT_ORDER("a.example", "b.example");
    struct acme_order order;
    struct acme_authz doc;

    (void) state;
    order = kit_doc(ACME_PENDING);
    order.n_authz = 1;
    order_on_order(o, KIT_URL, &order, 0);
    kit_on_authz(o, 0, ACME_PENDING, ACME_PENDING);
    order_on_presented(o);
    order_on_responded(o, 0);
    kit_wait(o);
    doc = kit_authz(1, ACME_VALID, ACME_VALID);
    order_on_authz(o, &doc, 0);
    kit_failed(o, FAILURE_CA, "changed the name");
    order_free(o);
}

/* ---- what was not asked for ---- */

static void on_kind(struct order *o, unsigned kind)
{
    if (kind == 0)
        kit_on_doc(o, ACME_PENDING);
    else if (kind == 1)
        kit_on_authz(o, 0, ACME_PENDING, ACME_PENDING);
    else if (kind == 2)
        order_on_presented(o);
    else if (kind == 3)
        order_on_responded(o, 0);
    else
        order_on_waited(o, 1000);
}

static void events_out_of_turn(void **state)
{
    static const unsigned way[] = {0, 1, 2, 3, 4}; /* each is asked for after the one before */

    (void) state;
    for (size_t n = 0; n < 5; n++) {
        for (unsigned kind = 0; kind < 5; kind++) {
            struct order *o = KIT_ORDER("a.example");

            for (size_t i = 0; i < n; i++)
                on_kind(o, way[i]);
            if (kind != way[n]) {
                on_kind(o, kind);
                kit_failed(o, FAILURE_LOCAL, "when the order was to");
                on_kind(o, kind); /* changes nothing any more */
                kit_on_problem(o, STEP_ORDER, "serverInternal");
                kit_failed(o, FAILURE_LOCAL, "when the order was to");
            }
            order_free(o);
        }
    }
}

static void configurations_that_are_refused(void **state)
{
    struct order *o = KIT_ORDER("a.example");
    struct order_config c = kit_config;

    (void) state;
    o = order_free(o);
    c.ids.n = 0;
    assert_int_equal(order_new(&c, &o), -EINVAL);
    c.ids.n = ACME_IDS_MAX + 1;
    assert_int_equal(order_new(&c, &o), -EINVAL);
    c.ids.n = 1;
    c.n_types = N_CHALLENGE_TYPES + 1;
    assert_int_equal(order_new(&c, &o), -EINVAL);
    assert_null(o);
    assert_null(order_free(NULL));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_grow),
        cmocka_unit_test(each_limit_has_its_end),
        cmocka_unit_test(waits_that_take_no_time),
        cmocka_unit_test(retry_after_is_obeyed),
        cmocka_unit_test(a_reason_while_it_still_tries),
        cmocka_unit_test(a_failure_and_an_endless_one),
        cmocka_unit_test(a_refused_finalisation_is_tried_once_more),
        cmocka_unit_test(a_refused_finalisation_of_a_pending_order),
        cmocka_unit_test(a_request_that_is_refused_for_good),
        cmocka_unit_test(it_becomes_invalid_when_finalised),
        cmocka_unit_test(a_download_that_fails),
        cmocka_unit_test(orders_that_do_not_fit),
        cmocka_unit_test(urls_that_do_not_fit),
        cmocka_unit_test(authorisations_in_another_order),
        cmocka_unit_test(authorisations_that_do_not_fit),
        cmocka_unit_test(an_authorisation_of_another_name),
        cmocka_unit_test(events_out_of_turn),
        cmocka_unit_test(configurations_that_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
