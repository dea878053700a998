#include "media/trim.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HANDSHAKE_US 10000000 /* after its last record it is freed */

/* ---- time, and the C library: doubles of what trim.c calls ---- */

static struct loop_timer *armed;
static uint64_t delay_us;
static bool has_no_memory;
static unsigned n_trims;

int loop_timer_start(struct loop_timer *t, struct loop *l, uint64_t us, loop_timer_fn *fn)
{
    if (has_no_memory)
        return -ENOMEM;
    t->loop = l;
    t->fn = fn;
    armed = t;
    delay_us = us;
    return 0;
}

bool loop_timer_is_armed(const struct loop_timer *t)
{
    return armed == t;
}

void loop_timer_done(struct loop_timer *t)
{
    if (armed == t)
        armed = NULL;
}

int malloc_trim(size_t pad)
{
    (void) pad;
    n_trims++;
    return 1;
}

static void let_pass(void)
{
    struct loop_timer *t = armed;

    assert_non_null(t);
    armed = NULL;
    t->fn(t);
}

/* ---- the tests ---- */

static int setup(void **state)
{
    (void) state;
    armed = NULL;
    has_no_memory = false;
    n_trims = 0;
    return 0;
}

static void a_connection_gives_back_once_its_handshake_is_freed(void **state)
{
    struct trim t = {.again = false};

    (void) state;
    trim_later(&t, NULL);
    assert_true(delay_us > HANDSHAKE_US);
    assert_int_equal(n_trims, 0);
    let_pass();
    assert_int_equal(n_trims, 1);
    assert_null(armed); /* nothing to do while nobody connects */
    trim_later(&t, NULL);
    let_pass();
    assert_int_equal(n_trims, 2);
}

/* However many they are, and whenever they come: the handshake of the last of them is freed, too.
 */
static void those_that_come_meanwhile_are_not_forgotten(void **state)
{
    struct trim t = {.again = false};

    (void) state;
    for (unsigned i = 0; i < 100; i++)
        trim_later(&t, NULL);
    let_pass();
    assert_int_equal(n_trims, 1);
    assert_true(delay_us > HANDSHAKE_US);
    let_pass();
    assert_int_equal(n_trims, 2);
    assert_null(armed);
}

static void without_memory_for_a_timer_it_stays_as_it_is(void **state)
{
    struct trim t = {.again = false};

    (void) state;
    has_no_memory = true;
    trim_later(&t, NULL);
    assert_null(armed);
    has_no_memory = false;
    trim_later(&t, NULL);
    let_pass();
    assert_int_equal(n_trims, 1);
}

static void it_ends_at_any_time(void **state)
{
    struct trim t = {.again = false};

    (void) state;
    trim_done(&t);
    trim_later(&t, NULL);
    trim_done(&t);
    assert_null(armed);
    assert_int_equal(n_trims, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_connection_gives_back_once_its_handshake_is_freed, setup),
        cmocka_unit_test_setup(those_that_come_meanwhile_are_not_forgotten, setup),
        cmocka_unit_test_setup(without_memory_for_a_timer_it_stays_as_it_is, setup),
        cmocka_unit_test_setup(it_ends_at_any_time, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
