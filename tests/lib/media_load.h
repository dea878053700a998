/* media_load.h: media that a server is to forward, and what comes of it: publishers, each with
 * sound every 20 ms and pictures of a few packets, and whom their packets go to. Both are peers, or
 * for a floor plain sockets. Everything is in real time, on the loop. */
#pragma once

#include "client/rtc_peer.h"

#define MEDIA_PICTURE_SIZE 1100 /* of a picture's packet where the shape does not say */

struct media_shape {
    const char *name;
    unsigned rooms, publishers, subscribers; /* publishers of a room, subscribers of a publisher */
    bool audio;
    unsigned burst;      /* packets of a picture; 0: no video */
    unsigned picture_us; /* between pictures */
    unsigned size;       /* payload of a picture's packet; 0: MEDIA_PICTURE_SIZE */
    unsigned active;     /* publishers of a room that send; 0: all of them */
    bool uneven;         /* a picture's first packet is a byte shorter, as an encoder splits it */
};

/* Packets that have to come out in a second. */
double media_shape_rate(const struct media_shape *s);

struct media_load;

/* The shape is borrowed. */
int media_load_new(struct loop *l, struct loop_set *set, const struct media_shape *shape,
                   struct media_load **ret_m);

/* With its peers and sockets. NULL is fine; returns NULL. */
struct media_load *media_load_free(struct media_load *m);

/* What is given becomes the load's, also when it fails. The publishers of a room follow one
 * another.
 */
int media_load_add_publisher(struct media_load *m, struct rtc_peer *p);
int media_load_add_subscriber(struct media_load *m, struct rtc_peer *p);
int media_load_add_source(struct media_load *m, int fd); /* connected to the server */
int media_load_add_sink(struct media_load *m, int fd);

/* Runs the loop until all peers are connected. -ETIMEDOUT; -ECONNABORTED: one of them failed. */
int media_load_connect(struct media_load *m);

/* Why the first of them did that has failed; "" when none has. */
const char *media_load_error(const struct media_load *m);

/* For a contender (measure.h): m is a struct media_load. */
void media_load_start(void *m);
void media_load_stop(void *m);
uint64_t media_load_arrived(void *m); /* packets of media; of plain sockets, all */
uint64_t media_load_due(void *m);
uint64_t media_load_sent(void *m); /* by the publishers */
