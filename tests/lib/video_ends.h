/* video_ends.h: a subscriber's end that recovers as a browser does (recovery.h), and what it gets
 * to see: packets that never came, the wait for others, how long the picture stood still. And the
 * publisher's end that goes with it: it keeps what it sent, repeats what it is asked for, and makes
 * key frames on demand. Both are peers of rtc_peer.h whose handlers these are. */
#pragma once

#include "client/recovery.h"
#include "client/rtc_peer.h"

/* ---- the publisher ---- */

#define VIDEO_SOURCE_KEPT 2048 /* packets; a power of two */

struct video_source {
    struct loop *loop;
    struct rtc_peer *peer;
    struct loop_timer timer;
    unsigned frame_us, packets; /* between frames, of a frame */
    uint64_t due_us;
    bool wants_key;
    uint32_t n_frames, n_packets; /* sent */
    uint32_t ts;
    uint64_t asked, repeated, key_frames;
    uint16_t last_seq;
    struct video_source_packet *kept; /* by sequence number */
};

extern const struct rtc_peer_handlers video_source_handlers; /* arg: a struct video_source */

int video_source_start(struct video_source *s);
void video_source_stop(struct video_source *s); /* the timer is done, the peer stays the caller's */

/* ---- the subscriber ---- */

#define VIDEO_SINK_PACKETS 65536 /* of a publisher, from its first: others are not looked at */

struct video_sink {
    struct loop *loop;
    struct rtc_peer *peer;
    struct loop_timer timer;
    struct video_sink_packet *packets; /* by number */
    struct recovery recovery;
    uint64_t twice;
};

extern const struct rtc_peer_handlers video_sink_handlers; /* arg: a struct video_sink */

int video_sink_start(struct video_sink *v);
void video_sink_stop(struct video_sink *v);

struct video_sight {
    unsigned packets, lost; /* due to have come; never came */
    unsigned overdue;       /* came more than a second after they were sent */
    unsigned median_ms, worst_ms;
    unsigned frames;
    unsigned shown; /* it and all since the last key frame were there */
    unsigned longest_still_ms;
    double nacked_percent, twice_percent;
};

/* Of the publisher's packets with numbers first to end - 1. */
void video_sight(const struct video_sink *v, uint32_t first, uint32_t end, struct video_sight *ret);
