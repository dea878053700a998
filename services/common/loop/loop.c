#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <systemd/sd-event.h>
#include <time.h>

/* So many events go first before deferred work, as long as there are any. */
#define DEFER_TURNS_MAX 64

struct loop {
    sd_event *event;
    struct list deferred; /* loop_defer.node of the armed ones */
    unsigned n_turns_deferred;
    bool quit;
    int quit_code;
};

struct signal_handler {
    struct loop *loop;
    loop_signal_fn *fn;
    void *arg;
};

static void run_deferred(struct loop *l)
{
    struct list batch;

    l->n_turns_deferred = 0;
    list_init(&batch);
    list_append(&l->deferred, &batch);
    list_del(&l->deferred);
    while (!list_empty(&batch)) {
        struct loop_defer *d = list_first(&batch, struct loop_defer, node);

        list_del(&d->node);
        d->fn(d);
    }
}

/* A turn of sd-event dispatches one source, and 0 says that there was nothing to dispatch. */
static int run_turn(struct loop *l)
{
    int r;

    if (list_empty(&l->deferred)) {
        r = sd_event_run(l->event, UINT64_MAX);
        return r < 0 ? r : 0;
    }
    r = sd_event_run(l->event, 0);
    if (r < 0)
        return r;
    if (!l->quit && (r == 0 || ++l->n_turns_deferred >= DEFER_TURNS_MAX))
        run_deferred(l);
    return 0;
}

int loop_new(struct loop **ret_loop)
{
    struct loop *l = calloc(1, sizeof(*l));
    int r;

    if (!l)
        return -ENOMEM;
    list_init(&l->deferred);
    r = sd_event_new(&l->event);
    if (r < 0) {
        loop_free(l);
        return r;
    }
    *ret_loop = l;
    return 0;
}

struct loop *loop_free(struct loop *l)
{
    if (!l)
        return NULL;
    sd_event_unref(l->event);
    free(l);
    return NULL;
}

int loop_run(struct loop *l)
{
    while (!l->quit) {
        int r = run_turn(l);

        if (r < 0)
            return r;
    }
    l->quit = false;
    return l->quit_code;
}

void loop_quit(struct loop *l, int code)
{
    l->quit = true;
    l->quit_code = code;
}

/* ---- file descriptors ---- */

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    struct loop_io *io = arg;

    (void) source;
    (void) fd;
    io->fn(io, revents);
    return 0;
}

int loop_io_start(struct loop_io *io, struct loop *l, int fd, uint32_t events, loop_io_fn *fn)
{
    sd_event_source *source = NULL;
    int r;

    *io = (struct loop_io){.fd = -1};
    r = sd_event_add_io(l->event, &source, fd, events, on_io, io);
    if (r < 0)
        return r;
    *io = (struct loop_io){.loop = l, .source = source, .fn = fn, .fd = fd, .events = events};
    return 0;
}

int loop_io_set_events(struct loop_io *io, uint32_t events)
{
    int r;

    if (io->events == events)
        return 0;
    r = sd_event_source_set_io_events(io->source, events);
    if (r < 0)
        return r;
    io->events = events;
    return 0;
}

void loop_io_stop(struct loop_io *io)
{
    io->source = sd_event_source_disable_unref(io->source);
}

/* ---- time ---- */

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
    struct loop_timer *t = arg;

    (void) source;
    (void) usec;
    t->fn(t);
    return 0;
}

/* The kernel's clock, also when a test moves ours: sd-event waits by it. */
static uint64_t deadline_in(uint64_t delay_us)
{
    struct timespec ts;
    uint64_t now;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    now = (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
    return delay_us < UINT64_MAX - now ? now + delay_us : UINT64_MAX;
}

int loop_timer_start(struct loop_timer *t, struct loop *l, uint64_t delay_us, loop_timer_fn *fn)
{
    uint64_t deadline = deadline_in(delay_us);
    int r;

    t->loop = l;
    t->fn = fn;
    if (!t->source) {
        sd_event_source *source = NULL;

        r = sd_event_add_time(l->event, &source, CLOCK_MONOTONIC, deadline, 1, on_timer, t);
        if (r < 0)
            return r;
        t->source = source;
        return 0;
    }
    r = sd_event_source_set_time(t->source, deadline);
    return r < 0 ? r : sd_event_source_set_enabled(t->source, SD_EVENT_ONESHOT);
}

void loop_timer_stop(struct loop_timer *t)
{
    if (t->source)
        (void) sd_event_source_set_enabled(t->source, SD_EVENT_OFF);
}

void loop_timer_done(struct loop_timer *t)
{
    t->source = sd_event_source_disable_unref(t->source);
}

bool loop_timer_is_armed(const struct loop_timer *t)
{
    return t->source && sd_event_source_get_enabled(t->source, NULL) > 0;
}

/* ---- deferred work ---- */

int loop_defer_init(struct loop_defer *d, struct loop *l, loop_defer_fn *fn)
{
    d->loop = l;
    d->fn = fn;
    list_init(&d->node);
    return 0;
}

void loop_defer_arm(struct loop_defer *d)
{
    if (list_empty(&d->node))
        list_append(&d->loop->deferred, &d->node);
}

void loop_defer_done(struct loop_defer *d)
{
    if (d->loop)
        list_del(&d->node);
}

/* ---- signals ---- */

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
    struct signal_handler *h = arg;

    (void) source;
    h->fn(h->loop, (int) si->ssi_signo, h->arg);
    return 0;
}

int loop_signal_add(struct loop *l, int signo, loop_signal_fn *fn, void *arg)
{
    struct signal_handler *h = malloc(sizeof(*h));
    sd_event_source *source = NULL;
    sigset_t set;
    int r;

    if (!h)
        return -ENOMEM;
    *h = (struct signal_handler){.loop = l, .fn = fn, .arg = arg};
    sigemptyset(&set);
    sigaddset(&set, signo);
    r = -pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (r == 0)
        r = sd_event_add_signal(l->event, &source, signo, on_signal, h);
    if (r < 0) {
        free(h);
        return r;
    }
    /* From here on the source lives as long as the loop, and frees h.
     * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    (void) sd_event_source_set_destroy_callback(source, free);
    (void) sd_event_source_set_floating(source, true);
    sd_event_source_unref(source);
    return 0;
}

static void on_quit_signal(struct loop *l, int signo, void *arg)
{
    (void) signo;
    (void) arg;
    loop_quit(l, 0);
}

int loop_quit_on_signals(struct loop *l)
{
    int r = loop_signal_add(l, SIGTERM, on_quit_signal, NULL);

    if (r == 0)
        r = loop_signal_add(l, SIGINT, on_quit_signal, NULL);
    if (r == 0 && signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        r = -errno;
    return r;
}

int loop_feed_watchdog(struct loop *l, bool on)
{
    int r = sd_event_set_watchdog(l->event, on);

    return r < 0 ? r : 0;
}
