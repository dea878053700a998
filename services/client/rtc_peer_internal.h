/* rtc_peer_internal.h: what the parts of a peer share. Not for others. */
#pragma once

#include "client/ice_check.h"
#include "client/rtc_peer.h"
#include "rtc/dtls.h"
#include "rtc/srtp.h"

/* One m-line, as it was negotiated. */
struct rtc_line {
    bool active;
    char mid[32];
    uint8_t pt, rtx_pt;
    uint8_t mid_ext, time_ext, twcc_ext, level_ext; /* 0: not negotiated */
    uint32_t ssrc, rtx_ssrc;                        /* ours, to send from */
    uint16_t seq, rtx_seq;
    uint64_t octets_out;
    uint32_t last_ts;
    uint64_t first_in; /* the first sequence number that came, widened */
    uint32_t lsr;      /* of the other end's last sender report; 0: none came */
    uint64_t sr_us;    /* when it came */
    struct srtp_sender *sender, *rtx_sender;
};

struct rtc_hub {
    struct loop *loop;
    struct dtls_identity *identity;
    struct ice_check_hub *checks;
};

struct rtc_peer {
    struct rtc_hub *hub;
    struct rtc_peer_config config;
    enum rtc_peer_state state;
    const char *error;

    struct ice *ice;
    struct dtls *dtls;
    bool dtls_client;                           /* of the two ends, as was negotiated */
    struct loop_timer timer;                    /* the handshake's */
    uint8_t fingerprint[DTLS_FINGERPRINT_SIZE]; /* the other end's */
    struct rtc_offer offers[RTC_OFFERS_MAX];
    unsigned n_offers;
    struct srtp_transport *srtp;
    struct rtc_line lines[RTC_KINDS];
    uint16_t twcc_seq;
    struct rtcp_dlrr echo; /* of the other end's clock … */
    uint64_t echo_us;      /* … which came then; 0: it did not */
    struct rtc_counters counters;
};

/* ---- rtc_peer_sdp.c ---- */

int rtc_sdp_offer(struct rtc_peer *p, char *buf, size_t cap);

/* The other end's answer: lines, fingerprint, who begins the handshake; and how it is reached.
 * -EBADMSG; -ENOTSUP: a fingerprint of another hash than sha-256. */
int rtc_sdp_take(struct rtc_peer *p, const char *text, struct ice_description *ret_remote);

/* An answer to its offer. */
int rtc_sdp_answer(struct rtc_peer *p, const char *offer, struct ice_description *ret_remote,
                   char *buf, size_t cap);
