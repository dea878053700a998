#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BATCH_MAX 64

struct loop_set {
    struct loop_io io;
    int epoll_fd;
    struct epoll_event batch[BATCH_MAX];
    int batch_next, batch_len; /* the events from batch_next on are still to be delivered */
    bool dispatching;
    bool freed;
};

static void destroy(struct loop_set *s)
{
    loop_io_stop(&s->io);
    if (s->epoll_fd >= 0)
        close(s->epoll_fd);
    free(s);
}

static void on_ready(struct loop_io *io, uint32_t revents)
{
    struct loop_set *s = container_of(io, struct loop_set, io);

    (void) revents;
    s->batch_next = 0;
    s->batch_len = epoll_wait(s->epoll_fd, s->batch, BATCH_MAX, 0);
    s->dispatching = true;
    while (s->batch_next < s->batch_len && !s->freed) {
        const struct epoll_event *ev = &s->batch[s->batch_next++];
        struct loop_fd *f = ev->data.ptr;

        if (f)
            f->fn(f, ev->events);
    }
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
