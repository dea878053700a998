#include "loop/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    struct loop_io io;
    int fd;
    mail_fn *fn;
    void *arg;
    pthread_mutex_t lock;
    struct list posted;   /* mail.node; under lock */
    struct list received; /* taken from posted, being delivered; the loop's thread alone */
    bool delivering;
    bool freed;
};

static void destroy(struct mailbox *b)
{
    pthread_mutex_destroy(&b->lock);
    close(b->fd);
    free(b);
}

/* Moves all of from, which may be empty, to the end of the empty list to. */
static void take_all(struct list *from, struct list *to)
{
    list_append(from, to);
    list_del(from);
}

static void on_posted(struct loop_io *io, uint32_t revents)
{
    struct mailbox *b = container_of(io, struct mailbox, io);
    eventfd_t n;

    (void) revents;
    (void) eventfd_read(b->fd, &n);
    pthread_mutex_lock(&b->lock);
    take_all(&b->posted, &b->received);
    pthread_mutex_unlock(&b->lock);

    b->delivering = true;
    while (!b->freed && !list_empty(&b->received)) {
        struct mail *m = list_first(&b->received, struct mail, node);

        list_del(&m->node);
        b->fn(m, b->arg);
    }
    b->delivering = false;
    if (b->freed)
        destroy(b);
}

int mailbox_new(struct loop *l, mail_fn *fn, void *arg, struct mailbox **ret_box)
{
    struct mailbox *b = calloc(1, sizeof(*b));
    int r;

    if (!b)
        return -ENOMEM;
    b->fn = fn;
    b->arg = arg;
    list_init(&b->posted);
    list_init(&b->received);
    pthread_mutex_init(&b->lock, NULL);
    b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    r = b->fd < 0 ? -errno : loop_io_start(&b->io, l, b->fd, EPOLLIN, on_posted);
    if (r < 0) {
        if (b->fd >= 0)
            close(b->fd);
        pthread_mutex_destroy(&b->lock);
        free(b);
        return r;
    }
    *ret_box = b;
    return 0;
}

static void drop_all(struct list *mails, mail_fn *fn_drop, void *arg)
{
    while (!list_empty(mails)) {
        struct mail *m = list_first(mails, struct mail, node);

        list_del(&m->node);
        fn_drop(m, arg);
    }
}

struct mailbox *mailbox_free(struct mailbox *b, mail_fn *fn_drop)
{
    if (!b)
        return NULL;
    loop_io_stop(&b->io);
    drop_all(&b->received, fn_drop, b->arg);
    drop_all(&b->posted, fn_drop, b->arg);
    if (b->delivering)
        b->freed = true; /* on_posted() destroys it */
    else
        destroy(b);
    return NULL;
}

void mailbox_post(struct mailbox *b, struct mail *m)
{
    bool was_empty;

    pthread_mutex_lock(&b->lock);
    was_empty = list_empty(&b->posted);
    list_append(&b->posted, &m->node);
    pthread_mutex_unlock(&b->lock);
    if (was_empty)
        (void) eventfd_write(b->fd, 1);
}
