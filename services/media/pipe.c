#include "media/pipe.h"

#include "media/worker.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BATCH 256 /* records of one pipe; then it is others' turn */

struct pipes {
    struct worker *worker;
    const struct pipe_handlers *handlers;
    struct pipe_counters counters;
    struct loop_fd bell_fd;
    int bell;                          /* an eventfd, for all pipes that lead here */
    _Alignas(64) atomic_bool sleeping; /* it must be rung; any thread */
    _Alignas(64) struct pipe **out;    /* by index of the worker; NULL: none yet */
    struct pipe **in;                  /* the same; of the others */
    unsigned n_written;                /* of out, since the last flush */
};

/* ---- writing ---- */

static struct pipe *pipe_free(struct pipe *p)
{
    if (!p)
        return NULL;
    ring_free(p->ring);
    slots_done(&p->sinks);
    slots_done(&p->mirrors);
    free(p);
    return NULL;
}

static struct pipe *pipe_new(struct worker *from, struct worker *to)
{
    struct pipe *p = aligned_alloc(_Alignof(struct pipe), sizeof(*p));

    if (!p)
        return NULL;
    memset(p, 0, sizeof(*p));
    p->from = from;
    p->to = to;
    if (ring_new(PIPE_RING_SIZE, &p->ring) < 0)
        return pipe_free(p);
    return p;
}

struct pipe *pipe_to(struct worker *from, struct worker *to)
{
    struct pipe **p = &from->pipes->out[to->index];
    struct message *m;

    if (*p)
        return *p;
    m = message_new(MAIL_PIPE_NEW);
    *p = m ? pipe_new(from, to) : NULL;
    if (!*p) {
        message_free(m);
        return NULL;
    }
    pipe_post(*p, m);
    return *p;
}

void pipe_post(struct pipe *p, struct message *m)
{
    m->pipe = p;
    p->n_mails++;
    (void) ring_publish(p->ring); /* what was written before this is read before this */
    mailbox_post(p->to->mailbox, &m->mail);
}

bool pipe_write(struct pipe *p, uint32_t type, uint32_t slot, struct bytes body)
{
    struct pipes *all = p->from->pipes;
    struct pipe_record head = {.n_mails = p->n_mails, .slot = slot, .type = type};
    uint8_t *room = ring_reserve(p->ring, sizeof(head) + body.len);

    if (!room) {
        all->counters.dropped++;
        return false;
    }
    memcpy(room, &head, sizeof(head));
    if (body.len)
        memcpy(room + sizeof(head), body.p, body.len);
    all->counters.records_out++;
    if (!p->written) {
        p->written = true;
        all->n_written++;
        worker_flush_soon(p->from);
    }
    return true;
}

/* The order of all these accesses is one for all threads: either the reader sees what was
 * published before it sleeps, or we see that it sleeps. */
static void ring_the_bell(struct pipes *p)
{
    if (atomic_exchange(&p->sleeping, false))
        (void) eventfd_write(p->bell, 1);
}

void pipes_flush(struct pipes *p)
{
    for (unsigned i = 0; p->n_written > 0 && i < p->worker->node->n_workers; i++) {
        struct pipe *out = p->out[i];

        if (!out || !out->written)
            continue;
        out->written = false;
        p->n_written--;
        if (ring_publish(out->ring))
            ring_the_bell(out->to->pipes);
    }
}

/* ---- reading ---- */

/* The next record, unless mail comes first. */
static struct bytes peek(struct pipe *p, struct pipe_record *ret)
{
    struct bytes record = ring_peek(p->ring);

    if (!record.p)
        return record;
    memcpy(ret, record.p, sizeof(*ret));
    if (ret->n_mails != p->n_handled)
        return bytes_of(NULL, 0);
    return bytes_of(record.p + sizeof(*ret), record.len - sizeof(*ret));
}

/* True: there may be more. */
static bool drain(struct pipes *all, struct pipe *p, unsigned max)
{
    struct pipe_record head;
    struct bytes body;
    unsigned n = 0;

    while (n < max && (body = peek(p, &head)).p) {
        all->handlers->on_record(p, &head, body);
        ring_next(p->ring);
        n++;
    }
    all->counters.records_in += n;
    ring_release(p->ring);
    return n == max;
}

static bool drain_all(struct pipes *all)
{
    bool more = false;

    for (unsigned i = 0; i < all->worker->node->n_workers; i++) {
        if (all->in[i])
            more |= drain(all, all->in[i], BATCH);
    }
    return more;
}

static bool is_ready(const struct pipes *all)
{
    struct pipe_record head;

    for (unsigned i = 0; i < all->worker->node->n_workers; i++) {
        if (all->in[i] && peek(all->in[i], &head).p)
            return true;
    }
    return false;
}

static void on_bell(struct loop_fd *fd, uint32_t revents)
{
    struct pipes *all = container_of(fd, struct pipes, bell_fd);
    uint64_t before = all->counters.records_in;
    bool more;
    eventfd_t n;

    (void) revents;
    (void) eventfd_read(all->bell, &n);
    more = drain_all(all);
    if (!more) {
        atomic_store(&all->sleeping, true);
        more = is_ready(all);
    }
    if (more) {
        atomic_store(&all->sleeping, false);
        (void) eventfd_write(all->bell, 1); /* others first */
    }
    loop_set_took(all->worker->set, (unsigned) (all->counters.records_in - before), more);
}

/* What was written before this mail, then the mail, then what waited for it. */
void pipes_on_mail(struct pipes *all, struct message *m)
{
    struct pipe *p = m->pipe;

    if (m->type == MAIL_PIPE_NEW)
        all->in[p->from->index] = p;
    (void) drain(all, p, UINT_MAX);
    all->handlers->on_mail(p, m);
    p->n_handled++;
    (void) drain(all, p, UINT_MAX);
    message_free(m);
}

/* ---- life ---- */

const struct pipe_counters *pipes_counters(const struct pipes *p)
{
    return &p->counters;
}

int pipes_new(struct worker *w, const struct pipe_handlers *handlers, struct pipes **ret_p)
{
    struct pipes *p = aligned_alloc(_Alignof(struct pipes), sizeof(*p));
    int r;

    if (!p)
        return -ENOMEM;
    memset(p, 0, sizeof(*p));
    p->worker = w;
    p->handlers = handlers;
    atomic_init(&p->sleeping, true);
    p->out = calloc(w->node->n_workers, sizeof(struct pipe *));
    p->in = calloc(w->node->n_workers, sizeof(struct pipe *));
    p->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    r = p->bell < 0 ? -errno : 0;
    if (!p->out || !p->in)
        r = -ENOMEM;
    if (r == 0)
        r = loop_fd_start(&p->bell_fd, w->set, p->bell, EPOLLIN, on_bell);
    if (r < 0) {
        pipes_free(p);
        return r;
    }
    *ret_p = p;
    return 0;
}

struct pipes *pipes_free(struct pipes *p)
{
    if (!p)
        return NULL;
    loop_fd_stop(&p->bell_fd);
    if (p->bell >= 0)
        close(p->bell);
    for (unsigned i = 0; p->out && i < p->worker->node->n_workers; i++)
        pipe_free(p->out[i]);
    free(p->out);
    free(p->in);
    free(p);
    return NULL;
}
