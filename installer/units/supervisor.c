#include "units/supervisor.h"

#include "base/list.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTIFY_MAX 4096
#define ENV_MAX 32
#define GROUPS_MAX 32
#define LISTEN_FDS_START 3

struct child {
    struct supervisor *owner;
    const char *name;
    pid_t pid; /* 0: none */
    int pidfd;
    bool ready, asked_to_end;
    struct loop_io io;
    uint64_t watchdog_us; /* 0: it has none */
    bool barked;
    struct loop_timer watchdog; /* from when it is ready; then, until it is killed */
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

/* What a child may inherit: where programs and files are, the locale, the terminal, sanitizer
 * options. */
static const char *const inherited[] = {
    "VISAVIS_ROOT", "PATH",     "HOME",           "LANG",         "LC_ALL",        "TZ",
    "TERM",         "NO_COLOR", "JOURNAL_STREAM", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
    "TSAN_OPTIONS",
};

static void make_environment(const struct supervisor *s, const struct supervisor_program *p,
                             char *ret_env[static ENV_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
        const char *value = getenv(inherited[i]);

        if (value && asprintf(&ret_env[n], "%s=%s", inherited[i], value) >= 0)
            n++;
    }
    if (asprintf(&ret_env[n], "NOTIFY_SOCKET=%s", s->notify_path) >= 0)
        n++;
    if (p->watchdog_ms > 0 && asprintf(&ret_env[n], "WATCHDOG_USEC=%u000", p->watchdog_ms) >= 0)
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
    loop_timer_done(&c->watchdog);
    close(c->pidfd);
    c->pid = 0;
    c->ready = false;
    if (!s->stopping)
        s->handlers.on_died(c->name, how, s->arg); /* it may start it again, in this place */
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

/* As a line of its own (sd_notify(3)). */
static bool says(const char *text, const char *line)
{
    for (size_t len; *text; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        if (len == strlen(line) && memcmp(text, line, len) == 0)
            return true;
    }
    return false;
}

static void on_silence(struct loop_timer *t);

static void feed(struct child *c)
{
    if (c->watchdog_us > 0 && c->ready && !c->barked)
        (void) loop_timer_start(&c->watchdog, c->owner->loop, c->watchdog_us, on_silence);
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

/* One; false: there was none. */
static bool take_notice(struct supervisor *s)
{
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

    if (!c)
        return n > 0;
    text[n] = '\0';
    if (!c->ready && says(text, "READY=1")) {
        c->ready = true;
        feed(c);
        s->handlers.on_ready(c->name, s->arg);
    } else if (says(text, "WATCHDOG=1")) {
        feed(c);
    }
    return true;
}

static void on_notify(struct loop_io *io, uint32_t revents)
{
    (void) revents;
    (void) take_notice(container_of(io, struct supervisor, notify_io));
}

/* It may still say where it is before it ends, and is killed when it does not end. */
static void on_silence(struct loop_timer *t)
{
    struct child *c = container_of(t, struct child, watchdog);

    if (c->asked_to_end)
        return;                   /* that has a limit of its own */
    while (take_notice(c->owner)) /* it may be us who stood still */
        ;
    if (loop_timer_is_armed(t))
        return;
    if (c->barked) {
        log_error("%s does not end, killing it", c->name);
        kill(c->pid, SIGKILL);
        return;
    }
    log_error("%s has not been heard of for %u s, ending it", c->name,
              (unsigned) (c->watchdog_us / 1000000));
    c->barked = true;
    kill(c->pid, SIGABRT);
    (void) loop_timer_start(t, c->owner->loop, c->watchdog_us / 2, on_silence);
}

static int open_notify_socket(struct supervisor *s, const char *dir)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int one = 1;
    int n = snprintf(s->notify_path, sizeof(s->notify_path), "%s/notify", dir);

    if (n < 0 || (size_t) n >= sizeof(s->notify_path))
        return -ENAMETOOLONG;
    memcpy(sa.sun_path, s->notify_path, (size_t) n + 1);
    unlink(s->notify_path); /* of one that was killed */
    s->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->notify_fd < 0 ||
        setsockopt(s->notify_fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0 ||
        bind(s->notify_fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ||
        chmod(s->notify_path, 0666) < 0) /* children with users of their own; pids are checked */
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
        loop_timer_done(&c->watchdog);
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

/* What the child needs to know, looked up before there is one: afterwards only async-signal-safe
 * calls are allowed, since the parent may have threads. */
struct becoming {
    char *const *argv;
    char *env[ENV_MAX];
    char *listen_pid; /* the digits' place in env; NULL without sockets */
    const int *sockets;
    size_t n_sockets;
    bool change_user;
    uid_t uid;
    gid_t gid;
    gid_t groups[GROUPS_MAX];
    int n_groups;
    pid_t parent;
    int error_fd;
};

static void write_pid(char *at, pid_t pid)
{
    char digits[12];
    size_t n = 0;

    for (; pid > 0; pid /= 10)
        digits[n++] = (char) ('0' + pid % 10);
    while (n > 0)
        *at++ = digits[--n];
    *at = '\0';
}

/* To 3, 4, ...; first out of the way, since they may stand on each other's places. */
static bool place_sockets(struct becoming *b)
{
    int high[SUPERVISOR_SOCKETS_MAX];
    int first_free = LISTEN_FDS_START + SUPERVISOR_SOCKETS_MAX;

    b->error_fd = fcntl(b->error_fd, F_DUPFD_CLOEXEC, first_free);
    if (b->error_fd < 0)
        return false;
    for (size_t i = 0; i < b->n_sockets; i++) {
        high[i] = fcntl(b->sockets[i], F_DUPFD_CLOEXEC, first_free);
        if (high[i] < 0)
            return false;
    }
    for (size_t i = 0; i < b->n_sockets; i++)
        if (dup2(high[i], LISTEN_FDS_START + (int) i) < 0)
            return false;
    return true;
}

static bool take_user(const struct becoming *b)
{
    return !b->change_user || (setgroups((size_t) b->n_groups, b->groups) == 0 &&
                               setgid(b->gid) == 0 && setuid(b->uid) == 0);
}

static _Noreturn void become(struct becoming *b)
{
    sigset_t none;
    int error;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    if (b->listen_pid)
        write_pid(b->listen_pid, getpid());
    /* The wish to die with the parent does not outlive a change of user. */
    if ((b->n_sockets == 0 || place_sockets(b)) && take_user(b) &&
        prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == b->parent)
        execve(b->argv[0], b->argv, b->env);
    error = errno;
    /* The parent reads this number; when even that fails it sees status 127. */
    if (write(b->error_fd, &error, sizeof(error)) < 0)
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

static int look_up_user(struct becoming *b, const char *user)
{
    const struct passwd *p;

    errno = 0;
    p = getpwnam(user);
    if (!p)
        return errno ? -errno : -ENOENT;
    b->change_user = true;
    b->uid = p->pw_uid;
    b->gid = p->pw_gid;
    b->n_groups = GROUPS_MAX;
    return getgrouplist(user, p->pw_gid, b->groups, &b->n_groups) < 0 ? -E2BIG : 0;
}

static int prepare(const struct supervisor *s, const struct supervisor_program *p,
                   struct becoming *ret)
{
    size_t n = 0;

    if (p->n_sockets > SUPERVISOR_SOCKETS_MAX)
        return -E2BIG;
    ret->argv = p->argv;
    ret->sockets = p->sockets;
    ret->n_sockets = p->n_sockets;
    ret->parent = getpid();
    make_environment(s, p, ret->env);
    while (ret->env[n])
        n++;
    if (p->n_sockets > 0) {
        if (asprintf(&ret->env[n], "LISTEN_FDS=%zu", p->n_sockets) >= 0)
            n++;
        if (asprintf(&ret->env[n], "LISTEN_FDNAMES=%s", p->socket_names) >= 0)
            n++;
        if (asprintf(&ret->env[n], "LISTEN_PID=%12s", "") >= 0)
            ret->listen_pid = ret->env[n++] + strlen("LISTEN_PID=");
        ret->env[n] = NULL;
    }
    return p->user ? look_up_user(ret, p->user) : 0;
}

static pid_t spawn(struct supervisor *s, const struct supervisor_program *p)
{
    struct becoming b = {.argv = NULL};
    int pipe_fd[2] = {-1, -1};
    pid_t pid = 0;
    int r = prepare(s, p, &b);

    if (r == 0 && pipe2(pipe_fd, O_CLOEXEC) < 0)
        r = -errno;
    if (r == 0) {
        b.error_fd = pipe_fd[1];
        pid = fork();
        if (pid == 0)
            become(&b);
        r = pid < 0 ? -errno : 0;
        close(pipe_fd[1]);
    }
    if (r == 0)
        r = wait_for_exec(pipe_fd[0]);
    if (pipe_fd[0] >= 0)
        close(pipe_fd[0]);
    free_environment(b.env);
    if (r < 0 && pid > 0)
        waitpid(pid, NULL, 0);
    return r < 0 ? r : pid;
}

static struct child *find_name(const struct supervisor *s, const char *name)
{
    for (size_t i = 0; i < s->n_children; i++)
        if (strcmp(s->children[i].name, name) == 0)
            return (struct child *) &s->children[i];
    return NULL;
}

/* A child that ended leaves its place to the next of its name. */
static int find_place(struct supervisor *s, const char *name, struct child **ret)
{
    struct child *c = find_name(s, name);

    if (c && c->pid)
        return -EALREADY;
    if (!c && s->n_children == SUPERVISOR_CHILDREN_MAX)
        return -ENOSPC;
    *ret = c ? c : &s->children[s->n_children++];
    **ret = (struct child){.owner = s, .name = name};
    return 0;
}

int supervisor_start(struct supervisor *s, const struct supervisor_program *p)
{
    struct child *c;
    pid_t pid;
    int r = find_place(s, p->name, &c);

    if (r < 0)
        return r;
    pid = spawn(s, p);
    if (pid < 0)
        return pid;
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
    c->ready = p->is_silent;
    c->watchdog_us = (uint64_t) p->watchdog_ms * 1000;
    return 0;
}

pid_t supervisor_pid(const struct supervisor *s, const char *name)
{
    const struct child *c = find_name(s, name);

    return c ? c->pid : 0;
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
