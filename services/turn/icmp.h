/* icmp.h: what the network says about datagrams that a socket has sent (RFC 8656 section 11.5):
 * the kernel's error queue (ip(7), IP_RECVERR). */
#pragma once

#include "base/addr.h"

struct icmp_error {
    struct addr peer; /* where the datagram was sent to; of our own link's errors perhaps port 0 */
    uint8_t type, code;
    uint32_t data; /* the MTU of "too big", else 0 */
};

/* From now on errors are kept for icmp_next(). They are pending errors of the socket as well: the
 * next call to send or receive may fail in place of the one that caused it, and works when it is
 * repeated. */
int icmp_enable(int fd, int family);

/* The oldest error of a kind that clients are told; others are thrown away. False: the queue is
 * empty, or too long to go on now. */
bool icmp_next(int fd, struct icmp_error *ret);
