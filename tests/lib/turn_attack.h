/* turn_attack.h: a stranger who sends Allocate requests without credentials, at a steady rate, with
 * whatever sender's addresses he likes; by a thread of its own that waits for nothing. */
#pragma once

#include "base/addr.h"

#include <stddef.h>

struct turn_attack_config {
    const char *interface; /* of the calling thread's network, towards the server */
    struct addr server;    /* IPv4; reached over that interface */
    struct addr from;      /* the first of the sender's addresses */
    size_t n_from;         /* how many there are, behind each other; each has its own port */
    unsigned per_second;
};

struct turn_attack;

/* Begins. Needs CAP_NET_RAW. */
int turn_attack_start(const struct turn_attack_config *config, struct turn_attack **ret_attack);

/* Ends; how many requests were sent. */
uint64_t turn_attack_stop(struct turn_attack *a);
