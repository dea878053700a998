/* turn_load.h: channel data from the clients of a TURN server to a peer, and back, by a thread of
 * its own that waits for nothing. What arrives is counted by the kernel and thrown away: neither
 * reading it nor waking up who would read is part of what is measured. Loopback or elsewhere. */
#pragma once

#include "base/addr.h"

#include <stddef.h>

enum turn_load_kind {
    TURN_LOAD_PACED, /* single packets, evenly spread over the clients and both directions */
    TURN_LOAD_MEDIA, /* half of the clients send video and audio, the others receive such */
    TURN_LOAD_FLOOD, /* as much as goes, in bursts for one client after the other */
};

struct turn_pattern {
    enum turn_load_kind kind;
    size_t size;            /* of the data of a packet; TURN_LOAD_MEDIA: of video */
    unsigned packets_per_s; /* of all clients together, TURN_LOAD_PACED */
    unsigned burst;         /* TURN_LOAD_FLOOD */
    bool gso;               /* bursts leave as one message (UDP_SEGMENT) */
};

struct turn_load_client {
    int fd; /* connected to the server, has a channel (TURN_CHANNEL) to the peer */
    struct addr relayed;
};

struct turn_load;

/* The sockets stay the caller's, and are of no use for anything else from then on. */
int turn_load_new(const struct turn_load_client *clients, size_t n, int peer_fd,
                  struct turn_load **ret_load);

/* NULL is fine; returns NULL. */
struct turn_load *turn_load_free(struct turn_load *l);

/* pattern is borrowed until the stop. */
int turn_load_start(struct turn_load *l, const struct turn_pattern *pattern);
void turn_load_stop(struct turn_load *l);

/* So far, both directions. */
uint64_t turn_load_sent(const struct turn_load *l);
uint64_t turn_load_arrived(const struct turn_load *l);

/* Packets that arrived, but are none of those that were sent. */
uint64_t turn_load_strange(const struct turn_load *l);
