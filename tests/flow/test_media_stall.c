/* A worker that hangs: the log says where, the daemon ends for the service manager to start
 * another, and that one tells signaling what it does not know any more. */
#include "media_kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define WATCHDOG_US "6000000" /* a thread may be silent for two seconds */
#define END_MS 60000

static char log_path[96];

/* In the folder of tests: <build>/tests/flow/test_media_stall. */
static void preload_path(char *ret, size_t size)
{
    char self[PATH_MAX - 16];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    assert_true(n > 0);
    self[n] = '\0';
    for (unsigned i = 0; i < 2; i++)
        *strrchr(self, '/') = '\0';
    snprintf(ret, size, "%s/stall.so", self);
}

/* The daemon as under a manager, its log in a file. */
static void spawn_watched(const char *config_path)
{
    char preload[PATH_MAX];
    int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int kept = dup(STDERR_FILENO);

    preload_path(preload, sizeof(preload));
    setenv("LD_PRELOAD", preload, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    setenv("WATCHDOG_USEC", WATCHDOG_US, 1);
    assert_true(log >= 0 && kept >= 0);
    dup2(log, STDERR_FILENO);
    spawn_daemon(config_path);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(log);
    unsetenv("LD_PRELOAD");
    unsetenv("ASAN_OPTIONS");
    unsetenv("WATCHDOG_USEC");
}

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

static int wait_for_end(void)
{
    int status = 0;

    for (unsigned waited = 0; waited < END_MS; waited += 20) {
        if (waitpid(daemon_pid, &status, WNOHANG) == daemon_pid)
            return status;
        usleep(20000);
    }
    kill(daemon_pid, SIGKILL);
    waitpid(daemon_pid, &status, 0);
    fail_msg("the daemon goes on");
    return 0;
}

static void read_log(char *text, size_t size)
{
    int fd = open(log_path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, size - 1);

    assert_true(n >= 0);
    text[n] = '\0';
    close(fd);
}

static void assert_logged(const char *log, const char *text)
{
    if (!strstr(log, text))
        fail_msg("the log has no \"%s\":\n%s", text, log);
}

static void a_stalled_worker_ends_the_daemon(void **state)
{
    static char log[65536];
    char path[96];
    json_t *r, *missing;
    struct wc *pub;
    pid_t thread;
    int status;

    (void) state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its runtime lets no signal through to a thread that is in a handler */
#endif
    pub = connected_publisher();
    thread = find_thread(daemon_pid, "worker 1");
    assert_true(thread > 0);
    usleep(1500000); /* all of them have answered, and go on doing so */
    assert_int_equal(kill(daemon_pid, 0), 0);
    assert_int_equal(syscall(SYS_tgkill, daemon_pid, thread, SIGUSR1), 0);
    status = wait_for_end();
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    read_log(log, sizeof(log));
    assert_logged(log, "worker 1 has not answered for ");
    assert_logged(log, "#0 ");
    assert_logged(log, "stall.so+0x");      /* where it hangs … */
    assert_logged(log, "visavis-media+0x"); /* … and what it was called from */

    /* As the manager does. The control socket of the dead one is in the way of nobody. */
    close(control_fd);
    snprintf(path, sizeof(path), "%s/media.cfg", folder);
    spawn_watched(path);
    control_fd = connect_control();
    call_and_forget("hello", json_pack("{s:s, s:s}", "client", "signaling", "instance", "t"));
    r = call("sync",
             json_pack("{s:{s:{s:[s], s:[]}}}", "rooms", "r", "streams", "s", "subscribers"));
    missing = json_object_get(json_object_get(r, "missing"), "r");
    assert_string_equal(json_string_value(json_array_get(json_object_get(missing, "streams"), 0)),
                        "s");
    json_decref(r);
    wc_free(pub);
}

static int setup(void **state)
{
    struct rlimit none = {0, 0};
    char path[96];

    (void) state;
    assert_int_equal(srtp_transport_global_init(), 0);
    (void) setrlimit(RLIMIT_CORE, &none);
    notes = json_array();
    assert_non_null(mkdtemp(folder));
    snprintf(socket_path, sizeof(socket_path), "%s/control", folder);
    snprintf(log_path, sizeof(log_path), "%s/log", folder);
    snprintf(path, sizeof(path), "%s/media.cfg", folder);
    write_config(path);
    spawn_watched(path);
    say_hello();
    return 0;
}

static int teardown(void **state)
{
    unlink(log_path);
    return stop_daemon(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stalled_worker_ends_the_daemon),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
