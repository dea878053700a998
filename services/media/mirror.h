/* mirror.h: a stream on further workers than its own.
 *
 * A room that is larger than one worker can carry has subscribers on others. On a stream's own
 * worker its publisher has a sink for each of these, there it has a mirror: a publisher without
 * transport, whose packets come through the pipe, once for all who watch it there. The mirror keeps
 * its own history, so NACKs are served where they arrive; it tells the sink what is watched (what
 * is not does not travel), what bit rate is of use, and when somebody needs a key frame. */
#pragma once

#include "media/negotiate.h"
#include "media/pipe.h"

#include "codec/rtcp.h"

struct media_packet;
struct publisher;
struct track;

/* A publisher's way to the mirror on one other worker. */
struct mirror_sink {
    struct list node; /* among the publisher's */
    struct publisher *publisher;
    struct pipe *pipe;
    uint32_t slot;
    unsigned kinds;        /* that are watched there: bits 1 << SDP_AUDIO, 1 << SDP_VIDEO */
    unsigned new_kinds;    /* … of which it has had no packet yet */
    unsigned kbps;         /* of video, that are of use there; 0: there is no limit */
    bool replayed;         /* it has just been sent what came since the last key frame */
    struct message *close; /* made beforehand, for it must not fail */
};

/* A mirror's end of that; pipe NULL: its publisher is the stream's own. */
struct mirror_feed {
    struct pipe *pipe;
    uint32_t slot;
    unsigned kinds, kbps; /* as last told */
};

/* What a mirror is made of. */
struct mirror_source {
    struct neg_peer neg;
    char cname[17];
};

extern const struct pipe_handlers mirror_pipe_handlers;

/* ---- on the stream's worker ---- */

/* The mirror is, or will be, on that worker before anything that is posted there from now on.
 * -ENOMEM. */
int mirror_open(struct publisher *p, struct worker *to);

/* The publisher has another source, or other media. */
void mirror_source_changed(struct publisher *p);

/* The publisher ends. */
void mirror_close_all(struct publisher *p);

/* To the mirrors on which this track is watched: packets, and what its sender reports. */
void mirror_forward(struct track *k, const struct media_packet *run, unsigned n);
void mirror_forward_report(struct track *k, const struct rtcp_sender_info *info, uint64_t at_us);

/* One that came before it was watched there, to one of them. False: the ring is full. */
bool mirror_write_before(struct mirror_sink *s, struct bytes packet);

/* Bits of the kinds that are watched on some mirror. */
unsigned mirror_kinds(const struct publisher *p);

/* ---- on a mirror's worker ---- */

/* Tells the sink what is wanted, if that is news. When the ring is full it stays news: call again
 * from time to time. */
void mirror_tell(struct publisher *mirror, unsigned kinds, unsigned kbps);

void mirror_want_key_frame(struct publisher *mirror);

/* The mirror ends. */
void mirror_detach(struct publisher *mirror);
