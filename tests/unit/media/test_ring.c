#include "media/ring.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SIZE ((size_t) 16384)
#define N_RECORDS 200000u

static struct ring *ring;

static int setup(void **state)
{
    (void) state;
    return ring_new(SIZE, &ring);
}

static int teardown(void **state)
{
    (void) state;
    ring = ring_free(ring);
    return 0;
}

/* A record that tells its number by each byte, and by its length. */
static size_t len_of(unsigned nr)
{
    return 4 + nr * 37 % 1200;
}

static bool put(unsigned nr)
{
    size_t len = len_of(nr);
    uint8_t *room = ring_reserve(ring, len);

    if (!room)
        return false;
    memset(room, (int) (nr & 0xff), len);
    memcpy(room, &nr, sizeof(nr));
    return true;
}

/* Of what another thread may run: no assertions. */
static bool is_record(struct bytes record, unsigned nr)
{
    unsigned got;

    if (record.len != len_of(nr))
        return false;
    memcpy(&got, record.p, sizeof(got));
    for (size_t i = sizeof(got); i < record.len; i++) {
        if (record.p[i] != (nr & 0xff))
            return false;
    }
    return got == nr;
}

static void sizes_are_checked(void **state)
{
    struct ring *r;

    (void) state;
    assert_int_equal(ring_new(SIZE / 2, &r), -EINVAL);
    assert_int_equal(ring_new(SIZE + 8, &r), -EINVAL);
    assert_null(ring_free(NULL));
    assert_null(ring_reserve(ring, RING_RECORD_MAX + 1));
}

static void what_is_not_published_is_not_seen(void **state)
{
    (void) state;
    assert_false(ring_publish(ring));
    assert_null(ring_peek(ring).p);
    assert_true(put(1));
    assert_null(ring_peek(ring).p);
    assert_true(put(2));
    assert_true(ring_publish(ring));
    assert_false(ring_publish(ring));
    assert_true(is_record(ring_peek(ring), 1));
    assert_true(is_record(ring_peek(ring), 1)); /* it stays until ring_next() */
    ring_next(ring);
    assert_true(is_record(ring_peek(ring), 2));
    ring_next(ring);
    assert_null(ring_peek(ring).p);
}

static void records_are_aligned(void **state)
{
    (void) state;
    for (size_t len = 0; len < 20; len++)
        assert_int_equal((uintptr_t) ring_reserve(ring, len) % 8, 0);
}

static unsigned fill(unsigned first)
{
    unsigned nr = first;

    while (put(nr))
        nr++;
    ring_publish(ring);
    return nr;
}

static void a_full_ring_refuses_until_room_is_given_back(void **state)
{
    unsigned end = fill(0), nr;

    (void) state;
    assert_true(end > 10);
    for (nr = 0; nr < end; nr++) {
        assert_true(is_record(ring_peek(ring), nr));
        ring_next(ring);
        assert_false(put(end)); /* not yet: nothing was released */
    }
    ring_release(ring);
    assert_true(put(end));
    assert_true(ring_publish(ring));
    assert_true(is_record(ring_peek(ring), end));
}

/* Each place of the end of the memory is met. */
static void it_goes_round(void **state)
{
    unsigned written = 0, read = 0;

    (void) state;
    for (unsigned round = 0; round < 2000; round++) {
        for (unsigned i = 0; i < 1 + round % 7; i++)
            written += put(written) ? 1 : 0;
        ring_publish(ring);
        while (ring_peek(ring).p) {
            assert_true(is_record(ring_peek(ring), read++));
            ring_next(ring);
        }
        ring_release(ring);
    }
    assert_int_equal(read, written);
    assert_true(written > 2000);
}

static void *writer(void *arg)
{
    unsigned nr = 0;

    while (nr < N_RECORDS) {
        if (put(nr))
            nr++;
        else
            sched_yield();
        if (nr % 5 == 0 || nr == N_RECORDS)
            ring_publish(ring);
    }
    return arg;
}

static void two_threads_share_it(void **state)
{
    pthread_t thread;
    unsigned nr = 0, wrong = 0;

    (void) state;
    assert_int_equal(pthread_create(&thread, NULL, writer, NULL), 0);
    while (nr < N_RECORDS) {
        struct bytes record = ring_peek(ring);

        if (!record.p) {
            ring_release(ring);
            sched_yield();
            continue;
        }
        wrong += is_record(record, nr++) ? 0 : 1;
        ring_next(ring);
        if (nr % 11 == 0)
            ring_release(ring);
    }
    pthread_join(thread, NULL);
    assert_int_equal(wrong, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sizes_are_checked),   TEST(what_is_not_published_is_not_seen),
        TEST(records_are_aligned), TEST(a_full_ring_refuses_until_room_is_given_back),
        TEST(it_goes_round),       TEST(two_threads_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
