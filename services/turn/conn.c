#include "turn/conn.h"

#include "base/blob.h"
#include "base/map.h"
#include "codec/turn_stream.h"
#include "turn/out_queue.h"
#include "turn/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define SWEEP_US 2000000u

struct host {
    size_t n; /* of its strangers */
    uint8_t key[ADDR_HOST_KEY_SIZE];
};

struct conn {
    struct transport transport;
    struct flow flow;
    struct conns *conns;
    struct wire wire;
    struct loop_fd io;
    struct list node;    /* in one of the table's lists */
    struct list writing; /* in the table's list of those that were sent something */
    struct host *host;   /* NULL: it is no stranger */
    struct blob partial; /* the beginning of a message */
    struct out_queue out;
    uint64_t since_ms; /* came, or lost its allocation */
    uint64_t partial_ms, stalled_ms;
    bool ending;
};

struct conns {
    struct turn *turn;
    struct loop *loop;
    struct list strangers; /* without an allocation, those that came first are first */
    struct list members;
    struct list ending; /* are freed as soon as nobody is busy with them */
    struct list writing;
    struct turn_flusher flusher;
    struct loop_timer sweep;
    struct loop_defer reap;
    struct map *hosts;
    size_t n, n_strangers;
    struct out_pool pool;
    uint8_t raw[WIRE_RAW_SIZE];
    uint8_t in[TURN_STREAM_MESSAGE_MAX + WIRE_READ_MAX]; /* a partial message, and what came */
};

/* ---- strangers and members ---- */

static int host_enter(struct conn *c)
{
    struct conns *cs = c->conns;
    uint8_t key[ADDR_HOST_KEY_SIZE];
    struct host *h;
    int r;

    addr_host_key(&c->flow.client, key);
    h = map_get(cs->hosts, bytes_of(key, sizeof(key)));
    if (h && h->n >= CONN_STRANGERS_PER_HOST)
        return -EDQUOT;
    if (!h) {
        h = calloc(1, sizeof(*h));
        if (!h)
            return -ENOMEM;
        memcpy(h->key, key, sizeof(key));
        r = map_put(cs->hosts, bytes_of(key, sizeof(key)), h);
        if (r < 0) {
            free(h);
            return r;
        }
    }
    h->n++;
    c->host = h;
    cs->n_strangers++;
    list_append(&cs->strangers, &c->node);
    return 0;
}

static void host_leave(struct conn *c)
{
    struct host *h = c->host;

    list_del(&c->node);
    if (!h)
        return;
    c->host = NULL;
    c->conns->n_strangers--;
    if (--h->n > 0)
        return;
    map_del(c->conns->hosts, bytes_of(h->key, sizeof(h->key)));
    free(h);
}

static struct alloc *allocation(const struct conn *c)
{
    struct turn *t = c->conns->turn;

    return alloc_find(t->allocs, &c->flow, t->now_ms);
}

static void conn_end(struct conn *c);

static void became_stranger(struct conn *c)
{
    list_del(&c->node);
    c->since_ms = c->conns->turn->now_ms;
    if (host_enter(c) < 0)
        conn_end(c);
}

static void became_member(struct conn *c)
{
    host_leave(c);
    list_append(&c->conns->members, &c->node);
}

/* ---- the end ---- */

static void conn_free(struct conn *c)
{
    struct conns *cs = c->conns;

    alloc_free(allocation(c));
    loop_fd_stop(&c->io);
    host_leave(c);
    list_del(&c->writing);
    out_queue_clear(&c->out, &cs->pool);
    blob_clear(&c->partial);
    wire_close(&c->wire);
    cs->n--;
    free(c);
}

static void on_reap(struct loop_defer *d)
{
    struct conns *cs = container_of(d, struct conns, reap);
    struct conn *c;

    turn_tick(cs->turn);
    list_for_each (c, &cs->ending, node)
        conn_free(c);
}

/* Nothing more is read or sent. Whoever is busy with it now may go on. */
static void conn_end(struct conn *c)
{
    if (c->ending)
        return;
    c->ending = true;
    loop_fd_stop(&c->io);
    host_leave(c);
    list_append(&c->conns->ending, &c->node);
    loop_defer_arm(&c->conns->reap);
}

static void conn_drop(struct conn *c)
{
    if (!c->ending)
        stats_add(&c->conns->turn->stats, STAT_CONNECTIONS_DROPPED, 1);
    conn_end(c);
}

/* ---- to the client ---- */

/* ChannelData, or an indication: what may be lost. */
static bool is_data(struct bytes head)
{
    return head.p[0] >= 0x40 || ((head.p[0] & 1) == 0 && (head.p[1] & 0x10) != 0);
}

static void lose(struct conn *c, bool data)
{
    if (data)
        stats_add(&c->conns->turn->stats, STAT_PACKETS_LOST, 1);
    else
        conn_drop(c);
}

static void send_to_client(struct transport *t, const struct flow *flow, struct bytes head,
                           struct bytes body)
{
    static const uint8_t padding[3];
    struct conn *c = container_of(t, struct conn, transport);
    size_t len = head.len + body.len;
    const struct bytes parts[] = {head, body, bytes_of(padding, -len & 3)};
    bool data = is_data(head);

    (void) flow;
    if (c->ending)
        return;
    len += parts[2].len;
    if (c->out.len + len > (data ? CONN_DATA_QUEUE_MAX : CONN_QUEUE_MAX) ||
        out_queue_put(&c->out, &c->conns->pool, parts, 3) < 0) {
        lose(c, data);
        return;
    }
    if (list_empty(&c->writing))
        list_append(&c->conns->writing, &c->writing);
}

static int write_out(struct conn *c)
{
    struct bytes b;
    ssize_t n;
    int r = wire_flush(&c->wire);

    while (r == 0 && (b = out_queue_first(&c->out)).len > 0) {
        n = wire_write(&c->wire, b);
        if (n < 0) {
            r = (int) n;
        } else {
            out_queue_take(&c->out, &c->conns->pool, (size_t) n);
            c->stalled_ms = c->conns->turn->now_ms;
        }
    }
    return r;
}

/* Sends what it can, and has the loop tell when the rest can be. */
static void flush(struct conn *c)
{
    uint32_t events = EPOLLIN;
    int r = c->ending ? -ECANCELED : write_out(c);

    if (r == -EAGAIN) {
        if (!(c->io.events & EPOLLOUT))
            c->stalled_ms = c->conns->turn->now_ms;
        events |= EPOLLOUT;
        r = 0;
    }
    if (r == 0)
        r = c->ending ? 0 : loop_fd_set_events(&c->io, events);
    if (r < 0)
        conn_end(c);
}

static void on_flush(struct turn_flusher *f)
{
    struct conns *cs = container_of(f, struct conns, flusher);
    struct conn *c;

    list_for_each (c, &cs->writing, writing) {
        list_del(&c->writing);
        flush(c);
    }
}

/* ---- from the client ---- */

static int keep_partial(struct conn *c, struct bytes rest)
{
    bool same = rest.len > 0 && c->partial.len > 0 && rest.p == c->conns->in;

    if (!same)
        c->partial_ms = c->conns->turn->now_ms;
    blob_clear(&c->partial);
    return blob_append(&c->partial, rest);
}

/* All messages of what has come, and keeps the beginning of the next. */
static int take_messages(struct conn *c, struct bytes in)
{
    struct turn *t = c->conns->turn;
    size_t max = c->host ? CONN_STRANGER_MESSAGE_MAX : TURN_STREAM_MESSAGE_MAX;
    struct bytes message;
    size_t taken;
    int r;

    while ((r = turn_stream_next(in, max, &message, &taken)) == 0 && !c->ending) {
        turn_on_datagram(t, &c->flow, message);
        in = bytes_of(in.p + taken, in.len - taken);
        if (c->host && allocation(c)) {
            became_member(c);
            max = TURN_STREAM_MESSAGE_MAX;
        }
    }
    if (r == -EAGAIN)
        return keep_partial(c, in);
    if (r < 0)
        stats_add(&t->stats, STAT_MALFORMED, 1);
    return r;
}

static void receive(struct conn *c)
{
    struct conns *cs = c->conns;
    size_t kept = c->partial.len, len;
    int r, ended;

    if (kept > 0)
        memcpy(cs->in, c->partial.p, kept);
    ended = wire_read(&c->wire, cs->raw, cs->in + kept, &len);
    r = len > 0 ? take_messages(c, bytes_of(cs->in, kept + len)) : 0;
    turn_flush(cs->turn);
    if (r < 0 || ended != 0)
        conn_end(c);
}

static void on_ready(struct loop_fd *f, uint32_t revents)
{
    struct conn *c = container_of(f, struct conn, io);

    turn_tick(c->conns->turn);
    if (revents & EPOLLOUT)
        flush(c);
    if (!c->ending && revents & ~(uint32_t) EPOLLOUT)
        receive(c);
}

/* ---- time ---- */

static bool took_too_long(const struct conn *c, uint64_t now_ms)
{
    return (c->partial.len > 0 && now_ms - c->partial_ms >= CONN_PARTIAL_MS) ||
           ((c->io.events & EPOLLOUT) && now_ms - c->stalled_ms >= CONN_STALLED_MS);
}

void conns_sweep(struct conns *cs)
{
    uint64_t now_ms;
    struct conn *c;

    turn_tick(cs->turn);
    now_ms = cs->turn->now_ms;
    list_for_each (c, &cs->strangers, node) {
        if (now_ms - c->since_ms >= CONN_STRANGER_MS || took_too_long(c, now_ms))
            conn_drop(c);
    }
    list_for_each (c, &cs->members, node) {
        if (took_too_long(c, now_ms))
            conn_drop(c);
        else if (!allocation(c))
            became_stranger(c);
    }
}

static void on_sweep(struct loop_timer *t)
{
    struct conns *cs = container_of(t, struct conns, sweep);

    conns_sweep(cs);
    if (cs->n > 0)
        (void) loop_timer_start(t, cs->loop, SWEEP_US, on_sweep);
}

bool conns_drop_oldest(struct conns *cs)
{
    struct conn *c = list_first(&cs->strangers, struct conn, node);

    if (c)
        conn_drop(c);
    return c != NULL;
}

/* ---- the table ---- */

static int start(struct conn *c)
{
    struct conns *cs = c->conns;
    int r = 0;

    if (cs->n_strangers >= CONN_STRANGERS_MAX)
        (void) conns_drop_oldest(cs);
    r = host_enter(c);
    if (r == 0)
        r = loop_fd_start(&c->io, cs->turn->set, c->wire.fd, EPOLLIN, on_ready);
    if (r == 0 && !loop_timer_is_armed(&cs->sweep))
        r = loop_timer_start(&cs->sweep, cs->loop, SWEEP_US, on_sweep);
    return r;
}

void conns_add(struct conns *cs, enum transport_kind kind, int fd, const struct addr *client,
               const struct addr *local)
{
    struct conn *c = calloc(1, sizeof(*c));

    turn_tick(cs->turn);
    if (!c) {
        wire_close(&(struct wire){.fd = fd});
        return;
    }
    c->transport = (struct transport){.kind = kind, .send = send_to_client};
    c->flow = (struct flow){.client = *client, .local = *local, .transport = &c->transport};
    c->conns = cs;
    c->wire = (struct wire){.fd = fd};
    c->partial = blob_init(TURN_STREAM_MESSAGE_MAX);
    c->since_ms = cs->turn->now_ms;
    list_init(&c->node);
    list_init(&c->writing);
    cs->n++;
    if (start(c) < 0) {
        stats_add(&cs->turn->stats, STAT_CONNECTIONS_REFUSED, 1);
        conn_free(c);
        return;
    }
    stats_add(&cs->turn->stats, STAT_CONNECTIONS_MADE, 1);
}

size_t conns_count(const struct conns *cs)
{
    return cs->n;
}

int conns_new(struct turn *turn, struct loop *l, struct conns **ret_conns)
{
    struct conns *cs = calloc(1, sizeof(*cs));
    int r;

    if (!cs)
        return -ENOMEM;
    cs->turn = turn;
    cs->loop = l;
    list_init(&cs->strangers);
    list_init(&cs->members);
    list_init(&cs->ending);
    list_init(&cs->writing);
    /* An ending one has left already, while a new one takes its place. */
    r = map_new(CONN_STRANGERS_MAX + CONFIG_QUOTA_MAX, &cs->hosts);
    if (r == 0)
        r = loop_defer_init(&cs->reap, l, on_reap);
    if (r < 0) {
        free(cs);
        return r;
    }
    cs->flusher.fn = on_flush;
    list_append(&turn->flushers, &cs->flusher.node);
    *ret_conns = cs;
    return 0;
}

struct conns *conns_free(struct conns *cs)
{
    struct list *const all[] = {&cs->strangers, &cs->members, &cs->ending};
    struct conn *c;

    if (!cs)
        return NULL;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        list_for_each (c, all[i], node)
            conn_free(c);
    }
    list_del(&cs->flusher.node);
    loop_timer_done(&cs->sweep);
    loop_defer_done(&cs->reap);
    map_free(cs->hosts);
    out_pool_done(&cs->pool);
    free(cs);
    return NULL;
}
