#include "ice_agent/context.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* The kernel's clock, by which GLib's and the loop's timers run. */
static uint64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

/* ---- what is waited for ---- */

static bool grow(struct context *c, int n)
{
    GPollFD *fds = realloc(c->fds, (size_t) n * sizeof(*fds)), *asked;

    if (!fds)
        return false;
    c->fds = fds;
    asked = realloc(c->asked, (size_t) n * sizeof(*asked));
    if (!asked)
        return false;
    c->asked = asked;
    c->cap = n;
    return true;
}

/* Asks GLib: c->fds, c->priority and the time until something is due, in ms (-1: never). */
static gint query(struct context *c)
{
    gint timeout = -1;
    int n;

    (void) g_main_context_prepare(c->glib, &c->priority);
    n = g_main_context_query(c->glib, c->priority, &timeout, c->fds, c->cap);
    while (n > c->cap) {
        if (!grow(c, n)) /* those that do not fit are looked at again a moment later */
            return timeout < 0 || timeout > 100 ? 100 : timeout;
        n = g_main_context_query(c->glib, c->priority, &timeout, c->fds, c->cap);
    }
    c->n_fds = n;
    c->fresh = true;
    return timeout;
}

/* poll's and epoll's bits are the same on Linux, and GLib's are poll's. */
static void ask_epoll(struct context *c, const GPollFD *fd, bool known)
{
    struct epoll_event ev = {.events = fd->events, .data.fd = fd->fd};

    /* A known one may have been closed and its number given to another: that is not in the set. */
    if (known && epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, fd->fd, &ev) == 0)
        return;
    if (epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd->fd, &ev) < 0 && errno == EEXIST)
        (void) epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, fd->fd, &ev);
}

static bool contains(const GPollFD *fds, int n, int fd)
{
    for (int i = 0; i < n; i++) {
        if (fds[i].fd == fd)
            return true;
    }
    return false;
}

static void watch(struct context *c)
{
    for (int i = 0; i < c->n_asked; i++) {
        if (!contains(c->fds, c->n_fds, c->asked[i].fd))
            (void) epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, c->asked[i].fd, NULL);
    }
    for (int i = 0; i < c->n_fds; i++)
        ask_epoll(c, &c->fds[i], contains(c->asked, c->n_asked, c->fds[i].fd));
    memcpy(c->asked, c->fds, (size_t) c->n_fds * sizeof(*c->fds));
    c->n_asked = c->n_fds;
}

static void on_timer(struct loop_timer *t);

/* An earlier wake-up than needed is harmless, and cheaper than moving the timer each time. */
static void arm_timer(struct context *c, gint timeout_ms)
{
    uint64_t due_us;

    if (timeout_ms < 0)
        return;
    if (timeout_ms == 0) {
        loop_defer_arm(&c->again);
        return;
    }
    due_us = now_us() + (uint64_t) timeout_ms * 1000;
    if (loop_timer_is_armed(&c->timer) && c->timer_due_us <= due_us)
        return;
    c->timer_due_us = due_us;
    (void) loop_timer_start(&c->timer, c->loop, (uint64_t) timeout_ms * 1000, on_timer);
}

static void wait_again(struct context *c)
{
    gint timeout_ms;

    context_enter(c);
    timeout_ms = query(c);
    watch(c);
    g_main_context_pop_thread_default(c->glib);
    g_main_context_release(c->glib);
    arm_timer(c, timeout_ms);
}

/* ---- running ---- */

bool context_run_once(struct context *c)
{
    bool ready = false;

    context_enter(c);
    if (!c->fresh)
        (void) query(c);
    c->fresh = false;
    /* struct pollfd and GPollFD are the same (GLib's documentation of GPollFD). */
    (void) poll((struct pollfd *) (void *) c->fds, (nfds_t) c->n_fds, 0);
    if (g_main_context_check(c->glib, c->priority, c->fds, c->n_fds)) {
        g_main_context_dispatch(c->glib);
        ready = true;
    }
    g_main_context_pop_thread_default(c->glib);
    g_main_context_release(c->glib);
    return ready;
}

static void run(struct context *c)
{
    (void) context_run_once(c);
    wait_again(c);
    c->after(c);
}

static void on_ready(struct loop_fd *fd, uint32_t revents)
{
    (void) revents;
    run(container_of(fd, struct context, ready));
}

static void on_timer(struct loop_timer *t)
{
    run(container_of(t, struct context, timer));
}

static void on_again(struct loop_defer *d)
{
    run(container_of(d, struct context, again));
}

void context_enter(struct context *c)
{
    (void) g_main_context_acquire(c->glib); /* of this thread alone: never taken */
    g_main_context_push_thread_default(c->glib);
}

void context_leave(struct context *c)
{
    g_main_context_pop_thread_default(c->glib);
    g_main_context_release(c->glib);
    c->fresh = false;
    loop_defer_arm(&c->again);
}

/* ---- life ---- */

int context_init(struct context *c, struct loop *l, struct loop_set *set, context_fn *after)
{
    int r;

    *c = (struct context){.loop = l, .after = after, .epoll_fd = -1};
    c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (c->epoll_fd < 0)
        return -errno;
    c->glib = g_main_context_new();
    r = loop_defer_init(&c->again, l, on_again);
    if (r == 0)
        r = loop_fd_start(&c->ready, set, c->epoll_fd, EPOLLIN, on_ready);
    if (r < 0)
        context_done(c);
    return r;
}

void context_done(struct context *c)
{
    if (!c->glib)
        return;
    loop_fd_stop(&c->ready);
    loop_timer_done(&c->timer);
    loop_defer_done(&c->again);
    if (c->epoll_fd >= 0)
        close(c->epoll_fd);
    g_main_context_unref(c->glib);
    free(c->fds);
    free(c->asked);
    *c = (struct context){.epoll_fd = -1};
}
