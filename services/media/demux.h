/* demux.h: which transport of a worker a datagram is for (RFC 7983).
 *
 * A check is for the one that its USERNAME names. Anything else is taken only from where a check
 * has opened a pair: whose it is, is known of a way by itself, and of the UDP socket from the
 * worker's table of tuples. */
#pragma once

#include "media/worker.h"

/* As udp_receive() delivers it. */
void demux_datagram(struct udp_datagram *d, void *worker);
