/* throttle.h: makes guessing secrets slow.
 *
 * The first wrong secrets of an address (IPv6: of a /64) cost nothing. From then on each further
 * one that comes from there waits before it is judged, right or wrong alike, and only so many wait
 * at a time: a guesser gets a few tries a second, its honest neighbours get in a little later. A
 * right one changes nothing. An address is forgotten when its last wrong one is long ago. */
#pragma once

#include "base/addr.h"
#include "loop/loop.h"

struct throttle;

struct throttle_limits { /* 0 takes the default named here */
    unsigned free_tries; /* 5 wrong ones */
    unsigned window_s;   /* 600 until the last of them is forgotten */
    unsigned hold_ms;    /* 1000 */
    unsigned held;       /* 4 at a time of one address */
    unsigned addresses;  /* 4096 are remembered; the one that was wrong longest ago makes way */
};

typedef void throttle_fn(void *arg); /* the copy that was made of it; gone afterwards */

int throttle_new(struct loop *l, const struct throttle_limits *limits, struct throttle **ret_t);

/* Those that wait are called. NULL is fine; returns NULL. */
struct throttle *throttle_free(struct throttle *t);

/* A secret has come from client. 0: judge it now. 1: judge it when fn is called, once, later; arg
 * is copied for it. -EBUSY: too many wait; -ENOMEM. Then refuse it unseen. */
int throttle_admit(struct throttle *t, const struct addr *client, throttle_fn *fn, const void *arg,
                   size_t arg_size);

/* It was wrong. True: with this one the address has become slow. */
bool throttle_wrong(struct throttle *t, const struct addr *client);
