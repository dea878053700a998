#include "media/placement.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define N 3

static struct worker *workers[N];
static struct placement placement;
static struct config config;

static int setup(void **state)
{
    static struct worker memory[N];

    (void) state;
    config = (struct config){.max_transports = 1000,
                             .max_rooms = 3,
                             .max_streams = 4,
                             .max_subscribers = 5,
                             .max_room_transports = 100,
                             .room_spread = 4};
    for (unsigned i = 0; i < N; i++) {
        atomic_store(&memory[i].n_transports, 0);
        memory[i].index = i;
        workers[i] = &memory[i];
    }
    assert_int_equal(placement_init(&placement, &config), 0);
    assert_int_equal(placement_set_workers(&placement, workers, N), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    placement_done(&placement);
    assert_int_equal(placement.n_transports, 0);
    return 0;
}

static struct placed_stream *publish(const char *room, const char *stream)
{
    struct placed_stream *s = NULL;
    enum limit which = LIMIT_NONE;

    assert_int_equal(placement_publish(&placement, room, stream, &s, &which), 0);
    placement_published(&placement, room, stream, true);
    return s;
}

static struct worker *subscribe(const char *room, const char *stream, const char *id)
{
    struct placed_subscriber *s = NULL;
    enum limit which = LIMIT_NONE;

    assert_int_equal(placement_subscribe(&placement, room, stream, id, &s, &which), 0);
    placement_subscribed(&placement, room, id, true);
    return s->at.worker;
}

static enum limit reached; /* by the last request */

static void expect_limit(int r, enum limit which)
{
    assert_int_equal(r, -ENOSPC);
    assert_int_equal(reached, which);
}

/* The worker's thread uses so much of a core. */
static void make_busy(const struct worker *w, unsigned permille)
{
    struct load *l = &placement.loads[w->index];

    load_measure(l, l->cpu_us, l->at_us + 1000000);
    for (unsigned i = 0; i < 30; i++)
        load_measure(l, l->cpu_us + permille * 1000, l->at_us + 1000000);
}

static void a_room_stays_together(void **state)
{
    struct worker *w = publish("a", "s")->at.worker;

    (void) state;
    assert_ptr_equal(publish("a", "t")->at.worker, w);
    assert_ptr_equal(subscribe("a", "s", "x"), w);
    assert_ptr_equal(subscribe("a", "t", "y"), w);
    assert_ptr_equal(publish("a", "s")->at.worker, w); /* again: the same place */
    assert_int_equal(placement_room(&placement, "a")->n_transports, 4);
}

static void rooms_go_where_there_is_least_load(void **state)
{
    struct worker *first;

    (void) state;
    make_busy(workers[0], 600);
    make_busy(workers[1], 200);
    make_busy(workers[2], 300);
    atomic_store(&workers[1]->n_transports, 500); /* many that say nothing */
    first = publish("a", "s")->at.worker;
    assert_ptr_equal(first, workers[1]);
    make_busy(workers[1], 700);
    assert_ptr_equal(publish("b", "s")->at.worker, workers[2]);
    assert_ptr_equal(placement_stream(&placement, "a", "s")->at.worker, first);
}

static void what_was_just_placed_counts(void **state)
{
    (void) state;
    config.max_streams = 100;
    config.room_spread = 0;
    for (unsigned i = 0; i < 20; i++) {
        char id[8];

        snprintf(id, sizeof(id), "s%u", i);
        publish("a", id);
    }
    assert_ptr_not_equal(publish("b", "s")->at.worker,
                         placement_stream(&placement, "a", "s0")->at.worker);
}

static void idle_workers_take_turns(void **state)
{
    (void) state;
    assert_ptr_not_equal(publish("a", "s")->at.worker, publish("b", "s")->at.worker);
}

static void a_large_room_spreads(void **state)
{
    struct worker *home = publish("a", "s")->at.worker, *second, *third;
    unsigned n[N] = {0};
    char id[8];

    (void) state;
    config.max_subscribers = 100;
    for (unsigned i = 0; i < 3; i++) {
        snprintf(id, sizeof(id), "h%u", i);
        assert_ptr_equal(subscribe("a", "s", id), home);
    }
    second = subscribe("a", "s", "x0");
    assert_ptr_not_equal(second, home);
    for (unsigned i = 1; i < 4; i++) {
        snprintf(id, sizeof(id), "x%u", i);
        assert_ptr_equal(subscribe("a", "s", id), second); /* no more workers than it needs */
    }
    third = subscribe("a", "s", "y");
    assert_true(third != home && third != second);
    for (unsigned i = 0; i < 30; i++) { /* all are full: evenly */
        snprintf(id, sizeof(id), "z%u", i);
        n[subscribe("a", "s", id)->index]++;
    }
    assert_in_range(n[home->index], 9, 12);
    assert_in_range(n[second->index], 9, 12);
    assert_in_range(n[third->index], 9, 12);

    placement_unsubscribe(&placement, placement_subscriber(&placement, "a", "h0"));
    assert_int_equal(placement_room(&placement, "a")->on[home->index].n_transports,
                     3 + n[home->index]);
}

static void a_room_need_not_spread(void **state)
{
    struct worker *home = publish("a", "s")->at.worker;
    char id[8];

    (void) state;
    config.room_spread = 0;
    config.max_subscribers = 100;
    for (unsigned i = 0; i < 50; i++) {
        snprintf(id, sizeof(id), "h%u", i);
        assert_ptr_equal(subscribe("a", "s", id), home);
    }
}

static void a_busy_worker_gets_no_more_of_a_room(void **state)
{
    struct worker *home = publish("a", "s")->at.worker;

    (void) state;
    for (unsigned i = 0; i < N; i++)
        make_busy(workers[i], 790);
    make_busy(home, 900);
    assert_ptr_equal(subscribe("a", "s", "x"), home); /* the others are not much better off */
    for (unsigned i = 0; i < N; i++) {
        if (workers[i] != home)
            make_busy(workers[i], 400);
    }
    assert_ptr_not_equal(subscribe("a", "s", "y"), home);
}

static void limits_are_named(void **state)
{
    struct placed_stream *s;
    struct placed_subscriber *sub;
    char id[8];

    (void) state;
    publish("a", "s");
    publish("b", "s");
    publish("c", "s");
    expect_limit(placement_publish(&placement, "d", "s", &s, &reached), LIMIT_ROOMS);
    publish("a", "t");
    publish("a", "u");
    publish("a", "v");
    expect_limit(placement_publish(&placement, "a", "w", &s, &reached), LIMIT_PUBLISHERS);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(id, sizeof(id), "x%u", i);
        subscribe("a", "s", id);
    }
    expect_limit(placement_subscribe(&placement, "a", "s", "y", &sub, &reached), LIMIT_SUBSCRIBERS);
    subscribe("a", "s", "x3"); /* in place of itself */
    subscribe("a", "t", "y");
    config.max_room_transports = 10;
    expect_limit(placement_subscribe(&placement, "a", "t", "z", &sub, &reached),
                 LIMIT_ROOM_TRANSPORTS);
    subscribe("b", "s", "z");
    config.max_transports = placement.n_transports;
    expect_limit(placement_subscribe(&placement, "b", "s", "zz", &sub, &reached), LIMIT_TRANSPORTS);
    config.max_transports = 1000;
    config.max_send_mbits = 100;
    placement.send_bps = 99900000;
    subscribe("b", "s", "zz");
    placement.send_bps = 100000000;
    expect_limit(placement_subscribe(&placement, "b", "s", "zzz", &sub, &reached), LIMIT_SEND_RATE);
    publish("b", "t"); /* who sends costs nothing of that */
}

static void what_is_not_there_is_said(void **state)
{
    struct placed_subscriber *sub;
    enum limit which;

    (void) state;
    assert_int_equal(placement_subscribe(&placement, "a", "s", "x", &sub, &which), -ENOENT);
    publish("a", "s");
    publish("a", "t");
    assert_int_equal(placement_subscribe(&placement, "a", "u", "x", &sub, &which), -ENOENT);
    subscribe("a", "s", "x");
    assert_int_equal(placement_subscribe(&placement, "a", "t", "x", &sub, &which), -EEXIST);
    assert_null(placement_room(&placement, "b"));
    assert_null(placement_stream(&placement, "b", "s"));
    assert_null(placement_subscriber(&placement, "b", "x"));
}

static void what_fails_leaves_nothing(void **state)
{
    struct placed_stream *s;
    struct placed_subscriber *sub;
    enum limit which;

    (void) state;
    assert_int_equal(placement_publish(&placement, "a", "s", &s, &which), 0);
    assert_int_equal(placement_publish(&placement, "a", "s", &s, &which), 0);
    placement_published(&placement, "a", "s", false);
    assert_non_null(placement_stream(&placement, "a", "s")); /* the other one is under way */
    placement_published(&placement, "a", "s", false);
    assert_null(placement_stream(&placement, "a", "s"));

    publish("a", "s");
    assert_int_equal(placement_publish(&placement, "a", "s", &s, &which), 0);
    placement_published(&placement, "a", "s", false); /* the one before is still there */
    assert_non_null(placement_stream(&placement, "a", "s"));
    assert_int_equal(placement_subscribe(&placement, "a", "s", "x", &sub, &which), 0);
    placement_subscribed(&placement, "a", "x", false);
    assert_null(placement_subscriber(&placement, "a", "x"));
    assert_int_equal(placement.n_transports, 1);
    placement_published(&placement, "b", "s", true); /* forgotten meanwhile */
    placement_subscribed(&placement, "a", "x", true);
}

static void a_stream_takes_its_subscribers_along(void **state)
{
    (void) state;
    publish("a", "s");
    publish("a", "t");
    subscribe("a", "s", "x");
    subscribe("a", "t", "y");
    placement_unpublish(&placement, placement_stream(&placement, "a", "s"));
    assert_null(placement_subscriber(&placement, "a", "x"));
    assert_non_null(placement_subscriber(&placement, "a", "y"));
    assert_int_equal(placement.n_transports, 2);
    placement_close(&placement, placement_room(&placement, "a"));
    assert_null(placement_room(&placement, "a"));
}

static void only_what_is_named_is_retained(void **state)
{
    json_t *rooms = json_pack("{s:{s:[s], s:[s,s]}, s:{}}", "b", "streams", "s", "subscribers", "x",
                              "unknown", "unknown");

    (void) state;
    publish("a", "s");
    publish("b", "s");
    publish("b", "t");
    subscribe("b", "s", "x");
    subscribe("b", "s", "y");
    subscribe("b", "t", "z");
    placement_retain(&placement, rooms);
    assert_null(placement_room(&placement, "a"));
    assert_non_null(placement_stream(&placement, "b", "s"));
    assert_null(placement_stream(&placement, "b", "t"));
    assert_non_null(placement_subscriber(&placement, "b", "x"));
    assert_null(placement_subscriber(&placement, "b", "y"));
    assert_null(placement_subscriber(&placement, "b", "z"));
    assert_null(placement_room(&placement, "unknown"));
    assert_int_equal(placement.n_transports, 2);
    json_decref(rooms);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_room_stays_together),
        TEST(rooms_go_where_there_is_least_load),
        TEST(what_was_just_placed_counts),
        TEST(idle_workers_take_turns),
        TEST(a_large_room_spreads),
        TEST(a_room_need_not_spread),
        TEST(a_busy_worker_gets_no_more_of_a_room),
        TEST(limits_are_named),
        TEST(what_is_not_there_is_said),
        TEST(what_fails_leaves_nothing),
        TEST(a_stream_takes_its_subscribers_along),
        TEST(only_what_is_named_is_retained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
