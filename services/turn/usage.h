/* usage.h: what was relayed for an allocation or a user. Plain numbers: data without headers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum usage_way {
    USAGE_IN,  /* from the client to peers */
    USAGE_OUT, /* from peers to the client */
    N_USAGE_WAYS,
};

struct usage {
    uint64_t packets[N_USAGE_WAYS];
    uint64_t bytes[N_USAGE_WAYS];
    uint64_t dropped; /* packets, both ways, above the user's bandwidth */
};

static inline void usage_add(struct usage *u, enum usage_way way, uint64_t len)
{
    u->packets[way]++;
    u->bytes[way] += len;
}
