#include "client/tls_tunnel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CHUNK 16384

/* One direction: bytes that were read and are not written yet. */
struct flow {
    uint8_t data[CHUNK];
    size_t at, len;
};

struct tunnel_conn {
    struct tls_tunnel *tunnel;
    struct list node;
    struct loop_io near, far;
    int fd; /* the near end */
    struct http_call *call;
    bool open; /* the far end is there */
    struct flow out, in;
};

struct tls_tunnel {
    struct loop *loop;
    struct http *http;
    char *url, *connect_to, *ca_file;
    bool any_certificate;
    struct addr addr;
    int fd;
    struct loop_io listener;
    struct list conns;
    unsigned n;
};

static void conn_free(struct tunnel_conn *c)
{
    loop_io_stop(&c->near);
    loop_io_stop(&c->far);
    if (c->call)
        http_cancel(c->call);
    close(c->fd);
    list_del(&c->node);
    c->tunnel->n--;
    free(c);
}

/* ---- bytes ---- */

static int near_receive(struct tunnel_conn *c, uint8_t *buf, size_t cap)
{
    ssize_t n = recv(c->fd, buf, cap, 0);

    return n >= 0 ? (int) n : errno == EAGAIN || errno == EINTR ? -EAGAIN : -ECONNRESET;
}

static int near_send(struct tunnel_conn *c, struct bytes data)
{
    ssize_t n = send(c->fd, data.p, data.len, MSG_NOSIGNAL);

    return n >= 0 ? (int) n : errno == EAGAIN || errno == EINTR ? -EAGAIN : -ECONNRESET;
}

static int far_receive(struct tunnel_conn *c, uint8_t *buf, size_t cap)
{
    return http_connection_receive(c->call, buf, cap);
}

static int far_send(struct tunnel_conn *c, struct bytes data)
{
    return http_connection_send(c->call, data);
}

/* As much as goes now. -ECONNRESET: one end is gone. */
static int pump(struct tunnel_conn *c, struct flow *f,
                int (*receive)(struct tunnel_conn *c, uint8_t *buf, size_t cap),
                int (*send_on)(struct tunnel_conn *c, struct bytes data))
{
    int n;

    for (;;) {
        while (f->at < f->len) {
            n = send_on(c, bytes_of(f->data + f->at, f->len - f->at));
            if (n == -EAGAIN)
                return 0;
            if (n < 0)
                return n;
            f->at += (size_t) n;
        }
        n = receive(c, f->data, sizeof(f->data));
        f->at = 0;
        f->len = n > 0 ? (size_t) n : 0;
        if (n == -EAGAIN)
            return 0;
        if (n <= 0)
            return -ECONNRESET;
    }
}

static uint32_t events_of(const struct flow *from_it, const struct flow *to_it)
{
    return (from_it->at < from_it->len ? 0u : EPOLLIN) | (to_it->at < to_it->len ? EPOLLOUT : 0u);
}

static void run(struct tunnel_conn *c)
{
    if (pump(c, &c->out, near_receive, far_send) < 0 ||
        pump(c, &c->in, far_receive, near_send) < 0 ||
        loop_io_set_events(&c->near, events_of(&c->out, &c->in)) < 0 ||
        loop_io_set_events(&c->far, events_of(&c->in, &c->out)) < 0)
        conn_free(c);
}

static void on_near(struct loop_io *io, uint32_t revents)
{
    (void) revents;
    run(container_of(io, struct tunnel_conn, near));
}

static void on_far(struct loop_io *io, uint32_t revents)
{
    (void) revents;
    run(container_of(io, struct tunnel_conn, far));
}

/* ---- connections ---- */

static void on_connected(const struct http_response *rs, void *arg)
{
    struct tunnel_conn *c = arg;
    struct loop *l = c->tunnel->loop;

    if (rs->error < 0) {
        c->call = NULL;
        conn_free(c);
    } else if (loop_io_start(&c->near, l, c->fd, EPOLLIN, on_near) < 0 ||
               loop_io_start(&c->far, l, http_connection_fd(c->call), EPOLLIN, on_far) < 0) {
        conn_free(c);
    }
}

static void on_accept(struct loop_io *io, uint32_t revents)
{
    struct tls_tunnel *t = container_of(io, struct tls_tunnel, listener);
    struct http_request rq = {.url = t->url,
                              .connect_to = t->connect_to,
                              .ca_file = t->ca_file,
                              .any_certificate = t->any_certificate,
                              .no_alpn = true};
    int fd = accept4(t->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    struct tunnel_conn *c = fd >= 0 && t->n < TLS_TUNNEL_MAX ? calloc(1, sizeof(*c)) : NULL;

    (void) revents;
    if (!c) {
        if (fd >= 0)
            close(fd);
        return;
    }
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->tunnel = t;
    c->fd = fd;
    list_append(&t->conns, &c->node);
    t->n++;
    if (http_connect(t->http, &rq, on_connected, c, &c->call) < 0)
        conn_free(c);
}

static int listen_on_loopback(struct tls_tunnel *t)
{
    struct sockaddr_storage sa;
    socklen_t len;

    (void) addr_parse_ip("127.0.0.1", 0, &t->addr);
    len = addr_to_sockaddr(&t->addr, &sa);
    t->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0 || bind(t->fd, (struct sockaddr *) &sa, len) < 0 ||
        listen(t->fd, TLS_TUNNEL_MAX) < 0 || getsockname(t->fd, (struct sockaddr *) &sa, &len) < 0)
        return -errno;
    return addr_from_sockaddr((struct sockaddr *) &sa, len, &t->addr);
}

static int copy(const char *from, char **to)
{
    *to = from ? strdup(from) : NULL;
    return from && !*to ? -ENOMEM : 0;
}

int tls_tunnel_new(struct loop *l, struct http *h, const struct http_request *to,
                   struct tls_tunnel **ret_t)
{
    struct tls_tunnel *t = calloc(1, sizeof(*t));
    int r;

    if (!t)
        return -ENOMEM;
    t->loop = l;
    t->http = h;
    t->fd = -1;
    t->any_certificate = to->any_certificate;
    list_init(&t->conns);
    r = copy(to->url, &t->url);
    if (r == 0)
        r = copy(to->connect_to, &t->connect_to);
    if (r == 0)
        r = copy(to->ca_file, &t->ca_file);
    if (r == 0)
        r = listen_on_loopback(t);
    if (r == 0)
        r = loop_io_start(&t->listener, l, t->fd, EPOLLIN, on_accept);
    if (r < 0) {
        tls_tunnel_free(t);
        return r;
    }
    *ret_t = t;
    return 0;
}

struct tls_tunnel *tls_tunnel_free(struct tls_tunnel *t)
{
    struct tunnel_conn *c;

    if (!t)
        return NULL;
    list_for_each (c, &t->conns, node)
        conn_free(c);
    loop_io_stop(&t->listener);
    if (t->fd >= 0)
        close(t->fd);
    free(t->url);
    free(t->connect_to);
    free(t->ca_file);
    free(t);
    return NULL;
}

const struct addr *tls_tunnel_addr(const struct tls_tunnel *t)
{
    return &t->addr;
}
