#include "media/rewrite.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE UINT64_C(0x10000 + 40000) /* the publisher's first number */

static struct rewrite rw;

static int setup(void **state)
{
    (void) state;
    rewrite_init(&rw, 90000, 100, 5000);
    return 0;
}

/* The outgoing number of an incoming one, or the error. */
static int64_t map_at(uint64_t in, uint32_t ts, uint64_t now_us)
{
    uint64_t seq;
    uint32_t out_ts;
    int e = rewrite_map(&rw, in, ts, now_us, &seq, &out_ts);

    return e < 0 ? e : (int64_t) seq;
}

static int64_t map(uint64_t n)
{
    return map_at(BASE + n, 0, 0);
}

static void assert_source(uint16_t out, int64_t n)
{
    uint64_t in = 0;
    int e = rewrite_source_seq(&rw, out, &in);

    assert_int_equal(e, n < 0 ? -ENOENT : 0);
    if (n >= 0)
        assert_true(in == BASE + (uint64_t) n);
}

static void test_starts_at_the_given_place(void **state)
{
    (void) state;
    uint64_t seq;
    uint32_t ts;

    rewrite_init(&rw, 90000, 0xffff, 7);
    assert_int_equal(rewrite_map(&rw, BASE, 1000, 0, &seq, &ts), 0);
    assert_int_equal(seq, 0x7fff);
    assert_int_equal(ts, 7);
    assert_int_equal(rewrite_map(&rw, BASE + 1, 900, 0, &seq, &ts), 0);
    assert_int_equal(seq, 0x8000);
    assert_int_equal(ts, (uint32_t) (7 - 100));
    assert_int_equal(rewrite_ts(&rw, 1001), 8);
}

static void test_order_and_duplicates(void **state)
{
    (void) state;

    assert_int_equal(map(0), 100);
    assert_int_equal(map(3), 103);
    assert_int_equal(map(1), 101);
    assert_int_equal(map(1), 101);
    assert_int_equal(map(4), 104);
    assert_int_equal(map_at(BASE - 1, 0, 0), -ERANGE); /* from before the start */
    assert_source(102, 2);                             /* lost so far: knows which one to fetch */
    assert_source(104, 4);
    assert_source(105, -1);
    assert_source(99, -1);
}

static void test_drops_close_the_gap(void **state)
{
    (void) state;

    map(0);
    rewrite_drop(&rw, BASE + 1);
    rewrite_drop(&rw, BASE + 2);
    assert_int_equal(map(3), 101);
    assert_int_equal(map(1), -ENOENT);
    assert_int_equal(map(2), -ENOENT);
    rewrite_drop(&rw, BASE + 6); /* 4 and 5 are missing */
    assert_int_equal(map(7), 104);
    assert_int_equal(map(4), 102);
    assert_int_equal(map(5), 103);
    assert_int_equal(map(6), -ENOENT);
    assert_source(100, 0);
    assert_source(101, 3);
    assert_source(103, 5);
    assert_source(104, 7);
    rewrite_drop(&rw, BASE + 4); /* too late to close */
    assert_int_equal(map(8), 105);
}

static void test_drop_before_the_start(void **state)
{
    (void) state;

    rewrite_drop(&rw, BASE);
    assert_int_equal(map(1), 100);
}

static void test_roll_over(void **state)
{
    (void) state;

    map_at(0x1fffe, 0, 0);
    assert_int_equal(map_at(0x20001, 0, 0), 103);
    rewrite_init(&rw, 90000, 0x7ffe, 0);
    for (uint64_t i = 0; i < 0x9000; i++)
        assert_int_equal(map(i), (int64_t) (0x7ffe + i));
    assert_int_equal(map(0x9000), 0x10ffe);
    assert_source(0x0ffe, 0x9000);
}

static void test_resync(void **state)
{
    (void) state;
    uint64_t seq;
    uint32_t ts;

    map_at(BASE, 1000, 0);
    map_at(BASE + 1, 4000, 1000000);
    rewrite_resync(&rw);
    assert_source(101, -1); /* the old source's packets are gone */
    assert_int_equal(rewrite_map(&rw, 70000, 777, 3000000, &seq, &ts), 0);
    assert_int_equal(seq, 102);
    assert_int_equal(ts, 5000 + 3000 + 180000);
    assert_int_equal(map_at(69999, 0, 0), -ERANGE);
    assert_int_equal(map_at(70001, 0, 0), 103);

    rewrite_resync(&rw);
    assert_int_equal(rewrite_map(&rw, 70000, 0, 0, &seq, &ts), 0);
    assert_int_equal(seq, 104);
}

static void test_resync_moves_time_on(void **state)
{
    (void) state;
    uint64_t seq;
    uint32_t ts;

    map_at(BASE, 1000, 5);
    rewrite_resync(&rw);
    assert_int_equal(rewrite_map(&rw, BASE, 0, 5, &seq, &ts), 0);
    assert_int_equal(ts, 5001);
}

/* The clock of one packet may have been read before that of another. */
static void test_resync_does_not_go_back(void **state)
{
    uint64_t seq;
    uint32_t ts;

    (void) state;
    assert_int_equal(rewrite_map(&rw, BASE, 7, 2000, &seq, &ts), 0);
    assert_int_equal(ts, 5000);
    rewrite_resync(&rw);
    assert_int_equal(rewrite_map(&rw, 5, 99, 1000, &seq, &ts), 0);
    assert_int_equal(ts, 5001);
}

static void test_resync_after_a_late_packet(void **state)
{
    (void) state;

    map(0);
    rewrite_drop(&rw, BASE + 5);
    assert_int_equal(map(3), 103); /* behind the dropped one, but the newest that went out */
    rewrite_resync(&rw);
    assert_int_equal(map(1000), 104);
}

static void test_jump(void **state)
{
    (void) state;

    map(0);
    assert_int_equal(map(REWRITE_GAP_MAX), 100 + REWRITE_GAP_MAX);
    assert_int_equal(map(2 * REWRITE_GAP_MAX + 1), 100 + REWRITE_GAP_MAX + 2);
    assert_int_equal(map(2 * REWRITE_GAP_MAX), 100 + REWRITE_GAP_MAX + 1);
    assert_int_equal(map(2 * REWRITE_GAP_MAX - 1), -ENOENT);
}

static void test_window(void **state)
{
    (void) state;

    map(0);
    map(1);
    map(REWRITE_WINDOW + 1);
    assert_int_equal(map(1), 101);
    assert_int_equal(map(0), -ERANGE);
    assert_source(101, 1);
    assert_source(100, -1);
}

static void test_many_runs(void **state)
{
    (void) state;

    map(0);
    for (uint64_t i = 1; i <= 2 * (REWRITE_RUNS + 1); i += 2) {
        rewrite_drop(&rw, BASE + i);
        assert_int_equal(map(i + 1), (int64_t) (100 + (i + 1) / 2));
    }
    assert_int_equal(map(2), 101);     /* behind the run that was forgotten */
    assert_int_equal(map(1), -ERANGE); /* in it */
    assert_int_equal(map(0), -ERANGE);
    assert_int_equal(map(4), 102);
    assert_source(102, 4);
}

/* Any mix of losses, drops, late ones, duplicates and new sources: an outgoing number belongs to
 * one packet, and a NACK for it finds exactly that one. */
static void test_numbers_are_never_given_twice(void **state)
{
    (void) state;
    enum { N = 200000 };
    uint64_t *owner = calloc(N * 4, sizeof(*owner));
    uint64_t newest = BASE, source = 0;

    assert_non_null(owner);
    srand(1);
    for (unsigned i = 0; i < N; i++) {
        uint64_t in = newest + (uint64_t) (rand() % 4);
        uint64_t out, back;
        uint32_t ts;

        if (rand() % 5 == 0)
            in = newest - (uint64_t) (rand() % 1200);
        if (rand() % 3000 == 0)
            in = newest + (uint64_t) (rand() % 20000);
        if (rand() % 5000 == 0) {
            rewrite_resync(&rw);
            newest = in = BASE + (uint64_t) (rand() % 100000);
            source++;
        }
        if (in > newest)
            newest = in;
        if (rand() % 10 == 0) {
            rewrite_drop(&rw, in);
            continue;
        }
        if (rewrite_map(&rw, in, 0, i, &out, &ts) < 0)
            continue;
        assert_true(out < N * 4);
        if (owner[out])
            assert_true(owner[out] == (source << 32 | in));
        owner[out] = source << 32 | in;
        assert_int_equal(rewrite_source_seq(&rw, (uint16_t) out, &back), 0);
        assert_true(back == in);
    }
    free(owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_starts_at_the_given_place, setup),
        cmocka_unit_test_setup(test_order_and_duplicates, setup),
        cmocka_unit_test_setup(test_drops_close_the_gap, setup),
        cmocka_unit_test_setup(test_drop_before_the_start, setup),
        cmocka_unit_test_setup(test_roll_over, setup),
        cmocka_unit_test_setup(test_resync, setup),
        cmocka_unit_test_setup(test_resync_moves_time_on, setup),
        cmocka_unit_test_setup(test_resync_does_not_go_back, setup),
        cmocka_unit_test_setup(test_resync_after_a_late_packet, setup),
        cmocka_unit_test_setup(test_jump, setup),
        cmocka_unit_test_setup(test_window, setup),
        cmocka_unit_test_setup(test_many_runs, setup),
        cmocka_unit_test_setup(test_numbers_are_never_given_twice, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
