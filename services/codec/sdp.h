/* sdp.h: session descriptions (RFC 8866) as WebRTC uses them (RFC 8829): what Chromium and Firefox
 * offer and answer, and what we say.
 *
 * One struct for both ways: sdp_decode() fills it with views into the text, sdp_encode() writes it
 * in the usual order with CRLF. Attributes that are not named here are skipped on reading.
 * Everything has a maximum; what goes past one makes the description malformed (-E2BIG), but for
 * candidates, of which the others are left out. */
#pragma once

#include "base/buf.h"

#define SDP_MEDIA_MAX 8
#define SDP_CODEC_MAX 64 /* payload types of one m-line */
#define SDP_FB_MAX 12    /* rtcp-fb of one payload type */
#define SDP_EXT_MAX 24   /* extmap lines of one m-line */
#define SDP_SSRC_MAX 12
#define SDP_RID_MAX 4
#define SDP_CANDIDATE_MAX 32

enum sdp_kind { SDP_AUDIO, SDP_VIDEO, SDP_APPLICATION, SDP_OTHER };
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };
enum sdp_setup { SDP_SETUP_NONE, SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE, SDP_HOLDCONN };

struct sdp_fingerprint {
    struct bytes hash;  /* "sha-256" */
    struct bytes value; /* "AB:CD:..." */
};

/* One payload type. */
struct sdp_codec {
    uint8_t pt;
    uint8_t channels;            /* 0 when not written */
    uint32_t clock_hz;           /* 0: no rtpmap */
    struct bytes name;           /* "VP8" */
    struct bytes fmtp;           /* parameters, empty when there is no fmtp line */
    struct bytes fb[SDP_FB_MAX]; /* "nack pli" */
    unsigned n_fb;
};

struct sdp_ext {
    uint8_t id;
    enum sdp_direction direction; /* SDP_SENDRECV when not written */
    struct bytes uri;
};

struct sdp_ssrc {
    uint32_t ssrc;
    struct bytes cname; /* empty when not written */
    struct bytes msid;  /* "stream track", of a=ssrc:N msid: */
    uint32_t rtx;       /* the retransmission SSRC of its FID group; 0: none */
};

struct sdp_media {
    enum sdp_kind kind;
    struct bytes kind_name; /* "text" of an SDP_OTHER; otherwise not needed for writing */
    uint16_t port;          /* 0: rejected, or bundle-only in an offer */
    struct bytes proto;     /* "UDP/TLS/RTP/SAVPF" */
    struct bytes formats;   /* what follows proto in the m-line; written when there are no codecs */
    struct bytes mid;
    enum sdp_direction direction;
    enum sdp_setup setup; /* its own, else the session's */
    bool rtcp_mux, rtcp_rsize, end_of_candidates, extmap_allow_mixed;
    bool bundle_only;        /* RFC 9143 section 6: with port 0 it is no rejection */
    struct bytes ufrag, pwd; /* its own, else the session's */
    struct sdp_fingerprint fingerprint;
    struct bytes msid; /* of a=msid, "stream track" */

    struct sdp_codec codecs[SDP_CODEC_MAX]; /* in the m-line's order: preference */
    unsigned n_codecs;
    struct sdp_ext exts[SDP_EXT_MAX];
    unsigned n_exts;
    struct sdp_ssrc ssrcs[SDP_SSRC_MAX]; /* primary ones; an RTX SSRC is its primary's .rtx */
    unsigned n_ssrcs;
    struct bytes rids[SDP_RID_MAX]; /* "send" rids, in the order of a=simulcast if any */
    unsigned n_rids;
    struct bytes candidates[SDP_CANDIDATE_MAX]; /* text behind "a=candidate:" */
    unsigned n_candidates;
};

struct sdp {
    uint64_t session_id, session_version;
    bool ice_lite;
    bool extmap_allow_mixed;
    struct bytes bundle[SDP_MEDIA_MAX]; /* mids of a=group:BUNDLE */
    unsigned n_bundle;
    struct bytes msid_semantic; /* "WMS *", empty: not written */
    struct sdp_media media[SDP_MEDIA_MAX];
    unsigned n_media;
};

/* Views point into text. The struct is large (about 100 KiB): keep it off small stacks.
 * On failure *ret is undefined:
 * -EBADMSG malformed, -E2BIG too much of something; ret_line (may be NULL) gets the line's number.
 */
int sdp_decode(struct bytes text, struct sdp *ret, unsigned *ret_line);

/* Optional parts that are empty are left out. -ENOSPC. No NUL. */
int sdp_encode(const struct sdp *s, char *buf, size_t cap, size_t *ret_len);

/* The codec with this payload type, or NULL. */
const struct sdp_codec *sdp_find_codec(const struct sdp_media *m, uint8_t pt);

/* The RTX codec whose apt is pt (RFC 4588 section 8.6), or NULL. */
const struct sdp_codec *sdp_find_rtx(const struct sdp_media *m, uint8_t pt);

bool sdp_codec_has_fb(const struct sdp_codec *c, const char *fb);

/* One parameter of an fmtp ("profile-level-id"), names without case; p == NULL when absent. */
struct bytes sdp_fmtp_param(struct bytes fmtp, const char *name);

/* A digest of the fingerprint's value: hex with colons to bytes. -EBADMSG. */
int sdp_fingerprint_bytes(const struct sdp_fingerprint *f, uint8_t *ret, size_t cap,
                          size_t *ret_len);

/* How much of the direction the answerer takes up: the answer's direction for an offer's. */
enum sdp_direction sdp_direction_reversed(enum sdp_direction d);

const char *sdp_direction_name(enum sdp_direction d);
