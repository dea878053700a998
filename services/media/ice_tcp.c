#include "media/ice_tcp.h"

#include "base/blob.h"
#include "base/clock.h"
#include "codec/framing.h"
#include "net/hosts.h"
#include "net/out_queue.h"
#include "net/tcp_listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SWEEP_US 1000000u
#define READ_MAX 65536
#define PARTIAL_MAX (FRAMING_HEADER_SIZE + ICE_TCP_DATAGRAM_MAX)

/* A client that answers nothing any more: as long as consent lasts (RFC 7675). */
#define UNANSWERED_MAX_MS 30000

enum conn_state {
    CONN_STRANGER,
    CONN_MEMBER, /* of a transport, now or before */
    CONN_ENDING, /* freed as soon as nobody is busy with it */
    N_CONN_STATES,
};

struct conn {
    struct way way;
    struct ice_tcp *tcp;
    struct loop_fd io;
    int fd;
    enum conn_state state;
    struct list node;    /* in the list of its state, those that came first are first */
    struct list writing; /* in the list of those that were sent something */
    struct host *host;   /* where it counts as a stranger; NULL: it does not */
    struct addr remote, local;
    struct blob partial; /* the beginning of a datagram */
    struct out_queue out;
    uint64_t since_ms;
    size_t stranger_bytes;
};

struct ice_tcp {
    struct loop *loop;
    struct loop_set *set;
    struct ice_tcp_handlers handlers;
    void *arg;
    struct tcp_listener listener;
    struct list lists[N_CONN_STATES];
    size_t n_strangers;
    struct list writing;
    struct loop_timer sweep;
    struct loop_defer reap;
    struct hosts *hosts;
    struct out_pool pool;
    struct ice_tcp_counters counters;
    uint8_t in[PARTIAL_MAX + READ_MAX];
};

/* ---- states ---- */

static void leave_strangers(struct conn *c)
{
    if (c->state == CONN_STRANGER)
        c->tcp->n_strangers--;
    c->host = hosts_leave(c->tcp->hosts, c->host);
}

static void set_state(struct conn *c, enum conn_state state)
{
    leave_strangers(c);
    list_del(&c->node);
    list_append(&c->tcp->lists[state], &c->node);
    c->state = state;
}

/* Nothing more is read; whoever is busy with it now may go on. */
static void end(struct conn *c)
{
    if (c->state == CONN_ENDING)
        return;
    if (c->state == CONN_STRANGER)
        c->tcp->counters.refused++;
    set_state(c, CONN_ENDING);
    loop_fd_stop(&c->io);
    loop_defer_arm(&c->tcp->reap);
}

static void conn_free(struct conn *c)
{
    leave_strangers(c);
    loop_fd_stop(&c->io);
    list_del(&c->node);
    list_del(&c->writing);
    out_queue_clear(&c->out, &c->tcp->pool);
    blob_clear(&c->partial);
    close(c->fd);
    free(c);
}

static void on_reap(struct loop_defer *d)
{
    struct ice_tcp *t = container_of(d, struct ice_tcp, reap);
    struct conn *c;

    list_for_each (c, &t->lists[CONN_ENDING], node) {
        if (c->way.transport)
            t->handlers.lost(&c->way, t->arg);
        conn_free(c);
    }
}

/* ---- to the client ---- */

static void send_framed(struct way *w, struct bytes datagram)
{
    struct conn *c = container_of(w, struct conn, way);
    bool is_media = datagram.len > 0 && datagram.p[0] >= 128 && datagram.p[0] < 192;
    uint8_t header[FRAMING_HEADER_SIZE];
    const struct bytes parts[] = {bytes_of(header, sizeof(header)), datagram};
    size_t max = is_media ? ICE_TCP_MEDIA_QUEUE_MAX : ICE_TCP_QUEUE_MAX;

    if (c->state == CONN_ENDING)
        return;
    framing_header(datagram.len, header);
    if (c->out.len + sizeof(header) + datagram.len > max ||
        out_queue_put(&c->out, &c->tcp->pool, parts, 2) < 0) {
        c->tcp->counters.dropped_out++;
        if (!is_media)
            end(c);
        return;
    }
    if (list_empty(&c->writing))
        list_append(&c->tcp->writing, &c->writing);
}

/* 0: everything has gone; -EAGAIN, or another errno. */
static int write_out(struct conn *c)
{
    struct bytes b;

    while ((b = out_queue_first(&c->out)).len > 0) {
        ssize_t n = send(c->fd, b.p, b.len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            out_queue_take(&c->out, &c->tcp->pool, (size_t) n);
    }
    return 0;
}

static void flush(struct conn *c)
{
    uint32_t events = EPOLLIN;
    int r = write_out(c);

    if (r == -EAGAIN) {
        events |= EPOLLOUT;
        r = 0;
    }
    if (r == 0)
        r = loop_fd_set_events(&c->io, events);
    if (r < 0)
        end(c);
}

void ice_tcp_flush(struct ice_tcp *t)
{
    struct conn *c;

    list_for_each (c, &t->writing, writing) {
        list_del(&c->writing);
        if (c->state != CONN_ENDING)
            flush(c);
    }
}

static void close_way(struct way *w)
{
    struct conn *c = container_of(w, struct conn, way);

    if (c->state != CONN_ENDING)
        (void) write_out(c); /* what its transport said last */
    end(c);
}

static const struct way_type tcp_way = {
    .protocol = "tcp",
    .send = send_framed,
    .close = close_way,
};

/* ---- from the client ---- */

static void deliver(struct conn *c, uint8_t *p, size_t len)
{
    struct udp_datagram d = {.p = p, .len = len, .from = c->remote, .to = c->local, .way = &c->way};

    if (len == 0)
        return;
    c->tcp->handlers.datagram(&d, c->tcp->arg);
    if (c->state == CONN_STRANGER && c->way.transport)
        set_state(c, CONN_MEMBER);
}

/* All datagrams of what has come; keeps the beginning of the next. */
static int take(struct conn *c, uint8_t *in, size_t len)
{
    struct bytes rest = bytes_of(in, len), datagram;
    size_t taken;
    int r;

    while ((r = framing_next(rest, ICE_TCP_DATAGRAM_MAX, &datagram, &taken)) == 0) {
        deliver(c, in + (datagram.p - in), datagram.len);
        if (c->state == CONN_ENDING)
            return 0;
        rest = bytes_of(rest.p + taken, rest.len - taken);
    }
    blob_clear(&c->partial);
    if (r != -EAGAIN)
        return r;
    return rest.len > 0 ? blob_append(&c->partial, rest) : 0;
}

static int receive(struct conn *c)
{
    struct ice_tcp *t = c->tcp;
    size_t kept = c->partial.len, max = READ_MAX;
    ssize_t n;

    if (c->state == CONN_STRANGER)
        max = ICE_TCP_STRANGER_BYTES + 1 - c->stranger_bytes;
    n = recv(c->fd, t->in + kept, max, 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (n == 0)
        return -ESHUTDOWN;
    if (c->state == CONN_STRANGER)
        c->stranger_bytes += (size_t) n;
    if (kept > 0)
        memcpy(t->in, c->partial.p, kept);
    return take(c, t->in, kept + (size_t) n);
}

static void on_ready(struct loop_fd *f, uint32_t revents)
{
    struct conn *c = container_of(f, struct conn, io);
    int r;

    if (revents & EPOLLOUT)
        flush(c);
    if (c->state == CONN_ENDING || !(revents & ~(uint32_t) EPOLLOUT))
        return;
    r = receive(c);
    if (r < 0 || (c->state == CONN_STRANGER && c->stranger_bytes > ICE_TCP_STRANGER_BYTES))
        end(c);
}

/* ---- new ones ---- */

static struct conn *oldest_stranger(struct ice_tcp *t)
{
    return list_first(&t->lists[CONN_STRANGER], struct conn, node);
}

static void make_room(void *arg)
{
    struct ice_tcp *t = arg;
    struct conn *c = oldest_stranger(t);

    if (c)
        end(c);
}

static void on_sweep(struct loop_timer *timer)
{
    ice_tcp_sweep(container_of(timer, struct ice_tcp, sweep), clock_ms());
}

void ice_tcp_sweep(struct ice_tcp *t, uint64_t now_ms)
{
    struct conn *c;

    while ((c = oldest_stranger(t)) && now_ms - c->since_ms >= ICE_TCP_STRANGER_MS)
        end(c);
    if (c && !loop_timer_is_armed(&t->sweep))
        (void) loop_timer_start(&t->sweep, t->loop, SWEEP_US, on_sweep);
}

static int start(struct conn *c)
{
    int unanswered = UNANSWERED_MAX_MS;
    int r = hosts_enter(c->tcp->hosts, &c->remote, ICE_TCP_STRANGERS_PER_HOST, &c->host);

    if (r == 0)
        r = loop_fd_start(&c->io, c->tcp->set, c->fd, EPOLLIN, on_ready);
    if (r == 0 &&
        setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof(unanswered)) < 0)
        r = -errno;
    return r;
}

static void add(void *arg, int fd, const struct addr *client, const struct addr *local)
{
    struct ice_tcp *t = arg;
    struct conn *c = calloc(1, sizeof(*c));

    if (!c) {
        close(fd);
        return;
    }
    if (t->n_strangers == ICE_TCP_STRANGERS_MAX)
        make_room(t);
    *c = (struct conn){.way.type = &tcp_way,
                       .tcp = t,
                       .fd = fd,
                       .remote = *client,
                       .local = *local,
                       .partial = blob_init(PARTIAL_MAX),
                       .since_ms = clock_ms()};
    list_init(&c->writing);
    list_append(&t->lists[CONN_STRANGER], &c->node);
    t->n_strangers++;
    t->counters.connections++;
    if (start(c) < 0)
        end(c);
    ice_tcp_sweep(t, c->since_ms);
}

/* ---- life ---- */

int ice_tcp_new(struct loop *l, struct loop_set *set, int listen_fd,
                const struct ice_tcp_handlers *handlers, void *arg, struct ice_tcp **ret_t)
{
    static const struct tcp_listener_handlers listener = {.add = add, .make_room = make_room};
    struct ice_tcp *t = calloc(1, sizeof(*t));
    int r;

    if (!t) {
        close(listen_fd);
        return -ENOMEM;
    }
    t->loop = l;
    t->set = set;
    t->handlers = *handlers;
    t->arg = arg;
    for (int state = 0; state < N_CONN_STATES; state++)
        list_init(&t->lists[state]);
    list_init(&t->writing);
    r = hosts_new(ICE_TCP_STRANGERS_MAX, &t->hosts);
    if (r == 0)
        r = loop_defer_init(&t->reap, l, on_reap);
    if (r == 0)
        r = tcp_listener_start(&t->listener, l, t->set, listen_fd, &listener, t);
    else
        close(listen_fd);
    if (r < 0) {
        ice_tcp_free(t);
        return r;
    }
    *ret_t = t;
    return 0;
}

struct ice_tcp *ice_tcp_free(struct ice_tcp *t)
{
    struct conn *c;

    if (!t)
        return NULL;
    for (int state = 0; state < N_CONN_STATES; state++) {
        list_for_each (c, &t->lists[state], node)
            conn_free(c);
    }
    tcp_listener_close(&t->listener);
    loop_timer_done(&t->sweep);
    loop_defer_done(&t->reap);
    hosts_free(t->hosts);
    out_pool_done(&t->pool);
    free(t);
    return NULL;
}

const struct ice_tcp_counters *ice_tcp_counters(const struct ice_tcp *t)
{
    return &t->counters;
}
