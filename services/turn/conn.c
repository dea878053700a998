#include "codec/proxy_header.h"
#include "turn/conn_internal.h"
#include "turn/tls.h"

#include <errno.h>
#include <sys/epoll.h>

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
    if (c->state == CONN_ENDING)
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

/* 0: everything has gone; -EAGAIN, also when TLS keeps the rest of a record; another errno. */
static int write_out(struct conn *c)
{
    for (;;) {
        struct bytes b = out_queue_first(&c->out);
        int r = wire_flush(&c->wire);
        ssize_t n;

        if (r < 0 || b.len == 0)
            return r;
        n = wire_write(&c->wire, b);
        if (n < 0)
            return (int) n;
        out_queue_take(&c->out, &c->conns->pool, (size_t) n);
        c->stalled_ms = c->conns->turn->now_ms;
    }
}

void conn_flush(struct conn *c)
{
    uint32_t events = EPOLLIN;
    int r;

    if (c->state == CONN_ENDING)
        return;
    r = write_out(c);
    if (r == -EAGAIN) {
        if (!(c->io.events & EPOLLOUT))
            c->stalled_ms = c->conns->turn->now_ms;
        events |= EPOLLOUT;
        r = 0;
    }
    if (r == 0)
        r = loop_fd_set_events(&c->io, events);
    if (r < 0)
        conn_end(c);
}

/* ---- from the client ---- */

/* rest is the end of in. */
static int keep_partial(struct conn *c, struct bytes in, struct bytes rest)
{
    bool same = c->partial.len > 0 && rest.len == in.len;

    if (!same)
        c->partial_ms = c->conns->turn->now_ms;
    blob_clear(&c->partial);
    return blob_append(&c->partial, rest);
}

/* All messages of what has come, and keeps the beginning of the next. */
static int take_messages(struct conn *c, struct bytes in)
{
    struct turn *t = c->conns->turn;
    size_t max = c->state == CONN_MEMBER ? TURN_STREAM_MESSAGE_MAX : CONN_STRANGER_MESSAGE_MAX;
    struct bytes rest = in, message;
    size_t taken;
    int r;

    while ((r = turn_stream_next(rest, max, &message, &taken)) == 0 && c->state != CONN_ENDING) {
        turn_on_datagram(t, &c->flow, message);
        rest = bytes_of(rest.p + taken, rest.len - taken);
        if (c->state == CONN_STRANGER && conn_allocation(c)) {
            conn_set_state(c, CONN_MEMBER);
            max = TURN_STREAM_MESSAGE_MAX;
        }
    }
    if (r == -EAGAIN)
        return keep_partial(c, in, rest);
    if (r < 0)
        stats_add(&t->stats, STAT_MALFORMED, 1);
    return r;
}

/* Memory for what comes next, and before it what is kept. */
static uint8_t *begin_read(struct conn *c)
{
    struct conns *cs = c->conns;
    uint8_t *in;

    if (CONN_IN_SIZE - cs->in_used < CONN_READ_MAX)
        turn_flush(cs->turn);
    in = cs->in + cs->in_used;
    if (c->partial.len > 0)
        memcpy(in, c->partial.p, c->partial.len);
    return in;
}

/* The proxy says who the client is. What came behind it is read by TLS next. -EAGAIN: the rest of
 * it is still to come. */
static int take_header(struct conn *c, struct bytes in)
{
    struct proxy_header h;
    int r = proxy_header_parse(in, &h);

    if (r == -EAGAIN)
        return keep_partial(c, in, in) < 0 ? -ENOMEM : -EAGAIN;
    if (r == 0 && h.client.family == 0)
        r = -EBADMSG;
    if (r == 0 && !conns_may_handshake(c->conns))
        r = -EBUSY;
    if (r == 0)
        r = conn_identify(c, &h.client, &h.server);
    if (r < 0)
        return r;
    c->needs_header = false;
    blob_clear(&c->partial);
    tls_feed(c->wire.tls, bytes_of(in.p + h.len, in.len - h.len));
    return 0;
}

static int read_header(struct conn *c)
{
    size_t kept = c->partial.len, len;
    uint8_t *in = begin_read(c);
    int r = wire_read(&c->wire, c->conns->raw, in + kept, &len);

    c->conns->in_used += kept + len;
    if (r == 0)
        r = len > 0 ? take_header(c, bytes_of(in, kept + len)) : -EAGAIN;
    if (r == -EDQUOT || r == -ENOSPC || r == -EBUSY || r == -ENOENT)
        stats_add(&c->conns->turn->stats, STAT_CONNECTIONS_REFUSED, 1);
    return r;
}

/* The wire belongs to somebody else then. */
static void hand_over(struct conn *c, struct bytes begin, bool ended)
{
    struct wire wire = c->wire;

    loop_fd_stop(&c->io);
    c->wire = (struct wire){.fd = -1};
    passes_add(c->passes, wire, &c->flow.client, &c->flow.local, begin, ended);
}

/* STUN is what TURN's clients begin with, and no method of HTTP begins like it. */
static bool is_http(const struct conn *c, struct bytes in)
{
    return c->passes && c->state == CONN_STRANGER && !c->has_spoken && in.p[0] > 3;
}

static int take(struct conn *c, struct bytes in, bool ended)
{
    if (is_http(c, in)) {
        hand_over(c, in, ended);
        return -ECANCELED;
    }
    c->has_spoken = true;
    return take_messages(c, in);
}

static void receive(struct conn *c)
{
    struct conns *cs = c->conns;
    size_t kept = c->partial.len, len;
    uint8_t *in = begin_read(c);
    int r = 0, ended = wire_read(&c->wire, cs->raw, in + kept, &len);

    cs->in_used += kept + len;
    if (c->state == CONN_HANDSHAKE && tls_is_up(c->wire.tls))
        conn_set_state(c, CONN_STRANGER);
    if (len > 0)
        r = take(c, bytes_of(in, kept + len), ended == 1);
    if (r < 0 || ended != 0)
        conn_end(c);
    else if (c->wire.tls && list_empty(&c->writing))
        conn_flush(c); /* what TLS itself has to say */
}

void conn_on_ready(struct loop_fd *f, uint32_t revents)
{
    struct conn *c = container_of(f, struct conn, io);
    int r = 0;

    if (revents & EPOLLOUT)
        conn_flush(c);
    if (c->state == CONN_ENDING || !(revents & ~(uint32_t) EPOLLOUT))
        return;
    if (c->needs_header)
        r = read_header(c);
    if (r == 0)
        receive(c);
    else if (r != -EAGAIN)
        conn_end(c);
}

/* ---- the life ---- */

void conn_init(struct conn *c, struct conns *cs, enum transport_kind kind)
{
    c->transport = (struct transport){.kind = kind, .send = send_to_client};
    c->flow.transport = &c->transport;
    c->conns = cs;
    c->wire.fd = -1;
    c->partial = blob_init(TURN_STREAM_MESSAGE_MAX);
    list_init(&c->node);
    list_init(&c->writing);
}

void conn_done(struct conn *c)
{
    loop_fd_stop(&c->io);
    list_del(&c->writing);
    out_queue_clear(&c->out, &c->conns->pool);
    blob_clear(&c->partial);
    wire_close(&c->wire);
}
