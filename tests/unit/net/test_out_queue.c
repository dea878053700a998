#include "net/out_queue.h"

#include <errno.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct out_pool pool;
static struct out_queue queue;
static uint8_t next_in, next_out;

static int teardown(void **state)
{
    (void) state;
    out_queue_clear(&queue, &pool);
    assert_int_equal(queue.len, 0);
    out_pool_done(&pool);
    next_in = next_out = 0;
    return 0;
}

/* A sequence that shows what is missing. */
static void put(size_t len)
{
    uint8_t *p = malloc(len + 1);

    assert_non_null(p);
    for (size_t i = 0; i < len; i++)
        p[i] = next_in++;
    assert_int_equal(out_queue_put(&queue, &pool,
                                   (struct bytes[]){bytes_of(p, len / 3), bytes_of(NULL, 0),
                                                    bytes_of(p + len / 3, len - len / 3)},
                                   3),
                     0);
    free(p);
}

static void take(size_t len)
{
    while (len > 0) {
        struct bytes b = out_queue_first(&queue);
        size_t n = b.len < len ? b.len : len;

        assert_true(n > 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(b.p[i], next_out++);
        out_queue_take(&queue, &pool, n);
        len -= n;
    }
}

static void test_order(void **state)
{
    static const size_t sizes[] = {
        1, 3, OUT_PIECE_SIZE - 4, 1, OUT_PIECE_SIZE, 5, 2 * OUT_PIECE_SIZE + 1, 0, 100};
    size_t total = 0;

    (void) state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            put(sizes[i]);
            total += sizes[i];
            assert_int_equal(queue.len, total);
            take(sizes[i] / 2);
            total -= sizes[i] / 2;
            assert_int_equal(queue.len, total);
        }
        take(total);
        total = 0;
        assert_int_equal(out_queue_first(&queue).len, 0);
        assert_null(queue.first);
        assert_null(queue.last);
    }
}

/* What was seen once stays the beginning. */
static void test_grows_behind(void **state)
{
    struct bytes before, after;

    (void) state;
    put(10);
    before = out_queue_first(&queue);
    put(OUT_PIECE_SIZE);
    after = out_queue_first(&queue);
    assert_ptr_equal(before.p, after.p);
    assert_int_equal(after.len, OUT_PIECE_SIZE);
    take(10 + OUT_PIECE_SIZE);
}

static void test_pool_is_bounded(void **state)
{
    (void) state;
    put(100 * OUT_PIECE_SIZE);
    take(100 * OUT_PIECE_SIZE);
    assert_int_equal(pool.n_free, 32);
    put(3 * OUT_PIECE_SIZE);
    assert_int_equal(pool.n_free, 29);
    out_queue_clear(&queue, &pool);
    assert_int_equal(pool.n_free, 32);
    next_out = next_in;
    put(1);
    take(1);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order),
        TEST(test_grows_behind),
        TEST(test_pool_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
