#include "base/clock.h"
#include "web/throttle.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct loop *loop;
static struct throttle *throttle;
static const struct throttle_limits limits = {
    .free_tries = 3, .window_s = 100, .hold_ms = 1, .held = 2, .addresses = 4};
static int judged[16]; /* in their order */
static unsigned n_judged, n_wanted;

static struct addr ip(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, 1234, &a), 0);
    return a;
}

static int setup(void **state)
{
    (void) state;
    clock_fake(1000000);
    n_judged = n_wanted = 0;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(throttle_new(loop, &limits, &throttle), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    throttle = throttle_free(throttle);
    loop = loop_free(loop);
    clock_fake(UINT64_MAX);
    return 0;
}

static void on_turn(void *arg)
{
    judged[n_judged++] = *(int *) arg;
    if (n_judged == n_wanted)
        loop_quit(loop, 0);
}

static int admit(const char *from, int number)
{
    struct addr a = ip(from);

    return throttle_admit(throttle, &a, on_turn, &number, sizeof(number));
}

static bool wrong(const char *from)
{
    struct addr a = ip(from);

    return throttle_wrong(throttle, &a);
}

static void make_slow(const char *from)
{
    for (unsigned i = 0; i < limits.free_tries; i++)
        assert_int_equal(wrong(from), i == limits.free_tries - 1);
}

static void run_until(unsigned n)
{
    n_wanted = n;
    assert_int_equal(loop_run(loop), 0);
}

static void the_first_wrong_ones_are_free(void **state)
{
    (void) state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(admit("192.0.2.1", i), 0);
    for (unsigned i = 0; i < limits.free_tries; i++) {
        assert_int_equal(admit("192.0.2.1", 0), 0);
        (void) wrong("192.0.2.1");
    }
    assert_int_equal(admit("192.0.2.1", 7), 1);
    assert_int_equal(n_judged, 0);
    run_until(1);
    assert_int_equal(judged[0], 7);
}

static void only_so_many_wait(void **state)
{
    (void) state;
    make_slow("192.0.2.1");
    assert_int_equal(admit("192.0.2.1", 1), 1);
    assert_int_equal(admit("192.0.2.1", 2), 1);
    assert_int_equal(admit("192.0.2.1", 3), -EBUSY);
    run_until(2);
    assert_int_equal(judged[0], 1);
    assert_int_equal(judged[1], 2);
    /* What was right among them has changed nothing. */
    assert_int_equal(admit("192.0.2.1", 4), 1);
    assert_int_equal(admit("192.0.2.1", 5), 1);
    assert_int_equal(admit("192.0.2.1", 6), -EBUSY);
}

static void addresses_do_not_share(void **state)
{
    (void) state;
    make_slow("192.0.2.1");
    assert_int_equal(admit("192.0.2.2", 1), 0);
    make_slow("2001:db8:0:1::1");
    assert_int_equal(admit("2001:db8:0:1:ffff::2", 1), 1); /* of the same /64 */
    assert_int_equal(admit("2001:db8:0:2::1", 1), 0);
    run_until(1);
}

static void time_forgives(void **state)
{
    (void) state;
    make_slow("192.0.2.1");
    clock_fake(1000000 + 99 * 1000000ull);
    assert_int_equal(admit("192.0.2.1", 1), 1);
    assert_false(wrong("192.0.2.1")); /* it goes on: the time starts anew, no second notice */
    clock_fake(1000000 + 198 * 1000000ull);
    assert_int_equal(admit("192.0.2.1", 2), 1);
    clock_fake(1000000 + 199 * 1000000ull);
    assert_int_equal(admit("192.0.2.1", 3), 0);
    run_until(2);
    assert_int_equal(admit("192.0.2.1", 3), 0);
    make_slow("192.0.2.1");
}

static void the_oldest_makes_way(void **state)
{
    char text[32];

    (void) state;
    make_slow("192.0.2.1");
    assert_int_equal(admit("192.0.2.1", 1), 1);
    make_slow("192.0.2.2");
    for (unsigned i = 3; i < 3 + limits.addresses - 1; i++) {
        snprintf(text, sizeof(text), "192.0.2.%u", i);
        (void) wrong(text);
    }
    assert_int_equal(admit("192.0.2.1", 2), 0);
    assert_int_equal(admit("192.0.2.2", 3), 1);
    run_until(2);
    assert_int_equal(judged[0], 1);
}

/* They are judged when it ends; nothing is left behind. */
static void the_end_lets_all_go(void **state)
{
    (void) state;
    make_slow("192.0.2.1");
    assert_int_equal(admit("192.0.2.1", 1), 1);
    assert_int_equal(admit("192.0.2.1", 2), 1);
    throttle = throttle_free(throttle);
    assert_int_equal(n_judged, 2);
    assert_null(throttle_free(NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_wrong_ones_are_free), TEST(only_so_many_wait),
        TEST(addresses_do_not_share),        TEST(time_forgives),
        TEST(the_oldest_makes_way),          TEST(the_end_lets_all_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
