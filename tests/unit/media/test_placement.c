#include "media/placement.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct worker *workers[2];
static struct placement placement;

static int setup(void **state)
{
    static struct worker memory[2];

    (void) state;
    for (unsigned i = 0; i < 2; i++) {
        atomic_store(&memory[i].n_transports, 0);
        workers[i] = &memory[i];
    }
    assert_int_equal(placement_init(&placement, 3), 0);
    placement.workers = workers;
    placement.n_workers = 2;
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    placement_done(&placement);
    return 0;
}

static struct worker *place(const char *room)
{
    struct worker *w = NULL;

    assert_int_equal(placement_ensure(&placement, room, &w), 0);
    return w;
}

static void a_room_stays_where_it_is(void **state)
{
    struct worker *w = place("a");

    (void) state;
    atomic_store(&w->n_transports, 50);
    assert_ptr_equal(place("a"), w);
    assert_ptr_equal(placement_find(&placement, "a"), w);
    assert_ptr_not_equal(place("b"), w); /* the other one is idle */
    assert_ptr_equal(placement_remove(&placement, "a"), w);
    assert_null(placement_find(&placement, "a"));
    assert_null(placement_remove(&placement, "a"));
}

static void idle_workers_take_turns(void **state)
{
    (void) state;
    assert_ptr_not_equal(place("a"), place("b"));
}

static void no_more_rooms_than_the_maximum(void **state)
{
    struct worker *w;

    (void) state;
    place("a");
    place("b");
    place("c");
    assert_int_equal(placement_ensure(&placement, "d", &w), -ENOSPC);
}

static void only_named_rooms_are_retained(void **state)
{
    json_t *rooms = json_pack("{s:{}, s:{}}", "b", "unknown");

    (void) state;
    place("a");
    place("b");
    placement_retain(&placement, rooms);
    assert_null(placement_find(&placement, "a"));
    assert_non_null(placement_find(&placement, "b"));
    assert_null(placement_find(&placement, "unknown"));
    json_decref(rooms);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_room_stays_where_it_is),
        TEST(idle_workers_take_turns),
        TEST(no_more_rooms_than_the_maximum),
        TEST(only_named_rooms_are_retained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
