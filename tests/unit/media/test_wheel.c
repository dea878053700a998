#include "base/clock.h"
#include "media/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct counter {
    struct wheel_timer timer;
    unsigned n;
};

static struct wheel wheel;

static void on_timer(struct wheel_timer *t)
{
    container_of(t, struct counter, timer)->n++;
}

static int setup(void **state)
{
    (void) state;
    clock_fake(1000000000);
    wheel_init(&wheel, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    wheel_done(&wheel);
    clock_fake(UINT64_MAX);
    return 0;
}

static void at(uint64_t ms)
{
    clock_fake(1000000000 + ms * 1000);
    wheel_run(&wheel, clock_ms());
}

static void fires_once_and_not_early(void **state)
{
    struct counter c = {.n = 0};

    (void) state;
    wheel_timer_init(&c.timer, on_timer);
    wheel_start(&wheel, &c.timer, 50);
    assert_true(wheel_timer_is_armed(&c.timer));
    at(49);
    assert_int_equal(c.n, 0);
    at(60);
    assert_int_equal(c.n, 1);
    at(500);
    assert_int_equal(c.n, 1);
    assert_false(wheel_timer_is_armed(&c.timer));
}

static void goes_round_more_than_once(void **state)
{
    struct counter c = {.n = 0};

    (void) state;
    wheel_timer_init(&c.timer, on_timer);
    wheel_start(&wheel, &c.timer, 10000);
    at(WHEEL_SLOTS * WHEEL_TICK_MS);
    at(9990);
    assert_int_equal(c.n, 0);
    at(10010);
    assert_int_equal(c.n, 1);
}

static void a_late_run_misses_nothing(void **state)
{
    struct counter a = {.n = 0}, b = {.n = 0};

    (void) state;
    wheel_timer_init(&a.timer, on_timer);
    wheel_timer_init(&b.timer, on_timer);
    wheel_start(&wheel, &a.timer, 0);
    wheel_start(&wheel, &b.timer, 700);
    at(60000);
    assert_int_equal(a.n + b.n, 2);
}

static void restart_and_stop(void **state)
{
    struct counter c = {.n = 0};

    (void) state;
    wheel_timer_init(&c.timer, on_timer);
    wheel_start(&wheel, &c.timer, 50);
    wheel_start(&wheel, &c.timer, 200);
    at(100);
    assert_int_equal(c.n, 0);
    wheel_stop(&wheel, &c.timer);
    wheel_stop(&wheel, &c.timer);
    at(1000);
    assert_int_equal(c.n, 0);
    assert_int_equal(wheel.n_armed, 0);
}

struct stopper {
    struct wheel_timer timer;
    struct wheel_timer *other;
    unsigned n;
};

static void on_stopper(struct wheel_timer *t)
{
    struct stopper *s = container_of(t, struct stopper, timer);

    s->n++;
    wheel_stop(&wheel, s->other);
    wheel_start(&wheel, t, 100);
}

static void a_handler_stops_another_of_the_same_tick(void **state)
{
    struct stopper a = {.n = 0}, b = {.n = 0};

    (void) state;
    wheel_timer_init(&a.timer, on_stopper);
    wheel_timer_init(&b.timer, on_stopper);
    a.other = &b.timer;
    b.other = &a.timer;
    wheel_start(&wheel, &a.timer, 10);
    wheel_start(&wheel, &b.timer, 10);
    at(30);
    assert_int_equal(a.n + b.n, 1);
    at(200);
    assert_int_equal(a.n + b.n, 2); /* the one that ran had restarted itself */
    wheel_stop(&wheel, &a.timer);
    wheel_stop(&wheel, &b.timer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fires_once_and_not_early),
        TEST(goes_round_more_than_once),
        TEST(a_late_run_misses_nothing),
        TEST(restart_and_stop),
        TEST(a_handler_stops_another_of_the_same_tick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
