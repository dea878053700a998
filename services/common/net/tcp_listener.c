#include "net/tcp_listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BACKLOG 1024           /* a page of a thousand clients reloaded at once */
#define ACCEPTS_PER_EVENT 16   /* then packets have their turn */
#define ACCEPT_PAUSE_US 100000 /* for want of descriptors, or when the owner wants it */

/* Media is of no use when it is old: what the network does not take yet waits with us, where it can
 * be dropped, and not in the kernel. */
#define NOT_SENT_MAX 32768

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

int tcp_listener_socket(const struct addr *bind_to, unsigned flags)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(bind_to, &sa);
    int fd = socket(bind_to->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r;

    if (fd < 0)
        return -errno;
    r = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (r == 0 && flags & TCP_LISTENER_REUSE_PORT)
        r = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (r == 0 && bind_to->family == AF_INET6)
        r = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !(flags & TCP_LISTENER_BOTH_FAMILIES));
    if (r == 0 && (bind(fd, (struct sockaddr *) &sa, len) < 0 || listen(fd, BACKLOG) < 0))
        r = -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

static void on_pause_over(struct loop_timer *t)
{
    struct tcp_listener *ls = container_of(t, struct tcp_listener, pause);

    (void) loop_fd_set_events(&ls->io, EPOLLIN);
}

/* What waits to be accepted would wake us without end. */
static void pause_accepting(struct tcp_listener *ls)
{
    if (loop_timer_start(&ls->pause, ls->loop, ACCEPT_PAUSE_US, on_pause_over) == 0)
        (void) loop_fd_set_events(&ls->io, 0);
}

static void add(struct tcp_listener *ls, int fd, const struct sockaddr_storage *sa, socklen_t len)
{
    struct addr client, local;

    if (addr_from_sockaddr((const struct sockaddr *) sa, len, &client) < 0 ||
        addr_of_socket(fd, &local) < 0 || set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ||
        set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_MAX) < 0)
        close(fd);
    else
        ls->handlers->add(ls->arg, fd, &client, &local);
}

/* False: there are no more for now. */
static bool accept_one(struct tcp_listener *ls)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    int fd = accept4(ls->io.fd, (struct sockaddr *) &sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = errno;

    if (fd >= 0) {
        add(ls, fd, &sa, len);
        return true;
    }
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
        ls->handlers->make_room(ls->arg);
        pause_accepting(ls);
    }
    return error == ECONNABORTED || error == EINTR;
}

static void on_connections(struct loop_fd *f, uint32_t revents)
{
    struct tcp_listener *ls = container_of(f, struct tcp_listener, io);

    (void) revents;
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        if (ls->handlers->may_add && !ls->handlers->may_add(ls->arg)) {
            pause_accepting(ls);
            return;
        }
        if (!accept_one(ls))
            return;
    }
}

int tcp_listener_start(struct tcp_listener *ls, struct loop *l, struct loop_set *set, int fd,
                       const struct tcp_listener_handlers *handlers, void *arg)
{
    int r;

    *ls = (struct tcp_listener){.loop = l, .handlers = handlers, .arg = arg};
    r = addr_of_socket(fd, &ls->bound);
    if (r == 0)
        r = loop_fd_start(&ls->io, set, fd, EPOLLIN, on_connections);
    if (r < 0) {
        close(fd);
        ls->handlers = NULL;
    }
    return r;
}

void tcp_listener_close(struct tcp_listener *ls)
{
    int fd = ls->io.fd;

    if (!ls->handlers)
        return;
    loop_timer_done(&ls->pause);
    loop_fd_stop(&ls->io);
    close(fd);
    ls->handlers = NULL;
}
