#include "loop/mailbox.h"
#include "loop/pulse.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct thread {
    pthread_t id;
    struct loop *loop;
    struct mailbox *box;
    struct mail order;
    sem_t reached, go_on;
    bool end; /* set before the order */
};

static struct loop *loop;

static void *run(void *arg)
{
    struct thread *t = arg;

    (void) loop_run(t->loop);
    return NULL;
}

/* The order: hang until told, or end. */
static void on_order(struct mail *m, void *arg)
{
    struct thread *t = arg;

    (void) m;
    if (t->end) {
        loop_quit(t->loop, 0);
        return;
    }
    sem_post(&t->reached);
    sem_wait(&t->go_on);
}

static void drop(struct mail *m, void *arg)
{
    (void) m;
    (void) arg;
}

static void end(struct thread *t, struct pulse_watch *w)
{
    pthread_join(t->id, NULL);
    assert_null(pulse_unwatch(w));
    mailbox_free(t->box, drop);
    loop_free(t->loop);
    sem_destroy(&t->reached);
    sem_destroy(&t->go_on);
}

static void order_end(struct thread *t)
{
    t->end = true;
    mailbox_post(t->box, &t->order);
}

static void begin(struct thread *t, struct pulse *p, struct pulse_watch **ret_w)
{
    memset(t, 0, sizeof(*t));
    sem_init(&t->reached, 0, 0);
    sem_init(&t->go_on, 0, 0);
    assert_int_equal(loop_new(&t->loop), 0);
    assert_int_equal(mailbox_new(t->loop, on_order, t, &t->box), 0);
    assert_int_equal(pulse_watch(p, t->loop, ret_w), 0);
    assert_int_equal(pthread_create(&t->id, NULL, run, t), 0);
}

/* Until a beat says so. */
static void expect_alive(struct pulse *p)
{
    for (int i = 0; i < 20000; i++) {
        if (pulse_beat(p))
            return;
        usleep(1000);
    }
    fail_msg("it does not come back to life");
}

static void a_thread_that_hangs_is_seen(void **state)
{
    struct pulse_watch *watch_a, *watch_b;
    struct thread a, b;
    struct pulse *p;

    (void) state;
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(pulse_new(loop, &p), 0);
    assert_true(pulse_beat(p)); /* nobody to ask */
    begin(&a, p, &watch_a);
    begin(&b, p, &watch_b);
    expect_alive(p);

    mailbox_post(a.box, &a.order);
    sem_wait(&a.reached);
    (void) pulse_beat(p); /* asks, and a does not answer */
    assert_false(pulse_beat(p));
    assert_false(pulse_beat(p));
    sem_post(&a.go_on);
    expect_alive(p);

    /* A thread that has ended does not answer either. */
    order_end(&b);
    for (int i = 0; pulse_beat(p); i++) {
        assert_int_not_equal(i, 20000);
        usleep(1000);
    }
    end(&b, watch_b);
    expect_alive(p);
    order_end(&a);
    end(&a, watch_a);
    assert_null(pulse_free(p));
    assert_null(pulse_free(NULL));
    loop = loop_free(loop);
}

static void nobody_needs_to_watch(void **state)
{
    struct pulse_watch *w;

    (void) state;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(pulse_watch(NULL, loop, &w), 0);
    assert_null(w);
    assert_null(pulse_unwatch(w));
    loop = loop_free(loop);
}

/* ---- with a manager ---- */

static int manager_;

static unsigned n_fed(void)
{
    char text[256];
    unsigned n = 0;
    ssize_t len;

    while ((len = recv(manager_, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
        text[len] = '\0';
        n += strstr(text, "WATCHDOG=1") != NULL;
    }
    return n;
}

static void on_pause_over(struct loop_timer *t)
{
    loop_quit(t->loop, 0);
}

static void run_for(uint64_t us)
{
    struct loop_timer t = {0};

    assert_int_equal(loop_timer_start(&t, loop, us, on_pause_over), 0);
    assert_int_equal(loop_run(loop), 0);
    loop_timer_done(&t);
}

static void the_manager_is_fed_no_more(void **state)
{
    char dir[] = "/tmp/visavis-pulse-XXXXXX";
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct pulse_watch *watch;
    struct thread a;
    struct pulse *p;

    (void) state;
    assert_non_null(mkdtemp(dir));
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", dir);
    manager_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(manager_, (struct sockaddr *) &sa, sizeof(sa)), 0);
    setenv("NOTIFY_SOCKET", sa.sun_path, 1);
    setenv("WATCHDOG_USEC", "60000", 1);

    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(loop_feed_watchdog(loop, true), 0);
    assert_int_equal(pulse_new(loop, &p), 0);
    begin(&a, p, &watch);
    for (int i = 0; i < 100 && n_fed() == 0; i++)
        run_for(60000);
    mailbox_post(a.box, &a.order);
    sem_wait(&a.reached);
    for (int i = 0; i < 100; i++) { /* until it is silent for several of its intervals */
        run_for(60000);
        if (n_fed() == 0)
            break;
        assert_int_not_equal(i, 99);
    }
    run_for(300000);
    assert_int_equal(n_fed(), 0);
    sem_post(&a.go_on);
    for (int i = 0; n_fed() == 0; i++) {
        run_for(60000);
        assert_int_not_equal(i, 99);
    }

    order_end(&a);
    end(&a, watch);
    pulse_free(p);
    loop = loop_free(loop);
    close(manager_);
    unlink(sa.sun_path);
    rmdir(dir);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_hangs_is_seen),
        cmocka_unit_test(nobody_needs_to_watch),
        cmocka_unit_test(the_manager_is_fed_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
