#include "turn/tcp.h"

static void add(void *arg, int fd, const struct addr *client, const struct addr *local)
{
    struct conns_listener *ls = arg;

    conns_add(ls->conns, ls->kind, fd, client, local);
}

static bool may_add(void *arg)
{
    struct conns_listener *ls = arg;

    return ls->kind != TRANSPORT_TLS || conns_may_handshake(ls->conns);
}

static void make_room(void *arg)
{
    struct conns_listener *ls = arg;

    (void) conns_drop_oldest(ls->conns);
}

int conns_listener_open(struct conns_listener *ls, struct loop *l, struct loop_set *set,
                        struct conns *conns, const struct config_listen *at, bool reuse_port)
{
    static const struct tcp_listener_handlers handlers = {
        .add = add, .may_add = may_add, .make_room = make_room};
    int fd = tcp_listener_socket(&at->addr, reuse_port ? TCP_LISTENER_REUSE_PORT : 0);

    if (fd < 0)
        return fd;
    ls->conns = conns;
    ls->kind = at->kind;
    return tcp_listener_start(&ls->tcp, l, set, fd, &handlers, ls);
}

void conns_listener_close(struct conns_listener *ls)
{
    tcp_listener_close(&ls->tcp);
}
