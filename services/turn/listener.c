#include "turn/listener.h"

#include <sys/epoll.h>
#include <unistd.h>

static void send_to_client(struct transport *t, const struct flow *flow, struct bytes head,
                           struct bytes body)
{
    struct listener *ls = container_of(t, struct listener, transport);

    udp_send(ls->io.fd, &flow->client, &flow->local, head, body);
}

static void on_readable(struct loop_fd *f, uint32_t revents)
{
    struct listener *ls = container_of(f, struct listener, io);
    struct flow flow = {.transport = &ls->transport};
    struct udp_datagram d;
    int n = udp_receive(ls->turn->batch, f->fd);

    (void) revents;
    turn_tick(ls->turn);
    for (int i = 0; i < n; i++) {
        if (!udp_datagram(ls->turn->batch, i, &d))
            continue;
        flow.client = d.from;
        flow.local = d.local.family != 0 ? d.local : ls->bound;
        flow.local.port = ls->bound.port;
        turn_on_datagram(ls->turn, &flow, bytes_of(d.data, d.len));
    }
    turn_flush(ls->turn);
}

int listener_open(struct listener *ls, struct turn *turn, const struct addr *bind_to,
                  bool reuse_port)
{
    int fd = udp_open(bind_to, UDP_TELL_LOCAL | (reuse_port ? UDP_REUSE_PORT : 0));
    int r;

    if (fd < 0)
        return fd;
    *ls = (struct listener){.transport = {.kind = TRANSPORT_UDP, .send = send_to_client},
                            .turn = turn};
    r = udp_bound_addr(fd, &ls->bound);
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
    loop_fd_stop(&ls->io);
    close(fd);
    ls->turn = NULL;
}
