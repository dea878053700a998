#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 64
#define POLL_ROUNDS_MAX 8 /* then the loop's other sources have their turn */
#define POLL_IDLE_MAX 2   /* ticks in a row that bring next to nothing end it */
#define POLL_WORTH 2      /* messages in a tick, unless it is said otherwise */
#define GAP_WEIGHT 8      /* the mean time between wake-ups is of about so many */

struct loop_set {
    struct loop_io io;
    int epoll_fd;
    struct epoll_event batch[BATCH_MAX];
    int batch_next, batch_len; /* the events from batch_next on are still to be delivered */
    bool dispatching;
    bool freed;

    loop_set_fn *begin, *end; /* may be NULL */
    void *arg;

    unsigned tick_us; /* 0: no polling */
    unsigned worth;   /* messages in a tick */
    bool polling;
    bool more;            /* a handler of this round left something for the next */
    unsigned n_took;      /* messages of this round */
    unsigned n_idle;      /* rounds in a row with next to nothing */
    uint64_t woken_ns;    /* last time */
    uint64_t mean_gap_ns; /* between wake-ups */
};

static void destroy(struct loop_set *s)
{
    loop_io_stop(&s->io);
    if (s->epoll_fd >= 0)
        close(s->epoll_fd);
    free(s);
}

static void deliver(struct loop_set *s)
{
    while (s->batch_next < s->batch_len && !s->freed) {
        const struct epoll_event *ev = &s->batch[s->batch_next++];
        struct loop_fd *f = ev->data.ptr;

        s->n_took++;
        if (f)
            f->fn(f, ev->events);
    }
}

static void run_round(struct loop_set *s)
{
    s->batch_next = 0;
    s->batch_len = epoll_wait(s->epoll_fd, s->batch, BATCH_MAX, 0);
    s->n_took = 0;
    s->more = s->batch_len == BATCH_MAX;
    if (s->batch_len <= 0 && !s->polling)
        return;
    if (s->begin)
        s->begin(s->arg);
    deliver(s);
    if (!s->freed && s->end)
        s->end(s->arg);
}

/* The kernel's clock, also when a test moves ours. */
static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

/* The loop woke up for us: often enough to begin polling? */
static void count_wake_up(struct loop_set *s, uint64_t now)
{
    uint64_t tick_ns = s->tick_us * (uint64_t) 1000, gap = now - s->woken_ns;

    if (gap > 4 * tick_ns)
        gap = 4 * tick_ns;
    s->woken_ns = now;
    s->mean_gap_ns += gap / GAP_WEIGHT;
    s->mean_gap_ns -= s->mean_gap_ns / GAP_WEIGHT;
    s->polling = s->worth * s->mean_gap_ns < tick_ns;
    s->n_idle = 0;
}

/* After a round; false: no more polling. */
static bool is_worth_polling(struct loop_set *s)
{
    s->n_idle = s->n_took < s->worth ? s->n_idle + 1 : 0;
    if (s->n_idle >= POLL_IDLE_MAX) {
        s->polling = false;
        s->mean_gap_ns = s->tick_us * (uint64_t) 1000;
        s->woken_ns = now_ns();
    }
    return s->polling;
}

static void sleep_until(uint64_t ns)
{
    struct timespec ts = {(time_t) (ns / 1000000000), (long) (ns % 1000000000)};

    (void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* The time that a round takes is part of the tick: the longer it takes, the shorter is the pause.
 */
static void poll_rounds(struct loop_set *s, uint64_t begun_ns)
{
    for (unsigned i = 0; i < POLL_ROUNDS_MAX && !s->freed && is_worth_polling(s); i++) {
        if (!s->more)
            sleep_until(begun_ns + s->tick_us * (uint64_t) 1000);
        begun_ns = now_ns();
        run_round(s);
    }
}

static void on_ready(struct loop_io *io, uint32_t revents)
{
    struct loop_set *s = container_of(io, struct loop_set, io);
    uint64_t now = s->tick_us > 0 ? now_ns() : 0;

    (void) revents;
    s->dispatching = true;
    if (s->tick_us > 0 && !s->polling)
        count_wake_up(s, now);
    run_round(s);
    if (s->polling)
        poll_rounds(s, now);
    s->dispatching = false;
    if (s->freed)
        destroy(s);
}

int loop_set_new(struct loop *l, struct loop_set **ret_set)
{
    struct loop_set *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return -ENOMEM;
    s->worth = POLL_WORTH;
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    r = s->epoll_fd < 0 ? -errno : loop_io_start(&s->io, l, s->epoll_fd, EPOLLIN, on_ready);
    if (r < 0) {
        destroy(s);
        return r;
    }
    *ret_set = s;
    return 0;
}

struct loop_set *loop_set_free(struct loop_set *s)
{
    if (s && s->dispatching) {
        /* The batch ends first; on_ready() destroys it. */
        loop_io_stop(&s->io);
        s->freed = true;
    } else if (s) {
        destroy(s);
    }
    return NULL;
}

int loop_fd_start(struct loop_fd *f, struct loop_set *s, int fd, uint32_t events, loop_fd_fn *fn)
{
    struct epoll_event ev = {.events = events, .data.ptr = f};

    *f = (struct loop_fd){.fd = -1};
    if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
        return -errno;
    *f = (struct loop_fd){.set = s, .fn = fn, .fd = fd, .events = events};
    return 0;
}

int loop_fd_set_events(struct loop_fd *f, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = f};

    if (f->events == events)
        return 0;
    if (epoll_ctl(f->set->epoll_fd, EPOLL_CTL_MOD, f->fd, &ev) < 0)
        return -errno;
    f->events = events;
    return 0;
}

void loop_fd_stop(struct loop_fd *f)
{
    struct loop_set *s = f->set;

    if (!s)
        return;
    (void) epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, f->fd, NULL);
    for (int i = s->batch_next; s->dispatching && i < s->batch_len; i++)
        if (s->batch[i].data.ptr == f)
            s->batch[i].data.ptr = NULL;
    f->set = NULL;
}

void loop_set_on_round(struct loop_set *s, loop_set_fn *begin, loop_set_fn *end, void *arg)
{
    s->begin = begin;
    s->end = end;
    s->arg = arg;
}

void loop_set_poll(struct loop_set *s, unsigned tick_us)
{
    s->tick_us = tick_us;
    s->polling = false;
    s->mean_gap_ns = tick_us * (uint64_t) 1000;
    s->woken_ns = now_ns();
}

void loop_set_poll_worth(struct loop_set *s, unsigned n_messages)
{
    s->worth = n_messages;
}

void loop_set_took(struct loop_set *s, unsigned n, bool more)
{
    s->n_took += n > 0 ? n - 1 : 0; /* one is counted for the event */
    s->more |= more;
}
