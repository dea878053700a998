/* Whatever a CA and a driver do, each byte an event, an order does not crash and comes to an end.
 */
#include "acme/order.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct order_config config;
static struct acme_authz authz;

/* Bits of the byte: 0-2 the status, 3 a further oddity, 4-5 which name, 6 asks what is due, 7 else.
 */
static void say_order(struct order *o, uint8_t b)
{
    struct acme_order doc = {.status = b % 5, .ids = config.ids, .n_authz = b & 8 ? 1 : 2};

    snprintf(doc.authz[0], ACME_URL_SIZE, "https://c/%d", b >> 4 & 1);
    snprintf(doc.authz[1], ACME_URL_SIZE, "https://c/%d", ~b >> 4 & 1);
    snprintf(doc.finalize, ACME_URL_SIZE, "https://c/f");
    snprintf(doc.certificate, ACME_URL_SIZE, b & 32 ? "" : "https://c/c");
    order_on_order(o, "https://c/o", &doc, b >> 6 & 1);
}

static void say_authz(struct order *o, size_t i, uint8_t b)
{
    authz = (struct acme_authz){
        .status = b % 8, .id = config.ids.list[(i + (b == 255)) % 2], .n_challenges = b >> 6};
    for (size_t k = 0; k < authz.n_challenges; k++)
        authz.challenges[k] = (struct acme_challenge){
            .type = k, .status = b >> 3 & 7, .problem = {.type = b % N_PROBLEM_TYPES}};
    order_on_authz(o, &authz, b >> 5 & 1);
}

static void happen(struct order *o, const struct order_todo *todo, uint8_t what, uint8_t b)
{
    struct acme_failure f = {.kind = b % N_FAILURE_KINDS, .problem = {.status = b & 8 ? 403 : 0}};

    switch (what % 32 ? (unsigned) todo->action : b % 8U) {
    case ORDER_CREATE:
    case ORDER_FETCH:
    case ORDER_FINALIZE:
        if (what % 16 == 1)
            order_on_failure(o, &f);
        else
            say_order(o, b);
        break;
    case ORDER_AUTHZ:
        say_authz(o, todo->authz, b);
        break;
    case ORDER_PRESENT:
        order_on_presented(o);
        break;
    case ORDER_RESPOND:
        order_on_responded(o, b);
        break;
    case ORDER_WAIT:
        order_on_waited(o, b);
        break;
    default:
        order_on_failure(o, &f);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a.example", "*.a.example", NULL};
    struct order_todo todo;
    struct order *o;
    const char *bad;

    config = (struct order_config){.types = {CHALLENGE_DNS_01, CHALLENGE_HTTP_01}, .n_types = 2};
    if (acme_ids_parse(names, &config.ids, &bad) < 0 || order_new(&config, &o) < 0)
        abort();
    if (size % 2)
        order_resume(o, "https://c/o");
    order_next(o, &todo);
    /* the input again and again: every way ends, as all of the waits are counted */
    for (size_t i = 0; size > 1 && todo.action < ORDER_DOWNLOAD; i += 2) {
        if (i > 100000)
            abort();
        happen(o, &todo, data[i % size], data[(i + 1) % size]);
        order_next(o, &todo);
    }
    order_free(o);
    return 0;
}
