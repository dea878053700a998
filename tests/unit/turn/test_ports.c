#include "turn/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_each_port_once(void **state)
{
    static const struct ports ranges[] = {
        {1000, 1000}, {1000, 1001}, {57001, 57256}, {65500, 65535}};

    (void) state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        static bool seen[65536];
        struct port_walk w;
        unsigned n = 0;
        uint16_t port;

        memset(seen, 0, sizeof(seen));
        port_walk_init(&w, &ranges[i]);
        while ((port = port_walk_next(&w, false)) != 0) {
            assert_in_range(port, ranges[i].min, ranges[i].max);
            assert_false(seen[port]);
            seen[port] = true;
            n++;
        }
        assert_int_equal(n, ranges[i].max - ranges[i].min + 1);
    }
}

static void test_even(void **state)
{
    struct ports range = {1001, 1010};
    struct port_walk w;
    unsigned n = 0;
    uint16_t port;

    (void) state;
    port_walk_init(&w, &range);
    while ((port = port_walk_next(&w, true)) != 0) {
        assert_int_equal(port % 2, 0);
        n++;
    }
    assert_int_equal(n, 5);
}

/* Steps that stay on odd ports for long find an even one as well. */
static void test_even_by_any_step(void **state)
{
    const struct ports range = {57001, 65535};

    (void) state;
    for (uint32_t step = 2; step < 64; step += 2) {
        struct port_walk w = {.range = range, .at = 0, .step = step, .n_left = 8535};
        uint16_t port = port_walk_next(&w, true);

        assert_in_range(port, range.min, range.max);
        assert_int_equal(port % 2, 0);
    }
}

static void test_gives_up(void **state)
{
    struct ports range = {1, 65535};
    struct port_walk w;
    unsigned n = 0;

    (void) state;
    port_walk_init(&w, &range);
    while (port_walk_next(&w, false) != 0)
        n++;
    assert_int_equal(n, PORTS_TRIES_MAX);
}

/* Of 64 walks over 8,535 ports the chance that all start alike is nil. */
static void test_starts_anywhere(void **state)
{
    struct ports range = {57001, 65535};
    unsigned n_same = 0;
    struct port_walk w;
    uint16_t first;

    (void) state;
    port_walk_init(&w, &range);
    first = port_walk_next(&w, false);
    for (int i = 0; i < 64; i++) {
        port_walk_init(&w, &range);
        n_same += port_walk_next(&w, false) == first;
    }
    assert_true(n_same < 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_port_once),   cmocka_unit_test(test_even),
        cmocka_unit_test(test_even_by_any_step), cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_starts_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
