#include "turn/relay.h"

#include "base/list.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

static void on_readable(struct loop_fd *f, uint32_t revents)
{
    struct relay *r = container_of(f, struct relay, io);
    struct udp_datagram d;
    int n = udp_receive(r->batch, f->fd);

    (void) revents;
    for (int i = 0; i < n; i++) {
        if (udp_datagram(r->batch, i, &d))
            r->fn(r, &d.from, bytes_of(d.data, d.len));
    }
}

static int open_any_port(const struct addr *ip, const struct ports *range, bool even,
                         struct addr *ret_bound)
{
    struct addr a = *ip;
    struct port_walk walk;
    int fd;

    port_walk_init(&walk, range);
    while ((a.port = port_walk_next(&walk, even)) != 0) {
        fd = udp_open(&a, 0);
        if (fd >= 0)
            *ret_bound = a;
        if (fd != -EADDRINUSE)
            return fd;
    }
    return -EADDRINUSE;
}

int relay_open(struct relay *r, struct loop_set *set, struct udp_batch *batch,
               const struct addr *ip, const struct ports *range, bool even, relay_fn *fn,
               void *owner)
{
    struct addr bound;
    int fd = open_any_port(ip, range, even, &bound);
    int error;

    if (fd < 0)
        return fd;
    *r = (struct relay){.batch = batch, .fn = fn, .owner = owner, .bound = bound};
    error = loop_fd_start(&r->io, set, fd, EPOLLIN, on_readable);
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
    loop_fd_stop(&r->io);
    close(fd);
    r->fn = NULL;
}

int relay_send(const struct relay *r, const struct addr *peer, struct bytes data)
{
    return udp_send(r->io.fd, peer, NULL, bytes_of(NULL, 0), data);
}
