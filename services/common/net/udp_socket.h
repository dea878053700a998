/* udp_socket.h: what the UDP sockets of this program have in common: how they are opened, the
 * control messages that travel with datagrams, and what a failed send means. Holds no memory. */
#pragma once

#include "base/addr.h"

#include <netinet/in.h>

enum udp_socket_flags {
    UDP_SOCKET_REUSE_PORT = 1 << 0,    /* the threads of a process share the address */
    UDP_SOCKET_TELL_LOCAL = 1 << 1,    /* datagrams say at which local address they arrived */
    UDP_SOCKET_BOTH_FAMILIES = 1 << 2, /* an IPv6 socket takes IPv4 as well */
    UDP_SOCKET_COALESCE = 1 << 3,      /* UDP_GRO: several datagrams of a sender may come as one,
                                          where the kernel can; the receiver must expect it */
    UDP_SOCKET_FRAGMENT = 1 << 4,      /* what is larger than the link's MTU is fragmented; path
                                          MTUs are not minded (IP_PMTUDISC_DONT) */
};

/* A bound, non-blocking socket: the descriptor or a negative errno. */
int udp_socket_open(const struct addr *bind_to, unsigned flags);

/* Asks for buffers of so many bytes, 0: as they are; past the system's limits where we may. The
 * kernel may grant less. */
void udp_socket_ask_buffers(int fd, int receive, int send);

/* Can several datagrams leave in one message (UDP_SEGMENT)? */
bool udp_socket_has_gso(int fd);

/* ---- control messages ---- */

#define UDP_CONTROL_SIZE (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)))

/* Aligned as a struct cmsghdr wants to be. */
struct udp_control {
    _Alignas(struct cmsghdr) uint8_t bytes[UDP_CONTROL_SIZE];
};

/* What a received message says of itself: the local IP it was sent to, with port 0 (family 0 if
 * the kernel did not say); and of how many bytes each of its datagrams is, but for the last one,
 * which may be shorter: 0 when it is one datagram. */
void udp_control_read(const struct msghdr *h, struct addr *ret_local, size_t *ret_segment);

/* Each puts a control message at `at` and returns the length up to its end. The datagram leaves
 * from this local IP (family 0: nothing is put, the kernel chooses). v6: the socket's family. */
size_t udp_control_put_local(struct udp_control *c, size_t at, const struct addr *local, bool v6);

/* The message is cut into datagrams of this size. */
size_t udp_control_put_segment(struct udp_control *c, size_t at, uint16_t size);

/* ---- what the errno of a send means ---- */

enum udp_send_error {
    UDP_SEND_FULL,      /* buffers are full: so will be the next datagrams */
    UDP_SEND_NO_GSO,    /* segments cannot be sent there; single datagrams can */
    UDP_SEND_TOO_LARGE, /* the datagram, or the segments */
    UDP_SEND_REFUSED,   /* perhaps of an earlier datagram, told only now (ICMP) */
};

enum udp_send_error udp_send_error_of(int error);
