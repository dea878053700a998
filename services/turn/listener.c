#include "turn/listener.h"

#include "net/udp_socket.h"

#include <sys/epoll.h>
#include <unistd.h>

#define SOCKET_BUFFER (8 << 20) /* all clients share it */

void listener_send(struct listener *ls, const struct flow *flow, struct bytes head,
                   struct bytes body)
{
    udp_out_send(ls->turn->out, &ls->out, &flow->client, ls->tell_local ? &flow->local : NULL, head,
                 body);
}

static void send_to_client(struct transport *t, const struct flow *flow, struct bytes head,
                           struct bytes body)
{
    listener_send(container_of(t, struct listener, transport), flow, head, body);
}

static void on_readable(struct loop_fd *f, uint32_t revents)
{
    struct listener *ls = container_of(f, struct listener, io);
    struct flow flow = {.transport = &ls->transport};
    struct udp_packet p;

    (void) revents;
    if (turn_receive(ls->turn, f->fd) == 0)
        return;
    while (udp_in_next(ls->turn->in, &p)) {
        flow.client = p.from;
        flow.local = p.local.family != 0 ? p.local : ls->bound;
        flow.local.port = ls->bound.port;
        ls->fn(ls, &flow, bytes_of(p.data, p.len));
    }
}

int listener_open(struct listener *ls, struct turn *turn, const struct addr *bind_to,
                  bool reuse_port, listener_fn *fn, void *owner)
{
    bool tell_local = addr_is_unspecified(bind_to);
    int fd = udp_socket_open(bind_to, UDP_SOCKET_FRAGMENT | UDP_SOCKET_COALESCE |
                                          (tell_local ? UDP_SOCKET_TELL_LOCAL : 0) |
                                          (reuse_port ? UDP_SOCKET_REUSE_PORT : 0));
    int r;

    if (fd < 0)
        return fd;
    *ls = (struct listener){.transport = {.kind = TRANSPORT_UDP, .send = send_to_client},
                            .turn = turn,
                            .fn = fn,
                            .owner = owner,
                            .tell_local = tell_local};
    udp_out_socket_init(&ls->out, fd);
    udp_socket_ask_buffers(fd, SOCKET_BUFFER, SOCKET_BUFFER);
    r = addr_of_socket(fd, &ls->bound);
    if (r == 0)
        r = loop_fd_start(&ls->io, turn->set, fd, EPOLLIN, on_readable);
    if (r < 0) {
        close(fd);
        *ls = (struct listener){.turn = NULL};
    }
    return r;
}

void listener_close(struct listener *ls)
{
    int fd = ls->io.fd;

    if (!ls->turn)
        return;
    udp_out_socket_flush(ls->turn->out, &ls->out);
    loop_fd_stop(&ls->io);
    close(fd);
    ls->turn = NULL;
}
