/* netns.h: several networks in one process, joined by cables (veth). A socket stays in the network
 * in which it was made; a child process starts in that of the thread that starts it. The networks
 * go with the process. */
#pragma once

#include <stdint.h>

#define NETNS_MTU 1500

struct netns {
    int fd;
};

/* With its loopback up; the calling thread is in it then, and must be the only one of the process
 * when the first is made. -EPERM: not allowed here. */
int netns_new(struct netns *ret);

int netns_enter(const struct netns *n); /* the calling thread */
void netns_close(struct netns *n);

/* A cable with an end in each, of a name and with "ADDRESS/LENGTH" (NULL: without). Leaves the
 * calling thread in a. */
int netns_join(const struct netns *a, const char *name_a, const char *address_a,
               const struct netns *b, const char *name_b, const char *address_b);

/* In the calling thread's network: packets to there ("ADDRESS/LENGTH") go "via ADDRESS" or "dev
 * NAME".
 */
int netns_route(const char *to, const char *how);

/* Packets that came in by this interface of the calling thread's network so far. */
int netns_received(const char *name, uint64_t *ret);

/* What the kernel dropped: in the calling thread's network because a UDP socket was full; on the
 * whole machine because a processor's queue of packets that came in was. */
struct netns_drops {
    uint64_t socket, queue;
};
int netns_dropped(struct netns_drops *ret);
