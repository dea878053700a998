/* A CA that does by chance whatever RFC 8555 lets it do: each order comes to its end within a bound
 * of requests, and to the end that the CA brought about. */
#include "order_kit.h"

#define RUNS 3000
#define STEPS_MAX 3000

/* The CA's side. */
struct ca {
    uint32_t seed;
    enum acme_status order;
    enum acme_status authz[ACME_IDS_MAX], challenge[ACME_IDS_MAX];
    unsigned type[ACME_IDS_MAX]; /* of the challenge that was answered */
    bool presented[ACME_IDS_MAX];
    bool finalised, any_failed;
    unsigned answers; /* challenges that were answered */
};

/* One in n. */
static bool chance(struct ca *ca, unsigned n)
{
    ca->seed = ca->seed * 1664525 + 1013904223;
    return (ca->seed >> 16) % n == 0;
}

/* Time goes by. */
static void live(struct ca *ca, size_t n)
{
    bool all_valid = true;

    for (size_t i = 0; i < n; i++) {
        if (ca->challenge[i] == ACME_PROCESSING && chance(ca, 2)) {
            bool good = !chance(ca, 6);

            ca->challenge[i] = good ? ACME_VALID : ACME_INVALID;
            ca->authz[i] = good ? ACME_VALID : ACME_INVALID;
        }
        ca->any_failed |= ca->authz[i] != ACME_VALID && ca->authz[i] != ACME_PENDING;
        all_valid &= ca->authz[i] == ACME_VALID;
    }
    if (ca->any_failed)
        ca->order = ACME_INVALID;
    else if (ca->order == ACME_PENDING && all_valid && !chance(ca, 3))
        ca->order = ACME_READY;
    else if (ca->order == ACME_PROCESSING && chance(ca, 3))
        ca->order = chance(ca, 10) ? ACME_INVALID : ACME_VALID;
}

static void begin(struct ca *ca, size_t n, unsigned run)
{
    *ca = (struct ca){.seed = run * 7919 + 1, .order = ACME_PENDING};
    for (size_t i = 0; i < n; i++) {
        ca->authz[i] = chance(ca, 4) ? ACME_VALID : ACME_PENDING;
        ca->challenge[i] = ca->authz[i];
        if (chance(ca, 60)) {
            ca->authz[i] = chance(ca, 2) ? ACME_EXPIRED : ACME_DEACTIVATED;
            ca->any_failed = true;
        }
    }
}

static int64_t retry_after(struct ca *ca)
{
    return chance(ca, 5) ? 1 + (int64_t) (ca->seed >> 16) % 5 : 0;
}

static void say_order(struct ca *ca, struct order *o)
{
    struct acme_order doc = kit_doc(ca->order);

    if (chance(ca, 2) && doc.n_authz > 1) {
        char first[ACME_URL_SIZE];

        memcpy(first, doc.authz[0], sizeof(first));
        memcpy(doc.authz[0], doc.authz[1], sizeof(first));
        memcpy(doc.authz[1], first, sizeof(first));
    }
    order_on_order(o, order_url(o)[0] && chance(ca, 2) ? "" : KIT_URL, &doc, retry_after(ca));
}

static size_t index_of(const struct order *o, size_t authz)
{
    return strtoul(order_document(o)->authz[authz] + strlen("https://ca.example/authz/"), NULL, 10);
}

static void say_authz(struct ca *ca, struct order *o, size_t i)
{
    struct acme_authz doc = kit_authz(i, ca->authz[i], ACME_PENDING);

    doc.challenges[ca->type[i]].status = ca->challenge[i];
    if (ca->challenge[i] == ACME_INVALID && chance(ca, 2))
        doc.challenges[ca->type[i]].problem = kit_problem("connection", "refused");
    order_on_authz(o, &doc, retry_after(ca));
}

static void finalise(struct ca *ca, struct order *o)
{
    assert_int_equal(ca->order, ACME_READY);
    if (chance(ca, 8)) {
        kit_on_problem(o, STEP_FINALIZE, "orderNotReady");
        return;
    }
    ca->finalised = true;
    ca->order = chance(ca, 2) ? ACME_PROCESSING : ACME_VALID;
    say_order(ca, o);
}

/* Before the first is answered all have to be up. */
static void respond(struct ca *ca, struct order *o, size_t authz, size_t n)
{
    size_t i = index_of(o, authz);

    for (size_t k = 0; k < n; k++)
        assert_true(ca->presented[k] || ca->authz[k] == ACME_VALID);
    assert_int_equal(ca->challenge[i], ACME_PENDING);
    ca->type[i] = order_challenge(o, authz)->type;
    ca->challenge[i] = ACME_PROCESSING;
    ca->answers++;
    order_on_responded(o, retry_after(ca));
}

static void serve(struct ca *ca, struct order *o, const struct order_todo *todo, size_t n)
{
    live(ca, ca->order == ACME_PENDING && todo->action < ORDER_RESPOND ? 0 : n);
    switch (todo->action) {
    case ORDER_CREATE:
    case ORDER_FETCH:
        say_order(ca, o);
        break;
    case ORDER_AUTHZ:
        say_authz(ca, o, index_of(o, todo->authz));
        break;
    case ORDER_PRESENT:
        ca->presented[index_of(o, todo->authz)] = true;
        order_on_presented(o);
        break;
    case ORDER_RESPOND:
        respond(ca, o, todo->authz, n);
        break;
    case ORDER_WAIT:
        assert_true(todo->wait_ms > 0);
        order_on_waited(o, todo->wait_ms);
        break;
    case ORDER_FINALIZE:
        finalise(ca, o);
        break;
    case ORDER_DOWNLOAD:
    case ORDER_FAILED:
    case N_ORDER_ACTIONS:
        break;
    }
}

static void every_legal_way_ends(void **state)
{
    unsigned ends[2] = {0, 0};

    (void) state;
    for (unsigned run = 0; run < RUNS; run++) {
        struct order *o = KIT_ORDER("a.example", "*.a.example", "b.example");
        size_t n = run % 3 + 1;
        struct order_todo todo;
        unsigned steps = 0;
        struct ca ca;

        kit_config.ids.n = n;
        o = kit_again(o);
        begin(&ca, n, run);
        if (run % 2)
            order_resume(o, KIT_URL);
        for (order_next(o, &todo); todo.action != ORDER_DOWNLOAD && todo.action != ORDER_FAILED;
             order_next(o, &todo)) {
            assert_true(++steps < STEPS_MAX);
            serve(&ca, o, &todo, n);
        }
        if (todo.action == ORDER_DOWNLOAD) {
            assert_int_equal(ca.order, ACME_VALID);
            assert_true(ca.finalised);
            ends[0]++;
        } else {
            assert_int_not_equal(order_failure(o)->kind, FAILURE_LOCAL);
            assert_true(ca.any_failed || ca.order == ACME_INVALID || ca.order == ACME_READY);
            assert_true(!order_is_stale(o) || ca.answers == 0);
            ends[1]++;
        }
        order_free(o);
    }
    assert_true(ends[0] > RUNS / 4 && ends[1] > RUNS / 10);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(every_legal_way_ends)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
