/* signaling_floor.h: the least that signaling can cost, to hold the daemon's figures against: one
 * epoll set that answers each request, handshake and message with bytes it has ready, and tells the
 * others in a group. It understands nothing. */
#pragma once

#include <stddef.h>

struct signaling_floor {
    /* bytes of an answer: the body of a REST answer, the texts for a client that joins, that sends
     * a message, and for the others then */
    size_t rest, joined, answered, told;
    /* in the order of their handshakes so many clients are a session: first a large one */
    size_t large, group;
    int listener; /* blocking */
};

/* For child_fork(): arg is a struct signaling_floor. Does not end by itself. */
int signaling_floor_run(void *arg);
