#include "apply/runner.h"

#include "apply/apply.h"
#include "apply/cast.h"
#include "apply/generation.h"
#include "apply/pending.h"
#include "apply/renewal.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "files/files.h"
#include "host/paths.h"
#include "loop/loop.h"
#include "nginx/site.h"
#include "settings/problems.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define STOP_GRACE_MS 10000
#define RESTART_US 200000ull
#define RETRY_US 60000000ull /* of one that is degraded */
#define BURST 5              /* ends within BURST_MS make it so */
#define BURST_MS 10000
#define SETTLE_US 2000000ull   /* both files of a pair are there by then */
#define UNREADY_US 60000000ull /* certificates are looked after though not all is ready */

struct run;

struct part_state {
    struct run *run;
    enum plan_part part;
    struct loop_timer timer; /* until the next start */
    uint64_t ends_ms[BURST]; /* when it ended last, a ring */
    size_t n_ends;
    bool degraded, stop_wanted, restart_wanted;
};

struct run {
    struct loop *loop;
    struct supervisor *supervisor;
    struct cast *cast;
    struct part_state parts[N_PLAN_PARTS];
    struct renewal renewal;
    struct loop_io watch;
    int watch_fd, live_wd, lock_fd;
    runner_ready_fn *on_ready; /* NULL once it was called */
    void *ready_arg;
    bool was_ready, stopping;
};

/* ---- the configuration ---- */

static void on_problem(const struct setting_problem *p, void *arg)
{
    static const enum log_level levels[] = {
        [SETTING_NOTICE] = LOG_LEVEL_NOTICE,
        [SETTING_WARNING] = LOG_LEVEL_WARNING,
        [SETTING_ERROR] = LOG_LEVEL_ERROR,
    };
    char text[2048];

    (void) arg;
    log_write(levels[p->severity], "%s", problem_line(p, text, sizeof(text)));
}

static void on_text(enum log_level level, const char *text, void *arg)
{
    (void) arg;
    log_write(level, "%s", text);
}

static enum apply_end apply(struct apply_result *ret)
{
    static const struct apply_options options = {.no_units = true};
    static const struct apply_listener listener = {on_problem, on_text, NULL};

    apply_run(&options, &listener, ret);
    return ret->end;
}

/* ---- parts that come and go ---- */

static struct part_state *find_part(struct run *r, const char *name)
{
    for (size_t i = 0; i < N_PLAN_PARTS; i++)
        if (strcmp(plan_part_name((enum plan_part) i), name) == 0)
            return &r->parts[i];
    return NULL;
}

static pid_t pid_of(const struct part_state *p)
{
    return supervisor_pid(p->run->supervisor, plan_part_name(p->part));
}

static void start_part(struct part_state *p);

static void on_restart_time(struct loop_timer *t)
{
    start_part(container_of(t, struct part_state, timer));
}

static void later(struct part_state *p, uint64_t delay_us)
{
    if (loop_timer_start(&p->timer, p->run->loop, delay_us, on_restart_time) < 0)
        log_error("%s: no timer, it stays down", plan_part_name(p->part));
}

static void mark_degraded(struct part_state *p, const char *why)
{
    static const struct file_access readable = {0644, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    char path[PATH_MAX], folder[PATH_MAX], name[64], text[256];

    path_join(folder, PATH_RUN, "degraded");
    snprintf(name, sizeof(name), "degraded/%s", plan_service(p->part));
    path_join(path, PATH_RUN, name);
    if (!why) {
        if (p->degraded)
            log_notice("%s is well again", plan_part_name(p->part));
        p->degraded = false;
        unlink(path);
        return;
    }
    if (!p->degraded)
        log_error("%s is DEGRADED: %s; trying again each minute", plan_part_name(p->part), why);
    p->degraded = true;
    snprintf(text, sizeof(text), "%s\n", why);
    if (dir_make(folder, NULL) < 0 || file_write(path, bytes_str(text), &readable) < 0)
        log_warning("%s: cannot be written", path);
}

static void start_part(struct part_state *p)
{
    int r = cast_start(p->run->cast, p->part, p->run->supervisor);

    p->stop_wanted = p->restart_wanted = false;
    if (r == 0 || r == -EALREADY)
        return;
    mark_degraded(p, strerror(-r));
    later(p, RETRY_US);
}

/* One that was killed leaves its sockets behind, which the next one takes for ones in use. */
static void clean_up_after(const struct part_state *p)
{
    char path[PATH_MAX];

    for (const char *const *s = site_sockets; p->part == PLAN_NGINX && *s; s++)
        unlink(path_join(path, PATH_RUN, *s));
}

static bool ends_too_often(struct part_state *p)
{
    uint64_t now = clock_ms();
    uint64_t oldest = p->ends_ms[p->n_ends % BURST];

    p->ends_ms[p->n_ends % BURST] = now;
    p->n_ends++;
    return p->n_ends > BURST && now - oldest < BURST_MS;
}

static void on_ready(const char *name, void *arg)
{
    struct run *r = arg;
    struct part_state *p = find_part(r, name);

    if (!p)
        return;
    mark_degraded(p, NULL);
    if (supervisor_all_ready(r->supervisor)) {
        log_notice("ready");
        if (!r->was_ready)
            renewal_in(&r->renewal, 0);
        r->was_ready = true;
        if (r->on_ready)
            r->on_ready(r->ready_arg);
        r->on_ready = NULL;
    }
}

static void on_died(const char *name, const char *how, void *arg)
{
    struct run *r = arg;
    struct part_state *p = find_part(r, name);

    if (!p) {
        renewal_ended(&r->renewal, how);
        return;
    }
    clean_up_after(p);
    if (p->stop_wanted) {
        log_info("%s has stopped", name);
        p->stop_wanted = false;
        return;
    }
    if (p->restart_wanted) {
        start_part(p);
        return;
    }
    log_warning("%s ended by itself (%s), starting it again", name, how);
    if (ends_too_often(p)) {
        mark_degraded(p, how);
        later(p, RETRY_US);
    } else {
        later(p, RESTART_US);
    }
}

static void on_stopped(void *arg)
{
    struct run *r = arg;

    loop_quit(r->loop, 0);
}

static void signal_part(struct part_state *p, int signo)
{
    pid_t pid = pid_of(p);

    if (pid > 0)
        kill(pid, signo);
}

/* Sockets stay open over a restart: nobody is turned away in between. */
static void take_step(struct part_state *p, enum plan_action action)
{
    switch (action) {
    case PLAN_NOTHING:
        if (cast_is_wanted(p->part) && pid_of(p) == 0)
            start_part(p); /* one that had given up gets its chance at once */
        return;
    case PLAN_RELOAD:
        if (pid_of(p) == 0 && cast_is_wanted(p->part))
            start_part(p);
        else
            signal_part(p, SIGHUP);
        return;
    case PLAN_START:
        start_part(p);
        return;
    case PLAN_RESTART:
        if (pid_of(p) == 0) {
            start_part(p);
            return;
        }
        p->restart_wanted = true;
        signal_part(p, SIGTERM);
        return;
    case PLAN_STOP:
        loop_timer_stop(&p->timer);
        p->stop_wanted = true;
        signal_part(p, SIGTERM);
        return;
    }
}

static uint16_t server_port(void)
{
    struct settings *s = NULL;
    uint16_t port = 0;
    char *text;
    size_t len;
    unsigned n;

    if (generation_current(&n) == 0 && generation_read(n, "settings.env", &text, &len) == 0) {
        if (settings_read(bytes_of(text, len), &s) == 0)
            port = (uint16_t) settings_int(s, SET_SERVER_PORT);
        settings_free(s);
        secret_wipe(text, len);
        free(text);
    }
    return port;
}

static void apply_and_follow(struct run *r)
{
    struct apply_result *result = calloc(1, sizeof(*result));

    if (!result) {
        log_error("out of memory, the configuration stays as it is");
        return;
    }
    if (apply(result) > APPLY_PARTLY) {
        free(result);
        return;
    }
    (void) cast_move(r->cast, server_port()); /* which says what is wrong */
    for (size_t i = 0; i < N_PLAN_PARTS; i++)
        take_step(&r->parts[i], result->plan.steps[i].action);
    free(result);
}

/* ---- what makes us look again ---- */

static void on_hangup(struct loop *l, int signo, void *arg)
{
    struct run *r = arg;

    (void) l;
    (void) signo;
    log_notice("reading %s again", path_of(PATH_ENV));
    apply_and_follow(r);
    renewal_in(&r->renewal, SETTLE_US);
}

/* Those who serve the pair read it again; no connection is lost. */
static void on_live_pair(struct run *r)
{
    int error;

    log_notice("the certificate has changed, the web server and TURN read it");
    signal_part(&r->parts[PLAN_NGINX], SIGHUP);
    signal_part(&r->parts[PLAN_TURN], SIGHUP);
    error = pending_clear(PENDING_CERTIFICATE);
    if (error < 0)
        log_warning("%s: %s", path_of(PATH_CONF), strerror(-error));
}

static void on_watch(struct loop_io *io, uint32_t revents)
{
    struct run *r = container_of(io, struct run, watch);
    char events[4096] __attribute__((aligned(8)));
    bool live = false, owncert = false;
    ssize_t n;

    (void) revents;
    while ((n = read(r->watch_fd, events, sizeof(events))) > 0) {
        for (const char *p = events; p < events + n;) {
            const struct inotify_event *e = (const void *) p;

            if (e->wd != r->live_wd)
                owncert = true;
            else if (e->len > 0 && strcmp(e->name, "live") == 0)
                live = true;
            p += sizeof(*e) + e->len;
        }
    }
    if (live)
        on_live_pair(r);
    if (owncert)
        renewal_in(&r->renewal, SETTLE_US);
}

static int watch(const struct run *r, enum path folder, uint32_t events)
{
    int wd = inotify_add_watch(r->watch_fd, path_of(folder), events);

    if (wd < 0)
        log_warning("%s is not watched: %s", path_of(folder), strerror(errno));
    return wd;
}

static int watch_certificates(struct run *r)
{
    r->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (r->watch_fd < 0)
        return -errno;
    r->live_wd = watch(r, PATH_CERTS, IN_MOVED_TO | IN_CREATE);
    (void) watch(r, PATH_OWNCERT, IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE);
    return loop_io_start(&r->watch, r->loop, r->watch_fd, EPOLLIN, on_watch);
}

static void on_end_signal(struct loop *l, int signo, void *arg)
{
    struct run *r = arg;

    (void) l;
    if (!r->stopping)
        log_notice("signal %d, stopping", signo);
    r->stopping = true;
    for (size_t i = 0; i < N_PLAN_PARTS; i++)
        loop_timer_stop(&r->parts[i].timer);
    loop_timer_stop(&r->renewal.timer);
    supervisor_stop(r->supervisor, STOP_GRACE_MS);
}

/* ---- one of us ---- */

static const char *lock_path(char buf[static PATH_MAX])
{
    return path_join(buf, PATH_RUN, "run.pid");
}

pid_t runner_pid(void)
{
    char path[PATH_MAX], text[16] = "";
    int fd = open(lock_path(path), O_RDONLY | O_CLOEXEC);
    pid_t pid = 0;

    if (fd < 0)
        return 0;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0 && read(fd, text, sizeof(text) - 1) > 0)
        pid = (pid_t) strtol(text, NULL, 10);
    close(fd);
    return pid;
}

/* Root's alone: whoever may read it may lock it, and would pass for one that runs. */
static int take_lock(struct run *r)
{
    char path[PATH_MAX];

    r->lock_fd = open(lock_path(path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (r->lock_fd < 0 || fchmod(r->lock_fd, 0600) < 0)
        return -errno;
    if (flock(r->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return -EALREADY;
    return ftruncate(r->lock_fd, 0) < 0 || dprintf(r->lock_fd, "%d\n", getpid()) < 0 ? -errno : 0;
}

/* ---- the run ---- */

static int prepare_loop(struct run *r)
{
    int error = loop_new(&r->loop);

    if (error == 0 && signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        error = -errno;
    if (error == 0)
        error = loop_signal_add(r->loop, SIGINT, on_end_signal, r);
    if (error == 0)
        error = loop_signal_add(r->loop, SIGTERM, on_end_signal, r);
    if (error == 0)
        error = loop_signal_add(r->loop, SIGHUP, on_hangup, r);
    return error;
}

static int start_all(struct run *r)
{
    static const struct supervisor_handlers handlers = {on_ready, on_died, on_stopped};
    int error = supervisor_new(r->loop, path_of(PATH_RUN), &handlers, r, &r->supervisor);

    if (error == 0)
        error = cast_new(geteuid() == 0 && !*path_root(), server_port(), &r->cast);
    if (error == 0)
        error = watch_certificates(r);
    if (error == 0) {
        renewal_init(&r->renewal, r->loop, r->supervisor);
        renewal_in(&r->renewal, UNREADY_US);
    }
    for (size_t i = 0; error == 0 && i < N_PLAN_PARTS; i++)
        if (cast_is_wanted((enum plan_part) i))
            start_part(&r->parts[i]);
    return error;
}

static void put_away(struct run *r)
{
    supervisor_free(r->supervisor);
    cast_free(r->cast);
    for (size_t i = 0; i < N_PLAN_PARTS; i++)
        loop_timer_done(&r->parts[i].timer);
    renewal_done(&r->renewal);
    loop_io_stop(&r->watch);
    if (r->watch_fd >= 0)
        close(r->watch_fd);
    if (r->lock_fd >= 0)
        close(r->lock_fd);
    loop_free(r->loop);
}

int runner_run(runner_ready_fn *on_ready_once, void *arg)
{
    struct run *r = calloc(1, sizeof(*r));
    struct apply_result *result = calloc(1, sizeof(*result));
    int error = r && result ? dir_make(path_of(PATH_RUN), NULL) : -ENOMEM;

    if (r) {
        *r = (struct run){
            .watch_fd = -1, .lock_fd = -1, .on_ready = on_ready_once, .ready_arg = arg};
        for (size_t i = 0; i < N_PLAN_PARTS; i++)
            r->parts[i] = (struct part_state){.run = r, .part = (enum plan_part) i};
    }
    if (error == 0)
        error = take_lock(r);
    if (error == 0 && apply(result) >= APPLY_REFUSED && result->generation == 0)
        error = -EINVAL;
    if (error == 0)
        error = prepare_loop(r);
    if (error == 0)
        error = start_all(r);
    if (error == 0)
        error = loop_run(r->loop);
    free(result);
    if (r)
        put_away(r);
    free(r);
    return error;
}
