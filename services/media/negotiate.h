/* negotiate.h: offer and answer (RFC 8829, 3264) of an SFU whose peers each send or receive one
 * stream: at most one audio and one video, bundled on one transport, all RTP by us forwarded as it
 * is, so that payload types and extension ids are translated per subscriber.
 *
 *   publisher    neg_publish(its offer)                            -> answer, what it will send
 *   subscriber   neg_subscribe(its offer, publisher)               -> answer, what it takes
 *            or  neg_offer(publisher) -> offer; neg_accept(answer)  -> what it takes
 *   and then     neg_map(publisher's media, subscriber's media)    -> tables for the packet path
 *
 * Pure: no I/O, no clock, no globals; results hold no pointers. Not in the packet path: each call
 * uses the heap for a while. Any thread.
 *
 * What is taken: Opus, and RED of it (RFC 2198), which is passed on as it is or, to who does not
 * know it, as plain Opus; VP8, VP9 (by profile-id), H264 (packetization-mode 1; from a publisher
 * its baseline profiles, if it has any, because every browser decodes these). Order: the
 * publisher's. The first codec is what browsers send; the others may be sent, and are mapped as
 * well. Further m-lines of a kind, m-lines outside the bundle or without rtcp-mux, and data
 * channels are rejected (port 0). Simulcast is answered without rid and simulcast lines: one
 * encoding comes.
 *
 * An m-line that is fine but has nothing to carry is answered "inactive": a publisher's that does
 * not send, a subscriber's whose kind the stream lacks or with which it has no codec in common.
 * That is no error, unless no m-line at all can be answered, or a publisher sends nothing. */
#pragma once

#include "codec/rtp.h"
#include "codec/sdp.h"
#include "codec/sdp_candidate.h"
#include "link/media_api.h"

#define NEG_TEXT_MAX 65536 /* a longer offer or answer is refused */
#define NEG_CODEC_MAX 7    /* per kind; more are left out */
#define NEG_SSRC_MAX 4
#define NEG_EXT_ID_MAX 14 /* one-byte header extensions alone (RFC 8285) */
#define NEG_KINDS 2       /* SDP_AUDIO, SDP_VIDEO as indices */

#define NEG_MID_SIZE 33 /* these three with their NUL */
#define NEG_FMTP_SIZE 192
#define NEG_ICE_SIZE 257

/* ---- what we say about ourselves ---- */

/* The strings must live for the length of the call. */
struct neg_local {
    const char *ufrag, *pwd;
    const char *fingerprint;       /* "AB:CD:...", sha-256 */
    const char *const *candidates; /* "1 1 udp 2130706431 192.0.2.1 40000 typ host" */
    unsigned n_candidates;         /* at most SDP_CANDIDATE_MAX */
    bool ice_lite;
    uint64_t session_id; /* of the o= line; below 2^63 */

    const char *cname;
    const char *msid; /* stream id in our a=msid, [A-Za-z0-9_~-]; at most 64 */
    struct {
        uint32_t ssrc, rtx_ssrc; /* not 0; rtx_ssrc is used with rtx alone */
    } send[NEG_KINDS];           /* where we send: subscribers and loopback publishers */

    /* What the transport does; anything else is never negotiated. transport-cc without feedback
     * makes a publisher fall to 30 kbit/s, so false unless feedback is really sent. */
    bool rtx;           /* takes and sends RFC 4588 retransmissions, of video */
    bool twcc;          /* publisher: sends transport-cc feedback; subscriber: numbers packets */
    bool remb;          /* goog-remb */
    bool abs_send_time; /* publisher: uses it; subscriber: writes it */

    const char
        *forced_codec; /* "VP8", "VP9", "H264": every other video codec is left out; or NULL */
    bool loopback;     /* neg_publish: a "sendrecv" m-line is answered so, and gets itself */
};

/* ---- what came out ---- */

enum neg_ext {
    NEG_EXT_AUDIO_LEVEL, /* end to end: these four are carried on to subscribers */
    NEG_EXT_VIDEO_ORIENTATION,
    NEG_EXT_PLAYOUT_DELAY,
    NEG_EXT_VIDEO_CONTENT_TYPE,
    NEG_EXT_END_TO_END,               /* how many they are; what follows belongs to one hop */
    NEG_EXT_MID = NEG_EXT_END_TO_END, /* from publishers only */
    NEG_EXT_ABS_SEND_TIME,
    NEG_EXT_TRANSPORT_CC,
    NEG_EXT_COUNT,
};

enum {
    NEG_FB_NACK = 1 << 0,
    NEG_FB_PLI = 1 << 1,
    NEG_FB_FIR = 1 << 2,
    NEG_FB_TRANSPORT_CC = 1 << 3,
    NEG_FB_REMB = 1 << 4,
};

struct neg_codec {
    uint8_t pt;
    uint8_t rtx_pt; /* 0: none */
    uint8_t channels;
    uint8_t fb; /* NEG_FB_*, of both sides */
    uint32_t clock_hz;
    enum rtp_codec codec;
    char fmtp[NEG_FMTP_SIZE]; /* the peer's */
};

struct neg_media {
    bool active; /* false: nothing of this kind flows; the rest then means nothing */
    bool loops;  /* a publisher's that is to get its own media back */
    char mid[NEG_MID_SIZE];
    struct neg_codec codecs[NEG_CODEC_MAX]; /* by preference; payload types are distinct */
    unsigned n_codecs;
    uint8_t ext_id[NEG_EXT_COUNT]; /* 0: not negotiated, else 1..NEG_EXT_ID_MAX */
    struct {
        uint32_t ssrc, rtx_ssrc; /* rtx_ssrc 0: none */
    } ssrcs[NEG_SSRC_MAX]; /* announced by a publisher; may be none: then go by payload type */
    unsigned n_ssrcs;
};

struct neg_peer {
    struct neg_media media[NEG_KINDS];
    char ufrag[NEG_ICE_SIZE], pwd[NEG_ICE_SIZE];
    char fingerprint_hash[16]; /* "sha-256", lower case */
    uint8_t fingerprint[64];
    size_t fingerprint_len;
};

/* Why a call failed: for the client, in words. */
struct neg_error {
    enum media_error code; /* MEDIA_ERR_SDP, MEDIA_ERR_FORCED_CODEC, MEDIA_ERR_ENDPOINT */
    char text[192];
};

/* All of these: 0, or a negative errno with *ret_error filled in and the other outputs untouched.
 * -EBADMSG unusable SDP, -ENOENT the forced codec is absent (text begins "Error forcing codec: "),
 * -ENOSPC buf is too small (16 KiB is plenty), -ENOMEM. The text in buf has no NUL. */

int neg_publish(const struct neg_local *l, struct bytes offer, struct neg_peer *ret_pub, char *buf,
                size_t cap, size_t *ret_len, struct neg_error *ret_error);

/* In ret_sub codecs have the subscriber's payload types, and only those the publisher may send. */
int neg_subscribe(const struct neg_local *l, const struct neg_peer *pub, struct bytes offer,
                  struct neg_peer *ret_sub, char *buf, size_t cap, size_t *ret_len,
                  struct neg_error *ret_error);

/* An offer of what the publisher sends: m-lines "0", "1"; audio first. ret_offered is what
 * neg_accept() wants back; its ufrag, pwd and fingerprint are empty. */
int neg_offer(const struct neg_local *l, const struct neg_peer *pub, struct neg_peer *ret_offered,
              char *buf, size_t cap, size_t *ret_len, struct neg_error *ret_error);

/* The answer to it. */
int neg_accept(const struct neg_peer *offered, struct bytes answer, struct neg_peer *ret_sub,
               struct neg_error *ret_error);

/* The peer's candidates in a description that one of the above has taken: those of the m-line whose
 * transport is used. Returns how many; ret_end: it says that there will be no more. What cannot be
 * read is left out; the views in them are of the text. */
size_t neg_candidates(struct bytes sdp, struct sdp_candidate *ret, size_t max, bool *ret_end);

/* "VP8" */
const char *neg_codec_name(enum rtp_codec codec);

/* ---- for the packet path ---- */

/* What becomes of the publisher's packets. 0: not forwarded (no payload type 0 is negotiated). */
struct neg_map {
    uint8_t pt[128];                 /* publisher's media payload type -> subscriber's */
    uint8_t rtx_pt[128];             /* the same -> subscriber's RTX payload type */
    uint8_t ext[NEG_EXT_ID_MAX + 1]; /* publisher's id -> subscriber's, end-to-end ones alone */
    uint8_t unwraps;                 /* publisher's RED, of which the primary is sent; 0: none */
};

/* All zero when either side is not active. Call it again when the publisher was replaced. The map
 * of a loopback publisher is neg_map(m, m). */
void neg_map(const struct neg_media *pub, const struct neg_media *sub, struct neg_map *ret_map);
