#include "turn/relay.h"

#include "base/list.h"
#include "net/udp_socket.h"
#include "turn/turn.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

static void on_readable(struct loop_fd *f, uint32_t revents)
{
    struct relay *r = container_of(f, struct relay, io);
    struct udp_packet p;

    (void) revents;
    if (turn_receive(r->turn, f->fd) == 0)
        return;
    while (udp_in_next(r->turn->in, &p))
        r->fn(r, &p.from, bytes_of(p.data, p.len));
}

static int open_any_port(const struct addr *ip, const struct ports *range, bool even,
                         struct addr *ret_bound)
{
    struct addr a = *ip;
    struct port_walk walk;
    int fd;

    port_walk_init(&walk, range);
    while ((a.port = port_walk_next(&walk, even)) != 0) {
        fd = udp_socket_open(&a, UDP_SOCKET_FRAGMENT | UDP_SOCKET_COALESCE);
        if (fd >= 0)
            *ret_bound = a;
        if (fd != -EADDRINUSE)
            return fd;
    }
    return -EADDRINUSE;
}

int relay_open(struct relay *r, struct turn *t, const struct addr *ip, const struct ports *range,
               bool even, relay_fn *fn, void *owner)
{
    struct addr bound;
    int fd = open_any_port(ip, range, even, &bound);
    int error;

    if (fd < 0)
        return fd;
    *r = (struct relay){.turn = t, .fn = fn, .owner = owner, .bound = bound};
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
