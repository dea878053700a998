/* order_kit.h: documents of a CA, made by hand, for tests of order.h. */
#pragma once

#include "acme/order.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KIT_URL "https://ca.example/order/1"

static struct order_config kit_config;

/* An order for these names, http-01 before tls-alpn-01 before dns-01. */
static inline struct order *kit_order(const char *const *names)
{
    struct order *o = NULL;
    const char *bad;

    kit_config = (struct order_config){
        .types = {CHALLENGE_HTTP_01, CHALLENGE_TLS_ALPN_01, CHALLENGE_DNS_01}, .n_types = 3};
    assert_int_equal(acme_ids_parse(names, &kit_config.ids, &bad), 0);
    assert_int_equal(order_new(&kit_config, &o), 0);
    return o;
}
#define KIT_ORDER(...) kit_order((const char *const[]){__VA_ARGS__, NULL})

/* Takes the configuration as a test has changed it. */
static inline struct order *kit_again(struct order *o)
{
    order_free(o);
    assert_int_equal(order_new(&kit_config, &o), 0);
    return o;
}

static inline struct acme_order kit_doc(enum acme_status status)
{
    struct acme_order doc = {.status = status, .ids = kit_config.ids, .n_authz = kit_config.ids.n};

    for (size_t i = 0; i < doc.n_authz; i++)
        snprintf(doc.authz[i], ACME_URL_SIZE, "https://ca.example/authz/%zu", i);
    snprintf(doc.finalize, ACME_URL_SIZE, KIT_URL "/finalize");
    if (status == ACME_VALID)
        snprintf(doc.certificate, ACME_URL_SIZE, "https://ca.example/cert/1");
    return doc;
}

/* That of the i-th name, each of its challenges in that status. */
static inline struct acme_authz kit_authz(size_t i, enum acme_status status,
                                          enum acme_status challenges)
{
    struct acme_authz doc = {
        .status = status, .id = kit_config.ids.list[i], .n_challenges = N_CHALLENGE_TYPES};

    for (unsigned k = 0; k < N_CHALLENGE_TYPES; k++) {
        struct acme_challenge *c = &doc.challenges[k];

        *c = (struct acme_challenge){.type = (enum acme_challenge_type) k, .status = challenges};
        snprintf(c->url, sizeof(c->url), "https://ca.example/chall/%zu/%u", i, k);
        snprintf(c->token, sizeof(c->token), "token-%zu-%u", i, k);
    }
    return doc;
}

static inline struct acme_problem kit_problem(const char *type, const char *detail)
{
    struct acme_problem p;
    char text[512];

    snprintf(text, sizeof(text),
             "{\"type\":\"urn:ietf:params:acme:error:%s\",\"status\":403,\"detail\":\"%s\"}", type,
             detail);
    assert_int_equal(acme_problem_parse(bytes_str(text), &p), 0);
    return p;
}

static inline void kit_on_doc(struct order *o, enum acme_status status)
{
    struct acme_order doc = kit_doc(status);

    order_on_order(o, KIT_URL, &doc, 0);
}

static inline void kit_on_authz(struct order *o, size_t i, enum acme_status status,
                                enum acme_status challenges)
{
    struct acme_authz doc = kit_authz(i, status, challenges);

    order_on_authz(o, &doc, 0);
}

static inline void kit_on_problem(struct order *o, enum acme_step step, const char *type)
{
    struct acme_problem p = kit_problem(type, "no");
    struct acme_failure f;

    failure_of_problem(&f, step, -EPROTO, KIT_URL, &p);
    order_on_failure(o, &f);
}

/* What is to be done now must be that. */
static inline struct order_todo kit_expect(const struct order *o, enum order_action action)
{
    struct order_todo todo;

    order_next(o, &todo);
    if (todo.action != action)
        fail_msg("%s instead of %s: %s", order_action_names[todo.action],
                 order_action_names[action], order_failure(o)->what);
    return todo;
}

static inline void kit_expect_at(const struct order *o, enum order_action action, size_t authz)
{
    assert_int_equal(kit_expect(o, action).authz, authz);
}

/* Waits as it wants to; how long that was. */
static inline uint64_t kit_wait(struct order *o)
{
    uint64_t ms = kit_expect(o, ORDER_WAIT).wait_ms;

    order_on_waited(o, ms);
    return ms;
}

/* It failed, and says all that in what. */
static inline const struct acme_failure *kit_failed(const struct order *o,
                                                    enum acme_failure_kind kind, const char *what)
{
    const struct acme_failure *f = order_failure(o);

    kit_expect(o, ORDER_FAILED);
    assert_int_equal(f->kind, kind);
    if (!strstr(f->what, what))
        fail_msg("\"%s\" is not in \"%s\"", what, f->what);
    return f;
}
