/* conn_internal.h: what conn.c (bytes of one connection) and conn_table.c (which there are, and for
 * how long) share. */
#pragma once

#include "base/blob.h"
#include "codec/turn_stream.h"
#include "net/hosts.h"
#include "net/out_queue.h"
#include "turn/conn.h"
#include "turn/wire.h"

/* In this order, but that a member whose allocation is over is a stranger again. */
enum conn_state {
    CONN_HANDSHAKE, /* of TLS, or the proxy's header before it */
    CONN_STRANGER,  /* without an allocation */
    CONN_MEMBER,
    CONN_ENDING, /* freed as soon as nobody is busy with it */
    N_CONN_STATES,
};

#define CONN_READ_MAX (TURN_STREAM_MESSAGE_MAX + WIRE_READ_MAX)
#define CONN_IN_SIZE (4 * CONN_READ_MAX)

struct conn {
    struct transport transport;
    struct flow flow; /* client and local have family 0 until they are known */
    struct conns *conns;
    struct wire wire;
    struct loop_fd io;
    enum conn_state state;
    bool started;          /* and counted */
    bool needs_header;     /* of the proxy */
    bool has_spoken;       /* TURN */
    struct passes *passes; /* of the web port: who is no TURN client goes there. NULL: nobody */
    struct list node;      /* in the list of its state, those that came first are first */
    struct list writing;   /* in the list of those that were sent something */
    struct host *host;     /* where it counts as a stranger; NULL: it does not */
    struct blob partial;   /* the beginning of a message, or of the proxy's header */
    struct out_queue out;
    uint64_t since_ms; /* came, or lost its allocation */
    uint64_t partial_ms, stalled_ms;
};

struct conns {
    struct turn *turn;
    struct loop *loop;
    struct list lists[N_CONN_STATES];
    size_t counts[N_CONN_STATES];
    struct list writing;
    struct turn_flusher flusher;
    struct loop_timer sweep;
    struct loop_defer reap;
    struct hosts *hosts;
    struct out_pool pool;
    uint8_t raw[WIRE_RAW_SIZE];

    /* What was read since the last flush, until which it stays: of each connection a partial
     * message and what came. */
    size_t in_used;
    uint8_t in[CONN_IN_SIZE];
};

/* ---- conn_table.c ---- */

struct alloc *conn_allocation(const struct conn *c);

/* The client is known: it counts as one of its host, and TLS begins. -EDQUOT, -ENOSPC: there are
 * too many; -ENOENT: there is no certificate yet; -ENOMEM. */
int conn_identify(struct conn *c, const struct addr *client, const struct addr *local);

/* CONN_ENDING: nothing more is read or sent; whoever is busy with it now may go on. */
void conn_set_state(struct conn *c, enum conn_state state);

void conn_end(struct conn *c);

/* Ends it, and counts that we did so. */
void conn_drop(struct conn *c);

/* ---- conn.c ---- */

void conn_init(struct conn *c, struct conns *cs, enum transport_kind kind);
void conn_done(struct conn *c);

/* Sends what it can, and has the loop tell when the rest can be. */
void conn_flush(struct conn *c);

/* The handler of io. */
void conn_on_ready(struct loop_fd *f, uint32_t revents);
