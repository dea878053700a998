/* subscriber.h: one endpoint that watches a stream: its transport and how the stream's packets are
 * rewritten for it.
 *
 * A loopback subscriber shares the publisher's transport. Lives on its worker. */
#pragma once

#include "media/publisher.h"
#include "media/retransmit.h"
#include "media/rewrite.h"

/* What each packet needs comes first: fetching it from memory costs as much as encrypting. */
struct subscriber_track {
    struct list node; /* in the track's list while it takes packets */
    struct transport *transport;
    struct srtp_sender *sender, *rtx_sender; /* NULL before the transport is connected */
    struct list replay_node; /* among the worker's while it gets packets from the history … */
    uint64_t replay_seq, replay_due_us; /* … from this one on, and then */
    uint32_t ssrc, rtx_ssrc;
    uint8_t kind;
    bool active;
    bool waits_for_key;      /* nothing is forwarded before a key frame … */
    uint64_t waits_since_us; /* … or KEY_WAIT_MAX_US after the first packet; 0: none came yet */
    struct retransmit retransmit;
    struct sending sending;
    struct rewrite rewrite;
    struct neg_map map;
    struct subscriber *subscriber;
    uint64_t rtx_seq;
    struct rtt rtt;
    uint64_t nacks, repeated;        /* packets asked for, sent again */
    uint64_t key_frame_requests;     /* PLIs and FIRs */
    struct rtcp_report_block report; /* the peer's last; ssrc 0: none came */
    struct rate rate;
};

struct subscriber {
    struct router *router;
    char id[COMMAND_ID_SIZE];
    struct publisher *source;
    struct list node; /* among the source's subscribers */
    struct transport *transport;
    bool owns_transport;
    struct whose whose;
    struct neg_peer neg; /* as offered, until it was answered */
    bool answered;
    struct subscriber_track tracks[NEG_KINDS];
    struct wheel_timer report_timer;
    unsigned max_send_kbps, min_send_kbps; /* of video; 0: no limit */
    struct rtcp_dlrr echo;                 /* of the peer's clock, for the next report … */
    uint64_t echo_us;                      /* … when it came; 0: none did */
    uint64_t remb_bps; /* what the peer believes it can receive; 0: it has not said */
};

/* Enters the router and the publisher's list. t is owned from here on, unless it is the
 * publisher's own (loopback). -EEXIST, -ENOMEM; t stays the caller's then. */
int subscriber_new(struct publisher *source, const char *id, struct transport *t,
                   const struct neg_local *local, struct subscriber **ret_s);
struct subscriber *subscriber_free(struct subscriber *s);

extern const struct transport_handlers subscriber_transport_handlers; /* arg: the subscriber */

/* The peer's description is complete: media starts when the transport is connected. */
void subscriber_set_remote(struct subscriber *s, const struct neg_peer *neg);

/* The transport is connected, or not any more (a loopback publisher tells its subscriber). */
void subscriber_on_connected(struct subscriber *s);
void subscriber_on_disconnected(struct subscriber *s);

/* It has been connected and is not any more, or never will be. */
static inline bool subscriber_is_away(const struct subscriber *s)
{
    return s->transport->state != TRANSPORT_CONNECTING && !transport_is_connected(s->transport);
}

void subscriber_on_rtcp(struct subscriber *s, struct bytes compound);

/* Its packets were held back for a while: hides that, and goes on with a key frame. */
void subscriber_resume(struct subscriber_track *st);

/* The source has another transport, or other media: maps anew, hides the break. */
void subscriber_source_changed(struct subscriber *s);
