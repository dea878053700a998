#include "turn/bandwidth.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static unsigned how_many(struct bandwidth *b, uint64_t len, uint64_t kbps, uint64_t now_ms)
{
    unsigned n = 0;

    while (n < 1000000 && bandwidth_take(b, len, kbps, now_ms))
        n++;
    return n;
}

static void test_rate(void **state)
{
    struct bandwidth b = {0};

    (void) state;
    /* 800 kbit/s are 100 datagrams of 1000 bytes a second, and the bucket holds a second's. */
    assert_int_equal(how_many(&b, 1000, 800, 5000), 100);
    assert_int_equal(how_many(&b, 1000, 800, 5000), 0);
    assert_int_equal(how_many(&b, 1000, 800, 5009), 0);
    assert_int_equal(how_many(&b, 1000, 800, 5010), 1);
    assert_int_equal(how_many(&b, 1000, 800, 5260), 25);
    assert_int_equal(how_many(&b, 1000, 800, 60000), 100); /* no more for having waited */
    assert_int_equal(how_many(&b, 10, 800, 60001), 10);
}

/* What is larger than the bucket passes, and is paid for. */
static void test_large(void **state)
{
    struct bandwidth b = {0};

    (void) state;
    assert_int_equal(how_many(&b, 1500, 1, 1000), 1);
    assert_int_equal(how_many(&b, 1500, 1, 12999), 0);
    assert_int_equal(how_many(&b, 1500, 1, 13000), 1);
}

static void test_other_rates(void **state)
{
    struct bandwidth b = {0};

    (void) state;
    assert_int_equal(how_many(&b, 1000, 8, 1), 1);
    assert_int_equal(how_many(&b, 1000, 8000, 1001), 1000); /* the rate was raised */
    assert_int_equal(how_many(&b, 1000, 100000000, 2001), 1000000);
}

static struct bandwidth shared;

static void *take_some(void *arg)
{
    unsigned *n = arg;

    for (unsigned i = 0; i < 100000; i++)
        *n += bandwidth_take(&shared, 100, 8000, 1);
    return NULL;
}

static void test_threads(void **state)
{
    unsigned n[2] = {0};
    pthread_t id[2];

    (void) state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&id[i], NULL, take_some, &n[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(id[i], NULL);
    assert_int_equal(n[0] + n[1], 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_other_rates),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
