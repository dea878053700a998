/* A worker that hangs: the log says where, the daemon ends for the service manager to start
 * another, and that one tells signaling what it does not know any more. */
#include "media_kit.h"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define WATCHDOG_US "6000000" /* a thread may be silent for two seconds */
#define PATIENCE_MS 60000

/* The id of a thread of that name. */
static pid_t find_thread(pid_t pid, const char *wanted)
{
    char path[64], name[32] = "";
    struct dirent *e;
    pid_t found = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/task", (int) pid);
    dir = opendir(path);
    assert_non_null(dir);
    while (!found && (e = readdir(dir))) {
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%d/task/%.16s/comm", (int) pid, e->d_name);
        f = fopen(path, "r");
        if (f && fgets(name, sizeof(name), f) && strncmp(name, wanted, strlen(wanted)) == 0)
            found = (pid_t) atoi(e->d_name);
        if (f)
            fclose(f);
    }
    closedir(dir);
    return found;
}

static void assert_logged(const char *text)
{
    if (!child_has_logged(daemon_, text))
        fail_msg("the log has no \"%s\"", text);
}

/* Its threads have answered all. */
static void await_pulse(void)
{
    assert_int_equal(child_wait_told(daemon_, "WATCHDOG=1", PATIENCE_MS), 0);
}

static void expect_to_be_missed(const char *stream)
{
    json_t *r = call(
        "sync", json_pack("{s:{s:{s:[s], s:[]}}}", "rooms", "r", "streams", stream, "subscribers"));
    json_t *missing = json_object_get(json_object_get(r, "missing"), "r");

    assert_string_equal(json_string_value(json_array_get(json_object_get(missing, "streams"), 0)),
                        stream);
    json_decref(r);
}

static void a_stalled_worker_ends_the_daemon(void **state)
{
    struct wc *pub;
    pid_t thread;
    int status;

    (void) state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its runtime lets no signal through to a thread that is in a handler */
#endif
    pub = connected_publisher();
    thread = find_thread(child_pid(daemon_), "worker 1");
    assert_true(thread > 0);
    for (unsigned i = 0; i < 3; i++)
        await_pulse();
    assert_int_equal(syscall(SYS_tgkill, child_pid(daemon_), thread, SIGUSR1), 0);
    assert_int_equal(child_wait_end(daemon_, PATIENCE_MS, &status), 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_logged("worker 1 has not answered for ");
    assert_logged("#0 ");
    assert_logged("stall.so+0x");      /* where it hangs … */
    assert_logged("visavis-media+0x"); /* … and what it was called from */

    /* As the manager does. The control socket of the dead one is in the way of nobody. */
    close(control_fd);
    assert_int_equal(media_daemon_start(daemon_), 0);
    control_fd = connect_control();
    call_and_forget("hello", json_pack("{s:s, s:s}", "client", "signaling", "instance", "t"));
    expect_to_be_missed("s");
    wc_free(pub);
}

/* As under a manager. */
static int setup(void **state)
{
    (void) state;
    assert_int_equal(media_daemon_new(&daemon_, MEDIA_KIT_WORKERS, MEDIA_KIT_SETTINGS), 0);
    assert_int_equal(child_set(daemon_, "WATCHDOG_USEC", WATCHDOG_US), 0);
    assert_int_equal(child_preload(daemon_, "stall.so"), 0);
    begin_daemon();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stalled_worker_ends_the_daemon),
    };

    return cmocka_run_group_tests(tests, setup, stop_daemon);
}
