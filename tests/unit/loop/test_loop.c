#include "base/clock.h"
#include "loop/loop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static char trace[256];

static void note(char c)
{
    size_t n = strlen(trace);

    assert_true(n + 1 < sizeof(trace));
    trace[n] = c;
    trace[n + 1] = '\0';
}

static int setup(void **state)
{
    (void) state;
    trace[0] = '\0';
    return loop_new(&loop);
}

static int teardown(void **state)
{
    (void) state;
    loop = loop_free(loop);
    return 0;
}

static int ready_fd(void)
{
    int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

/* ---- running ---- */

static void on_quit_timer(struct loop_timer *t)
{
    loop_quit(t->loop, 7);
}

static void runs_again_after_quit(void **state)
{
    struct loop_timer t = {0};

    (void) state;
    loop_quit(loop, 3);
    assert_int_equal(loop_run(loop), 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(loop_timer_start(&t, loop, 0, on_quit_timer), 0);
        assert_int_equal(loop_run(loop), 7);
    }
    loop_timer_done(&t);
    assert_null(loop_free(NULL));
}

/* ---- descriptors ---- */

struct thing {
    struct loop_io io;
    struct thing *other;
    int fd;
};

static void free_thing(struct thing *t)
{
    loop_io_stop(&t->io);
    close(t->fd);
    free(t);
}

/* Whichever comes first frees both: the other's event must not arrive. */
static void on_free_both(struct loop_io *io, uint32_t revents)
{
    struct thing *t = container_of(io, struct thing, io);

    assert_int_equal(revents, EPOLLIN);
    note('f');
    free_thing(t->other);
    free_thing(t);
}

static void io_may_be_freed_in_its_handler(void **state)
{
    struct thing *a = calloc(1, sizeof(*a));
    struct thing *b = calloc(1, sizeof(*b));
    struct loop_timer t = {0};

    (void) state;
    *a = (struct thing){.other = b, .fd = ready_fd()};
    *b = (struct thing){.other = a, .fd = ready_fd()};
    assert_int_equal(loop_io_start(&a->io, loop, a->fd, EPOLLIN, on_free_both), 0);
    assert_int_equal(loop_io_start(&b->io, loop, b->fd, EPOLLIN, on_free_both), 0);
    loop_timer_start(&t, loop, 1000, on_quit_timer);
    loop_run(loop);
    assert_string_equal(trace, "f");
    loop_timer_done(&t);
}

static void on_out(struct loop_io *io, uint32_t revents)
{
    note(revents & EPOLLOUT ? 'o' : 'i');
    if (revents & EPOLLOUT) {
        assert_int_equal(loop_io_set_events(io, EPOLLIN), 0);
        return;
    }
    loop_io_stop(io);
    assert_int_equal(loop_io_start(io, loop, io->fd, EPOLLIN | EPOLLOUT, on_out), 0);
    loop_quit(loop, 0);
}

static void events_change_inside_the_handler(void **state)
{
    struct loop_io io;
    struct loop_io bad = {0};
    int fd = ready_fd();

    (void) state;
    assert_int_equal(loop_io_start(&io, loop, fd, EPOLLOUT, on_out), 0);
    assert_int_equal(loop_io_start(&bad, loop, fd, EPOLLIN, on_out), -EEXIST);
    loop_io_stop(&bad);
    loop_run(loop);
    assert_string_equal(trace, "oi");
    loop_io_stop(&io);
    loop_io_stop(&io);
    close(fd);
}

/* ---- sets ---- */

#define N_FDS 200

struct member {
    struct loop_fd f;
    int fd;
};

static struct loop_set *set;
static struct member *members[N_FDS];
static unsigned n_calls;

static void free_member(size_t i)
{
    loop_fd_stop(&members[i]->f);
    close(members[i]->fd);
    free(members[i]);
    members[i] = NULL;
}

/* The first in each batch frees all the others: none of their events may arrive. */
static void on_member(struct loop_fd *f, uint32_t revents)
{
    assert_int_equal(revents, EPOLLIN);
    n_calls++;
    for (size_t i = 0; i < N_FDS; i++)
        if (members[i] && &members[i]->f != f)
            free_member(i);
    loop_quit(loop, 0);
}

static void on_count(struct loop_fd *f, uint32_t revents)
{
    (void) revents;
    n_calls++;
    assert_int_equal(loop_fd_set_events(f, 0), 0);
    if (n_calls == N_FDS)
        loop_quit(loop, 0);
}

static void make_members(loop_fd_fn *fn)
{
    n_calls = 0;
    assert_int_equal(loop_set_new(loop, &set), 0);
    for (size_t i = 0; i < N_FDS; i++) {
        members[i] = calloc(1, sizeof(*members[i]));
        members[i]->fd = ready_fd();
        assert_int_equal(loop_fd_start(&members[i]->f, set, members[i]->fd, EPOLLIN, fn), 0);
    }
}

static void free_members(void)
{
    for (size_t i = 0; i < N_FDS; i++)
        if (members[i])
            free_member(i);
}

static void set_serves_all(void **state)
{
    (void) state;
    make_members(on_count);
    loop_run(loop);
    assert_int_equal(n_calls, N_FDS);
    free_members();
    set = loop_set_free(set);
}

static void set_forgets_what_was_freed(void **state)
{
    (void) state;
    make_members(on_member);
    loop_run(loop);
    assert_int_equal(n_calls, 1);
    free_members();
    set = loop_set_free(set);
}

static void on_free_set(struct loop_fd *f, uint32_t revents)
{
    (void) f;
    (void) revents;
    n_calls++;
    free_members();
    set = loop_set_free(set);
    loop_quit(loop, 0);
}

static void set_may_be_freed_in_a_handler(void **state)
{
    (void) state;
    make_members(on_free_set);
    loop_run(loop);
    assert_int_equal(n_calls, 1);
    assert_null(set);
    assert_null(loop_set_free(NULL));
}

/* ---- time ---- */

static struct loop_timer *heap_timer;

static void on_note_a(struct loop_timer *t)
{
    (void) t;
    note('a');
}

static void on_free_self(struct loop_timer *t)
{
    note('s');
    assert_false(loop_timer_is_armed(t));
    loop_timer_done(t);
    free(t);
}

static void on_again(struct loop_timer *t)
{
    note('r');
    if (strlen(trace) < 4)
        assert_int_equal(loop_timer_start(t, t->loop, 0, on_again), 0);
    else
        loop_quit(t->loop, 0);
}

static void timers_stop_restart_and_die(void **state)
{
    struct loop_timer stopped = {0};
    struct loop_timer again = {0};
    struct loop_timer never = {0};

    (void) state;
    heap_timer = calloc(1, sizeof(*heap_timer));
    clock_fake(1); /* must not matter */
    loop_timer_start(&stopped, loop, 0, on_note_a);
    loop_timer_start(&never, loop, UINT64_MAX, on_note_a);
    loop_timer_start(heap_timer, loop, 0, on_free_self);
    loop_timer_stop(&stopped);
    assert_false(loop_timer_is_armed(&stopped));
    loop_timer_start(&again, loop, 1000000000, on_again);
    assert_true(loop_timer_is_armed(&again));
    loop_timer_start(&again, loop, 1000, on_again); /* an earlier deadline counts */
    loop_run(loop);
    clock_fake(UINT64_MAX);
    assert_string_equal(trace, "srrr");
    loop_timer_done(&stopped);
    loop_timer_done(&again);
    loop_timer_done(&never);
    loop_timer_stop(&never);
    loop_timer_done(&never);
}

/* ---- deferred work ---- */

static struct loop_defer defer, defer2;
static struct loop_io ios[3];

static void on_deferred(struct loop_defer *d)
{
    (void) d;
    note('d');
    loop_quit(loop, 0);
}

static void on_event(struct loop_io *io, uint32_t revents)
{
    (void) revents;
    note('e');
    loop_defer_arm(&defer);
    loop_defer_arm(&defer);
    loop_io_stop(io);
}

/* Three descriptors are ready in one wake-up, the first arms: it runs behind the third. */
static void deferred_runs_after_the_events_at_hand(void **state)
{
    int fds[3];

    (void) state;
    loop_defer_init(&defer, loop, on_deferred);
    for (int i = 0; i < 3; i++) {
        fds[i] = ready_fd();
        loop_io_start(&ios[i], loop, fds[i], EPOLLIN, on_event);
    }
    loop_run(loop);
    assert_string_equal(trace, "eeed");
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    loop_defer_done(&defer);
}

static void on_endless(struct loop_io *io, uint32_t revents)
{
    (void) io;
    (void) revents;
    n_calls++;
    loop_defer_arm(&defer);
}

static void deferred_is_not_starved(void **state)
{
    int fd = ready_fd();
    struct loop_io io;

    (void) state;
    n_calls = 0;
    loop_defer_init(&defer, loop, on_deferred);
    loop_io_start(&io, loop, fd, EPOLLIN, on_endless); /* never read: ready for ever */
    loop_run(loop);
    assert_string_equal(trace, "d");
    assert_true(n_calls <= 65);
    loop_io_stop(&io);
    close(fd);
    loop_defer_done(&defer);
}

static void on_rearm(struct loop_defer *d)
{
    note('r');
    if (strlen(trace) < 5)
        loop_defer_arm(d);
    else
        loop_quit(loop, 0);
    loop_defer_done(&defer2); /* armed as well, and not to be called any more */
}

/* Armed before the loop runs and with nothing else to wake it: it does not sleep. */
static void deferred_may_rearm_and_disarm(void **state)
{
    struct loop_defer zero = {0};

    (void) state;
    loop_defer_init(&defer, loop, on_rearm);
    loop_defer_init(&defer2, loop, on_deferred);
    loop_defer_arm(&defer);
    loop_defer_arm(&defer2);
    loop_run(loop);
    assert_string_equal(trace, "rrrrr");
    loop_defer_done(&defer);
    loop_defer_done(&zero);
}

/* ---- signals ---- */

static void on_usr1(struct loop *l, int signo, void *arg)
{
    assert_int_equal(signo, SIGUSR1);
    assert_ptr_equal(arg, trace);
    note('u');
    assert_int_equal(raise(SIGTERM), 0);
    (void) l;
}

static void signals_arrive_as_events(void **state)
{
    (void) state;
    assert_int_equal(loop_signal_add(loop, SIGUSR1, on_usr1, trace), 0);
    assert_int_equal(loop_signal_add(loop, SIGUSR1, on_usr1, trace), -EBUSY);
    assert_int_equal(loop_quit_on_signals(loop), 0);
    assert_int_equal(loop_feed_watchdog(loop, true), 0);
    raise(SIGUSR1);
    assert_int_equal(loop_run(loop), 0);
    assert_string_equal(trace, "u");
    raise(SIGPIPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_again_after_quit, setup, teardown),
        cmocka_unit_test_setup_teardown(io_may_be_freed_in_its_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(events_change_inside_the_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(set_serves_all, setup, teardown),
        cmocka_unit_test_setup_teardown(set_forgets_what_was_freed, setup, teardown),
        cmocka_unit_test_setup_teardown(set_may_be_freed_in_a_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(timers_stop_restart_and_die, setup, teardown),
        cmocka_unit_test_setup_teardown(deferred_runs_after_the_events_at_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(deferred_is_not_starved, setup, teardown),
        cmocka_unit_test_setup_teardown(deferred_may_rearm_and_disarm, setup, teardown),
        cmocka_unit_test_setup_teardown(signals_arrive_as_events, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
