/* forward.h: a publisher track's packets on their way to its subscribers: held until their frame is
 * complete, or about a millisecond, then rewritten for, encrypted for and queued to each subscriber
 * in one go.
 *
 * A track is one encoding of a stream; which one a subscriber gets is the subscriber track's
 * affair. On the worker's thread. Nothing here allocates. */
#pragma once

#include "media/publisher.h"

/* A packet on its way: views into memory that lives until the call returns. */
struct media_packet {
    struct rtp rtp;
    uint64_t seq;    /* extended */
    uint64_t now_us; /* when it came */
    bool starts_key_frame;
    bool repeated; /* came as a retransmission */
};

struct subscriber_track;

/* A new packet of the track, which its history (if it has one) keeps already. */
void forward_packet(struct track *k, const struct media_packet *m);

/* What is held goes out now: before a subscriber is added that gets it otherwise, before the
 * history is emptied. */
void forward_held(struct track *k, uint64_t now_us);

/* Nothing is held any more, and what comes has unrelated numbers. */
void forward_forget(struct track *k);

/* At the end of a batch: sends what has waited enough, of all tracks of the worker, and goes on
 * with replays. When there is more to do; UINT64_MAX: nothing waits. */
uint64_t forward_due(struct worker *w, uint64_t now_us);

/* Sends a subscriber what the history has from this number on, a run at a time so that it does not
 * come as one burst; then what is new. */
void forward_replay(struct subscriber_track *st, uint64_t from_seq, uint64_t now_us);

/* A packet of the history again, that left as out_seq, on the retransmission stream (RFC 4588);
 * unless it is on its way already. */
void forward_again(struct subscriber_track *st, const struct rtp *from, uint16_t out_seq,
                   uint64_t now_us);
