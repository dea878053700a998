/* ws_group.h: WebSockets (RFC 6455, server side, text only) on connected descriptors, over wslay:
 * frames, limits, closing. Knows no HTTP. The public half of its interface is in web.h. */
#pragma once

#include "base/list.h"
#include "loop/loop.h"
#include "web/web.h"

struct ws_group; /* all WebSockets of a server; one epoll set */

struct ws_group_config {
    size_t message_bytes;
    size_t queue_bytes;
    size_t all_queues_bytes; /* 0: no limit. While the queues together are over it, each may hold an
                              * equal share of it at most */
    unsigned max;
    /* Called with ws_new()'s ticket when the socket is freed; may be NULL. */
    void (*release)(void *owner, void *ticket);
    /* Called before what was queued is sent; may be NULL. */
    void (*before_sending)(void *owner);
    void *owner;
};

int ws_group_new(struct loop *l, const struct ws_group_config *config, struct ws_group **ret_group);

/* Sends what can be sent at once and a close 1001, calls each on_closed (1006), closes. */
struct ws_group *ws_group_free(struct ws_group *g);

/* A WebSocket without a connection: what is sent is kept for ws_open(). In a full group it takes
 * the place of the one that has been closing for the longest; -ENOSPC when none is. -ENOMEM. */
int ws_new(struct ws_group *g, const struct ws_handlers *handlers, void *arg,
           const struct addr *client, struct ws **ret_ws);
void ws_set_ticket(struct ws *s, void *ticket);

/* Takes over fd, a connected non-blocking socket. early: bytes that came with the handshake. Calls
 * handlers; s may be gone afterwards. */
void ws_open(struct ws *s, int fd, struct bytes early);

/* Until ws_open() or ws_abort() *seat is s; NULL when it is freed before, of which the connection
 * that is still to come must know. */
void ws_seat(struct ws *s, struct ws **seat);

/* There will be no connection: on_closed (1006) follows from the loop. */
void ws_abort(struct ws *s);
