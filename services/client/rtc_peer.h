/* rtc_peer.h: the browser's end of a media transport: SDP, ICE, DTLS, SRTP, and what passes
 * counted. Hundreds of them live on one loop. They send what they are told, when they are told; of
 * themselves they keep up the connectivity checks alone. One thread. */
#pragma once

#include "client/ice.h"

#include "codec/rtcp.h"
#include "codec/rtp.h"
#include "codec/sdp.h"
#include "loop/loop.h"

#define RTC_KINDS 2 /* SDP_AUDIO, SDP_VIDEO */
#define RTC_SDP_SIZE 16384
#define RTC_PAYLOAD_MAX 1300

/* What the peers of a loop share: certificate, TLS settings, receive buffers. */
struct rtc_hub;
int rtc_hub_new(struct loop *l, struct rtc_hub **ret_h);
struct rtc_hub *rtc_hub_free(struct rtc_hub *h); /* after its peers; NULL is fine */

enum rtc_peer_state {
    RTC_NEW,
    RTC_CHECKING,
    RTC_HANDSHAKE,
    RTC_CONNECTED,
    RTC_CLOSED, /* the other end said close_notify */
    RTC_FAILED,
};

struct rtc_peer;

/* Makes a peer's way to the other end. */
typedef int rtc_new_ice_fn(void *ice_arg, const struct ice_handlers *handlers, void *arg,
                           struct ice **ret_i);

/* Each may be NULL. None may free the peer. */
struct rtc_peer_handlers {
    void (*on_gathered)(struct rtc_peer *p, void *arg);
    void (*on_state)(struct rtc_peer *p, enum rtc_peer_state state, void *arg);
    void (*on_rtp)(struct rtc_peer *p, enum sdp_kind kind, const struct rtp *rtp, void *arg);
    /* Packet seq once more (RFC 4588); rtp's payload is that packet's. */
    void (*on_repeated)(struct rtc_peer *p, enum sdp_kind kind, uint16_t seq, const struct rtp *rtp,
                        void *arg);
    void (*on_rtcp)(struct rtc_peer *p, const struct rtcp *rtcp, void *arg);
};

struct rtc_peer_config {
    enum sdp_direction direction; /* of its offer: sendonly publishes, recvonly subscribes */
    bool audio, video;            /* Opus, VP8 with RTX */
    bool sealed;                  /* what arrives is counted, and not decrypted: cheap */
    const char *profiles;         /* OpenSSL's list of SRTP profiles; NULL: GCM, then CM */
    rtc_new_ice_fn *new_ice;      /* NULL: the checker of ice_check.h */
    void *ice_arg;
    const struct rtc_peer_handlers *handlers; /* may be NULL; stays the caller's */
    void *arg;
};

int rtc_peer_new(struct rtc_hub *h, const struct rtc_peer_config *c, struct rtc_peer **ret_p);

/* Says close_notify when it can. NULL is fine; returns NULL. */
struct rtc_peer *rtc_peer_free(struct rtc_peer *p);

/* Candidates are sought; on_gathered, perhaps within the call. The checker needs none: then offer
 * and answer may be made at once. */
int rtc_peer_gather(struct rtc_peer *p);

/* We offer, with the candidates that are gathered: text with a NUL; then the other end's answer,
 * which starts the checks. */
int rtc_peer_offer(struct rtc_peer *p, char *buf, size_t cap);
int rtc_peer_take_answer(struct rtc_peer *p, const char *answer);

/* The other end offers: the answer's text, and the checks start. */
int rtc_peer_answer(struct rtc_peer *p, const char *offer, char *buf, size_t cap);

enum rtc_peer_state rtc_peer_state(const struct rtc_peer *p);
const char *rtc_peer_error(const struct rtc_peer *p); /* why RTC_FAILED; "" otherwise */

/* The pair of addresses in use; false while there is none. */
bool rtc_peer_path(const struct rtc_peer *p, struct ice_path *ret);

/* Where the other end said that it can be reached; how many. */
#define RTC_OFFERS_MAX 16
struct rtc_offer {
    enum sdp_protocol protocol;
    struct addr addr;
};
unsigned rtc_peer_offers(const struct rtc_peer *p, const struct rtc_offer **ret);

/* ---- media, once it is connected: -ENOTCONN before ---- */

struct rtc_packet {
    enum sdp_kind kind;
    bool marker;
    uint32_t ts;
    struct bytes payload; /* at most RTC_PAYLOAD_MAX */
};

/* The next packet of that kind, with the header extensions that were negotiated. -ENOENT: that kind
 * was not; -EAGAIN and others from the socket. */
int rtc_peer_send(struct rtc_peer *p, const struct rtc_packet *packet);

/* The number that it will have. */
uint16_t rtc_peer_next_seq(const struct rtc_peer *p, enum sdp_kind kind);

/* Packet seq once more, as RTX. */
int rtc_peer_repeat(struct rtc_peer *p, const struct rtc_packet *packet, uint16_t seq);

/* Sender reports of what was sent, receiver reports of what came, an echo of the other end's clock.
 */
int rtc_peer_send_report(struct rtc_peer *p);

/* About the stream that arrives; -ENOENT when none of that kind has. */
int rtc_peer_send_pli(struct rtc_peer *p);
int rtc_peer_send_nack(struct rtc_peer *p, enum sdp_kind kind, const uint16_t *seqs, size_t n);

/* ---- counters ---- */

struct rtc_stream_counters {
    uint64_t packets_out;
    uint64_t packets_in, payload_bytes_in, rtx_in;
    uint64_t lost_in; /* gaps that are still open; retransmissions do not close them */
    uint32_t ssrc_in; /* 0: nothing came */
    uint64_t seq_in;  /* the highest, widened */
};

struct rtc_counters {
    uint64_t datagrams_in, bytes_in; /* of media and RTCP, as they came from the socket */
    uint64_t rtcp_in;                /* of these, RTCP */
    uint64_t datagrams_out, bytes_out;
    uint64_t refused; /* not authentic, or replayed */
    uint64_t sr, rr, pli, fir, twcc, remb;
    uint64_t nacked; /* sequence numbers asked for */
    struct rtc_stream_counters stream[RTC_KINDS];
};

/* sealed peers count datagrams alone. */
const struct rtc_counters *rtc_peer_counters(const struct rtc_peer *p);
