/* tcp_listener.h: a TCP socket on which clients connect that exchange messages with us, in time or
 * not at all. Not thread-safe. */
#pragma once

#include "base/addr.h"
#include "loop/loop.h"

enum tcp_listener_flags {
    TCP_LISTENER_REUSE_PORT = 1 << 0,    /* the threads of a process share the address */
    TCP_LISTENER_BOTH_FAMILIES = 1 << 1, /* an IPv6 socket takes IPv4 as well */
};

/* A socket that listens and never waits: the descriptor or a negative errno. */
int tcp_listener_socket(const struct addr *bind_to, unsigned flags);

struct tcp_listener_handlers {
    /* Takes over fd, which never waits either. */
    void (*add)(void *arg, int fd, const struct addr *client, const struct addr *local);

    /* May another be accepted now? False: those who come wait for a moment. NULL: always. */
    bool (*may_add)(void *arg);

    /* The process has no descriptor left, or no memory: a connection that does no good may go. */
    void (*make_room)(void *arg);
};

/* A field of its owner. Zeroed memory is closed. */
struct tcp_listener {
    struct loop_fd io;
    struct loop_timer pause; /* for as long nothing is accepted */
    struct loop *loop;
    const struct tcp_listener_handlers *handlers; /* NULL: closed */
    void *arg;
    struct addr bound;
};

/* Takes over fd, of tcp_listener_socket(), also on failure. set is one of l. */
int tcp_listener_start(struct tcp_listener *ls, struct loop *l, struct loop_set *set, int fd,
                       const struct tcp_listener_handlers *handlers, void *arg);

void tcp_listener_close(struct tcp_listener *ls);
