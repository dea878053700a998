/* flow.h: between whom a datagram of a client travels (the RFC's 5-tuple), and the way back. */
#pragma once

#include "base/addr.h"

struct flow;

/* The way to clients: a UDP listener, or whatever else carries datagrams. Embedded in it. */
struct transport {
    void (*send)(struct transport *t, const struct flow *flow, struct bytes datagram);
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

static inline void flow_send(const struct flow *f, struct bytes datagram)
{
    f->transport->send(f->transport, f, datagram);
}
