/* Real children: the shell. */
#include "host/workdir.h"
#include "notify/notify.h"
#include "units/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cmocka.h>

#define WATCHDOG_MS 2000
#define FEEDING_MS 50

static const char *self; /* this program's path */

/* The child of one test: says that it is ready, and ignores SIGTERM. */
static int stubborn(void)
{
    signal(SIGTERM, SIG_IGN);
    notify_ready();
    sleep(60);
    return 0;
}

/* Is ready, and never heard of again. */
static int silent(void)
{
    notify_ready();
    sleep(60);
    return 0;
}

static int silent_and_stubborn(void)
{
    signal(SIGABRT, SIG_IGN);
    return silent();
}

/* Feeds the watchdog for longer than that waits. */
static int fed(void)
{
    notify_ready();
    for (int i = 0; i < 2 * WATCHDOG_MS / FEEDING_MS; i++) {
        (void) sd_notify(0, "WATCHDOG=1");
        usleep(FEEDING_MS * 1000);
    }
    return 4;
}

static const struct {
    const char *name;
    int (*fn)(void);
} children[] = {
    {"stubborn", stubborn},
    {"silent", silent},
    {"silent-and-stubborn", silent_and_stubborn},
    {"fed", fed},
};

struct seen {
    struct loop *loop;
    struct supervisor *supervisor;
    unsigned n_ready, n_died, n_stopped;
    char how[80];
    bool stop_when_ready;
};

static void on_ready(const char *name, void *arg)
{
    struct seen *s = arg;

    (void) name;
    s->n_ready++;
    if (s->stop_when_ready)
        supervisor_stop(s->supervisor, 300);
}

static void on_died(const char *name, const char *how, void *arg)
{
    struct seen *s = arg;

    (void) name;
    s->n_died++;
    snprintf(s->how, sizeof(s->how), "%s", how);
    supervisor_stop(s->supervisor, 300);
}

static void on_stopped(void *arg)
{
    struct seen *s = arg;

    s->n_stopped++;
    loop_quit(s->loop, 0);
}

static int start_program(struct supervisor *s, const char *name, char *const argv[])
{
    struct supervisor_program p = {.name = name, .argv = argv};

    return supervisor_start(s, &p);
}

static void run_script(struct seen *s, struct workdir *dir, const char *script)
{
    static const struct supervisor_handlers handlers = {on_ready, on_died, on_stopped};
    char shell[] = "/bin/sh", c[] = "-c";
    char text[512];
    char *argv[] = {shell, c, text, NULL};

    snprintf(text, sizeof(text), "%s", script);
    assert_int_equal(workdir_make(dir), 0);
    assert_int_equal(loop_new(&s->loop), 0);
    assert_int_equal(supervisor_new(s->loop, dir->path, &handlers, s, &s->supervisor), 0);
    assert_int_equal(start_program(s->supervisor, "shell", argv), 0);
    assert_int_equal(loop_run(s->loop), 0);
    assert_false(supervisor_all_ready(s->supervisor));
    supervisor_free(s->supervisor);
    loop_free(s->loop);
    workdir_remove(dir);
}

static void test_a_death_is_told(void **state)
{
    struct seen s = {0};
    struct workdir dir;

    (void) state;
    run_script(&s, &dir, "exit 3");
    assert_int_equal(s.n_died, 1);
    assert_string_equal(s.how, "exit status 3");
    assert_int_equal(s.n_stopped, 1);
}

static void test_a_signal_is_told(void **state)
{
    struct seen s = {0};
    struct workdir dir;

    (void) state;
    run_script(&s, &dir, "kill -SEGV $$");
    assert_non_null(strstr(s.how, "signal 11"));
}

static void test_ready_then_stop_and_a_stubborn_child_is_killed(void **state)
{
    struct seen s = {.stop_when_ready = true};
    struct workdir dir;
    char script[512];

    (void) state;
    snprintf(script, sizeof(script), "exec '%s' stubborn", self);
    run_script(&s, &dir, script);
    assert_int_equal(s.n_ready, 1);
    assert_int_equal(s.n_died, 0);
    assert_int_equal(s.n_stopped, 1);
}

/* The first child tells what the second left behind when it ended. */
static void test_the_first_ends_last(void **state)
{
    static const struct supervisor_handlers handlers = {on_ready, on_died, on_stopped};
    struct seen s = {0};
    struct workdir dir;
    char shell[] = "/bin/sh", c[] = "-c", first[512], second[512], path[256];
    char *first_argv[] = {shell, c, first, NULL}, *second_argv[] = {shell, c, second, NULL};

    (void) state;
    assert_int_equal(workdir_make(&dir), 0);
    /* Each says by a file that its trap is set. */
    snprintf(first, sizeof(first),
             "trap 'test -e %s/b-ended && touch %s/right; exit' TERM; touch %s/a; "
             "while :; do sleep 0.02; done",
             dir.path, dir.path, dir.path);
    snprintf(second, sizeof(second),
             "trap 'sleep 0.1; touch %s/b-ended; exit' TERM; touch %s/b; "
             "while :; do sleep 0.02; done",
             dir.path, dir.path);
    assert_int_equal(loop_new(&s.loop), 0);
    assert_int_equal(supervisor_new(s.loop, dir.path, &handlers, &s, &s.supervisor), 0);
    assert_int_equal(start_program(s.supervisor, "first", first_argv), 0);
    assert_int_equal(start_program(s.supervisor, "second", second_argv), 0);
    for (const char *name = "a"; *name; name = *name == 'a' ? "b" : "") {
        snprintf(path, sizeof(path), "%s/%s", dir.path, name);
        for (int i = 0; i < 2000 && access(path, F_OK) < 0; i++)
            usleep(10000);
    }
    supervisor_stop(s.supervisor, 20000);
    assert_int_equal(loop_run(s.loop), 0);
    assert_int_equal(s.n_stopped, 1);
    snprintf(path, sizeof(path), "%s/right", dir.path);
    assert_int_equal(access(path, F_OK), 0);
    supervisor_free(s.supervisor);
    loop_free(s.loop);
    workdir_remove(&dir);
}

static void test_no_secret_reaches_the_environment(void **state)
{
    struct seen s = {0};
    struct workdir dir;

    (void) state;
    setenv("OPENVIDU_SECRET", "leaked", 1);
    run_script(&s, &dir,
               "env | grep -q leaked && exit 9; test -n \"$NOTIFY_SOCKET\" || exit 8; exit 4");
    unsetenv("OPENVIDU_SECRET");
    assert_string_equal(s.how, "exit status 4");
}

static void test_a_missing_program_is_an_error(void **state)
{
    static const struct supervisor_handlers handlers = {on_ready, on_died, on_stopped};
    struct seen s = {0};
    struct workdir dir;
    char none[] = "/nonexistent/program";
    char *argv[] = {none, NULL};

    (void) state;
    assert_int_equal(workdir_make(&dir), 0);
    assert_int_equal(loop_new(&s.loop), 0);
    assert_int_equal(supervisor_new(s.loop, dir.path, &handlers, &s, &s.supervisor), 0);
    assert_int_equal(start_program(s.supervisor, "none", argv), -ENOENT);
    supervisor_free(s.supervisor);
    loop_free(s.loop);
    workdir_remove(&dir);
}

/* ---- what a unit of a service manager would give ---- */

#define SCRIPT(text)                                                                               \
    {                                                                                              \
        (char[]){"/bin/sh"}, (char[]){"-c"}, (char[]){text}, NULL                                  \
    }

static void run_program(struct seen *s, const struct supervisor_program *p)
{
    static const struct supervisor_handlers handlers = {on_ready, on_died, on_stopped};
    struct workdir dir;

    assert_int_equal(workdir_make(&dir), 0);
    assert_int_equal(loop_new(&s->loop), 0);
    assert_int_equal(supervisor_new(s->loop, dir.path, &handlers, s, &s->supervisor), 0);
    assert_int_equal(supervisor_start(s->supervisor, p), 0);
    assert_int_equal(supervisor_start(s->supervisor, p), -EALREADY);
    assert_int_equal(supervisor_all_ready(s->supervisor), p->is_silent);
    assert_int_equal(loop_run(s->loop), 0);
    assert_int_equal(supervisor_pid(s->supervisor, p->name), 0);
    supervisor_free(s->supervisor);
    loop_free(s->loop);
    workdir_remove(&dir);
}

/* The second socket has the number where the first must go. */
static void test_sockets_arrive_in_order(void **state)
{
    char *argv[] =
        SCRIPT("test \"$LISTEN_FDS $LISTEN_FDNAMES $LISTEN_PID\" = \"2 one:two $$\" || exit 8;"
               "read first <&3; read second <&4; test \"$first$second\" = ab || exit 9;"
               "exit 4");
    struct seen s = {0};
    int one[2], two[2], sockets[2];

    (void) state;
    assert_int_equal(pipe(one), 0);
    assert_int_equal(pipe(two), 0);
    assert_int_equal(write(one[1], "a\n", 2), 2);
    assert_int_equal(write(two[1], "b\n", 2), 2);
    sockets[0] = fcntl(one[0], F_DUPFD, 5);
    assert_true(dup2(two[0], 3) == 3 && sockets[0] > 3);
    sockets[1] = 3;
    run_program(&s, &(struct supervisor_program){.name = "sockets",
                                                 .argv = argv,
                                                 .is_silent = true,
                                                 .sockets = sockets,
                                                 .socket_names = "one:two",
                                                 .n_sockets = 2});
    assert_string_equal(s.how, "exit status 4");
}

static void test_another_user(void **state)
{
    char *argv[] =
        SCRIPT("test $(id -un) = nobody && test \"$(id -G)\" = \"$(id -G nobody)\" && exit 4");
    struct seen s = {0};

    (void) state;
    if (getuid() != 0)
        skip();
    run_program(&s, &(struct supervisor_program){
                        .name = "user", .argv = argv, .user = "nobody", .is_silent = true});
    assert_string_equal(s.how, "exit status 4");
}

static void test_an_unknown_user_is_an_error(void **state)
{
    static const struct supervisor_handlers handlers = {on_ready, on_died, on_stopped};
    char *argv[] = SCRIPT("exit 0");
    struct supervisor_program p = {.name = "x", .argv = argv, .user = "visavis-no-such-user"};
    struct seen s = {0};
    struct workdir dir;

    (void) state;
    assert_int_equal(workdir_make(&dir), 0);
    assert_int_equal(loop_new(&s.loop), 0);
    assert_int_equal(supervisor_new(s.loop, dir.path, &handlers, &s, &s.supervisor), 0);
    assert_int_equal(supervisor_start(s.supervisor, &p), -ENOENT);
    supervisor_free(s.supervisor);
    loop_free(s.loop);
    workdir_remove(&dir);
}

/* ---- the watchdog ---- */

static void run_watched(struct seen *s, char *child, unsigned watchdog_ms)
{
    char *argv[] = {(char *) self, child, NULL};

    run_program(s, &(struct supervisor_program){
                       .name = "watched", .argv = argv, .watchdog_ms = watchdog_ms});
}

static void test_a_silent_child_is_ended(void **state)
{
    struct seen s = {0};
    char child[] = "silent";

    (void) state;
    run_watched(&s, child, 100);
    assert_int_equal(s.n_ready, 1);
    assert_int_equal(s.n_died, 1);
    assert_non_null(strstr(s.how, "signal 6"));
}

static void test_a_silent_and_stubborn_child_is_killed(void **state)
{
    struct seen s = {0};
    char child[] = "silent-and-stubborn";

    (void) state;
    run_watched(&s, child, 100);
    assert_int_equal(s.n_died, 1);
    assert_non_null(strstr(s.how, "signal 9"));
}

static void test_a_child_that_feeds_it_goes_on(void **state)
{
    struct seen s = {0};
    char child[] = "fed";

    (void) state;
    run_watched(&s, child, WATCHDOG_MS);
    assert_string_equal(s.how, "exit status 4");
}

static void test_a_child_knows_its_watchdog(void **state)
{
    char *argv[] = SCRIPT("test \"$WATCHDOG_USEC\" = 30000000 && exit 4");
    char *without[] = SCRIPT("test -z \"$WATCHDOG_USEC\" && exit 4");
    struct seen s = {0};

    (void) state;
    run_program(&s, &(struct supervisor_program){
                        .name = "watched", .argv = argv, .is_silent = true, .watchdog_ms = 30000});
    assert_string_equal(s.how, "exit status 4");
    run_program(
        &s, &(struct supervisor_program){.name = "unwatched", .argv = without, .is_silent = true});
    assert_string_equal(s.how, "exit status 4");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_death_is_told),
        cmocka_unit_test(test_a_signal_is_told),
        cmocka_unit_test(test_ready_then_stop_and_a_stubborn_child_is_killed),
        cmocka_unit_test(test_the_first_ends_last),
        cmocka_unit_test(test_no_secret_reaches_the_environment),
        cmocka_unit_test(test_a_missing_program_is_an_error),
        cmocka_unit_test(test_sockets_arrive_in_order),
        cmocka_unit_test(test_another_user),
        cmocka_unit_test(test_an_unknown_user_is_an_error),
        cmocka_unit_test(test_a_silent_child_is_ended),
        cmocka_unit_test(test_a_silent_and_stubborn_child_is_killed),
        cmocka_unit_test(test_a_child_that_feeds_it_goes_on),
        cmocka_unit_test(test_a_child_knows_its_watchdog),
    };

    for (size_t i = 0; argc > 1 && i < sizeof(children) / sizeof(children[0]); i++)
        if (strcmp(argv[1], children[i].name) == 0)
            return children[i].fn();
    self = argv[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
