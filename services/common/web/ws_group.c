#include "web/ws_group.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wslay/wslay.h>

#define FRAGMENTS_MAX 64
#define FRAME_HEADER_MAX 14
#define REASON_MAX 123
/* What wslay keeps for a queued message besides its bytes, rounded up. */
#define MESSAGE_COST 128
/* A queue as long as this does not wait for the end of the turn. */
#define QUEUE_PROMPT 16384
#define READ_SIZE 65536
#define SLICE_SIZE 4096
/* Messages (pongs, mostly) that may pile up within one read before they are sent. */
#define UNSENT_MAX 256
#define FLUSH_US (10 * UINT64_C(1000000))
#define ANSWER_US (2 * UINT64_C(1000000))
#define SWEEP_US UINT64_C(1000000)

enum ws_state {
    WS_OPENING,    /* no connection yet */
    WS_OPEN,       /* both sides may talk */
    WS_CLOSING,    /* ws_close(): sending what is queued, then our close frame */
    WS_CLOSE_SENT, /* waiting for the peer's close frame */
    WS_DRAINING,   /* both are closed or the peer broke the rules: waiting for the end of file */
    WS_DEAD,       /* to be freed */
};

struct ws_group {
    struct loop *loop;
    struct loop_set *set;
    struct ws_group_config config;
    unsigned n;
    size_t queued; /* struct ws.counted of all */
    struct list all;
    struct list closing; /* those with a deadline */
    struct list dirty;   /* those to be looked after when the events at hand are done */
    struct loop_defer flush;
    struct loop_timer sweep; /* runs while closing has members */
    uint8_t input[READ_SIZE];
};

struct ws {
    struct ws_group *group;
    struct list node;
    struct list closing_node;
    struct list dirty_node;
    struct loop_fd fd;
    enum ws_state state;
    const struct ws_handlers *handlers; /* NULL once on_closed has been called */
    void *arg;
    void *ticket;
    struct addr client;
    wslay_event_context_ptr ctx;
    uint64_t deadline_us;
    struct bytes input;               /* what wslay has not taken yet */
    uint8_t header[FRAME_HEADER_MAX]; /* kept back to go out together with the payload */
    size_t header_len;
    unsigned n_fragments;
    struct ws **seat;   /* ws_seat() */
    size_t counted;     /* our part of group.queued */
    size_t first_bytes; /* of the last message that began a queue: however long, it may wait */
    bool close_asked;
    bool refused;   /* we have queued an error close */
    bool got_close; /* the peer's close frame, a valid one */
    bool write_shut;
    uint16_t close_code; /* ours until a close frame was sent, then the peer's */
    char close_reason[REASON_MAX + 1];
};

static void mark_dirty(struct ws *s)
{
    if (list_empty(&s->dirty_node))
        list_append(&s->group->dirty, &s->dirty_node);
    loop_defer_arm(&s->group->flush);
}

static void kill_later(struct ws *s)
{
    s->state = WS_DEAD;
    mark_dirty(s);
}

static void on_sweep(struct loop_timer *t)
{
    struct ws_group *g = container_of(t, struct ws_group, sweep);
    uint64_t now = clock_us();
    struct ws *s;

    list_for_each (s, &g->closing, closing_node) {
        if (now >= s->deadline_us)
            kill_later(s);
    }
    if (!list_empty(&g->closing))
        (void) loop_timer_start(&g->sweep, g->loop, SWEEP_US, on_sweep);
}

static void set_deadline(struct ws *s, uint64_t delay_us)
{
    struct ws_group *g = s->group;

    s->deadline_us = clock_us() + delay_us;
    if (list_empty(&s->closing_node))
        list_append(&g->closing, &s->closing_node);
    if (!loop_timer_is_armed(&g->sweep))
        (void) loop_timer_start(&g->sweep, g->loop, SWEEP_US, on_sweep);
}

/* From here on the owner hears nothing more. */
static void tell_closed(struct ws *s, unsigned code, const char *reason)
{
    const struct ws_handlers *h = s->handlers;

    s->handlers = NULL;
    if (h)
        h->on_closed(s, code, reason, s->arg);
}

static void destroy(struct ws *s)
{
    struct ws_group *g = s->group;

    if (s->seat)
        *s->seat = NULL;
    s->state = WS_DEAD;
    tell_closed(s, 1006, "");
    g->queued -= s->counted;
    list_del(&s->node);
    list_del(&s->closing_node);
    list_del(&s->dirty_node);
    loop_fd_stop(&s->fd);
    if (s->fd.fd >= 0)
        close(s->fd.fd);
    wslay_event_context_free(s->ctx);
    g->n--;
    if (g->config.release && s->ticket)
        g->config.release(g->config.owner, s->ticket);
    free(s);
}

/* ---- wslay's callbacks: s is never freed inside them ---- */

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *arg)
{
    struct ws *s = arg;

    (void) flags;
    if (len > s->input.len)
        len = s->input.len;
    if (len == 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buf, s->input.p, len);
    s->input.p += len;
    s->input.len -= len;
    return (ssize_t) len;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
                       void *arg)
{
    struct ws *s = arg;
    struct iovec iov[2] = {{s->header, s->header_len}, {(void *) data, len}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
    ssize_t n;

    if ((flags & WSLAY_MSG_MORE) && s->header_len + len <= sizeof(s->header)) {
        memcpy(s->header + s->header_len, data, len);
        s->header_len += len;
        return (ssize_t) len;
    }
    do
        n = sendmsg(s->fd.fd, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN) {
        wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    if (n > 0 && (size_t) n > s->header_len) {
        n -= (ssize_t) s->header_len;
        s->header_len = 0;
        return n;
    }
    if (n > 0) {
        memmove(s->header, s->header + n, s->header_len - (size_t) n);
        s->header_len -= (size_t) n;
    }
    wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static void refuse(struct ws *s, uint16_t code)
{
    s->refused = true;
    (void) wslay_event_queue_close(s->ctx, code, NULL, 0);
    wslay_event_shutdown_read(s->ctx);
}

static void on_frame(wslay_event_context_ptr ctx,
                     const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
    struct ws *s = arg;

    (void) ctx;
    if (frame->opcode == WSLAY_TEXT_FRAME)
        s->n_fragments = 1;
    else if (frame->opcode == WSLAY_BINARY_FRAME)
        refuse(s, WSLAY_CODE_UNSUPPORTED_DATA);
    else if (frame->opcode == WSLAY_CONTINUATION_FRAME && ++s->n_fragments > FRAGMENTS_MAX)
        refuse(s, WSLAY_CODE_POLICY_VIOLATION);
    else if (frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1)
        refuse(s, WSLAY_CODE_PROTOCOL_ERROR);
}

static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *msg,
                       void *arg)
{
    struct ws *s = arg;

    (void) ctx;
    if (s->refused)
        return;
    if (msg->opcode == WSLAY_CONNECTION_CLOSE) {
        size_t len = msg->msg_length > 2 ? msg->msg_length - 2 : 0;

        s->got_close = true;
        s->close_code = msg->status_code ? msg->status_code : 1005;
        if (len)
            memcpy(s->close_reason, msg->msg + 2, len);
        s->close_reason[len] = '\0';
    } else if (msg->opcode == WSLAY_TEXT_FRAME && s->state == WS_OPEN && s->handlers) {
        s->handlers->on_text(s, bytes_of(msg->msg, msg->msg_length), s->arg);
    }
}

/* ---- input, output, what follows from them ---- */

static size_t queue_cost(const struct ws *s)
{
    return wslay_event_get_queued_msg_length(s->ctx) +
           MESSAGE_COST * wslay_event_get_queued_msg_count(s->ctx);
}

static void count_queue(struct ws *s)
{
    size_t cost = queue_cost(s);

    s->group->queued += cost - s->counted;
    s->counted = cost;
}

/* Clients that read hardly have a queue, so a crowd of those that do not is kept short at their
 * cost. */
static bool is_over_limit(const struct ws *s)
{
    const struct ws_group *g = s->group;
    size_t all = g->config.all_queues_bytes, max = g->config.queue_bytes;

    if (all && g->queued > all && max > all / g->n)
        max = all / g->n;
    return s->counted > max + s->first_bytes;
}

static void send_queued(struct ws *s)
{
    if (s->state == WS_OPENING || s->state == WS_DEAD)
        return;
    if (wslay_event_want_write(s->ctx)) {
        if (s->group->config.before_sending)
            s->group->config.before_sending(s->group->config.owner);
        if (wslay_event_send(s->ctx) != 0)
            s->state = WS_DEAD;
    }
    count_queue(s);
}

static bool is_reading(const struct ws *s)
{
    return s->state == WS_OPEN || s->state == WS_CLOSING || s->state == WS_CLOSE_SENT;
}

/* In slices, so that one read of pings cannot pile up more pongs than the queue may hold. */
static void feed(struct ws *s, struct bytes b)
{
    while (b.len > 0 && is_reading(s) && wslay_event_want_read(s->ctx)) {
        size_t len = b.len < SLICE_SIZE ? b.len : SLICE_SIZE;

        s->input = bytes_of(b.p, len);
        /* Of a frame with a broken head wslay says so, with a close frame queued; other faults of
         * the peer give 0. Either way it does not read any more. */
        if (wslay_event_recv(s->ctx) != 0 && wslay_event_get_read_enabled(s->ctx))
            s->state = WS_DEAD;
        s->input = bytes_of(NULL, 0);
        b.p += len;
        b.len -= len;
        if (wslay_event_get_queued_msg_count(s->ctx) > UNSENT_MAX)
            send_queued(s);
        count_queue(s);
        if (is_over_limit(s) && !s->close_asked)
            s->state = WS_DEAD;
    }
}

static void start_draining(struct ws *s)
{
    s->state = WS_DRAINING;
    set_deadline(s, ANSWER_US);
}

/* The peer's close frame has come, or it broke the rules and our error close is queued. */
static void finish_reading(struct ws *s)
{
    unsigned code;

    if (s->state != WS_DRAINING)
        start_draining(s);
    if (!s->handlers || (!s->got_close && wslay_event_want_write(s->ctx)))
        return;
    code = s->got_close ? s->close_code : wslay_event_get_status_code_sent(s->ctx);
    if (!s->got_close && (code == 0 || code == WSLAY_CODE_NO_STATUS_RCVD))
        code = WSLAY_CODE_PROTOCOL_ERROR;
    tell_closed(s, code, s->got_close ? s->close_reason : "");
}

static void send_close(struct ws *s)
{
    (void) wslay_event_queue_close(s->ctx, s->close_code, (const uint8_t *) s->close_reason,
                                   strlen(s->close_reason));
    s->close_code = 0;
    s->close_reason[0] = '\0';
    s->state = WS_CLOSE_SENT;
    set_deadline(s, ANSWER_US);
    send_queued(s);
}

/* Brings everything up to date after input, output or a call of the owner's. s may be gone
 * afterwards. */
static void settle(struct ws *s)
{
    send_queued(s);
    if (s->state == WS_CLOSING && wslay_event_get_read_enabled(s->ctx) &&
        !wslay_event_want_write(s->ctx))
        send_close(s);
    if ((is_reading(s) || s->state == WS_DRAINING) && !wslay_event_get_read_enabled(s->ctx))
        finish_reading(s);
    if (s->state == WS_DRAINING && !s->write_shut && !wslay_event_want_write(s->ctx)) {
        /* Closing with unread input would send a reset, which can overtake the close frame. */
        s->write_shut = true;
        (void) shutdown(s->fd.fd, SHUT_WR);
    }
    if (s->state == WS_OPENING)
        return;
    if (s->state != WS_DEAD &&
        loop_fd_set_events(&s->fd, EPOLLIN | (wslay_event_want_write(s->ctx) ? EPOLLOUT : 0)) < 0)
        s->state = WS_DEAD;
    if (s->state == WS_DEAD)
        destroy(s);
}

static void on_readable(struct ws *s)
{
    uint8_t *buf = s->group->input;
    ssize_t n;

    do
        n = recv(s->fd.fd, buf, READ_SIZE, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        feed(s, bytes_of(buf, (size_t) n));
    else if (n == 0 || errno != EAGAIN)
        s->state = WS_DEAD;
}

static void on_event(struct loop_fd *f, uint32_t revents)
{
    struct ws *s = container_of(f, struct ws, fd);

    if (s->state != WS_DEAD && (revents & ~(uint32_t) EPOLLOUT))
        on_readable(s);
    settle(s);
}

static void on_flush(struct loop_defer *d)
{
    struct ws_group *g = container_of(d, struct ws_group, flush);
    struct ws *s;

    while ((s = list_first(&g->dirty, struct ws, dirty_node))) {
        list_del(&s->dirty_node);
        settle(s);
    }
}

/* ---- the group ---- */

int ws_group_new(struct loop *l, const struct ws_group_config *config, struct ws_group **ret_group)
{
    struct ws_group *g = calloc(1, sizeof(*g));
    int r;

    if (!g)
        return -ENOMEM;
    g->loop = l;
    g->config = *config;
    list_init(&g->all);
    list_init(&g->closing);
    list_init(&g->dirty);
    r = loop_set_new(l, &g->set);
    if (r == 0)
        r = loop_defer_init(&g->flush, l, on_flush);
    if (r < 0) {
        loop_set_free(g->set);
        free(g);
        return r;
    }
    *ret_group = g;
    return 0;
}

struct ws_group *ws_group_free(struct ws_group *g)
{
    struct ws *s;

    if (!g)
        return NULL;
    list_for_each (s, &g->all, node) {
        send_queued(s);
        if (is_reading(s) && !wslay_event_want_write(s->ctx)) {
            (void) wslay_event_queue_close(s->ctx, WSLAY_CODE_GOING_AWAY, NULL, 0);
            send_queued(s);
        }
        destroy(s);
    }
    loop_defer_done(&g->flush);
    loop_timer_done(&g->sweep);
    loop_set_free(g->set);
    free(g);
    return NULL;
}

/* Those that are closing wait for nothing but their peers' manners. */
static bool make_room(struct ws_group *g)
{
    struct ws *oldest = list_first(&g->closing, struct ws, closing_node);

    if (g->n >= g->config.max && oldest)
        destroy(oldest);
    return g->n < g->config.max;
}

int ws_new(struct ws_group *g, const struct ws_handlers *handlers, void *arg,
           const struct addr *client, struct ws **ret_ws)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .on_frame_recv_start_callback = on_frame,
        .on_msg_recv_callback = on_message,
    };
    struct ws *s;

    if (!make_room(g))
        return -ENOSPC;
    s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    if (wslay_event_context_server_init(&s->ctx, &callbacks, s) != 0) {
        free(s);
        return -ENOMEM;
    }
    wslay_event_config_set_max_recv_msg_length(s->ctx, g->config.message_bytes);
    s->group = g;
    s->fd.fd = -1;
    s->handlers = handlers;
    s->arg = arg;
    s->client = *client;
    list_init(&s->closing_node);
    list_init(&s->dirty_node);
    list_append(&g->all, &s->node);
    g->n++;
    *ret_ws = s;
    return 0;
}

void ws_set_ticket(struct ws *s, void *ticket)
{
    s->ticket = ticket;
}

void ws_open(struct ws *s, int fd, struct bytes early)
{
    static const int on = 1;
    int r = loop_fd_start(&s->fd, s->group->set, fd, EPOLLIN, on_event);

    s->seat = NULL;
    s->fd.fd = fd;
    if (r < 0) {
        destroy(s);
        return;
    }
    /* Fails on a Unix socket, which has no such delay. */
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (s->state == WS_OPENING)
        s->state = s->close_asked ? WS_CLOSING : WS_OPEN;
    feed(s, early);
    settle(s);
}

void ws_seat(struct ws *s, struct ws **seat)
{
    *seat = s;
    s->seat = seat;
}

void ws_abort(struct ws *s)
{
    s->seat = NULL;
    kill_later(s);
}

/* ---- for the owners of sockets (web.h) ---- */

/* It does not read. A close frame says so, where the socket still takes it: it overtakes what is
 * queued, which is not sent any more. */
static void drop(struct ws *s)
{
    s->close_asked = true;
    s->close_code = WSLAY_CODE_POLICY_VIOLATION;
    strcpy(s->close_reason, WS_TOO_SLOW);
    if (s->state == WS_OPEN)
        send_close(s);
    else
        s->state = WS_DEAD;
    mark_dirty(s);
}

int ws_send(struct ws *s, struct bytes text)
{
    struct wslay_event_msg msg = {WSLAY_TEXT_FRAME, text.p, text.len};
    bool is_first = s->counted == 0;

    if ((s->state != WS_OPENING && s->state != WS_OPEN) || s->close_asked || !s->handlers)
        return -ENOTCONN;
    if (wslay_event_queue_msg(s->ctx, &msg) != 0)
        return -ENOTCONN;
    count_queue(s);
    if (is_first)
        s->first_bytes = text.len;
    if (s->counted > QUEUE_PROMPT || is_over_limit(s))
        send_queued(s);
    if (is_over_limit(s)) {
        drop(s);
        return -ENOBUFS;
    }
    mark_dirty(s);
    return 0;
}

/* Not more than what fits into a close frame, and no half character. */
static void copy_reason(char *ret, const char *reason)
{
    size_t len = reason ? strlen(reason) : 0;

    if (len > REASON_MAX) {
        len = REASON_MAX;
        while (len > 0 && ((unsigned char) reason[len] & 0xc0) == 0x80)
            len--;
    }
    if (len)
        memcpy(ret, reason, len);
    ret[len] = '\0';
}

void ws_close(struct ws *s, unsigned code, const char *reason)
{
    if ((s->state != WS_OPENING && s->state != WS_OPEN) || s->close_asked || !s->handlers)
        return;
    s->close_asked = true;
    s->close_code = (uint16_t) code;
    copy_reason(s->close_reason, reason);
    if (s->state == WS_OPEN)
        s->state = WS_CLOSING;
    set_deadline(s, FLUSH_US);
    mark_dirty(s);
}

const struct addr *ws_client(const struct ws *s)
{
    return &s->client;
}
