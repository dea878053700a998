#include "link/link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_MIN_US 100000
#define RETRY_MAX_US 2000000

struct link_dialer {
    struct loop *loop;
    struct loop_timer retry;
    struct link_dialer_handlers handlers;
    void *arg;
    struct sockaddr_un address;
    uint64_t delay_us; /* before the next attempt */
    struct link *link;
    int told; /* the error that on_failed knows of; 0 none */
};

static void on_retry(struct loop_timer *t);

/* Without memory for a timer source there is none either for anything else; the source made in
 * link_dial() is kept, so this does not happen later on. */
static void schedule(struct link_dialer *d)
{
    (void) loop_timer_start(&d->retry, d->loop, d->delay_us, on_retry);
    d->delay_us = d->delay_us * 2 < RETRY_MAX_US ? d->delay_us * 2 : RETRY_MAX_US;
}

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    struct link_dialer *d = arg;

    d->handlers.handlers.on_request(k, method, params, rq, d->arg);
}

static void on_notification(struct link *k, const char *method, json_t *params, void *arg)
{
    struct link_dialer *d = arg;

    d->handlers.handlers.on_notification(k, method, params, d->arg);
}

/* on_down may free the dialer. */
static void on_closed(struct link *k, int error, void *arg)
{
    struct link_dialer *d = arg;

    (void) error;
    d->link = NULL;
    d->delay_us = RETRY_MIN_US;
    schedule(d);
    if (d->handlers.on_down)
        d->handlers.on_down(d, d->arg);
    link_free(k);
}

/* A Unix socket connects at once or not at all. */
static int try_connect(const struct link_dialer *d)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *) &d->address, sizeof(d->address)) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    return fd;
}

/* on_failed may free the dialer. */
static void tell_failure(struct link_dialer *d, int error)
{
    if (error == d->told)
        return;
    d->told = error;
    if (d->handlers.on_failed)
        d->handlers.on_failed(d, error, d->arg);
}

static void on_retry(struct loop_timer *t)
{
    struct link_dialer *d = container_of(t, struct link_dialer, retry);
    const struct link_handlers handlers = {
        .on_request = d->handlers.handlers.on_request ? on_request : NULL,
        .on_notification = d->handlers.handlers.on_notification ? on_notification : NULL,
        .on_closed = on_closed,
    };
    int r = try_connect(d);

    if (r >= 0)
        r = link_new(d->loop, r, &handlers, d, &d->link);
    if (r < 0) {
        schedule(d);
        tell_failure(d, r);
        return;
    }
    d->told = 0;
    if (d->handlers.on_up)
        d->handlers.on_up(d, d->link, d->arg);
}

int link_dial(struct loop *l, const char *path, const struct link_dialer_handlers *handlers,
              void *arg, struct link_dialer **ret_d)
{
    struct link_dialer *d;
    int r;

    if (strlen(path) >= sizeof(d->address.sun_path))
        return -ENAMETOOLONG;
    d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->loop = l;
    d->handlers = *handlers;
    d->arg = arg;
    d->delay_us = RETRY_MIN_US;
    d->address.sun_family = AF_UNIX;
    memcpy(d->address.sun_path, path, strlen(path));
    r = loop_timer_start(&d->retry, l, 0, on_retry);
    if (r < 0) {
        free(d);
        return r;
    }
    *ret_d = d;
    return 0;
}

struct link_dialer *link_dialer_free(struct link_dialer *d)
{
    struct link *k;

    if (!d)
        return NULL;
    k = d->link;
    d->link = NULL;
    loop_timer_done(&d->retry);
    link_free(k);
    free(d);
    return NULL;
}

void link_dialer_restart(struct link_dialer *d)
{
    struct link *k = d->link;

    d->link = NULL;
    d->delay_us = RETRY_MAX_US;
    schedule(d);
    link_free(k);
}

struct link *link_dialer_link(struct link_dialer *d)
{
    return d->link;
}
