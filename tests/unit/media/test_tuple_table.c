#include "media/tuple_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N 6

/* Transports are told apart by their address alone. */
static char transports[N];
static struct ice_pair pairs[N];
static struct tuple_claim claims[N];
static struct tuple_table *table;

static struct addr ip(const char *text, uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, port, &a), 0);
    return a;
}

static struct transport *transport(unsigned i)
{
    return (struct transport *) (void *) &transports[i];
}

/* A check of transport i from this port. */
static int claim(unsigned i, uint16_t port, uint64_t now_ms)
{
    pairs[i] = (struct ice_pair){
        .tuple = {.remote = ip("192.0.2.1", port), .local = ip("192.0.2.200", 40000)},
        .checked_ms = now_ms,
        .heard_ms = now_ms};
    return tuple_table_claim(table, &claims[i], transport(i), &pairs[i]);
}

static struct tuple_claim *first(uint16_t port)
{
    struct addr remote = ip("192.0.2.1", port), local = ip("192.0.2.200", 40000);

    return tuple_table_find(table, &remote, &local);
}

static int setup(void **state)
{
    (void) state;
    memset(claims, 0, sizeof(claims));
    return tuple_table_new(2, &table);
}

static int teardown(void **state)
{
    (void) state;
    for (unsigned i = 0; i < N; i++)
        tuple_table_release(table, &claims[i]);
    assert_null(first(1));
    table = tuple_table_free(table);
    return 0;
}

static void whose_it_is(void **state)
{
    struct addr remote = ip("192.0.2.1", 1), local = ip("192.0.2.201", 40000);

    (void) state;
    assert_null(first(1));
    assert_int_equal(claim(0, 1, 0), 0);
    assert_int_equal(claim(1, 2, 0), 0);
    assert_ptr_equal(first(1)->transport, transport(0));
    assert_ptr_equal(first(2)->transport, transport(1));
    assert_null(tuple_claim_next(first(1)));
    assert_null(
        tuple_table_find(table, &remote, &local)); /* of the same client, to another of us */
    assert_int_equal(claim(2, 3, 0), -ENOSPC);
    tuple_table_release(table, &claims[0]);
    assert_null(first(1));
    assert_int_equal(claim(2, 3, 0), 0);
}

static void claims_stand_side_by_side(void **state)
{
    (void) state;
    assert_int_equal(claim(0, 1, 0), 0);
    assert_int_equal(claim(1, 1, 5), 0);
    assert_int_equal(claim(2, 1, 6), 0);
    assert_ptr_equal(first(1)->transport, transport(0));
    assert_ptr_equal(tuple_claim_next(first(1))->transport, transport(1));
    tuple_claim_prefer(&claims[2]);
    assert_ptr_equal(first(1)->transport, transport(2));
    assert_ptr_equal(tuple_claim_next(first(1))->transport, transport(0));
    tuple_table_release(table, &claims[0]);
    assert_ptr_equal(tuple_claim_next(first(1))->transport, transport(1));
    assert_null(tuple_claim_next(&claims[1]));
}

/* Whoever is heard stays; who was silent for long makes room. */
static void there_are_never_too_many(void **state)
{
    (void) state;
    for (unsigned i = 0; i < TUPLE_CLAIMS_MAX; i++)
        assert_int_equal(claim(i, 1, 100 + i), 0);
    assert_int_equal(claim(4, 1, 200), -EBUSY);
    assert_int_equal(claim(4, 1, 99 + TUPLE_STALE_MS), -EBUSY);
    pairs[0].heard_ms = 5000;
    assert_int_equal(claim(4, 1, 101 + TUPLE_STALE_MS), 0);
    assert_null(claims[1].entry);
    assert_ptr_equal(first(1)->transport, transport(0));
    assert_int_equal(claim(5, 1, 101 + TUPLE_STALE_MS), -EBUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whose_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(claims_stand_side_by_side, setup, teardown),
        cmocka_unit_test_setup_teardown(there_are_never_too_many, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
