/* udp.h: UDP sockets that say at which local address a datagram arrived and send from a chosen
 * one, in batches. */
#pragma once

#include "base/addr.h"

#define UDP_BATCH 32
#define UDP_DATA_MAX 2048 /* larger datagrams are dropped: media keeps below the path's MTU */

enum udp_flags {
    UDP_REUSE_PORT = 1, /* the threads of a process share the address */
    UDP_TELL_LOCAL = 2, /* received datagrams say at which local address they arrived */
};

/* A bound, non-blocking socket. IPv6 ones take no IPv4. Returns the descriptor or a negative
 * errno. */
int udp_open(const struct addr *bind_to, unsigned flags);

/* Which address it is bound to, with the port the kernel chose. */
int udp_bound_addr(int fd, struct addr *ret);

/* Memory for one receive call; one for each thread is enough. */
struct udp_batch;

int udp_batch_new(struct udp_batch **ret_batch);
struct udp_batch *udp_batch_free(struct udp_batch *b);

struct udp_datagram {
    struct addr from;
    struct addr local; /* the IP it was sent to; port 0, family 0 if the kernel did not say */
    uint8_t *data;
    size_t len;
};

/* Receives what is there, at most UDP_BATCH; returns how many, 0 when there is nothing, or a
 * negative errno. The next call overwrites them. */
int udp_receive(struct udp_batch *b, int fd);

/* One of them. False: truncated or from an address that is none; drop it. */
bool udp_datagram(const struct udp_batch *b, int i, struct udp_datagram *ret);

/* from: the local IP to send from, NULL or family 0: the kernel chooses. What the socket cannot
 * take now is dropped, as the network would. 0 or a negative errno. */
int udp_send(int fd, const struct addr *to, const struct addr *from, struct bytes head,
             struct bytes body);
