#include "installer/supervisor.h"

#include "base/list.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTIFY_MAX 4096
#define ENV_MAX 32

struct child {
    struct supervisor *owner;
    const char *name;
    pid_t pid; /* 0: none */
    int pidfd;
    bool ready, asked_to_end;
    struct loop_io io;
};

struct supervisor {
    struct loop *loop;
    struct supervisor_handlers handlers;
    void *arg;
    struct child children[SUPERVISOR_CHILDREN_MAX];
    size_t n_children;
    int notify_fd;
    struct loop_io notify_io;
    char notify_path[sizeof(((struct sockaddr_un *) 0)->sun_path)];
    struct loop_timer kill_timer;
    struct loop_defer stopped;
    bool stopping;
};

/* What a child may inherit: where programs are, the locale, the terminal, sanitizer options. */
static const char *const inherited[] = {
    "PATH",     "HOME",           "LANG",         "LC_ALL",        "TZ",           "TERM",
    "NO_COLOR", "JOURNAL_STREAM", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
};

static void make_environment(const struct supervisor *s, char *ret_env[static ENV_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
        const char *value = getenv(inherited[i]);

        if (value && asprintf(&ret_env[n], "%s=%s", inherited[i], value) >= 0)
            n++;
    }
    if (asprintf(&ret_env[n], "NOTIFY_SOCKET=%s", s->notify_path) >= 0)
        n++;
    ret_env[n] = NULL;
}

static void free_environment(char *env[static ENV_MAX])
{
    for (size_t i = 0; env[i]; i++)
        free(env[i]);
}

static bool any_running(const struct supervisor *s)
{
    for (size_t i = 0; i < s->n_children; i++)
        if (s->children[i].pid)
            return true;
    return false;
}

/* The first one when no other is left. */
static void ask_to_end(struct supervisor *s)
{
    bool others = false;

    for (size_t i = s->n_children; i-- > 0;) {
        struct child *c = &s->children[i];

        if (!c->pid || (i == 0 && others))
            continue;
        others = true;
        if (!c->asked_to_end)
            kill(c->pid, SIGTERM);
        c->asked_to_end = true;
    }
}

static void describe_end(const siginfo_t *info, char *buf, size_t cap)
{
    if (info->si_code == CLD_EXITED)
        snprintf(buf, cap, "exit status %d", info->si_status);
    else
        snprintf(buf, cap, "signal %d (%s)", info->si_status, strsignal(info->si_status));
}

static void on_child_end(struct loop_io *io, uint32_t revents)
{
    struct child *c = container_of(io, struct child, io);
    struct supervisor *s = c->owner;
    siginfo_t info = {0};
    char how[80];

    (void) revents;
    if (waitid(P_PID, (id_t) c->pid, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return;
    describe_end(&info, how, sizeof(how));
    loop_io_stop(&c->io);
    close(c->pidfd);
    c->pid = 0;
    c->ready = false;
    if (!s->stopping)
        s->handlers.on_died(c->name, how, s->arg);
    else if (any_running(s))
        ask_to_end(s);
    else
        loop_defer_arm(&s->stopped);
}

static struct child *find_pid(struct supervisor *s, pid_t pid)
{
    for (size_t i = 0; i < s->n_children; i++)
        if (s->children[i].pid == pid)
            return &s->children[i];
    return NULL;
}

/* READY=1 on a line of its own (sd_notify(3)). */
static bool says_ready(char *text)
{
    char *rest = text;
    char *line;

    while ((line = strsep(&rest, "\n")))
        if (strcmp(line, "READY=1") == 0)
            return true;
    return false;
}

static pid_t sender_of(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred cred;

            memcpy(&cred, CMSG_DATA(c), sizeof(cred));
            return cred.pid;
        }
    }
    return 0;
}

static void on_notify(struct loop_io *io, uint32_t revents)
{
    struct supervisor *s = container_of(io, struct supervisor, notify_io);
    char text[NOTIFY_MAX];
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec iov = {.iov_base = text, .iov_len = sizeof(text) - 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(s->notify_fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    pid_t pid = n > 0 ? sender_of(&m) : 0;
    struct child *c = pid > 0 ? find_pid(s, pid) : NULL;

    (void) revents;
    if (!c)
        return;
    text[n] = '\0';
    if (!c->ready && says_ready(text)) {
        c->ready = true;
        s->handlers.on_ready(c->name, s->arg);
    }
}

static int open_notify_socket(struct supervisor *s, const char *dir)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int one = 1;
    int n = snprintf(s->notify_path, sizeof(s->notify_path), "%s/notify", dir);

    if (n < 0 || (size_t) n >= sizeof(s->notify_path))
        return -ENAMETOOLONG;
    memcpy(sa.sun_path, s->notify_path, (size_t) n + 1);
    s->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->notify_fd < 0 ||
        setsockopt(s->notify_fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0 ||
        bind(s->notify_fd, (struct sockaddr *) &sa, sizeof(sa)) < 0)
        return -errno;
    return loop_io_start(&s->notify_io, s->loop, s->notify_fd, EPOLLIN, on_notify);
}

static void signal_all(struct supervisor *s, int signo)
{
    for (size_t i = 0; i < s->n_children; i++)
        if (s->children[i].pid)
            kill(s->children[i].pid, signo);
}

static void on_stopped_deferred(struct loop_defer *d)
{
    struct supervisor *s = container_of(d, struct supervisor, stopped);

    s->handlers.on_stopped(s->arg);
}

static void on_grace_over(struct loop_timer *t)
{
    struct supervisor *s = container_of(t, struct supervisor, kill_timer);

    for (size_t i = 0; i < s->n_children; i++)
        if (s->children[i].pid && s->children[i].asked_to_end)
            log_warning("%s did not end in time, killing it", s->children[i].name);
    signal_all(s, SIGKILL);
}

int supervisor_new(struct loop *l, const char *dir, const struct supervisor_handlers *handlers,
                   void *arg, struct supervisor **ret_s)
{
    struct supervisor *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return -ENOMEM;
    s->loop = l;
    s->handlers = *handlers;
    s->arg = arg;
    s->notify_fd = -1;
    r = loop_defer_init(&s->stopped, l, on_stopped_deferred);
    if (r == 0)
        r = open_notify_socket(s, dir);
    if (r < 0) {
        supervisor_free(s);
        return r;
    }
    *ret_s = s;
    return 0;
}

struct supervisor *supervisor_free(struct supervisor *s)
{
    if (!s)
        return NULL;
    signal_all(s, SIGKILL);
    for (size_t i = 0; i < s->n_children; i++) {
        struct child *c = &s->children[i];

        if (!c->pid)
            continue;
        loop_io_stop(&c->io);
        waitpid(c->pid, NULL, 0);
        close(c->pidfd);
    }
    loop_timer_done(&s->kill_timer);
    loop_defer_done(&s->stopped);
    loop_io_stop(&s->notify_io);
    if (s->notify_fd >= 0)
        close(s->notify_fd);
    free(s);
    return NULL;
}

/* Runs in the child; only async-signal-safe calls, the parent may have threads. */
static _Noreturn void become(char *const argv[], char *const env[], pid_t parent, int error_fd)
{
    sigset_t none;
    int error;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent)
        execve(argv[0], argv, env);
    error = errno;
    /* The parent reads this number; when even that fails it sees status 127. */
    if (write(error_fd, &error, sizeof(error)) < 0)
        _exit(126);
    _exit(127);
}

/* 0 when the program runs: the pipe closes at exec. Else what exec said. */
static int wait_for_exec(int fd)
{
    int error;
    ssize_t n;

    do {
        n = read(fd, &error, sizeof(error));
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t) sizeof(error) ? -error : 0;
}

static pid_t spawn(struct supervisor *s, char *const argv[])
{
    char *env[ENV_MAX];
    pid_t parent = getpid();
    int pipe_fd[2];
    pid_t pid;
    int r;

    if (pipe2(pipe_fd, O_CLOEXEC) < 0)
        return -errno;
    make_environment(s, env);
    pid = fork();
    if (pid == 0)
        become(argv, env, parent, pipe_fd[1]);
    r = pid < 0 ? -errno : 0;
    close(pipe_fd[1]);
    if (r == 0)
        r = wait_for_exec(pipe_fd[0]);
    close(pipe_fd[0]);
    free_environment(env);
    if (r < 0 && pid > 0)
        waitpid(pid, NULL, 0);
    return r < 0 ? r : pid;
}

int supervisor_start(struct supervisor *s, const char *name, char *const argv[])
{
    struct child *c;
    pid_t pid;
    int r;

    if (s->n_children == SUPERVISOR_CHILDREN_MAX)
        return -ENOSPC;
    pid = spawn(s, argv);
    if (pid < 0)
        return pid;
    c = &s->children[s->n_children];
    *c = (struct child){.owner = s, .name = name};
    c->pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
    r = c->pidfd < 0 ? -errno : loop_io_start(&c->io, s->loop, c->pidfd, EPOLLIN, on_child_end);
    if (r < 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        if (c->pidfd >= 0)
            close(c->pidfd);
        return r;
    }
    c->pid = pid;
    s->n_children++;
    return 0;
}

bool supervisor_all_ready(const struct supervisor *s)
{
    for (size_t i = 0; i < s->n_children; i++)
        if (!s->children[i].ready)
            return false;
    return s->n_children > 0;
}

void supervisor_stop(struct supervisor *s, unsigned grace_ms)
{
    if (s->stopping)
        return;
    s->stopping = true;
    ask_to_end(s);
    if (!any_running(s))
        loop_defer_arm(&s->stopped);
    else
        loop_timer_start(&s->kill_timer, s->loop, (uint64_t) grace_ms * 1000, on_grace_over);
}
