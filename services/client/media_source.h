/* media_source.h: the media of one publisher, in time: synthetic, that is a grey VP8 picture which
 * every decoder takes, as large as the bit rate asks for, and silence in Opus, both stamped
 * (stamp.h); or from files. */
#pragma once

#include "client/recording.h"
#include "client/rtc_peer.h"

#define MEDIA_SOURCE_KBIT_MAX 20000

struct media_source_config {
    bool audio, video;
    unsigned video_kbit_s; /* of synthetic video */
    unsigned frames_s;
    uint32_t sender;                     /* of the stamps */
    const char *audio_file, *video_file; /* recordings; NULL: synthetic */
};

struct media_source;

/* To the peer, which outlives it, once it runs. As of recording_open(). */
int media_source_new(struct loop *l, const struct media_source_config *c, struct rtc_peer *p,
                     struct media_source **ret_s);

/* What the peer is told: packets of video that it lacks go out again. */
void media_source_on_rtcp(struct media_source *s, const struct rtcp *rtcp);

/* NULL is fine; returns NULL. */
struct media_source *media_source_free(struct media_source *s);

/* The peer is connected. Reports go out once a second, key frames when they are asked for. */
int media_source_run(struct media_source *s);

struct media_sent {
    uint64_t packets, bytes; /* of payload */
    uint64_t dropped;        /* the socket did not take them */
};
const struct media_sent *media_source_sent(const struct media_source *s, enum sdp_kind kind);
