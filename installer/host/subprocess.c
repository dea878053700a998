#include "host/subprocess.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum stream { IN, OUT, ERR, N_STREAMS };

struct run {
    pid_t pid;
    int ours[N_STREAMS]; /* -1: closed */
    const char *input;
    size_t input_left;
    char *text[N_STREAMS];
    size_t len[N_STREAMS];
};

static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                                          "LC_ALL=C.UTF-8", NULL};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Gives up everything that the other user has not; what cannot be dropped is an error. */
static int become_user(const struct subprocess_user *u)
{
    umask(0077);
    if (geteuid() == 0 && setgroups(1, &u->gid) < 0)
        return -1;
    if (setresgid(u->gid, u->gid, u->gid) < 0 || setresuid(u->uid, u->uid, u->uid) < 0)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || chdir(u->folder) < 0)
        return -1;
    return 0;
}

/* In the child: never returns. failed: where to write the errno when the program cannot be run. */
static void become(const char *const argv[], const struct subprocess_user *user, int *theirs,
                   int failed)
{
    const char *const *env = user ? user->environment : environment;
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    for (int i = 0; i < N_STREAMS; i++)
        if (dup2(theirs[i], i) < 0)
            goto error;
    if (user && become_user(user) < 0)
        goto error;
    prctl(PR_SET_PDEATHSIG, SIGKILL);                             /* another user forgets it */
    if (setenv("PATH", environment[0] + strlen("PATH="), 1) == 0) /* where execvpe looks */
        execvpe(argv[0], (char *const *) argv, (char *const *) env);
error:;
    int e = errno;

    (void) !write(failed, &e, sizeof(e));
    _exit(127);
}

static int make_pipes(int ours[static N_STREAMS], int theirs[static N_STREAMS])
{
    for (int i = 0; i < N_STREAMS; i++) {
        int both[2];

        if (pipe2(both, O_CLOEXEC) < 0)
            return -errno;
        ours[i] = i == IN ? both[1] : both[0];
        theirs[i] = i == IN ? both[0] : both[1];
        fcntl(ours[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static int start(struct run *r, const char *const argv[], const struct subprocess_user *user)
{
    int theirs[N_STREAMS] = {-1, -1, -1}, failed[2] = {-1, -1};
    int error = make_pipes(r->ours, theirs);
    int e = 0;

    if (error == 0 && pipe2(failed, O_CLOEXEC) < 0)
        error = -errno;
    if (error == 0) {
        r->pid = fork();
        if (r->pid == 0)
            become(argv, user, theirs, failed[1]);
        if (r->pid < 0)
            error = -errno;
    }
    for (int i = 0; i < N_STREAMS; i++)
        close_fd(&theirs[i]);
    close_fd(&failed[1]);
    if (error == 0 && read(failed[0], &e, sizeof(e)) == (ssize_t) sizeof(e)) {
        waitpid(r->pid, NULL, 0);
        r->pid = 0;
        error = -e;
    }
    close_fd(&failed[0]);
    return error;
}

static void feed(struct run *r)
{
    ssize_t n = write(r->ours[IN], r->input, r->input_left);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        r->input += n;
        r->input_left -= (size_t) n;
    }
    if (n < 0 || r->input_left == 0)
        close_fd(&r->ours[IN]);
}

/* What is over the limit is read and dropped, so that the program never blocks on us. */
static void drain(struct run *r, int stream)
{
    char buf[4096];
    ssize_t n = read(r->ours[stream], buf, sizeof(buf));
    size_t len;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_fd(&r->ours[stream]);
        return;
    }
    len = (size_t) n;
    if (len > SUBPROCESS_OUTPUT_MAX - r->len[stream])
        len = SUBPROCESS_OUTPUT_MAX - r->len[stream];
    memcpy(r->text[stream] + r->len[stream], buf, len);
    r->len[stream] += len;
}

/* Until both outputs are at their end; false when the time was over before. */
static bool talk(struct run *r, uint64_t deadline_ms)
{
    while (r->ours[OUT] >= 0 || r->ours[ERR] >= 0) {
        uint64_t now = clock_ms();
        struct pollfd p[N_STREAMS] = {{.fd = r->ours[IN], .events = POLLOUT},
                                      {.fd = r->ours[OUT], .events = POLLIN},
                                      {.fd = r->ours[ERR], .events = POLLIN}};

        if (now >= deadline_ms)
            return false;
        if (poll(p, N_STREAMS, (int) (deadline_ms - now)) < 0 && errno != EINTR)
            return false;
        if (r->ours[IN] >= 0 && p[IN].revents)
            feed(r);
        for (int i = OUT; i < N_STREAMS; i++)
            if (r->ours[i] >= 0 && p[i].revents)
                drain(r, i);
    }
    return true;
}

/* It may have closed its output and still run. */
static int reap(struct run *r, uint64_t deadline_ms, bool in_time)
{
    int status;

    while (in_time && waitpid(r->pid, &status, WNOHANG) == 0) {
        in_time = clock_ms() < deadline_ms;
        poll(NULL, 0, 5);
    }
    if (!in_time) {
        kill(-r->pid, SIGKILL);
        waitpid(r->pid, &status, 0);
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const struct subprocess_user *user, const char *const argv[], const char *input,
               unsigned timeout_ms, struct subprocess_result *ret)
{
    struct run r = {.ours = {-1, -1, -1}, .input = input, .input_left = input ? strlen(input) : 0};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    uint64_t deadline_ms = clock_ms() + timeout_ms;
    int error = 0;

    sigaction(SIGPIPE, &ignore, &before); /* it may not read its input */

    for (int i = OUT; i < N_STREAMS; i++) {
        r.text[i] = calloc(1, SUBPROCESS_OUTPUT_MAX + 1);
        if (!r.text[i])
            error = -ENOMEM;
    }
    if (error == 0)
        error = start(&r, argv, user);
    if (error == 0) {
        if (r.input_left == 0)
            close_fd(&r.ours[IN]);
        ret->status = reap(&r, deadline_ms, talk(&r, deadline_ms));
        ret->output = r.text[OUT];
        ret->error = r.text[ERR];
    } else {
        free(r.text[OUT]);
        free(r.text[ERR]);
    }
    for (int i = 0; i < N_STREAMS; i++)
        close_fd(&r.ours[i]);
    sigaction(SIGPIPE, &before, NULL);
    return error;
}

int subprocess_run(const char *const argv[], const char *input, unsigned timeout_ms,
                   struct subprocess_result *ret)
{
    return run(NULL, argv, input, timeout_ms, ret);
}

int subprocess_run_as(const struct subprocess_user *user, const char *const argv[],
                      unsigned timeout_ms, struct subprocess_result *ret)
{
    return run(user, argv, NULL, timeout_ms, ret);
}

void subprocess_done(struct subprocess_result *r)
{
    free(r->output);
    free(r->error);
    r->output = r->error = NULL;
}
