/* visavis run: the installed product on a machine where systemd is not process 1. */
#include "apply/runner.h"
#include "base/log.h"
#include "cmd/banner.h"
#include "cmd/verbs.h"
#include "host/paths.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_FILE "/var/log/visavis.log"
#define READY_WAIT_MS 30000
#define STOP_WAIT_MS 12000
#define RUNS_ALREADY "it runs already; `visavis run --reload` takes a changed .env"

/* ---- in the background ---- */

static void ignore_problem(const struct setting_problem *p, void *arg)
{
    (void) p; /* the log has them all */
    (void) arg;
}

static int show_ready(void)
{
    struct settings *s = NULL;
    char log[PATH_MAX];

    if (settings_load_file(path_of(PATH_ENV), ignore_problem, NULL, &s) == 0)
        banner_print(s);
    settings_free(s);
    printf("It runs in the background; its log is %s. `visavis run --stop` ends it.\n",
           path_in_root(log, LOG_FILE));
    return CMD_OK;
}

/* 'r' when all is ready; the end of the pipe, or nothing for long, is a failure. */
static int wait_until_ready(const struct cmd_call *call, int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char log[PATH_MAX], what = 0;

    if (poll(&p, 1, READY_WAIT_MS) > 0 && read(fd, &what, 1) == 1 && what == 'r')
        return show_ready();
    return cmd_fail(call, CMD_FAILED, "it is not ready; %s says why", path_in_root(log, LOG_FILE));
}

static void tell_parent(void *arg)
{
    int fd = *(const int *) arg;

    if (write(fd, "r", 1) < 0)
        log_debug("nobody waits for us any more");
    close(fd);
}

/* ready_fd: where a parent waits; -1 none does. */
static int run_here(const struct cmd_call *call, int ready_fd)
{
    int r;

    log_init("visavis", LOG_LEVEL_INFO);
    r = runner_run(ready_fd >= 0 ? tell_parent : NULL, &ready_fd);
    if (r == -EALREADY)
        return cmd_fail(call, CMD_FAILED, RUNS_ALREADY);
    if (r == -EINVAL)
        return cmd_fail(call, CMD_USAGE, "there is no configuration to run with");
    return r < 0 ? cmd_fail(call, CMD_FAILED, "%s", strerror(-r)) : CMD_OK;
}

static int detach(const struct cmd_call *call)
{
    char log[PATH_MAX];
    int ready[2], fd;
    pid_t pid;

    if (runner_pid())
        return cmd_fail(call, CMD_FAILED, RUNS_ALREADY);
    fd = open(path_in_root(log, LOG_FILE), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0)
        return cmd_fail(call, CMD_FAILED, "%s: %s", log, strerror(errno));
    if (pipe2(ready, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        return cmd_fail(call, CMD_FAILED, "%s", strerror(errno));
    if (pid > 0) {
        close(ready[1]);
        return wait_until_ready(call, ready[0]);
    }
    close(ready[0]);
    setsid();
    if (chdir("/") < 0 || !freopen("/dev/null", "r", stdin) || dup2(fd, STDOUT_FILENO) < 0 ||
        dup2(fd, STDERR_FILENO) < 0)
        _exit(CMD_FAILED);
    _exit(run_here(call, ready[1]));
}

static int signal_running(const struct cmd_call *call, int signo)
{
    pid_t pid = runner_pid();

    if (!pid)
        return cmd_fail(call, CMD_FAILED, "does not run");
    if (kill(pid, signo) < 0)
        return cmd_fail(call, CMD_FAILED, "process %d: %s", pid, strerror(errno));
    for (int i = 0; signo == SIGTERM && i < STOP_WAIT_MS / 50; i++) {
        if (!runner_pid())
            return CMD_OK;
        poll(NULL, 0, 50);
    }
    return signo == SIGTERM ? cmd_fail(call, CMD_FAILED, "process %d does not end", pid) : CMD_OK;
}

static int run(const struct cmd_call *call)
{
    if (geteuid() != 0 && !*path_root())
        return cmd_fail(call, CMD_USAGE, "needs root: sudo visavis run");
    if (cmd_has(call, "stop"))
        return signal_running(call, SIGTERM);
    if (cmd_has(call, "reload"))
        return signal_running(call, SIGHUP);
    if (cmd_has(call, "detach"))
        return detach(call);
    return run_here(call, -1);
}

static const struct cmd_option options[] = {
    {.name = "detach", .letter = 'd', .help = "in the background, once all is ready"},
    {.name = "reload", .help = "let the one that runs take a changed .env"},
    {.name = "stop", .help = "end the one that runs"},
    {0},
};

const struct cmd cmd_run = {
    .name = "run",
    .fn = run,
    .help = "run the installed server without systemd, in the foreground",
    .doc = "For containers and other machines where systemd is not process 1: applies .env, runs\n"
           "what the units of systemd would run, with the same users and files, starts again what\n"
           "ends, and renews certificates. SIGHUP takes a changed .env, SIGTERM ends all.",
    .options = options,
    .no_json = true,
};
