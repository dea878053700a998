/* tcp.h: a TCP socket on which clients connect, for TURN over TCP and TLS. */
#pragma once

#include "net/tcp_listener.h"
#include "turn/conn.h"

struct conns_listener {
    struct tcp_listener tcp;
    struct conns *conns;
    enum transport_kind kind;
};

/* Gives the connections to conns, which must outlive it. */
int conns_listener_open(struct conns_listener *ls, struct loop *l, struct loop_set *set,
                        struct conns *conns, const struct config_listen *at, bool reuse_port);

/* May be called on zeroed memory. */
void conns_listener_close(struct conns_listener *ls);
