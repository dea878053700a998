#include "web/ws_client.h"

#include "base/blob.h"
#include "base/rnd.h"
#include "http/fields.h"
#include "web/ws_accept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <wslay/wslay.h>

#define HEAD_MAX 16384
#define KEY_BYTES 16
#define ANSWER_US 10000000 /* for the answer to the upgrade */

enum state { CONNECTING, UPGRADING, OPEN, ENDED };

struct ws_client {
    struct loop *loop;
    struct http_call *call;
    const struct ws_client_handlers *handlers;
    void *arg;
    enum state state;
    bool busy, freed; /* in a handler of ours; to be freed behind it */
    struct loop_io io;
    struct loop_timer timer;
    struct blob head; /* of our request, then of the answer */
    size_t head_sent;
    bool asked; /* the request is out */
    char key[BASE64_SIZE(KEY_BYTES)];
    char *host; /* with its port, and the path behind it */
    wslay_event_context_ptr ctx;
    struct bytes input; /* what wslay has not taken yet */
    uint16_t close_code;
};

static void on_ready(struct loop_io *io, uint32_t revents);

/* ---- the end ---- */

static void release(struct ws_client *c)
{
    loop_io_stop(&c->io);
    loop_timer_done(&c->timer);
    if (c->call)
        http_cancel(c->call);
    if (c->ctx)
        wslay_event_context_free(c->ctx);
    blob_clear(&c->head);
    free(c->host);
    free(c);
}

struct ws_client *ws_client_free(struct ws_client *c)
{
    if (!c)
        return NULL;
    c->state = ENDED;
    if (c->busy)
        c->freed = true;
    else
        release(c);
    return NULL;
}

/* To be called by each handler of the loop's around what may call the owner. */
static void leave(struct ws_client *c)
{
    c->busy = false;
    if (c->freed)
        release(c);
}

static void end(struct ws_client *c, const struct ws_client_end *why)
{
    if (c->state == ENDED)
        return;
    c->state = ENDED;
    loop_io_stop(&c->io);
    loop_timer_stop(&c->timer);
    c->handlers->on_end(why, c->arg);
}

static void end_with(struct ws_client *c, int error, const char *message)
{
    struct ws_client_end why = {.error = error, .message = message, .code = c->close_code};

    end(c, &why);
}

/* ---- wslay ---- */

static ssize_t on_wslay_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags,
                             void *arg)
{
    struct ws_client *c = arg;

    (void) flags;
    if (len > c->input.len)
        len = c->input.len;
    if (len == 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buf, c->input.p, len);
    c->input.p += len;
    c->input.len -= len;
    return (ssize_t) len;
}

static ssize_t on_wslay_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len,
                             int flags, void *arg)
{
    struct ws_client *c = arg;
    int n = http_connection_send(c->call, bytes_of(data, len));

    (void) flags;
    if (n > 0)
        return n;
    wslay_event_set_error(ctx,
                          n == -ECONNRESET ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static int on_wslay_mask(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, void *arg)
{
    (void) ctx, (void) arg;
    rnd_bytes(buf, len);
    return 0;
}

static void on_wslay_message(wslay_event_context_ptr ctx,
                             const struct wslay_event_on_msg_recv_arg *msg, void *arg)
{
    struct ws_client *c = arg;

    (void) ctx;
    if (c->state != OPEN)
        return;
    if (msg->opcode == WSLAY_CONNECTION_CLOSE)
        c->close_code = msg->status_code ? msg->status_code : 1005;
    else if (msg->opcode == WSLAY_TEXT_FRAME)
        c->handlers->on_text(bytes_of(msg->msg, msg->msg_length), c->arg);
}

static int start_wslay(struct ws_client *c)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_wslay_recv,
        .send_callback = on_wslay_send,
        .genmask_callback = on_wslay_mask,
        .on_msg_recv_callback = on_wslay_message,
    };

    if (wslay_event_context_client_init(&c->ctx, &callbacks, c) != 0)
        return -ENOMEM;
    wslay_event_config_set_max_recv_msg_length(c->ctx, WS_CLIENT_MESSAGE_MAX);
    return 0;
}

static void flush(struct ws_client *c)
{
    uint32_t events = EPOLLIN;

    if (wslay_event_want_write(c->ctx) && wslay_event_send(c->ctx) != 0) {
        end_with(c, -ECONNRESET, "the connection was lost");
        return;
    }
    if (wslay_event_want_write(c->ctx))
        events |= EPOLLOUT;
    if (!wslay_event_want_read(c->ctx) && !wslay_event_want_write(c->ctx))
        end_with(c, 0, "");
    else if (loop_io_set_events(&c->io, events) < 0)
        end_with(c, -ENOMEM, strerror(ENOMEM));
}

static void feed(struct ws_client *c, struct bytes data)
{
    c->input = data;
    while (c->state == OPEN && c->input.len > 0 && wslay_event_want_read(c->ctx)) {
        /* Of some faults wslay tells by reading no more. */
        if (wslay_event_recv(c->ctx) != 0 ||
            (!wslay_event_get_read_enabled(c->ctx) && c->close_code == 0)) {
            end_with(c, -EBADMSG, "what came is no WebSocket");
            return;
        }
    }
    c->input = bytes_of(NULL, 0);
}

/* ---- the upgrade (RFC 6455 section 4.1) ---- */

static int write_request(struct ws_client *c)
{
    char line[1024];
    uint8_t key[KEY_BYTES];
    const char *path = strchr(c->host, '/');
    int host_len = path ? (int) (path - c->host) : (int) strlen(c->host);
    int n;

    rnd_bytes(key, sizeof(key));
    if (base64_encode(bytes_of(key, sizeof(key)), c->key, sizeof(c->key)) < 0)
        return -EINVAL;
    n = snprintf(line, sizeof(line),
                 "GET %s HTTP/1.1\r\nHost: %.*s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                 path ? path : "/", host_len, c->host, c->key);
    if (n < 0 || (size_t) n >= sizeof(line))
        return -EINVAL;
    return blob_append(&c->head, bytes_of(line, (size_t) n));
}

static void send_request(struct ws_client *c)
{
    while (c->head_sent < c->head.len) {
        int n = http_connection_send(
            c->call, bytes_of(c->head.p + c->head_sent, c->head.len - c->head_sent));

        if (n == -EAGAIN)
            return;
        if (n < 0) {
            end_with(c, -ECONNRESET, "the connection was lost");
            return;
        }
        c->head_sent += (size_t) n;
    }
    blob_clear(&c->head);
    c->asked = true;
    if (loop_io_set_events(&c->io, EPOLLIN) < 0)
        end_with(c, -ENOMEM, strerror(ENOMEM));
}

/* The head's length with its empty line; 0: it is not all there. */
static size_t head_len(const struct blob *head)
{
    for (size_t i = 3; i < head->len; i++)
        if (memcmp(head->p + i - 3, "\r\n\r\n", 4) == 0)
            return i + 1;
    return 0;
}

static struct http_fields parse_head(struct bytes head)
{
    struct http_fields f = http_fields_init();

    while (head.len > 0) {
        const uint8_t *feed_at = memchr(head.p, '\n', head.len);
        size_t len = feed_at ? (size_t) (feed_at - head.p) + 1 : head.len;

        http_fields_add(&f, bytes_of(head.p, len));
        head = bytes_of(head.p + len, head.len - len);
    }
    return f;
}

/* "HTTP/1.1 101 ..." */
static unsigned status_of(struct bytes head)
{
    uint64_t status;

    if (!bytes_starts_with(head, "HTTP/1.") || head.len < 12 ||
        bytes_to_u64(bytes_of(head.p + 9, 3), 999, &status) < 0)
        return 0;
    return (unsigned) status;
}

static void on_head(struct ws_client *c, struct bytes head, struct bytes rest)
{
    struct http_fields f = parse_head(head);
    const char *accept = http_fields_get(&f, "Sec-WebSocket-Accept", 0);
    struct ws_client_end why = {.error = -EBADMSG, .status = status_of(head)};
    char wanted[WS_ACCEPT_SIZE];

    why.message = why.status ? "the server refused the WebSocket" : "what came is no HTTP";
    if (why.status == 101 && accept && ws_accept(c->key, wanted) == 0 &&
        strcmp(accept, wanted) == 0 && start_wslay(c) == 0) {
        c->state = OPEN;
        loop_timer_stop(&c->timer);
        c->handlers->on_open(c->arg);
        feed(c, rest);
    } else {
        end(c, &why);
    }
    http_fields_done(&f);
}

static void take_head(struct ws_client *c, struct bytes data)
{
    struct blob head;
    size_t len;

    if (blob_append(&c->head, data) < 0) {
        end_with(c, -EBADMSG, "the server's answer has too long a head");
        return;
    }
    len = head_len(&c->head);
    if (len == 0)
        return;
    head = c->head;
    c->head = blob_init(HEAD_MAX);
    on_head(c, bytes_of(head.p, len), bytes_of(head.p + len, head.len - len));
    blob_clear(&head);
}

/* ---- the connection ---- */

static void receive(struct ws_client *c)
{
    uint8_t buf[4096];

    while ((c->state == UPGRADING && c->asked) || c->state == OPEN) {
        int n = http_connection_receive(c->call, buf, sizeof(buf));

        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            end_with(c, c->close_code ? 0 : -ECONNRESET,
                     c->close_code ? "" : "the server ended the connection");
            return;
        }
        if (c->state == UPGRADING)
            take_head(c, bytes_of(buf, (size_t) n));
        else
            feed(c, bytes_of(buf, (size_t) n));
    }
}

static void on_ready(struct loop_io *io, uint32_t revents)
{
    struct ws_client *c = container_of(io, struct ws_client, io);

    (void) revents;
    c->busy = true;
    if (c->state == UPGRADING && !c->asked)
        send_request(c);
    receive(c);
    if (c->state == OPEN)
        flush(c);
    leave(c);
}

static void on_timer(struct loop_timer *t)
{
    struct ws_client *c = container_of(t, struct ws_client, timer);

    c->busy = true;
    end_with(c, -ETIMEDOUT, "the server does not answer the WebSocket's handshake");
    leave(c);
}

static int start_upgrade(struct ws_client *c)
{
    int r = write_request(c);

    if (r == 0)
        r = loop_io_start(&c->io, c->loop, http_connection_fd(c->call), EPOLLIN | EPOLLOUT,
                          on_ready);
    if (r == 0)
        r = loop_timer_start(&c->timer, c->loop, ANSWER_US, on_timer);
    return r;
}

static void on_connected(const struct http_response *rs, void *arg)
{
    struct ws_client *c = arg;
    struct ws_client_end why = {.error = rs->error, .message = rs->message, .tls = rs->tls};
    int r;

    c->busy = true;
    if (rs->error < 0) {
        c->call = NULL;
        end(c, &why);
    } else {
        c->state = UPGRADING;
        r = start_upgrade(c);
        if (r < 0)
            end_with(c, r, strerror(-r));
    }
    leave(c);
}

/* ---- life ---- */

int ws_client_new(struct loop *l, struct http *h, const struct http_request *rq,
                  const struct ws_client_handlers *handlers, void *arg, struct ws_client **ret_c)
{
    const char *host = strstr(rq->url, "://");
    struct ws_client *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    *c = (struct ws_client){.loop = l, .handlers = handlers, .arg = arg};
    c->head = blob_init(HEAD_MAX);
    c->host = host ? strdup(host + 3) : NULL;
    r = !host ? -EINVAL : !c->host ? -ENOMEM : http_connect(h, rq, on_connected, c, &c->call);
    if (r < 0) {
        release(c);
        return r;
    }
    *ret_c = c;
    return 0;
}

int ws_client_send(struct ws_client *c, struct bytes text)
{
    struct wslay_event_msg msg = {WSLAY_TEXT_FRAME, text.p, text.len};

    if (c->state != OPEN)
        return -ENOTCONN;
    if (wslay_event_get_queued_msg_count(c->ctx) >= WS_CLIENT_UNSENT_MAX ||
        wslay_event_queue_msg(c->ctx, &msg) != 0)
        return -ENOSPC;
    return loop_io_set_events(&c->io, EPOLLIN | EPOLLOUT);
}

void ws_client_close(struct ws_client *c, uint16_t code, const char *reason)
{
    if (c->state != OPEN)
        return;
    (void) wslay_event_queue_close(c->ctx, code, (const uint8_t *) reason, strlen(reason));
    (void) loop_io_set_events(&c->io, EPOLLIN | EPOLLOUT);
}
