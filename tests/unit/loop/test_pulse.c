#include "loop/mailbox.h"
#include "loop/pulse.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A thread has a third of it: three seconds are enough for a good one on a busy machine, too. */
#define WATCHDOG_US "9000000"

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

static unsigned n_fed(int manager)
{
    char text[256];
    unsigned n = 0;
    ssize_t len;

    while ((len = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
        text[len] = '\0';
        n += strstr(text, "WATCHDOG=1") != NULL;
    }
    return n;
}

/* A process of three threads that are watched; told to, one of them hangs. Its log goes to fd. */
static void live_and_hang(int fd, int told)
{
    static struct thread threads[3];
    struct pulse_watch *watches[3];
    struct pulse *p;
    bool hangs = false;

    dup2(fd, STDERR_FILENO);
    if (loop_new(&loop) < 0 || loop_feed_watchdog(loop, true) < 0 || pulse_new(loop, &p) < 0)
        _exit(1);
    for (unsigned i = 0; i < 3; i++) {
        begin(&threads[i], p, &watches[i]);
        pthread_setname_np(threads[i].id, i == 1 ? "the bad one" : "a good one");
    }
    for (;;) {
        char order;

        run_for(10000);
        if (!hangs && recv(told, &order, 1, MSG_DONTWAIT) == 1) {
            hangs = true;
            mailbox_post(threads[1].box, &threads[1].order);
        }
    }
}

static int open_manager(const char *dir, char path[static 64])
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(path, 64, "%s/notify", dir);
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
    return fd;
}

static void expect_fed(int manager)
{
    for (int i = 0; n_fed(manager) == 0; i++) {
        usleep(20000);
        assert_int_not_equal(i, 1000);
    }
}

static void a_thread_that_hangs_ends_the_process(void **state)
{
    char dir[] = "/tmp/visavis-pulse-XXXXXX", path[64], log[16384];
    struct rlimit none = {0, 0};
    int told[2], texts[2], manager, status;
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    (void) state;
    assert_non_null(mkdtemp(dir));
    manager = open_manager(dir, path);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, told), 0);
    assert_int_equal(pipe2(texts, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        (void) setrlimit(RLIMIT_CORE, &none);
        setenv("NOTIFY_SOCKET", path, 1);
        setenv("WATCHDOG_USEC", WATCHDOG_US, 1);
        live_and_hang(texts[1], told[1]);
    }
    close(texts[1]);
    expect_fed(manager);
    expect_fed(manager);
    assert_int_equal(send(told[0], "h", 1, 0), 1);
    while ((n = read(texts[0], log + len, sizeof(log) - 1 - len)) > 0)
        len += (size_t) n;
    log[len] = '\0';
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(log, "the bad one has not answered for 3.0 s: this daemon ends."));
    assert_null(strstr(log, "a good one"));
    assert_non_null(strstr(log, "#0 "));
    assert_non_null(strstr(log, "test_pulse+0x")); /* where it waits is below what it waits in */
    close(texts[0]);
    close(told[0]);
    close(told[1]);
    close(manager);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_hangs_is_seen),
        cmocka_unit_test(nobody_needs_to_watch),
        cmocka_unit_test(a_thread_that_hangs_ends_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
