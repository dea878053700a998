/* tcp.h: a TCP socket on which clients connect, for TURN over TCP and TLS. */
#pragma once

#include "turn/conn.h"

struct tcp_listener {
    struct loop_fd io;
    struct loop_timer pause; /* while the process has no descriptors left */
    struct loop *loop;
    struct conns *conns; /* NULL: closed */
    enum transport_kind kind;
    struct addr bound;
};

/* Gives the connections to conns, which must outlive it. */
int tcp_listener_open(struct tcp_listener *ls, struct loop *l, struct loop_set *set,
                      struct conns *conns, const struct config_listen *at, bool reuse_port);

/* May be called on zeroed memory. */
void tcp_listener_close(struct tcp_listener *ls);
