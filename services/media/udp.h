/* udp.h: a worker's one UDP socket: datagrams in by recvmmsg, several of a sender in one message
 * where the kernel can (UDP_GRO); out by sendmmsg, with runs of equal size as one message
 * (UDP_SEGMENT).
 *
 * The socket is bound to the wildcard address of both families where the machine has IPv6; an
 * answer leaves from the local address that the peer used (IP_PKTINFO). What is sent waits in the
 * slab until udp_flush(), grouped by path. Nothing allocates after udp_new(). Not thread-safe. */
#pragma once

#include "base/addr.h"
#include "base/list.h"

#include <netinet/in.h>

#define UDP_DATAGRAM_MAX 1500 /* bytes of one sent datagram */
#define UDP_ROOM_SIZE 1536    /* from one datagram in the slab to the next: whole cache lines */
#define UDP_SLOTS 128         /* datagrams that wait for a flush */
#define UDP_SEGMENTS_MAX 16   /* datagrams of one GSO message */

struct udp;

struct udp_counters {
    uint64_t packets_in, bytes_in;
    uint64_t packets_out, bytes_out;
    uint64_t messages_out; /* of sendmmsg: packets_out / messages_out is what GSO saves */
    uint64_t dropped_out;  /* the kernel refused them */
};

/* Binds to this port (0: the kernel chooses). -EADDRINUSE and others. */
int udp_new(uint16_t port, struct udp **ret_u);
struct udp *udp_free(struct udp *u); /* no path may have datagrams waiting; NULL is fine */

int udp_fd(const struct udp *u);
uint16_t udp_port(const struct udp *u);
bool udp_has_ipv6(const struct udp *u);
bool udp_uses_gso(const struct udp *u);
/* Bytes of socket buffer that the kernel granted. */
void udp_buffers(const struct udp *u, int *ret_receive, int *ret_send);

/* A read may wait so long, busily, for the network card (SO_BUSY_POLL): spends a core to save the
 * wake-up. A negative errno: not here, or not allowed. */
int udp_set_busy_poll(struct udp *u, unsigned us);

const struct udp_counters *udp_counters(const struct udp *u);

struct way; /* path.h */

/* A received datagram; the bytes may be changed in place, they live until the handler returns. */
struct udp_datagram {
    uint8_t *p;
    size_t len;
    struct addr from, to; /* to.port is the socket's */
    struct way *way;      /* by which it came, where that was not this socket; else NULL */
};
typedef void udp_datagram_fn(struct udp_datagram *d, void *arg);

/* Reads one batch of what is there; returns how many messages that was. *ret_more: there may be
 * more. */
unsigned udp_receive(struct udp *u, udp_datagram_fn *fn, void *arg, bool *ret_more);

/* Where to: remote address, and the local IP to send from. A field of its owner; zeroed memory is
 * a path that leads nowhere. */
struct udp_path {
    struct addr remote, local;
    struct sockaddr_in6 to6; /* the kernel's form; to4 for an IPv4 socket */
    struct sockaddr_in to4;
    struct list node; /* among the paths with datagrams waiting */
    uint16_t first, last;
    bool queued;
    bool no_gso; /* a GSO message was too long for this path */
};

/* Datagrams that wait on it go to the new place. */
void udp_path_set(struct udp *u, struct udp_path *p, const struct addr *remote,
                  const struct addr *local);
static inline bool udp_path_is_set(const struct udp_path *p)
{
    return p->remote.family != 0;
}

/* Drops what waits. Needed before the path's memory goes away or moves. */
void udp_path_clear(struct udp *u, struct udp_path *p);

/* Room for n datagrams, one every UDP_ROOM_SIZE bytes; n is at most UDP_SEGMENTS_MAX. Never
 * NULL: a full slab is flushed. What is not committed before the next call is given up. */
uint8_t *udp_reserve(struct udp *u, unsigned n);

/* The datagram of len bytes in one of these rooms goes to the path; rooms are committed in their
 * order, and may be passed over. */
void udp_commit(struct udp *u, struct udp_path *p, const uint8_t *room, size_t len);

/* One datagram outside any path (answers to checks). */
void udp_send_to(struct udp *u, const struct addr *remote, const struct addr *local,
                 struct bytes datagram);

void udp_flush(struct udp *u);
