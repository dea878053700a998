#include "media/handshakes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct handshakes all;
static struct handshake *some;

static int setup(void **state)
{
    (void) state;
    handshakes_init(&all);
    some = calloc(HANDSHAKES_MAX + 1, sizeof(*some));
    return some ? 0 : -1;
}

static int teardown(void **state)
{
    (void) state;
    free(some);
    return 0;
}

static struct addr host(unsigned i, uint16_t port)
{
    return (struct addr){
        .family = AF_INET, .port = port, .ip = {10, (uint8_t) (i >> 8), (uint8_t) i, 1}};
}

static void a_window_has_so_many(void **state)
{
    struct addr a;

    (void) state;
    for (unsigned i = 0; i < HANDSHAKES_PER_WINDOW; i++) {
        a = host(i, 1);
        assert_int_equal(handshakes_begin(&all, &some[i], &a, 1000), 0);
        assert_true(some[i].open);
    }
    a = host(999, 1);
    assert_int_equal(handshakes_begin(&all, &some[HANDSHAKES_PER_WINDOW], &a, 1099), -EAGAIN);
    assert_false(some[HANDSHAKES_PER_WINDOW].open);
    assert_int_equal(handshakes_begin(&all, &some[HANDSHAKES_PER_WINDOW], &a, 1100), 0);
    assert_int_equal(all.n, HANDSHAKES_PER_WINDOW + 1);
}

static void a_host_has_so_many(void **state)
{
    struct addr a = host(1, 1), b = host(2, 1);
    struct handshake *last = &some[HANDSHAKES_PER_HOST];
    uint64_t now_ms = 1000;

    (void) state;
    for (unsigned i = 0; i < HANDSHAKES_PER_HOST; i++) {
        a.port = (uint16_t) (i + 1);
        now_ms += HANDSHAKES_WINDOW_MS;
        assert_int_equal(handshakes_begin(&all, &some[i], &a, now_ms), 0);
    }
    now_ms += HANDSHAKES_WINDOW_MS;
    assert_int_equal(handshakes_begin(&all, last, &a, now_ms), -EMFILE);
    assert_int_equal(handshakes_begin(&all, last, &b, now_ms), 0);
    handshakes_end(&all, last);
    handshakes_end(&all, &some[7]);
    assert_int_equal(handshakes_begin(&all, last, &a, now_ms), 0);
}

static void there_are_so_many_at_once(void **state)
{
    struct handshake *last = &some[HANDSHAKES_MAX];
    uint64_t now_ms = 1000;
    struct addr a;

    (void) state;
    for (unsigned i = 0; i < HANDSHAKES_MAX; i++) {
        a = host(i, 1);
        now_ms += HANDSHAKES_WINDOW_MS;
        assert_int_equal(handshakes_begin(&all, &some[i], &a, now_ms), 0);
    }
    now_ms += HANDSHAKES_WINDOW_MS;
    a = host(5000, 1);
    assert_int_equal(handshakes_begin(&all, last, &a, now_ms), -ENFILE);
    handshakes_end(&all, &some[3]);
    handshakes_end(&all, &some[3]); /* once is enough */
    assert_int_equal(all.n, HANDSHAKES_MAX - 1);
    assert_int_equal(handshakes_begin(&all, last, &a, now_ms), 0);
    handshakes_end(&all, last);
    for (unsigned i = 0; i < HANDSHAKES_MAX; i++)
        handshakes_end(&all, &some[i]);
    assert_int_equal(all.n, 0);
    assert_true(list_empty(&all.open));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_window_has_so_many, setup, teardown),
        cmocka_unit_test_setup_teardown(a_host_has_so_many, setup, teardown),
        cmocka_unit_test_setup_teardown(there_are_so_many_at_once, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
