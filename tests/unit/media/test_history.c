#include "media/history.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct history_config small = {
    .n_slots = 16, .min_bytes = 4096, .max_bytes = 16384, .max_age_us = 1000000};

static struct history *h;

static int setup(void **state)
{
    (void) state;
    return history_new(&small, &h);
}

static int teardown(void **state)
{
    (void) state;
    h = history_free(h);
    return 0;
}

/* Packet n: len bytes, each the low byte of n. */
static int put(uint64_t n, size_t len, uint64_t now_us)
{
    uint8_t packet[HISTORY_PACKET_MAX + 1];

    memset(packet, (int) (n & 0xff), sizeof(packet));
    return history_put(h, n, bytes_of(packet, len), now_us);
}

static bool has(uint64_t n, size_t len, uint64_t now_us)
{
    struct bytes b = history_find(h, n, now_us);

    if (!b.p)
        return false;
    assert_int_equal(b.len, len);
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.p[i], n & 0xff);
    return true;
}

static void test_put_and_find(void **state)
{
    (void) state;

    assert_false(has(0, 0, 0));
    assert_int_equal(put(UINT64_C(0x100000005), 100, 0), 0);
    assert_int_equal(put(7, 0, 0), 0);
    assert_true(has(UINT64_C(0x100000005), 100, 0));
    assert_false(has(5, 100, 0));
    assert_true(has(7, 0, 0));
    assert_int_equal(put(7, 1, 0), -EEXIST);
    assert_int_equal(put(8, HISTORY_PACKET_MAX, 0), 0);
    assert_int_equal(put(9, HISTORY_PACKET_MAX + 1, 0), -E2BIG);
}

static void test_slots_bound(void **state)
{
    (void) state;

    for (uint64_t i = 100; i < 117; i++)
        assert_int_equal(put(i, 8, 0), 0);
    assert_false(has(100, 8, 0));
    assert_true(has(101, 8, 0));
    assert_true(has(116, 8, 0));
    assert_int_equal(put(100, 8, 0), -ERANGE); /* 116 lies there */
}

/* A record whose slot has gone to a newer packet takes nothing with it when it goes. */
static void test_slot_taken_over(void **state)
{
    (void) state;

    put(0, 1000, 0);
    put(16, 8, 1000000);
    put(17, 8, 1001000); /* gives up 0 */
    assert_true(has(16, 8, 1001000));
    assert_false(has(0, 1000, 1001000));
}

static void test_age_bound(void **state)
{
    (void) state;

    put(1, 8, 5000000);
    put(2, 8, 5500000);
    assert_true(has(1, 8, 6000000));
    assert_false(has(1, 8, 6001000));
    assert_true(has(2, 8, 6001000));
    put(1, 9, 7000000); /* it is gone, so it may come again */
    assert_true(has(1, 9, 7000000));
}

static void test_bytes_bound(void **state)
{
    (void) state;

    for (uint64_t i = 0; i < 50; i++) {
        assert_int_equal(put(i, 1000, 0), 0);
        assert_true(has(i, 1000, 0));
        if (i >= 2)
            assert_true(has(i - 2, 1000, 0));
        if (i >= 4)
            assert_false(has(i - 4, 1000, 0));
    }
}

static void test_next(void **state)
{
    (void) state;
    uint64_t seq = 0;

    assert_null(history_next(h, 0, 0, &seq).p);
    put(10, 8, 0);
    put(13, 8, 0);
    put(12, 8, 0);
    assert_non_null(history_next(h, 0, 0, &seq).p);
    assert_int_equal(seq, 10);
    assert_non_null(history_next(h, 11, 0, &seq).p);
    assert_int_equal(seq, 12);
    assert_non_null(history_next(h, 13, 0, &seq).p);
    assert_int_equal(seq, 13);
    assert_null(history_next(h, 14, 0, &seq).p);
    put(UINT64_C(1) << 40, 8, 0);
    assert_non_null(history_next(h, 14, 0, &seq).p); /* does not count up to there */
    assert_true(seq == UINT64_C(1) << 40);
}

static void test_grows_and_shrinks(void **state)
{
    (void) state;
    size_t least = history_memory(h);

    for (uint64_t i = 0; i < 10; i++)
        put(i, 1000, 0);
    assert_int_equal(history_memory(h), least); /* never while packets come */
    assert_int_equal(history_tick(h, 0), 0);
    assert_int_equal(history_memory(h), least + 4096);
    for (uint64_t i = 7; i < 10; i++)
        assert_true(has(i, 1000, 0));
    for (unsigned second = 0; second < 5; second++) {
        for (uint64_t i = 0; i < 40; i++)
            put(10 + 40 * second + i, 1400, 0);
        assert_int_equal(history_tick(h, 0), 0);
    }
    assert_int_equal(history_memory(h), least + 16384 - 4096); /* the maximum */
    assert_true(has(209, 1400, 0));
    assert_true(has(199, 1400, 0));

    put(300, 50, 3000000);
    for (unsigned i = 0; i < 4; i++)
        history_tick(h, 3000000);
    assert_true(has(300, 50, 3000000));
    assert_int_equal(history_memory(h), least);
    history_tick(h, 3000000);
    assert_int_equal(history_memory(h), least);
}

/* In one step, as soon as the rate is known: what is repeated first comes soon after the start. */
static void test_grows_to_the_rate(void **state)
{
    (void) state;
    uint64_t now = 1000000;

    for (uint64_t i = 0; i < 2; i++)
        put(i, 1000, now);
    assert_int_equal(history_tick(h, now + 200000), 0);
    for (uint64_t i = 0; i < 10; i++)
        put(2 + i, 1000, now + 200000 + 100000 * i);
    for (uint64_t i = 1; i < 10; i++)
        assert_true(has(2 + i, 1000, now + 1200000));
}

static void test_clear(void **state)
{
    (void) state;

    put(1000, 8, 0);
    history_clear(h);
    assert_false(has(1000, 8, 0));
    assert_int_equal(put(1, 8, 0), 0);
    assert_true(has(1, 8, 0));
}

/* What is found is always what was put last, and nothing young is missing that had room. */
static void test_random_sizes(void **state)
{
    (void) state;
    size_t len[65536] = {0};
    uint64_t now = 0;

    srand(1);
    for (uint64_t i = 20; i < 60000; i++) {
        uint64_t n = i - (rand() % 8 == 0 ? (uint64_t) (rand() % 20) : 0);
        size_t l = (size_t) (rand() % (HISTORY_PACKET_MAX + 1));

        now += (uint64_t) (rand() % 60000);
        if (put(n, l, now) == 0)
            len[n] = l;
        assert_true(has(n, len[n], now) || n < i);
        for (uint64_t back = 0; back < 20; back++)
            (void) has(i - back, len[i - back], now);
        if (rand() % 50 == 0)
            assert_int_equal(history_tick(h, now), 0);
    }
}

static void test_bad_config(void **state)
{
    (void) state;
    struct history_config c = small;
    struct history *x;

    c.n_slots = 12;
    assert_int_equal(history_new(&c, &x), -EINVAL);
    c = small;
    c.min_bytes = 100;
    assert_int_equal(history_new(&c, &x), -EINVAL);
    c = small;
    c.max_bytes = 4095;
    assert_int_equal(history_new(&c, &x), -EINVAL);
    c = small;
    c.max_bytes = SIZE_MAX;
    assert_int_equal(history_new(&c, &x), -EINVAL);
    c = small;
    c.max_age_us = 60000001;
    assert_int_equal(history_new(&c, &x), -EINVAL);
    assert_null(history_free(NULL));
    assert_int_equal(history_new(&history_video, &x), 0);
    history_free(x);
    assert_int_equal(history_new(&history_audio, &x), 0);
    assert_true(history_memory(x) < 5000);
    history_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put_and_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slots_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slot_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_age_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_next, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grows_and_shrinks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grows_to_the_rate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_sizes, setup, teardown),
        cmocka_unit_test(test_bad_config),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
