/* Rounds of a set, and how it goes over to polling and back. That several rounds went by in one
 * turn of the loop shows at another source that is always ready: the loop serves both by turns. */
#include "loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define TICK_US 2000
#define ROUNDS_IN_A_TURN 9 /* the one that woke the loop up, and the ticks */
#define GUARD_US 20000000

static struct loop *loop;
static struct loop_set *set;
static struct loop_fd fds[3];
static struct loop_timer guard, other;
static struct loop_io marker;
static unsigned n_begun, n_ended, n_calls;
static unsigned n_rounds_in_turn, max_rounds_in_turn, n_turns;
static unsigned n_messages; /* that the handler says it took */
static bool more;

static void on_guard(struct loop_timer *t)
{
    loop_quit(t->loop, 1);
}

static void on_begin(void *arg)
{
    assert_ptr_equal(arg, &set);
    assert_int_equal(n_begun, n_ended);
    n_begun++;
    n_rounds_in_turn++;
}

static void on_end(void *arg)
{
    assert_ptr_equal(arg, &set);
    n_ended++;
    assert_int_equal(n_begun, n_ended);
}

static void on_marker(struct loop_io *io, uint32_t revents)
{
    (void) io;
    (void) revents;
    n_turns++;
    if (n_rounds_in_turn > max_rounds_in_turn)
        max_rounds_in_turn = n_rounds_in_turn;
    n_rounds_in_turn = 0;
}

static int ready_fd(void)
{
    int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static int setup(void **state)
{
    (void) state;
    n_begun = n_ended = n_calls = 0;
    n_rounds_in_turn = max_rounds_in_turn = n_turns = 0;
    n_messages = 1;
    more = false;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(loop_set_new(loop, &set), 0);
    loop_set_on_round(set, on_begin, on_end, &set);
    assert_int_equal(loop_timer_start(&guard, loop, GUARD_US, on_guard), 0);
    assert_int_equal(loop_io_start(&marker, loop, ready_fd(), EPOLLIN, on_marker), 0);
    return 0;
}

static void watch(struct loop_fd *f, loop_fd_fn *fn)
{
    assert_int_equal(loop_fd_start(f, set, ready_fd(), EPOLLIN, fn), 0);
}

static int teardown(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        int fd = fds[i].fd;

        if (!fds[i].set)
            continue;
        loop_fd_stop(&fds[i]);
        close(fd);
    }
    if (set)
        set = loop_set_free(set);
    loop_io_stop(&marker);
    close(marker.fd);
    loop_timer_done(&guard);
    loop_timer_done(&other);
    loop = loop_free(loop);
    return 0;
}

static void on_last_of_three(struct loop_fd *f, uint32_t revents)
{
    (void) revents;
    assert_int_equal(n_begun, n_ended + 1); /* inside a round */
    (void) loop_fd_set_events(f, 0);
    if (++n_calls == 3)
        loop_quit(loop, 0);
}

static void test_one_round_for_all_that_is_ready(void **state)
{
    (void) state;
    for (size_t i = 0; i < 3; i++)
        watch(&fds[i], on_last_of_three);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(n_begun, 1);
    assert_int_equal(n_ended, 1);
}

static void on_free_set(struct loop_fd *f, uint32_t revents)
{
    int fd = f->fd;

    (void) revents;
    loop_fd_stop(f);
    close(fd);
    set = loop_set_free(set);
    loop_quit(loop, 0);
}

static void test_no_end_for_a_set_that_is_gone(void **state)
{
    (void) state;
    watch(&fds[0], on_free_set);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(n_begun, 1);
    assert_int_equal(n_ended, 0);
}

/* Always ready: the busiest there can be. */
static void on_busy(struct loop_fd *f, uint32_t revents)
{
    (void) f;
    (void) revents;
    n_calls++;
    loop_set_took(set, n_messages, more);
    if (max_rounds_in_turn > 1 && n_turns > 20)
        loop_quit(loop, 0);
}

static void test_polls_when_busy(void **state)
{
    (void) state;
    n_messages = 5;
    loop_set_poll(set, TICK_US);
    watch(&fds[0], on_busy);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(max_rounds_in_turn, ROUNDS_IN_A_TURN);
}

static void test_polls_without_a_pause_while_there_is_more(void **state)
{
    (void) state;
    more = true;
    n_messages = 5;
    loop_set_poll(set, 900000); /* the test has no time for such pauses */
    watch(&fds[0], on_busy);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(max_rounds_in_turn, ROUNDS_IN_A_TURN);
}

static void on_other(struct loop_timer *t)
{
    loop_quit(t->loop, 0);
}

static void on_endless(struct loop_fd *f, uint32_t revents)
{
    (void) f;
    (void) revents;
    loop_set_took(set, 5, false);
}

static void test_others_have_their_turn(void **state)
{
    (void) state;
    loop_set_poll(set, TICK_US);
    watch(&fds[0], on_endless);
    assert_int_equal(loop_timer_start(&other, loop, 50000, on_other), 0);
    assert_int_equal(loop_run(loop), 0);
}

static void on_many(struct loop_fd *f, uint32_t revents)
{
    (void) f;
    (void) revents;
    loop_set_took(set, 5, false);
    if (++n_calls == 1000)
        loop_quit(loop, 0);
}

static void test_no_polling_without_a_tick(void **state)
{
    (void) state;
    watch(&fds[0], on_many);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(max_rounds_in_turn, 1);
}

/* One message a tick is less than what a tick is for: after two such it waits again. */
static void test_no_polling_for_next_to_nothing(void **state)
{
    (void) state;
    loop_set_poll(set, TICK_US);
    watch(&fds[0], on_busy);
    n_messages = 1;
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(max_rounds_in_turn, 2);
}

#define set_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        set_test(test_one_round_for_all_that_is_ready),
        set_test(test_no_end_for_a_set_that_is_gone),
        set_test(test_polls_when_busy),
        set_test(test_polls_without_a_pause_while_there_is_more),
        set_test(test_others_have_their_turn),
        set_test(test_no_polling_without_a_tick),
        set_test(test_no_polling_for_next_to_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
