/* flow.h: between whom a message of a client travels (the RFC's 5-tuple), and the way back. */
#pragma once

#include "base/addr.h"

struct flow;

enum transport_kind {
    TRANSPORT_UDP,
    TRANSPORT_TCP,
    TRANSPORT_TLS,
    TRANSPORT_DTLS,
    N_TRANSPORT_KINDS,
};

extern const char *const transport_kind_names[N_TRANSPORT_KINDS]; /* "udp", "tcp", ... */

/* The way to clients: a UDP listener, a TCP connection, ... Embedded in it. */
struct transport {
    enum transport_kind kind;

    /* One message, in two parts: head is copied; body (may be empty) must stay as it is until the
     * packets at hand are flushed (turn_flush()). What the client cannot take now is dropped. */
    void (*send)(struct transport *t, const struct flow *flow, struct bytes head,
                 struct bytes body);
};

/* Without padding, so that it can be a key as bytes. transport outlives all its flows. */
struct flow {
    struct addr client;
    struct addr local; /* what the client sent to, answers leave from there */
    struct transport *transport;
};

_Static_assert(sizeof(struct flow) == 2 * sizeof(struct addr) + sizeof(void *), "no padding");

static inline struct bytes flow_key(const struct flow *f)
{
    return bytes_of(f, sizeof(*f));
}

static inline void flow_send(const struct flow *f, struct bytes head, struct bytes body)
{
    f->transport->send(f->transport, f, head, body);
}
