/* rtp.h: RTP packets (RFC 3550 section 5.1) with header extensions (RFC 8285). */
#pragma once

#include "base/buf.h"

#define RTP_HEADER_SIZE 12
#define RTP_EXT_MAX 16 /* extension elements that one packet may carry here */

/* A decoded packet: views into its bytes. */
struct rtp {
    bool marker;
    uint8_t pt;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
    uint8_t n_csrc;
    struct bytes csrc;    /* 4 * n_csrc bytes */
    uint16_t ext_profile; /* 0xBEDE, 0x1000-0x100F, another; 0: no extension */
    struct bytes ext;     /* its elements, undecoded */
    struct bytes payload; /* without padding; may be empty */
    uint8_t padding_len;  /* 0: none */
    size_t header_len;    /* up to the payload */
};

/* RTP or RTCP? By the second byte (RFC 5761 section 4); for datagrams that RFC 7983 calls SRTP. */
bool rtp_is_rtcp(struct bytes datagram);

int rtp_decode(struct bytes packet, struct rtp *ret);

struct rtp_ext {
    uint8_t id;
    struct bytes value;
};

/* Walks the elements of one- and two-byte headers; start with *pos = 0; false at the end or at the
 * first malformed element. */
bool rtp_next_ext(const struct rtp *p, size_t *pos, struct rtp_ext *ret);

/* The first element with this id; p == NULL when there is none. */
struct bytes rtp_find_ext(const struct rtp *p, uint8_t id);

/* Writes a header: marker, pt, seq, ts, ssrc and csrc of h (ext and payload of h are ignored),
 * and these elements, as one-byte headers when ids and lengths allow (id 1-14, 1-16 bytes), else
 * as two-byte ones. has_padding sets the P bit: the caller appends the padding. */
void rtp_put_header(struct wr *w, const struct rtp *h, const struct rtp_ext *exts, size_t n_exts,
                    bool has_padding);

/* Sequence arithmetic (RFC 1982): is a newer than b? */
static inline bool rtp_seq_newer(uint16_t a, uint16_t b)
{
    return a != b && (uint16_t) (a - b) < 0x8000;
}

/* Widens seq to the extended number (cycles << 16 | seq) nearest to the reference. */
uint64_t rtp_seq_extend(uint64_t reference, uint16_t seq);

/* ---- payload inspection: does this payload begin a key frame? ---- */

enum rtp_codec {
    RTP_CODEC_OTHER,
    RTP_CODEC_VP8,
    RTP_CODEC_VP9,
    RTP_CODEC_H264,
    RTP_CODEC_OPUS,
    RTP_CODEC_RED, /* of Opus */
};

/* VP8: RFC 7741, VP9: RFC 9628, H264: RFC 6184 (an IDR or SPS in single, STAP-A or FU-A start).
 * Anything else: false. Malformed: false. */
bool rtp_starts_key_frame(enum rtp_codec codec, struct bytes payload);

/* ---- redundant audio (RFC 2198) ---- */

/* The primary encoding in a RED payload; empty when it is malformed. */
struct bytes rtp_red_primary(struct bytes payload);
