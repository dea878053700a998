#include "link/link.h"

#include "base/clock.h"
#include "base/map.h"
#include "link/link_frame.h"
#include "link/link_message.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLS_MAX 65536   /* ours that wait for an answer */
#define REQUESTS_MAX 4096 /* the peer's that wait for ours */
#define READ_SIZE ((size_t) 64 * 1024)

#define RPC_METHOD_NOT_FOUND (-32601)
#define RPC_INTERNAL_ERROR (-32603)
#define RPC_TOO_MANY_REQUESTS (-32000)

struct link {
    struct link_handlers handlers;
    void *arg;
    struct loop *loop;
    int fd; /* -1 once the link is over */
    struct loop_io io;
    struct loop_defer defer; /* sends what was queued; or tells the end */
    struct loop_timer deadline;
    struct link_queue in, out;
    struct map *calls_by_id;
    struct list calls; /* link_call.node, the earliest deadline first */
    uint64_t last_id;
    struct list requests; /* link_request.node */
    size_t n_requests;
    int error;     /* why it is over, 0 while it is not */
    unsigned busy; /* our frames on the stack that still need the struct */
    bool freed;
};

/* A request of ours. */
struct pending_call {
    struct list node;
    uint64_t id;
    uint64_t deadline_us;
    link_answer_fn *fn;
    void *arg;
};

struct link_request {
    struct list node;
    struct link *link; /* NULL when that is gone */
    json_t *id;
};

static void enter(struct link *k)
{
    k->busy++;
}

/* Returns false when the link was freed meanwhile: it must not be touched any more. */
static bool leave(struct link *k)
{
    bool freed = k->freed;

    if (--k->busy == 0 && freed)
        free(k);
    return !freed;
}

/* ---- the end ---- */

static void disconnect(struct link *k)
{
    loop_io_stop(&k->io);
    loop_timer_done(&k->deadline);
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
}

/* The link is over from now on; who needs to know is told from the loop, not from here. */
static void fail(struct link *k, int error)
{
    if (k->error)
        return;
    k->error = error;
    disconnect(k);
    loop_defer_arm(&k->defer);
}

static struct bytes id_key(const uint64_t *id)
{
    return bytes_of(id, sizeof(*id));
}

static void end_call(struct link *k, struct pending_call *c, const struct link_answer *answer)
{
    link_answer_fn *fn = c->fn;
    void *arg = c->arg;

    list_del(&c->node);
    map_del(k->calls_by_id, id_key(&c->id));
    free(c);
    fn(answer, arg);
}

/* What the continuations do to the link (link_free() included) is safe: the caller is between
 * enter() and leave(). */
static void end_all_calls(struct link *k)
{
    const struct link_answer gone = {.error = -ECONNRESET};
    struct pending_call *c;

    while ((c = list_first(&k->calls, struct pending_call, node)))
        /* end_call() takes it off the list: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        end_call(k, c, &gone);
}

static void tell_end(struct link *k)
{
    enter(k);
    end_all_calls(k);
    if (!k->freed && k->handlers.on_closed)
        k->handlers.on_closed(k, k->error, k->arg);
    leave(k);
}

/* ---- sending ---- */

static void flush(struct link *k)
{
    while (link_queue_len(&k->out) > 0) {
        ssize_t n = send(k->fd, k->out.p + k->out.start, link_queue_len(&k->out),
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        int r;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            r = loop_io_set_events(&k->io, EPOLLIN | EPOLLOUT);
            if (r < 0)
                fail(k, r);
            return;
        }
        if (n < 0) {
            fail(k, errno == EPIPE ? -ECONNRESET : -errno);
            return;
        }
        link_queue_consume(&k->out, (size_t) n);
    }
    (void) loop_io_set_events(&k->io, EPOLLIN);
}

static void on_defer(struct loop_defer *d)
{
    struct link *k = container_of(d, struct link, defer);

    if (!k->error)
        flush(k);
    else
        tell_end(k);
}

/* Steals message (NULL: memory was out). */
static int queue(struct link *k, json_t *message)
{
    int r = -ENOMEM;

    if (k->error || k->freed)
        r = -ENOTCONN;
    else if (message)
        r = link_frame_append(&k->out, message, LINK_MESSAGE_MAX, LINK_QUEUE_MAX);
    json_decref(message);
    if (r == 0)
        loop_defer_arm(&k->defer);
    else if (r == -ENOBUFS)
        fail(k, r);
    return r;
}

int link_notify(struct link *k, const char *method, json_t *params)
{
    return queue(
        k, json_pack("{s:s, s:s, s:o*}", "jsonrpc", "2.0", "method", method, "params", params));
}

/* ---- our requests ---- */

static void arm_deadline(struct link *k);

static void on_deadline(struct loop_timer *t)
{
    struct link *k = container_of(t, struct link, deadline);
    const struct link_answer timed_out = {.error = -ETIMEDOUT};
    uint64_t now_us = clock_us();
    struct pending_call *c;

    enter(k);
    while (!k->freed && !k->error && (c = list_first(&k->calls, struct pending_call, node)) &&
           /* likewise: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
           c->deadline_us <= now_us)
        end_call(k, c, &timed_out);
    if (!k->freed && !k->error)
        arm_deadline(k);
    leave(k);
}

/* One timer for all, at the first deadline. */
static void arm_deadline(struct link *k)
{
    const struct pending_call *c = list_first(&k->calls, struct pending_call, node);
    uint64_t now_us = clock_us();
    int r;

    if (!c)
        return;
    r = loop_timer_start(&k->deadline, k->loop,
                         /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): likewise */
                         c->deadline_us > now_us ? c->deadline_us - now_us : 0, on_deadline);
    if (r < 0)
        fail(k, r);
}

/* Behind all whose deadline is not later; deadlines mostly rise, so looking from the end is short.
 */
static void insert_call(struct link *k, struct pending_call *c)
{
    struct list *at = k->calls.prev;

    while (at != &k->calls &&
           container_of(at, struct pending_call, node)->deadline_us > c->deadline_us)
        at = at->prev;
    list_prepend(at, &c->node);
}

int link_call(struct link *k, const char *method, json_t *params, uint64_t timeout_ms,
              link_answer_fn *fn, void *arg)
{
    struct pending_call *c = malloc(sizeof(*c));
    uint64_t now_us = clock_us();
    int r = -ENOMEM;

    if (!c)
        goto fail_params;
    *c = (struct pending_call){.id = ++k->last_id, .fn = fn, .arg = arg};
    c->deadline_us =
        timeout_ms < (UINT64_MAX - now_us) / 1000 ? now_us + timeout_ms * 1000 : UINT64_MAX;
    r = k->error || k->freed ? -ENOTCONN : map_put(k->calls_by_id, id_key(&c->id), c);
    if (r < 0)
        goto fail_params;
    r = queue(k, json_pack("{s:s, s:I, s:s, s:o*}", "jsonrpc", "2.0", "id", (json_int_t) c->id,
                           "method", method, "params", params));
    if (r < 0) {
        map_del(k->calls_by_id, id_key(&c->id));
        free(c);
        return r;
    }
    insert_call(k, c);
    if (k->calls.next == &c->node)
        arm_deadline(k);
    return 0;

fail_params:
    json_decref(params);
    free(c);
    return r;
}

size_t link_n_calls(const struct link *k)
{
    return k->calls_by_id ? map_count(k->calls_by_id) : 0;
}

/* ---- the peer's requests ---- */

static void request_unlink(struct link_request *rq)
{
    list_del(&rq->node);
    if (rq->link)
        rq->link->n_requests--;
    rq->link = NULL;
}

static void request_free(struct link_request *rq)
{
    request_unlink(rq);
    json_decref(rq->id);
    free(rq);
}

static int queue_error(struct link *k, json_t *id, int code, const char *message)
{
    return queue(k, json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id, "error",
                              "code", code, "message", message));
}

void link_reply(struct link_request *rq, json_t *result)
{
    struct link *k = rq->link;

    if (!k) {
        json_decref(result);
    } else {
        if (!result)
            result = json_object();
        if (queue(k, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", rq->id, "result",
                               result)) < 0)
            (void) queue_error(k, rq->id, RPC_INTERNAL_ERROR, "the answer is too large");
    }
    request_free(rq);
}

void link_reply_error(struct link_request *rq, int code, const char *message)
{
    if (rq->link && queue_error(rq->link, rq->id, code, message) < 0)
        (void) queue_error(rq->link, rq->id, code, "the error has no text that can be sent");
    request_free(rq);
}

static void handle_request(struct link *k, const struct link_message *m)
{
    struct link_request *rq;

    if (k->n_requests >= REQUESTS_MAX) {
        (void) queue_error(k, m->id, RPC_TOO_MANY_REQUESTS, "too many unanswered requests");
        return;
    }
    rq = malloc(sizeof(*rq));
    if (!rq) {
        fail(k, -ENOMEM);
        return;
    }
    *rq = (struct link_request){.link = k, .id = json_incref(m->id)};
    list_append(&k->requests, &rq->node);
    k->n_requests++;
    if (k->handlers.on_request)
        k->handlers.on_request(k, m->method, m->params, rq, k->arg);
    else
        link_reply_error(rq, RPC_METHOD_NOT_FOUND, "no such method");
}

/* ---- receiving ---- */

/* An answer that came after its deadline finds no call. */
static void handle_answer(struct link *k, const struct link_message *m)
{
    struct pending_call *c = map_get(k->calls_by_id, id_key(&m->call_id));
    struct link_answer answer = {.result = m->result};

    if (m->kind == LINK_ERROR)
        answer = (struct link_answer){.error = -EREMOTEIO, .code = m->code, .message = m->text};
    if (c)
        end_call(k, c, &answer);
}

static void handle_message(struct link *k, const struct link_message *m)
{
    if (m->kind == LINK_REQUEST)
        handle_request(k, m);
    else if (m->kind != LINK_NOTIFICATION)
        handle_answer(k, m);
    else if (k->handlers.on_notification)
        k->handlers.on_notification(k, m->method, m->params, k->arg);
}

static void handle_input(struct link *k)
{
    while (!k->freed && !k->error) {
        struct link_message m = {.root = NULL};
        struct bytes text;
        int r = link_frame_next(&k->in, LINK_MESSAGE_MAX, &text);

        if (r == -EAGAIN)
            return;
        if (r == 0)
            r = link_message_decode(text, &m);
        if (r < 0) {
            fail(k, r);
            return;
        }
        link_queue_consume(&k->in, LINK_FRAME_HEADER + text.len);
        handle_message(k, &m);
        link_message_done(&m);
    }
}

static void receive(struct link *k)
{
    ssize_t n;
    int r = link_queue_reserve(&k->in, READ_SIZE, LINK_FRAME_HEADER + LINK_MESSAGE_MAX + READ_SIZE);

    if (r < 0) {
        fail(k, r);
        return;
    }
    n = recv(k->fd, k->in.p + k->in.end, READ_SIZE, MSG_DONTWAIT);
    if (n > 0) {
        k->in.end += (size_t) n;
        handle_input(k);
    } else if (n == 0) {
        fail(k, -ECONNRESET);
    } else if (errno != EAGAIN && errno != EINTR) {
        fail(k, -errno);
    }
}

static void on_io(struct loop_io *io, uint32_t revents)
{
    struct link *k = container_of(io, struct link, io);

    enter(k);
    if (revents & EPOLLOUT)
        flush(k);
    if (!k->error && (revents & ~(uint32_t) EPOLLOUT))
        receive(k);
    leave(k);
}

/* ---- life ---- */

int link_new(struct loop *l, int fd, const struct link_handlers *handlers, void *arg,
             struct link **ret_link)
{
    struct link *k = calloc(1, sizeof(*k));
    int r = -ENOMEM;

    if (!k) {
        close(fd);
        return r;
    }
    *k = (struct link){.handlers = *handlers, .arg = arg, .loop = l, .fd = fd};
    list_init(&k->calls);
    list_init(&k->requests);
    r = loop_defer_init(&k->defer, l, on_defer);
    if (r == 0)
        r = map_new(CALLS_MAX, &k->calls_by_id);
    if (r == 0)
        r = loop_io_start(&k->io, l, fd, EPOLLIN, on_io);
    if (r < 0) {
        link_free(k);
        return r;
    }
    *ret_link = k;
    return 0;
}

struct link *link_free(struct link *k)
{
    struct link_request *rq;

    if (!k || k->freed)
        return NULL;
    enter(k);
    if (!k->error && link_queue_len(&k->out) > 0)
        flush(k);
    k->freed = true;
    disconnect(k);
    loop_defer_done(&k->defer);
    list_for_each (rq, &k->requests, node)
        request_unlink(rq);
    end_all_calls(k);
    k->calls_by_id = map_free(k->calls_by_id);
    link_queue_done(&k->in);
    link_queue_done(&k->out);
    leave(k);
    return NULL;
}
