/* The main() that the daemons share: each case is a process of its own. */
#include "base/log.h"
#include "daemon/daemon.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct toy {
    char *log_level;
    int64_t start_error;
    bool polite;
    bool started;
    int64_t size; /* not live */
    int64_t hangups;
};

static const struct conf_key keys[] = {
    {.name = "log_level",
     .type = CONF_STRING,
     .offset = offsetof(struct toy, log_level),
     .string_default = "info",
     .allowed = log_level_names,
     .live = true},
    {.name = "size", .type = CONF_INT, .offset = offsetof(struct toy, size)},
    {.name = "hangups", .type = CONF_INT, .offset = offsetof(struct toy, hangups)},
    {.name = "start_error", .type = CONF_INT, .offset = offsetof(struct toy, start_error)},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static int read_config(void *self, const char *path, conf_problem_fn *fn, void *arg)
{
    return conf_read(path, keys, N_KEYS, self, fn, arg);
}

static const char *log_level(const void *self)
{
    const struct toy *t = self;

    return t->log_level;
}

/* What the file says by the time of the signal; then the daemon ends. */
static const char *file_then;

static void next_file(void);

static int reload(void *self, const char *file, conf_problem_fn *fn, conf_problem_fn *fn_later,
                  void *arg)
{
    struct toy *t = self, fresh = {.log_level = NULL};
    int r = conf_read(file, keys, N_KEYS, &fresh, fn, arg);

    if (r == 0)
        conf_take_live(keys, N_KEYS, t, &fresh, fn_later, arg);
    conf_done(keys, N_KEYS, &fresh);
    kill(getpid(), SIGTERM);
    return r;
}

static void status(void *self, char *text, size_t size)
{
    const struct toy *t = self;

    log_debug("debugging the status");
    snprintf(text, size, "size %d", (int) t->size);
}

static int start(void *self, struct loop *l)
{
    struct toy *t = self;

    (void) l;
    if (t->start_error)
        return (int) t->start_error;
    t->started = true;
    log_debug("debugging");
    if (t->hangups) {
        next_file();
        kill(getpid(), SIGHUP);
    } else {
        kill(getpid(), SIGTERM);
    }
    kill(getpid(), SIGPIPE);
    return 0;
}

static void quit(void *self, struct loop *l)
{
    struct toy *t = self;

    t->polite = true;
    log_info("goodbye");
    loop_quit(l, 0);
}

static void stop(void *self)
{
    const struct toy *t = self;

    log_info("stopped, started %d, polite %d", t->started, t->polite);
}

static void done_config(void *self)
{
    conf_done(keys, N_KEYS, self);
}

static char path[] = "/tmp/visavis-daemon-XXXXXX";
static char output[4096];
static int manager;

static void next_file(void)
{
    FILE *f = fopen(path, "w");

    if (file_then)
        fputs(file_then, f);
    else
        unlink(path);
    fclose(f);
}

static int setup(void **state)
{
    int fd = mkstemp(path);

    (void) state;
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void) state;
    return unlink(path);
}

static int run_child(bool with_quit, const char *const *argv, int to)
{
    struct daemon_def def = {
        .name = "visavis-toy",
        .read_config = read_config,
        .log_level = log_level,
        .reload = reload,
        .status = status,
        .start = start,
        .quit = with_quit ? quit : NULL,
        .stop = stop,
        .done_config = done_config,
    };
    struct toy toy = {.log_level = NULL};
    int argc = 0;

    dup2(to, STDOUT_FILENO);
    dup2(to, STDERR_FILENO);
    while (argv[argc])
        argc++;
    return daemon_main(&def, &toy, argc, (char **) argv);
}

/* The exit status; what it wrote is in output. */
static int run(bool with_quit, const char *config, const char *const *argv)
{
    FILE *f = fopen(path, "w");
    int fds[2], status;
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    fputs(config, f);
    fclose(f);
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        exit(run_child(with_quit, argv, fds[1]));
    close(fds[1]);
    while ((n = read(fds[0], output + len, sizeof(output) - 1 - len)) > 0)
        len += (size_t) n;
    output[len] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define RUN(config, ...) run(false, config, (const char *[]){"visavis-toy", __VA_ARGS__, NULL})

static void wrong_options_are_64(void **state)
{
    (void) state;
    assert_int_equal(RUN("", "--nonsense"), 64);
    assert_non_null(strstr(output, "usage: visavis-toy --config FILE [--check]"));
    assert_int_equal(RUN("", "--check"), 64);
    assert_int_equal(RUN("", "--config"), 64);
    assert_int_equal(RUN("", "--config", path, "more"), 64);
    assert_int_equal(run(false, "", (const char *[]){"visavis-toy", NULL}), 64);
}

static void help_is_0(void **state)
{
    (void) state;
    assert_int_equal(RUN("", "--help"), 0);
    assert_int_equal(strncmp(output, "usage: visavis-toy", 18), 0);
    assert_non_null(strstr(output, "--help"));
}

static void wrong_configurations_are_78(void **state)
{
    char line[128];

    (void) state;
    assert_int_equal(RUN("\nlog_level = \"loud\";", "--config", path), 78);
    snprintf(line, sizeof(line), " error visavis-toy: %s:2: log_level: ", path);
    assert_non_null(strstr(output, line));
    assert_null(strstr(output, "stopped"));
    assert_int_equal(RUN("unknown = 1;", "--config", path, "--check"), 78);
    assert_int_equal(RUN("", "--config", "/nonexistent/file"), 78);
    assert_non_null(strstr(output, "/nonexistent/file: No such file"));
}

static void check_starts_nothing(void **state)
{
    (void) state;
    assert_int_equal(RUN("start_error = -1;", "--config", path, "--check"), 0);
    assert_string_equal(output, "");
}

static void failing_to_start_is_1(void **state)
{
    (void) state;
    assert_int_equal(RUN("start_error = -98;", "--config", path), 1);
    assert_non_null(strstr(output, strerror(EADDRINUSE)));
    assert_non_null(strstr(output, "stopped, started 0"));
}

static void a_signal_ends_it(void **state)
{
    (void) state;
    assert_int_equal(RUN("", "--config", path), 0);
    assert_non_null(strstr(output, "stopped, started 1, polite 0"));
    assert_null(strstr(output, "debugging"));
}

static void the_daemon_may_end_itself(void **state)
{
    (void) state;
    assert_int_equal(run(true, "log_level = \"debug\";",
                         (const char *[]){"visavis-toy", "--config", path, NULL}),
                     0);
    assert_non_null(strstr(output, "goodbye"));
    assert_non_null(strstr(output, "stopped, started 1, polite 1"));
    assert_non_null(strstr(output, "debugging"));
}

static void bind_manager(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s.notify", path);
    unlink(sa.sun_path);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(manager, (struct sockaddr *) &sa, sizeof(sa)), 0);
    setenv("NOTIFY_SOCKET", sa.sun_path, 1);
}

/* All that the manager was told, a line each. */
static const char *told(void)
{
    static char all[4096];
    size_t len = 0;
    ssize_t n;

    while ((n = recv(manager, all + len, sizeof(all) - 2 - len, MSG_DONTWAIT)) > 0) {
        len += (size_t) n;
        all[len++] = '\n';
    }
    all[len] = '\0';
    close(manager);
    unlink(getenv("NOTIFY_SOCKET"));
    unsetenv("NOTIFY_SOCKET");
    return all;
}

static void assert_told(const char *first, const char *last)
{
    const char *all = told(), *at;

    assert_int_equal(strncmp(all, first, strlen(first)), 0);
    at = strstr(all, last);
    if (!at)
        fail_msg("%s is not in %s", last, all);
    assert_string_equal(at, last);
}

static void the_file_is_read_again(void **state)
{
    (void) state;
    bind_manager();
    file_then = "log_level = \"debug\"; size = 7; hangups = 1;";
    assert_int_equal(RUN("hangups = 1;", "--config", path), 0);
    assert_non_null(strstr(output, "has been read again"));
    assert_non_null(strstr(output, "size has changed; that takes effect when"));
    assert_null(strstr(output, "hangups has changed"));
    assert_non_null(strstr(output, "debugging the status"));
    assert_told("STATUS=size 0\nREADY=1\nRELOADING=1\nMONOTONIC_USEC=", "\nREADY=1\nSTOPPING=1\n");
}

static void a_wrong_file_changes_nothing(void **state)
{
    char line[256];

    (void) state;
    bind_manager();
    file_then = "log_level = \"debug\";\nsize = \"big\";\nnonsense = 1;";
    assert_int_equal(RUN("hangups = 1;", "--config", path), 0);
    assert_non_null(strstr(output, ":2: size: must be"));
    assert_non_null(strstr(output, ":3: nonsense: unknown key"));
    assert_non_null(strstr(output, "the one from before stays in force"));
    assert_null(strstr(output, "debugging"));
    snprintf(line, sizeof(line),
             "\nSTATUS=size 0; the new configuration is not in use: %s:2: size: must be a whole "
             "number\nREADY=1\nSTOPPING=1\n",
             path);
    assert_told("STATUS=size 0\nREADY=1\nRELOADING=1\n", line);
}

static void a_missing_file_changes_nothing(void **state)
{
    char line[256];

    (void) state;
    bind_manager();
    file_then = NULL;
    assert_int_equal(RUN("hangups = 1;", "--config", path), 0);
    snprintf(line, sizeof(line),
             "the new configuration is not in use: %s: No such file or directory\nREADY=1\n"
             "STOPPING=1\n",
             path);
    assert_told("STATUS=size 0\nREADY=1\nRELOADING=1\n", line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_options_are_64),
        cmocka_unit_test(help_is_0),
        cmocka_unit_test(wrong_configurations_are_78),
        cmocka_unit_test(check_starts_nothing),
        cmocka_unit_test(failing_to_start_is_1),
        cmocka_unit_test(a_signal_ends_it),
        cmocka_unit_test(the_daemon_may_end_itself),
        cmocka_unit_test(a_missing_file_changes_nothing),
        cmocka_unit_test(the_file_is_read_again),
        cmocka_unit_test(a_wrong_file_changes_nothing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
