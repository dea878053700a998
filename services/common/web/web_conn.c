/* Listeners, connections and their deadlines, and what each address may have open. */
#include "web/web_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Connections taken from one listener a turn. */
#define ACCEPT_MAX 32

struct web_listener {
    struct web *web;
    struct list node;
    struct loop_io io;
    int fd;
    bool trusted;
};

int web_count_take(struct web *w, const struct addr *a, struct addr_count **ret)
{
    int r = addr_count_take(w->addresses, a, w->limits.per_address, ret);

    if (r == -ENOSPC)
        web_struck(w, WEB_PER_ADDRESS, a);
    return r;
}

/* ---- connections ---- */

static void conn_free(struct web_conn *c)
{
    addr_count_release(c->count);
    c->web->n_conns--;
    list_del(&c->node);
    free(c);
}

struct web_conn *web_conn_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void web_conn_set(struct web_conn *c, enum web_conn_state state, uint64_t seconds)
{
    c->state = state;
    c->deadline_us = seconds ? clock_us() + seconds * SECOND_US : 0;
}

static struct web_conn *find_accepted(struct web *w, int fd)
{
    struct web_conn *c;

    list_for_each (c, &w->accepted, node) {
        if (c->fd == fd)
            return c;
    }
    return NULL;
}

void web_conn_on_notify(void *arg, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode code)
{
    struct web *w = arg;
    struct web_conn *c = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        c = find_accepted(
            w, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
        *context = c;
        if (!c)
            return;
        list_del(&c->node);
        list_append(&w->conns, &c->node);
        web_conn_set(c, CONN_IDLE, w->limits.idle_s);
        web_sweep_later(w);
    } else if (c) {
        *context = NULL;
        conn_free(c);
    }
}

void web_conn_drop_refused(struct web *w)
{
    struct web_conn *c;

    list_for_each (c, &w->accepted, node)
        conn_free(c);
}

void web_conn_sweep(struct web *w)
{
    uint64_t now = clock_us();
    struct web_conn *c;

    list_for_each (c, &w->conns, node) {
        if (c->deadline_us == 0 || now < c->deadline_us)
            continue;
        c->deadline_us = 0;
        /* The daemon sees the end of file and closes. */
        (void) shutdown(c->fd, SHUT_RDWR);
    }
}

/* ---- listeners ---- */

static void take_connection(struct web_listener *l, int fd, const struct sockaddr_storage *ss,
                            socklen_t len)
{
    struct web *w = l->web;
    struct web_conn *c = w->n_conns < w->limits.connections ? calloc(1, sizeof(*c)) : NULL;
    struct addr peer;

    if (addr_from_sockaddr((const struct sockaddr *) ss, len, &peer) < 0)
        peer = (struct addr){0};
    if (!c) {
        w->n_refused++;
        web_struck(w, WEB_CONNECTIONS, &peer);
        close(fd);
        return;
    }
    c->web = w;
    c->fd = fd;
    c->trusted = l->trusted;
    w->n_conns++;
    list_append(&w->accepted, &c->node);
    c->peer = peer;
    if (!c->trusted && web_count_take(w, &c->peer, &c->count) < 0) {
        w->n_refused++;
        conn_free(c);
        close(fd);
        return;
    }
    /* Closes fd when it fails; the connection is then among the refused ones. */
    (void) MHD_add_connection(w->daemon, fd, (const struct sockaddr *) ss, len);
    web_pump_later(w);
}

static void pause_accepting(struct web *w)
{
    struct web_listener *l;

    w->accept_paused = true;
    list_for_each (l, &w->listeners, node)
        (void) loop_io_set_events(&l->io, 0);
    web_sweep_later(w);
}

void web_listeners_resume(struct web *w)
{
    struct web_listener *l;

    if (!w->accept_paused)
        return;
    w->accept_paused = false;
    list_for_each (l, &w->listeners, node)
        (void) loop_io_set_events(&l->io, EPOLLIN);
}

static void on_acceptable(struct loop_io *io, uint32_t revents)
{
    struct web_listener *l = container_of(io, struct web_listener, io);

    (void) revents;
    for (int i = 0; i < ACCEPT_MAX; i++) {
        struct sockaddr_storage ss = {0};
        socklen_t len = sizeof(ss);
        int fd = accept4(l->fd, (struct sockaddr *) &ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            take_connection(l, fd, &ss, len);
            continue;
        }
        /* Without descriptors or memory the socket stays readable: look again in a second. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(l->web);
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

int web_add_listener(struct web *w, int fd, bool trusted_proxy)
{
    struct web_listener *l = calloc(1, sizeof(*l));
    int r;

    if (!l)
        return -ENOMEM;
    r = loop_io_start(&l->io, w->loop, fd, EPOLLIN, on_acceptable);
    if (r < 0) {
        free(l);
        return r;
    }
    l->web = w;
    l->fd = fd;
    l->trusted = trusted_proxy;
    list_append(&w->listeners, &l->node);
    return 0;
}

void web_listeners_free(struct web *w)
{
    struct web_listener *l;

    list_for_each (l, &w->listeners, node) {
        list_del(&l->node);
        loop_io_stop(&l->io);
        close(l->fd);
        free(l);
    }
}

int web_listen_tcp(const struct addr *a)
{
    static const int on = 1;
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(a, &ss);
    int fd = socket(a->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int r;

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (a->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
        bind(fd, (struct sockaddr *) &ss, len) < 0 || listen(fd, SOMAXCONN) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}
