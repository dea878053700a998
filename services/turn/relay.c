#include "turn/relay.h"

#include "base/list.h"
#include "net/udp_socket.h"
#include "turn/turn.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SOCKET_BUFFER (1 << 19) /* a key frame, and what comes while others are served */
#define ERRORS_AT_ONCE 16       /* of the network, before others have their turn */

/* The queue must be empty, or the descriptor stays ready. sent_to (or NULL): what was just tried;
 * of our own link's errors the kernel does not tell the port for IPv4. */
static void read_errors(struct relay *r, const struct addr *sent_to)
{
    struct icmp_error e;

    for (int i = 0; i < ERRORS_AT_ONCE && icmp_next(r->io.fd, &e); i++) {
        if (e.peer.port == 0 && sent_to)
            e.peer.port = sent_to->port;
        if (r->error_fn)
            r->error_fn(r, &e);
    }
}

static void on_readable(struct loop_fd *f, uint32_t revents)
{
    struct relay *r = container_of(f, struct relay, io);
    struct udp_packet p;

    if (revents & EPOLLERR)
        read_errors(r, NULL);
    if (!(revents & EPOLLIN) || turn_receive(r->turn, f->fd) == 0)
        return;
    while (udp_in_next(r->turn->in, &p))
        r->fn(r, &p.from, bytes_of(p.data, p.len));
}

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* IP_PMTUDISC_OMIT: no DF bit as with IP_PMTUDISC_DONT, but the kernel keeps no path MTU that
 * others tell it, and lets us know when the network says "too big" (it does not with DONT). Routers
 * do not fragment IPv6, so there the kernel must keep the MTU and do it. */
static int set_fragmenting(int fd, int family)
{
    if (family == AF_INET6)
        return set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
    return set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
}

/* PROBE: with DF whatever path MTU was told, so that each packet has its own answer. */
static int set_unfragmented(int fd, int family)
{
    if (family == AF_INET6)
        return set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    return set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
}

static int open_at(const struct addr *a)
{
    int fd = udp_socket_open(a, UDP_SOCKET_COALESCE);
    int r = fd;

    if (r >= 0)
        r = icmp_enable(fd, a->family);
    if (r >= 0)
        r = set_fragmenting(fd, a->family);
    if (r >= 0)
        udp_socket_ask_buffers(fd, SOCKET_BUFFER, 0);
    else if (fd >= 0)
        close(fd);
    return r < 0 ? r : fd;
}

/* A pair is had whole or not at all. */
static int open_ports(const struct addr *a, bool pair, int ret_fds[static 2])
{
    struct addr next = *a;
    int first = open_at(a);
    int second = -1;

    if (first < 0)
        return first;
    if (pair) {
        next.port++;
        second = open_at(&next);
        if (second < 0) {
            close(first);
            return second;
        }
    }
    ret_fds[0] = first;
    ret_fds[1] = second;
    return 0;
}

int relay_bind(const struct addr *ip, const struct ports *range, enum relay_port port,
               int ret_fds[static 2], struct addr ret_bound[static 2])
{
    struct addr a = *ip;
    struct port_walk walk;

    port_walk_init(&walk, range);
    while ((a.port = port_walk_next(&walk, port != RELAY_ANY_PORT)) != 0) {
        bool pair = port == RELAY_PORT_PAIR;
        int r;

        if (pair && a.port == range->max)
            continue;
        r = open_ports(&a, pair, ret_fds);
        if (r == -EADDRINUSE)
            continue;
        ret_bound[0] = ret_bound[1] = a;
        ret_bound[1].port++;
        return r;
    }
    return -EADDRINUSE;
}

int relay_open(struct relay *r, struct turn *t, int fd, const struct addr *bound, relay_fn *fn,
               void *owner)
{
    int error;

    *r = (struct relay){.turn = t, .fn = fn, .owner = owner, .bound = *bound};
    udp_out_socket_init(&r->out, fd);
    error = loop_fd_start(&r->io, t->set, fd, EPOLLIN, on_readable);
    if (error < 0) {
        close(fd);
        *r = (struct relay){.fn = NULL};
    }
    return error;
}

void relay_close(struct relay *r)
{
    int fd = r->io.fd;

    if (!r->fn)
        return;
    udp_out_socket_flush(r->turn->out, &r->out);
    loop_fd_stop(&r->io);
    close(fd);
    r->fn = NULL;
}

void relay_send(struct relay *r, const struct addr *peer, struct bytes data)
{
    udp_out_send(r->turn->out, &r->out, peer, NULL, bytes_of(NULL, 0), data);
}

static int send_now(int fd, const struct addr *peer, struct bytes data)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(peer, &sa);

    return sendto(fd, data.p, data.len, MSG_NOSIGNAL, (struct sockaddr *) &sa, len) < 0 ? -errno
                                                                                        : 0;
}

/* What waits goes first, as it is. An error of an earlier datagram is taken away, or it would be
 * that of this one. */
int relay_send_unfragmented(struct relay *r, const struct addr *peer, struct bytes data)
{
    socklen_t len = sizeof(int);
    int fd = r->io.fd;
    int pending, error;

    udp_out_socket_flush(r->turn->out, &r->out);
    error = set_unfragmented(fd, peer->family);
    (void) getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &len);
    if (error == 0)
        error = send_now(fd, peer, data);
    if (error == -EMSGSIZE)
        read_errors(r, peer);
    (void) set_fragmenting(fd, peer->family);
    return error;
}
