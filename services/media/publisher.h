/* publisher.h: one published stream: its transport, at most one audio and one video track, and the
 * feedback that its sender needs.
 *
 * A publisher outlives its transport: a reconnection replaces the transport and the subscribers
 * stay. Lives on its worker. */
#pragma once

#include "media/history.h"
#include "media/hold.h"
#include "media/keyframe.h"
#include "media/last_n.h"
#include "media/mirror.h"
#include "media/nack.h"
#include "media/rate.h"
#include "media/reception.h"
#include "media/router.h"
#include "media/rtt.h"
#include "media/transport.h"
#include "media/twcc.h"

#define PUBLISHER_REPLAY_MAX_US 1000000 /* since the key frame with which a replay begins */

/* What a payload type of the publisher means. */
struct payload_type {
    bool known;
    bool is_rtx;
    uint8_t kind;  /* SDP_AUDIO, SDP_VIDEO */
    uint8_t codec; /* index in its neg_media */
};

struct track {
    struct publisher *publisher;
    uint8_t kind;
    bool active;
    bool has_ssrc; /* something came */
    uint32_t ssrc;
    struct reception reception;
    struct nack nack;
    struct keyframe keyframe;
    bool asks_by_fir; /* the sender knows no PLI */
    uint8_t fir_nr;
    uint64_t repeated, key_frames; /* retransmissions, key frames that came */
    struct rate rate;
    struct history *history; /* NULL: no retransmissions */
    bool has_key;            /* the last key frame began with key_seq, at key_us */
    uint64_t key_seq, key_us;
    uint32_t key_ts;
    struct hold hold;        /* packets that wait for the rest of their frame */
    struct list held_node;   /* among the worker's tracks that hold some */
    struct list subscribers; /* struct subscriber_track, the connected ones */
    uint64_t unwatched_us;   /* since when nobody takes its packets; 0: somebody does */
    bool asleep;             /* … for so long that they are counted, and nothing else */
};

struct publisher {
    struct router *router;
    char id[COMMAND_ID_SIZE];
    char cname[17];
    struct whose whose;
    struct transport *transport; /* NULL of a mirror, and while it is being made */
    struct neg_peer neg;
    struct payload_type payload_types[128];
    struct track tracks[NEG_KINDS];
    uint32_t feedback_ssrc;                /* who our RTCP is from */
    unsigned max_recv_kbps, min_recv_kbps; /* of video; 0: no limit */
    struct rtt rtt;
    bool uses_twcc;
    struct twcc twcc;
    struct wheel_timer feedback_timer, report_timer;
    struct list subscribers;     /* struct subscriber, all of them here */
    struct subscriber *loopback; /* gets its own media on the same transport; or NULL */
    struct list sinks;           /* struct mirror_sink */
    struct mirror_feed feed;     /* of a mirror, which has no transport */
    struct speaker speaker;      /* among the room's, if it counts there */
    bool video_held;             /* last_n.h: subscribers here get no video */
};

static inline bool publisher_is_mirror(const struct publisher *p)
{
    return p->feed.pipe != NULL;
}

/* Enters the router. -EEXIST, -ENOMEM. */
int publisher_new(struct router *r, const char *id, struct publisher **ret_p);

/* Drops its subscribers too and leaves the router. NULL is fine; returns NULL. */
struct publisher *publisher_free(struct publisher *p);

extern const struct transport_handlers publisher_transport_handlers; /* arg: the publisher */

/* From now on media comes on this transport (owned from here on) as negotiated in neg; the one
 * before is freed. feedback_ssrc must not be another SSRC of the transport. */
void publisher_set_source(struct publisher *p, struct transport *t, const struct neg_peer *neg,
                          uint32_t feedback_ssrc);

struct subscriber_track;

/* Sends a subscriber that has just begun what came since the last key frame, so that it need not
 * wait for another. False: that is too long ago or too much, ask for one. */
bool publisher_replay(struct publisher *p, struct subscriber_track *st, uint64_t now_us);

/* The same to another worker. */
bool publisher_replay_to_mirror(struct publisher *p, struct mirror_sink *sink, uint64_t now_us);

/* Whether somebody takes its tracks may have changed: here, or at a mirror. */
void publisher_watched(struct publisher *p, uint64_t now_us);

/* Subscribers here get no video, or get it again. */
void publisher_hold_video(struct publisher *p, bool held);

/* What a mirror's stream sends, from now on. */
void publisher_set_mirrored(struct publisher *mirror, const struct neg_peer *neg);

/* A subscriber needs a key frame. */
void publisher_want_key_frame(struct publisher *p, uint64_t now_us);
