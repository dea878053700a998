/* ice_tcp.h: the TCP connections of one worker's clients (RFC 6544, as the passive side): each is a
 * way by which datagrams come and go, framed (RFC 4571).
 *
 * Who connects is a stranger until a check on the connection has made it a transport's (way's
 * transport is set); strangers may be so many, in all and of one address, and have little time and
 * few bytes for it. Idle connections are cheap: what is read is read into memory of the worker, and
 * a connection has memory of its own only for the beginning of a datagram whose end has not come,
 * and for what could not be sent yet. Media that a slow client does not take is dropped, as UDP
 * would. Lives on its worker. */
#pragma once

#include "media/path.h"

#include "loop/loop.h"

/* Of connections that are no transport's; numbers for each worker. A page of a hundred people
 * behind one address, reloaded, makes some hundreds of them for a moment. */
#define ICE_TCP_STRANGERS_MAX 2048          /* beyond, the oldest goes */
#define ICE_TCP_STRANGERS_PER_HOST 512      /* of one address (/64); beyond, the new one goes */
#define ICE_TCP_STRANGER_MS UINT64_C(10000) /* browsers check at once, for five seconds or so */
#define ICE_TCP_STRANGER_BYTES 4096         /* of several checks */

#define ICE_TCP_DATAGRAM_MAX 2048 /* received; none that we take is larger */

/* Media waits up to this, half a second of it at 1 Mbit/s; what keeps the transport alive has more
 * room, and when that is full, too, the client sends without listening. */
#define ICE_TCP_MEDIA_QUEUE_MAX 65536
#define ICE_TCP_QUEUE_MAX (ICE_TCP_MEDIA_QUEUE_MAX + 16384)

struct ice_tcp;

struct ice_tcp_handlers {
    udp_datagram_fn *datagram;              /* way is set */
    void (*lost)(struct way *w, void *arg); /* a transport's way is gone */
};

struct ice_tcp_counters {
    uint64_t connections; /* accepted */
    uint64_t refused;     /* of strangers: too many, too slow, or nothing that we understand */
    uint64_t dropped_out; /* datagrams that the client did not take in time */
};

/* Takes over listen_fd, of tcp_listener_socket(), also on failure. set, of l, must outlive it. */
int ice_tcp_new(struct loop *l, struct loop_set *set, int listen_fd,
                const struct ice_tcp_handlers *handlers, void *arg, struct ice_tcp **ret_t);

/* No transport may use a way of it any more. NULL is fine; returns NULL. */
struct ice_tcp *ice_tcp_free(struct ice_tcp *t);

/* What was sent leaves as far as it can. Without it, it waits. */
void ice_tcp_flush(struct ice_tcp *t);

/* Ends strangers whose time is over; a timer does it, too. */
void ice_tcp_sweep(struct ice_tcp *t, uint64_t now_ms);

const struct ice_tcp_counters *ice_tcp_counters(const struct ice_tcp *t);
