/* udp_in.h: datagrams received many at a time (recvmmsg, UDP_GRO), for any number of sockets of a
 * thread. What was received stays where it is until it is released, so that it can be sent on
 * without a copy. Nothing allocates after udp_in_new(). Not thread-safe. */
#pragma once

#include "base/addr.h"

#define UDP_IN_SLOTS 64 /* messages that may be held at a time */

struct udp_in;

struct udp_packet {
    struct addr from;
    struct addr local; /* the IP it was sent to, with port 0; family 0 if the socket does not say */
    uint8_t *data;
    size_t len;
};

int udp_in_new(struct udp_in **ret_in);
struct udp_in *udp_in_free(struct udp_in *in); /* NULL is fine; returns NULL */

/* Messages for which there is room. */
unsigned udp_in_room(const struct udp_in *in);

/* Receives what is there and fits, in one call; packets of the last one that udp_in_next() has not
 * returned are forgotten. How many messages came (each is a packet or more), 0 when there was
 * nothing, or a negative errno. There must be room. */
int udp_in_receive(struct udp_in *in, int fd);

/* The packets of the last udp_in_receive(), one after the other; false: no more. One from an
 * address that is none is left out. */
bool udp_in_next(struct udp_in *in, struct udp_packet *ret);

/* The memory of all packets may be used again. */
void udp_in_release(struct udp_in *in);
