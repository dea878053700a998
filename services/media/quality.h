/* quality.h: what became of the packets of transports and tracks: one transport as JSON
 * (media_api.h, "stats"), the sums of a worker, and a line in the log when a transport ends. It is
 * put together when it is asked for, from what the tracks count. Lives on the worker. */
#pragma once

#include "media/command.h"
#include "media/negotiate.h"

struct publisher;
struct subscriber;
struct track;
struct transport;
struct worker;

/* Of one kind of media; they only ever grow. */
struct quality_in {
    uint64_t packets, bytes;
    uint64_t lost;                      /* did not come by themselves */
    uint64_t nacks, repeated, given_up; /* packets asked for; that came again; that never came */
    uint64_t key_frame_requests, key_frames, freezes; /* asked for; that came; pauses */
};
struct quality_out {
    uint64_t packets, bytes;
    uint64_t lost;            /* as the peers say: before retransmission */
    uint64_t nacks, repeated; /* packets that were asked for; sent again */
    uint64_t key_frame_requests;
};
struct quality_sums {
    struct quality_in in[NEG_KINDS];
    struct quality_out out[NEG_KINDS];
    uint64_t transports, unconnected; /* that ended; of these, without ever having been connected */
};

/* What has ended, and what there is now. */
void quality_sum(const struct worker *w, struct quality_sums *ret);

/* New references. */
json_t *quality_of_publisher(const struct publisher *p);
json_t *quality_of_subscriber(const struct subscriber *s);
json_t *quality_sums_json(const struct quality_sums *q);

/* To the worker's sums: a track's counters are about to begin anew. */
void quality_count_track(const struct track *k);

/* The same with all tracks, and the line in the log: its transport is about to go. */
void quality_publisher_ends(const struct publisher *p);
void quality_subscriber_ends(const struct subscriber *s);
