#include "tests/lib/child.h"

#include "base/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_MS 10000
#define STOP_MS 5000
#define POLL_MS 10
#define SOCKETS_MAX 8
#define VARIABLES_MAX 4
#define FAR_FD 100 /* where no socket is */

struct child {
    struct list node;
    const char *name;
    pid_t pid; /* 0: none */
    int notify_fd;
    int sockets[SOCKETS_MAX];
    char socket_names[SOCKETS_MAX * 32];
    unsigned n_sockets;
    struct {
        char name[32], value[512];
    } variables[VARIABLES_MAX];
    unsigned n_variables;
    char dir[48];
};

static struct list children = LIST_INIT(children);

/* Of a program that gives up. */
static void free_all(void)
{
    struct child *c;

    while ((c = list_first(&children, struct child, node)))
        child_free(c);
}

/* ---- its folder ---- */

const char *child_path(const struct child *c, const char *file, char ret[static CHILD_PATH_SIZE])
{
    snprintf(ret, CHILD_PATH_SIZE, "%s/%s", c->dir, file);
    return ret;
}

int child_write(const struct child *c, const char *file, const char *fmt, ...)
{
    char path[CHILD_PATH_SIZE];
    va_list ap;
    int fd = open(child_path(c, file, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int n;

    if (fd < 0)
        return -errno;
    va_start(ap, fmt);
    n = vdprintf(fd, fmt, ap);
    va_end(ap);
    close(fd);
    return n < 0 ? -EIO : 0;
}

static int open_notify_socket(struct child *c)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    child_path(c, "notify", a.sun_path);
    c->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->notify_fd < 0 || bind(c->notify_fd, (struct sockaddr *) &a, sizeof(a)) < 0)
        return -errno;
    return 0;
}

int child_new(const char *name, struct child **ret_c)
{
    static bool at_exit;
    struct child *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->name = name;
    c->notify_fd = -1;
    list_init(&c->node);
    strcpy(c->dir, "/tmp/visavis-test-XXXXXX");
    if (!mkdtemp(c->dir)) {
        r = -errno;
        free(c);
        return r;
    }
    r = open_notify_socket(c);
    if (r == 0 && !at_exit)
        r = atexit(free_all) == 0 ? 0 : -ENOMEM;
    if (r < 0) {
        child_free(c);
        return r;
    }
    at_exit = true;
    list_append(&children, &c->node);
    *ret_c = c;
    return 0;
}

/* With folders that the process has made in it. */
static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *e;

    while (dir && (e = readdir(dir))) {
        char inner[512];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            unlinkat(dirfd(dir), e->d_name, 0) == 0 || (errno != EISDIR && errno != EPERM))
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
        remove_folder(inner);
    }
    if (dir)
        closedir(dir);
    (void) rmdir(path);
}

bool child_has_logged(const struct child *c, const char *text)
{
    char path[CHILD_PATH_SIZE], line[2048];
    FILE *f = fopen(child_path(c, "log", path), "r");
    bool found = false;

    while (f && !found && fgets(line, sizeof(line), f))
        found = strstr(line, text) != NULL;
    if (f)
        fclose(f);
    return found;
}

/* ---- its process ---- */

int child_give_socket(struct child *c, int fd, const char *name)
{
    size_t len = strlen(c->socket_names);

    if (c->n_sockets == SOCKETS_MAX || len + strlen(name) + 2 > sizeof(c->socket_names))
        return -ENOSPC;
    snprintf(c->socket_names + len, sizeof(c->socket_names) - len, "%s%s", len ? ":" : "", name);
    c->sockets[c->n_sockets++] = fd;
    return 0;
}

static void inherit_sockets(const struct child *c)
{
    char text[16];

    if (c->n_sockets == 0)
        return;
    for (unsigned i = 0; i < c->n_sockets; i++)
        dup2(c->sockets[i], FAR_FD + (int) i);
    for (unsigned i = 0; i < c->n_sockets; i++) {
        dup2(FAR_FD + (int) i, 3 + (int) i);
        close(FAR_FD + (int) i);
    }
    snprintf(text, sizeof(text), "%d", (int) getpid());
    setenv("LISTEN_PID", text, 1);
    snprintf(text, sizeof(text), "%u", c->n_sockets);
    setenv("LISTEN_FDS", text, 1);
    setenv("LISTEN_FDNAMES", c->socket_names, 1);
}

int child_set(struct child *c, const char *name, const char *value)
{
    if (c->n_variables == VARIABLES_MAX || strlen(name) >= sizeof(c->variables[0].name) ||
        strlen(value) >= sizeof(c->variables[0].value))
        return -ENOSPC;
    strcpy(c->variables[c->n_variables].name, name);
    strcpy(c->variables[c->n_variables++].value, value);
    return 0;
}

static void set_variables(const struct child *c, const char *notify_path)
{
    setenv("NOTIFY_SOCKET", notify_path, 1);
    unsetenv("WATCHDOG_USEC");
    for (unsigned i = 0; i < c->n_variables; i++)
        setenv(c->variables[i].name, c->variables[i].value, 1);
}

static void become(const struct child *c, pid_t parent)
{
    char path[CHILD_PATH_SIZE];
    int log = open(child_path(c, "log", path), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const struct rlimit no_core = {0, 0};
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void) setrlimit(RLIMIT_CORE, &no_core);
    if (getppid() != parent || log < 0)
        _exit(127);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    set_variables(c, child_path(c, "notify", path));
    inherit_sockets(c);
}

int child_start(struct child *c, char *const argv[])
{
    pid_t parent = getpid();

    c->pid = fork();
    if (c->pid < 0)
        return -errno;
    if (c->pid == 0) {
        become(c, parent);
        execv(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    return 0;
}

int child_fork(struct child *c, int (*fn)(void *arg), void *arg)
{
    pid_t parent = getpid();

    fflush(NULL);
    c->pid = fork();
    if (c->pid < 0)
        return -errno;
    if (c->pid == 0) {
        become(c, parent);
        _exit(fn(arg));
    }
    return 0;
}

/* Reaps it if it ended; *ret_status is what waitpid() says. */
static bool has_ended(struct child *c, int *ret_status)
{
    if (c->pid == 0 || waitpid(c->pid, ret_status, WNOHANG) == 0)
        return c->pid == 0;
    c->pid = 0;
    return true;
}

/* Nobody reads what it says of itself any more, and with the queue full it would wait for that. */
static void drop_told(const struct child *c)
{
    char text[256];

    while (recv(c->notify_fd, text, sizeof(text), 0) >= 0)
        ;
}

int child_wait_end(struct child *c, unsigned timeout_ms, int *ret_status)
{
    for (unsigned waited = 0; !has_ended(c, ret_status); waited += POLL_MS) {
        if (waited >= timeout_ms)
            return -ETIMEDOUT;
        drop_told(c);
        (void) poll(NULL, 0, POLL_MS);
    }
    return 0;
}

int child_wait_told(struct child *c, const char *wanted, unsigned timeout_ms)
{
    struct pollfd p = {.fd = c->notify_fd, .events = POLLIN};
    char text[256];
    int status;

    for (unsigned waited = 0; waited < timeout_ms; waited += POLL_MS) {
        ssize_t n = recv(c->notify_fd, text, sizeof(text) - 1, 0);

        if (n > 0) {
            text[n] = '\0';
            if (strstr(text, wanted))
                return 0;
            continue;
        }
        if (has_ended(c, &status))
            return -ECHILD;
        (void) poll(&p, 1, POLL_MS);
    }
    return -ETIMEDOUT;
}

int child_wait_ready(struct child *c, unsigned timeout_ms)
{
    return child_wait_told(c, "READY=1", timeout_ms);
}

/* "<folder>/<name>" beside one of the folders that this program is in. */
static int find_ours(const char *subfolder, const char *name, char *ret, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", ret, cap - 1);
    char *slash;

    if (n < 0)
        return -errno;
    ret[n] = '\0';
    while ((slash = strrchr(ret, '/'))) {
        if (snprintf(slash, cap - (size_t) (slash - ret), "/%s/%s", subfolder, name) >=
            (int) (cap - (size_t) (slash - ret)))
            return -ENAMETOOLONG;
        if (access(ret, X_OK) == 0)
            return 0;
        *slash = '\0';
    }
    return -ENOENT;
}

int child_preload(struct child *c, const char *name)
{
    char path[512];
    int r = find_ours("tests", name, path, sizeof(path));

    if (r == 0)
        r = child_set(c, "LD_PRELOAD", path);
    return r < 0 ? r : child_set(c, "ASAN_OPTIONS", "verify_asan_link_order=0");
}

int child_start_daemon(struct child *c, const char *name)
{
    char program[512], option[] = "--config", config[CHILD_PATH_SIZE];
    char *argv[] = {program, option, config, NULL};
    int r = find_ours("bin", name, program, sizeof(program));

    child_path(c, "config", config);
    if (r == 0)
        r = child_start(c, argv);
    return r < 0 ? r : child_wait_ready(c, READY_MS);
}

static void show_log(const struct child *c)
{
    char path[CHILD_PATH_SIZE], line[512];
    FILE *f = fopen(child_path(c, "log", path), "r");

    while (f && fgets(line, sizeof(line), f))
        fprintf(stderr, "%s: %s", c->name, line);
    if (f)
        fclose(f);
}

int child_stop(struct child *c)
{
    int status = 0;

    if (c->pid)
        kill(c->pid, SIGTERM);
    for (unsigned waited = 0; c->pid && waited < STOP_MS; waited += POLL_MS) {
        drop_told(c);
        if (!has_ended(c, &status))
            (void) poll(NULL, 0, POLL_MS);
    }
    if (c->pid) {
        fprintf(stderr, "%s does not stop\n", c->name);
        kill(c->pid, SIGKILL);
        waitpid(c->pid, &status, 0);
        c->pid = 0;
    }
    if (status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM))
        return 0;
    show_log(c);
    return -EIO;
}

struct child *child_free(struct child *c)
{
    if (!c)
        return NULL;
    list_del(&c->node);
    (void) child_stop(c);
    if (c->notify_fd >= 0)
        close(c->notify_fd);
    remove_folder(c->dir);
    free(c);
    return NULL;
}

pid_t child_pid(const struct child *c)
{
    return c->pid;
}

/* ---- what it used ---- */

/* A file of /proc/PID/ as text. */
static int read_proc(const struct child *c, const char *file, char *buf, size_t cap)
{
    char path[64];
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int) c->pid, file);
    f = fopen(path, "r");
    if (!f)
        return -errno;
    n = fread(buf, 1, cap - 1, f);
    fclose(f);
    buf[n] = '\0';
    return 0;
}

/* Fields 14 and 15 of stat; the second is a name in parentheses, which may hold anything. */
static int read_times(const struct child *c, struct child_usage *ret)
{
    unsigned long hz = (unsigned long) sysconf(_SC_CLK_TCK);
    char text[1024], *rest = NULL, *word;
    int r = read_proc(c, "stat", text, sizeof(text));

    if (r < 0)
        return r;
    word = strrchr(text, ')');
    word = word ? strtok_r(word + 1, " ", &rest) : NULL;
    for (int field = 3; word && field < 14; field++)
        word = strtok_r(NULL, " ", &rest);
    if (!word)
        return -EBADMSG;
    ret->user_ms = strtoul(word, NULL, 10) * 1000 / hz;
    ret->system_ms = strtoul(rest, NULL, 10) * 1000 / hz;
    return 0;
}

static uint64_t kib_of(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static int read_memory(const struct child *c, struct child_usage *ret)
{
    char text[4096];
    int r = read_proc(c, "smaps_rollup", text, sizeof(text));

    if (r < 0)
        return r;
    ret->rss_kib = kib_of(text, "\nRss:");
    ret->pss_kib = kib_of(text, "\nPss:");
    ret->anonymous_kib = kib_of(text, "\nAnonymous:");
    return 0;
}

int child_usage(const struct child *c, struct child_usage *ret)
{
    struct timespec t;
    clockid_t clock;
    int r;

    drop_told(c);
    *ret = (struct child_usage){0};
    if (c->pid == 0 || clock_getcpuclockid(c->pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
        return -ESRCH;
    ret->cpu_ns = (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
    r = read_times(c, ret);
    return r < 0 ? r : read_memory(c, ret);
}
