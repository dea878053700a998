#include "client/turn_check.h"

#include "base/rnd.h"
#include "codec/stun.h"
#include "codec/turn_stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CONNECT_MS 5000
#define RESEND_US 500000 /* of a request over UDP, then doubling (RFC 8489 section 6.2.1) */
#define ANSWER_US 5000000
#define ROUNDS_MAX 4 /* without a nonce, with it, with a fresh one */
#define MESSAGE_MAX 2048
#define NONCE_MAX 763 /* RFC 8489 section 14.10 */
#define REALM_MAX 763

struct turn_check {
    struct loop *loop;
    struct turn_check_config config;
    turn_check_fn *fn;
    void *arg;
    struct turn_check_result result;
    int fd;                 /* of UDP */
    struct http_call *call; /* of the others */
    struct loop_io io;
    struct loop_timer resend, deadline;
    uint64_t resend_us;
    uint8_t request[MESSAGE_MAX];
    size_t request_len, request_sent; /* sent: over a stream */
    uint8_t in[MESSAGE_MAX];
    size_t in_len;
    enum stun_method method;
    uint8_t tid[STUN_TID_SIZE];
    uint8_t nonce[NONCE_MAX], realm[REALM_MAX];
    size_t nonce_len, realm_len;
    unsigned rounds;
    bool done;
};

/* ---- the end ---- */

static void finish(struct turn_check *t)
{
    if (t->done)
        return;
    t->done = true;
    loop_io_stop(&t->io);
    loop_timer_stop(&t->resend);
    loop_timer_stop(&t->deadline);
    t->fn(&t->result, t->arg);
}

static void fail(struct turn_check *t, int error, const char *message)
{
    t->result.error = error;
    t->result.message = message;
    finish(t);
}

/* ---- requests ---- */

static int put_credentials(struct turn_check *t, struct wr *w)
{
    struct bytes user = bytes_str(t->config.user), realm = bytes_of(t->realm, t->realm_len);
    uint8_t key[16];
    int r = stun_long_term_key(user, realm, bytes_str(t->config.password), key);

    if (r < 0)
        return r;
    stun_put_bytes(w, STUN_ATTR_USERNAME, user);
    stun_put_bytes(w, STUN_ATTR_REALM, realm);
    stun_put_bytes(w, STUN_ATTR_NONCE, bytes_of(t->nonce, t->nonce_len));
    stun_put_integrity(w, bytes_of(key, sizeof(key)));
    return 0;
}

static int make_request(struct turn_check *t, enum stun_method method)
{
    struct wr w = wr_init(t->request, sizeof(t->request));
    int r = 0;

    t->method = method;
    rnd_bytes(t->tid, sizeof(t->tid));
    stun_begin(&w, STUN_REQUEST, method, t->tid);
    if (method == STUN_ALLOCATE)
        stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP << 24);
    else
        stun_put_u32(&w, STUN_ATTR_LIFETIME, 0);
    if (t->nonce_len > 0)
        r = put_credentials(t, &w);
    stun_put_fingerprint(&w);
    t->request_sent = 0;
    return r < 0 ? r : stun_finish(&w, &t->request_len);
}

static void on_resend(struct loop_timer *timer);

static void send_request(struct turn_check *t)
{
    struct bytes left = bytes_of(t->request + t->request_sent, t->request_len - t->request_sent);
    int n;

    if (t->fd >= 0) {
        (void) send(t->fd, t->request, t->request_len, 0); /* ICMP's word comes with receiving */
        (void) loop_timer_start(&t->resend, t->loop, t->resend_us, on_resend);
        t->resend_us *= 2;
        return;
    }
    n = left.len > 0 ? http_connection_send(t->call, left) : 0;
    if (n < 0 && n != -EAGAIN)
        fail(t, -ECONNRESET, "the connection was lost");
    else if (n > 0)
        t->request_sent += (size_t) n;
    if (!t->done)
        (void) loop_io_set_events(&t->io,
                                  EPOLLIN | (t->request_sent < t->request_len ? EPOLLOUT : 0u));
}

static void on_resend(struct loop_timer *timer)
{
    send_request(container_of(timer, struct turn_check, resend));
}

static void on_deadline(struct loop_timer *timer)
{
    fail(container_of(timer, struct turn_check, deadline), -ETIMEDOUT, "nobody answers");
}

static void ask(struct turn_check *t, enum stun_method method)
{
    int r = ++t->rounds > ROUNDS_MAX ? -EPROTO : make_request(t, method);

    t->resend_us = RESEND_US;
    if (r == 0)
        r = loop_timer_start(&t->deadline, t->loop, ANSWER_US, on_deadline);
    if (r < 0)
        fail(t, r, r == -EPROTO ? "the server asks for credentials again and again" : strerror(-r));
    else
        send_request(t);
}

/* ---- answers ---- */

/* 401 and 438 bring what the next try needs. */
static bool take_nonce(struct turn_check *t, const struct stun *m)
{
    bool first = t->nonce_len == 0;

    if (m->nonce.len == 0 || m->nonce.len > sizeof(t->nonce) || m->realm.len > sizeof(t->realm) ||
        !(m->error_code == 438 || (m->error_code == 401 && first)))
        return false;
    memcpy(t->nonce, m->nonce.p, m->nonce.len);
    t->nonce_len = m->nonce.len;
    if (m->realm.len > 0)
        memcpy(t->realm, m->realm.p, m->realm.len);
    t->realm_len = m->realm.len ? m->realm.len : t->realm_len;
    return true;
}

static void on_error(struct turn_check *t, const struct stun *m)
{
    t->result.step = TURN_CHECK_ALLOCATE;
    if (take_nonce(t, m)) {
        ask(t, t->method);
        return;
    }
    t->result.code = m->error_code;
    switch (m->error_code) {
    case 401:
        fail(t, -EACCES, "the credentials are refused");
        break;
    case 403:
        fail(t, -EACCES, "the server forbids it");
        break;
    case 486:
        fail(t, -EREMOTEIO, "this user has too many allocations");
        break;
    case 508:
        fail(t, -EREMOTEIO, "the server has no relay address free");
        break;
    default:
        fail(t, -EREMOTEIO, "the server refuses");
    }
}

static void on_answer(struct turn_check *t, struct bytes message)
{
    struct stun m;

    if (stun_decode(message, &m) < 0 || m.method != t->method ||
        memcmp(m.tid, t->tid, sizeof(t->tid)) != 0)
        return;
    loop_timer_stop(&t->resend);
    if (m.class == STUN_ERROR && t->method == STUN_ALLOCATE) {
        on_error(t, &m);
    } else if (t->method == STUN_REFRESH) {
        finish(t); /* given back, or it ends by itself */
    } else if (m.class == STUN_SUCCESS && m.xor_relayed.family != 0) {
        t->result.step = TURN_CHECK_DONE;
        t->result.mapped = m.xor_mapped;
        t->result.relayed = m.xor_relayed;
        ask(t, STUN_REFRESH);
    }
}

/* ---- what comes in ---- */

static void on_udp(struct loop_io *io, uint32_t revents)
{
    struct turn_check *t = container_of(io, struct turn_check, io);
    ssize_t n = recv(t->fd, t->in, sizeof(t->in), 0);

    (void) revents;
    if (n > 0)
        on_answer(t, bytes_of(t->in, (size_t) n));
    else if (n < 0 && errno == ECONNREFUSED)
        fail(t, -ECONNREFUSED, "nobody listens there");
}

static void take_messages(struct turn_check *t)
{
    struct bytes message;
    size_t taken;
    int r = 0;

    while (!t->done && (r = turn_stream_next(bytes_of(t->in, t->in_len), sizeof(t->in), &message,
                                             &taken)) == 0) {
        uint8_t copy[MESSAGE_MAX];

        memcpy(copy, message.p, message.len);
        message.p = copy;
        memmove(t->in, t->in + taken, t->in_len - taken);
        t->in_len -= taken;
        on_answer(t, message);
    }
    if (r < 0 && r != -EAGAIN)
        fail(t, -EBADMSG, "what answers is no TURN server");
}

static void on_stream(struct loop_io *io, uint32_t revents)
{
    struct turn_check *t = container_of(io, struct turn_check, io);
    int n = 1;

    if (revents & EPOLLOUT)
        send_request(t);
    while (!t->done && n > 0) {
        n = http_connection_receive(t->call, t->in + t->in_len, sizeof(t->in) - t->in_len);
        if (n > 0) {
            t->in_len += (size_t) n;
            take_messages(t);
        } else if (n != -EAGAIN) {
            fail(t, -ECONNRESET, "the server ended the connection");
        }
    }
}

/* ---- beginning ---- */

static void on_connected(const struct http_response *rs, void *arg)
{
    struct turn_check *t = arg;
    int r;

    if (rs->error < 0) {
        t->call = NULL;
        t->result.tls = rs->tls;
        fail(t, rs->error, rs->message);
        return;
    }
    t->result.step = TURN_CHECK_ANSWER;
    r = loop_io_start(&t->io, t->loop, http_connection_fd(t->call), EPOLLIN, on_stream);
    if (r < 0)
        fail(t, r, strerror(-r));
    else
        ask(t, STUN_ALLOCATE);
}

static int start_stream(struct turn_check *t, struct http *h)
{
    bool tls = t->config.transport == TURN_TLS;
    bool v6 = strchr(t->config.name, ':') != NULL;
    char url[TURN_HOST_SIZE + 32], to[ADDR_TEXT_SIZE];
    struct http_request rq = {.url = url,
                              .timeout_ms = CONNECT_MS,
                              .connect_to = addr_format(&t->config.addr, to),
                              .ca_file = t->config.ca_file,
                              .any_certificate = t->config.any_certificate,
                              .no_alpn = true};

    snprintf(url, sizeof(url), v6 ? "%s://[%s]:%u" : "%s://%s:%u", tls ? "https" : "http",
             t->config.name, t->config.addr.port);
    return http_connect(h, &rq, on_connected, t, &t->call);
}

static int start_udp(struct turn_check *t)
{
    struct sockaddr_storage to;
    socklen_t len = addr_to_sockaddr(&t->config.addr, &to);
    int r;

    t->fd = socket(t->config.addr.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0 || connect(t->fd, (struct sockaddr *) &to, len) < 0)
        return -errno;
    t->result.step = TURN_CHECK_ANSWER;
    t->method = STUN_ALLOCATE;
    t->resend_us = RESEND_US;
    t->rounds = 1;
    r = loop_io_start(&t->io, t->loop, t->fd, EPOLLIN, on_udp);
    if (r == 0)
        r = loop_timer_start(&t->deadline, t->loop, ANSWER_US, on_deadline);
    if (r == 0)
        r = make_request(t, STUN_ALLOCATE);
    if (r == 0)
        send_request(t);
    return r;
}

int turn_check_new(struct loop *l, struct http *h, const struct turn_check_config *c,
                   turn_check_fn *fn, void *arg, struct turn_check **ret_t)
{
    struct turn_check *t = calloc(1, sizeof(*t));
    int r;

    if (!t)
        return -ENOMEM;
    t->loop = l;
    t->config = *c;
    t->fn = fn;
    t->arg = arg;
    t->fd = -1;
    t->result.message = "";
    r = c->transport == TURN_UDP ? start_udp(t) : start_stream(t, h);
    if (r < 0) {
        turn_check_free(t);
        return r;
    }
    *ret_t = t;
    return 0;
}

struct turn_check *turn_check_free(struct turn_check *t)
{
    if (!t)
        return NULL;
    loop_io_stop(&t->io);
    loop_timer_done(&t->resend);
    loop_timer_done(&t->deadline);
    if (t->call)
        http_cancel(t->call);
    if (t->fd >= 0)
        close(t->fd);
    free(t);
    return NULL;
}
