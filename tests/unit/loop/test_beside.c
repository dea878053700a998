#include "loop/beside.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct loop *loop;

static int setup(void **state)
{
    (void) state;
    return loop_new(&loop);
}

static int teardown(void **state)
{
    (void) state;
    loop = loop_free(loop);
    return 0;
}

struct work {
    struct loop_timer timer;
    atomic_bool go;
    bool was_beside, was_cancelled;
    pthread_t thread;
};

static void on_timer(struct loop_timer *t)
{
    atomic_store(&container_of(t, struct work, timer)->go, true);
}

static void until_go(const atomic_bool *cancelled, void *arg)
{
    struct work *w = arg;

    w->was_beside = !pthread_equal(pthread_self(), w->thread);
    while (!atomic_load(&w->go) && !atomic_load(cancelled))
        poll(NULL, 0, 1);
    w->was_cancelled = atomic_load(cancelled);
}

static void loop_goes_on_meanwhile(void **state)
{
    struct work w = {.thread = pthread_self()};

    (void) state;
    for (int i = 0; i < 3; i++) {
        atomic_store(&w.go, false);
        assert_int_equal(loop_timer_start(&w.timer, loop, 1000, on_timer), 0);
        assert_int_equal(beside_run(loop, until_go, &w), 0);
        assert_true(w.was_beside);
        assert_false(w.was_cancelled);
    }
    loop_timer_done(&w.timer);
}

static void on_timer_quit(struct loop_timer *t)
{
    loop_quit(t->loop, 7);
}

static void quit_cancels_and_is_passed_on(void **state)
{
    struct work w = {.thread = pthread_self()};

    (void) state;
    assert_int_equal(loop_timer_start(&w.timer, loop, 1000, on_timer_quit), 0);
    assert_int_equal(beside_run(loop, until_go, &w), -ECANCELED);
    assert_true(w.was_cancelled);
    assert_int_equal(loop_run(loop), 7);
    loop_timer_done(&w.timer);
}

static void quit_before_is_passed_on_too(void **state)
{
    struct work w = {.thread = pthread_self()};

    (void) state;
    loop_quit(loop, 5);
    assert_int_equal(beside_run(loop, until_go, &w), -ECANCELED);
    assert_true(w.was_cancelled);
    assert_int_equal(loop_run(loop), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(loop_goes_on_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(quit_cancels_and_is_passed_on, setup, teardown),
        cmocka_unit_test_setup_teardown(quit_before_is_passed_on_too, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
