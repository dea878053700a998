/* path.h: by which way datagrams come and go.
 *
 * Most pass the worker's UDP socket. What does not is a way of its own: a TCP connection, say. An
 * answer goes back by the way of what it answers; a transport's path is where everything else of
 * its goes. */
#pragma once

#include "media/tuple.h"
#include "media/udp.h"

struct transport;

struct way_type {
    const char *protocol; /* as candidates have it: "udp", "tcp" */

    /* One datagram of at most UDP_DATAGRAM_MAX bytes, which stay the caller's. It may wait until
     * the worker flushes, and it may get lost. Must not call back. */
    void (*send)(struct way *w, struct bytes datagram);

    /* Its transport has no use for it any more, and has let go of it. */
    void (*close)(struct way *w);
};

/* A field of its owner, which tells transport_way_lost() before it goes away. */
struct way {
    const struct way_type *type;
    struct transport *transport; /* whose it is; NULL: nobody's yet, or nobody's any more */
};

static inline struct tuple tuple_of(const struct udp_datagram *d)
{
    return (struct tuple){.way = d->way, .remote = d->from, .local = d->to};
}

/* Zeroed memory is a path that leads nowhere: what is sent on it is dropped. */
struct path {
    struct tuple tuple;
    struct udp_path udp; /* set where tuple.way is NULL */
};

/* What waits for a flush is not lost: it goes to the new place, or by the way that it was meant
 * for. */
void path_set(struct path *p, struct udp *u, const struct tuple *to);

static inline bool path_is_set(const struct path *p)
{
    return tuple_is_set(&p->tuple);
}

/* Drops what waits in u. Needed before the path's memory goes away or moves. */
void path_clear(struct path *p, struct udp *u);

/* Sends what was written into one of the rooms that udp_reserve(u) has just given. */
void path_commit(struct path *p, struct udp *u, const uint8_t *room, size_t len);

/* A copy of it. */
void path_send(struct path *p, struct udp *u, struct bytes datagram);

/* To where d came from, by the same way. */
void path_answer(struct udp *u, const struct udp_datagram *d, struct bytes datagram);

/* "udp", "tcp" */
const char *way_protocol(const struct way *w);
