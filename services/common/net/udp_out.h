/* udp_out.h: datagrams sent many at a time, for any number of sockets of a thread. What is sent
 * waits until the flush; then the datagrams of a socket leave in one call (sendmmsg), those to one
 * destination as few messages, cut into datagrams by the kernel (UDP_SEGMENT): a run of equal
 * sizes, of which only the last may be shorter. The order of datagrams between the same two
 * addresses is kept. Nothing allocates after udp_out_new(). Not thread-safe. */
#pragma once

#include "base/addr.h"
#include "base/list.h"

struct udp_out;

/* One that sends. A field of its owner, which must not move while datagrams wait. */
struct udp_out_socket {
    int fd;
    uint16_t gso_max;     /* larger datagrams are sent singly; 0: all are */
    struct list node;     /* among the sockets with datagrams waiting */
    uint16_t first, last; /* groups of datagrams of equal addresses */
};

struct udp_out_counters {
    uint64_t packets;  /* sent */
    uint64_t messages; /* in so many */
    uint64_t calls;    /* of the kernel */
    uint64_t lost;     /* the kernel did not take them */
};

int udp_out_new(struct udp_out **ret_out);
struct udp_out *udp_out_free(struct udp_out *o); /* nothing may wait; NULL is fine; returns NULL */

void udp_out_socket_init(struct udp_out_socket *s, int fd);

/* Its datagrams leave now. Needed before the descriptor is closed. May be called on zeroed memory.
 */
void udp_out_socket_flush(struct udp_out *o, struct udp_out_socket *s);

/* local: the IP to send from; NULL or family 0: the kernel chooses. head is copied; body must stay
 * as it is until the flush. What the socket cannot take then is dropped and counted. */
void udp_out_send(struct udp_out *o, struct udp_out_socket *s, const struct addr *to,
                  const struct addr *local, struct bytes head, struct bytes body);

void udp_out_flush(struct udp_out *o);

const struct udp_out_counters *udp_out_counters(const struct udp_out *o);
