#include "loop/beside.h"

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct beside {
    struct loop_io io;
    beside_fn *fn;
    void *arg;
    int fd; /* an eventfd: fn has returned */
    atomic_bool cancelled;
    bool done;
};

static void *run(void *arg)
{
    struct beside *b = arg;

    b->fn(&b->cancelled, b->arg);
    (void) !write(b->fd, &(uint64_t){1}, sizeof(uint64_t));
    return NULL;
}

static void on_done(struct loop_io *io, uint32_t revents)
{
    struct beside *b = container_of(io, struct beside, io);

    (void) revents;
    b->done = true;
    loop_quit(io->loop, 0);
    loop_io_stop(io);
}

/* Signals are the business of the loop's thread. */
static int start(pthread_t *thread, struct beside *b)
{
    sigset_t all, before;
    int r;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(thread, NULL, run, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -r;
}

int beside_run(struct loop *l, beside_fn *fn, void *arg)
{
    struct beside b = {.fn = fn, .arg = arg};
    pthread_t thread;
    int r, code;

    b.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b.fd < 0)
        return -errno;
    r = loop_io_start(&b.io, l, b.fd, EPOLLIN, on_done);
    if (r == 0)
        r = start(&thread, &b);
    if (r != 0) {
        loop_io_stop(&b.io);
        close(b.fd);
        return r;
    }
    code = loop_run(l);
    if (!b.done) {
        atomic_store(&b.cancelled, true);
        loop_io_stop(&b.io);
        if (code >= 0)
            loop_quit(l, code);
        r = code < 0 ? code : -ECANCELED;
    }
    pthread_join(thread, NULL);
    close(b.fd);
    return r;
}
