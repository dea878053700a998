/* rtc_peer_internal.h: what the parts of a peer share. Not for others. */
#pragma once

#include "base/addr.h"
#include "rtc/srtp.h"
#include "tests/lib/rtc_peer.h"

#include <openssl/ssl.h>

/* One m-line, as it was negotiated. */
struct rtc_line {
    bool active;
    char mid[32];
    uint8_t pt, rtx_pt;
    uint8_t mid_ext, time_ext, twcc_ext, level_ext; /* 0: not negotiated */
    uint32_t ssrc, rtx_ssrc;                        /* ours, to send from */
    uint16_t seq;
    uint64_t octets_out;
    uint32_t last_ts;
    uint64_t first_in; /* the first sequence number that came, widened */
    struct srtp_sender *sender;
};

#define RTC_RECEIVE_BATCH 32
#define RTC_DATAGRAM_MAX 2048

struct rtc_hub {
    struct loop *loop;
    struct loop_set *set;
    SSL_CTX *tls;
    BIO_METHOD *to_socket;
    char fingerprint[DTLS_FINGERPRINT_TEXT_SIZE];
    uint8_t in[RTC_RECEIVE_BATCH][RTC_DATAGRAM_MAX];
};

struct rtc_peer {
    struct rtc_hub *hub;
    struct rtc_peer_config config;
    enum rtc_peer_state state;
    const char *error;

    int fd;
    struct loop_fd io;
    struct loop_timer timer; /* checks, then the handshake's, then consent */
    unsigned n_checks;       /* unanswered */

    char ufrag[9], pwd[25];
    char remote_ufrag[257], remote_pwd[257];
    uint8_t fingerprint[DTLS_FINGERPRINT_SIZE]; /* the server's */
    struct addr server;
    uint64_t tie_breaker;

    SSL *ssl;
    struct srtp_transport *srtp;
    struct rtc_line lines[RTC_KINDS];
    uint16_t twcc_seq;
    struct rtc_counters counters;
};

/* ---- rtc_peer_sdp.c ---- */

int rtc_sdp_offer(struct rtc_peer *p, char *buf, size_t cap);

/* The server's description: lines, credentials, fingerprint, address. -EBADMSG, -ENOENT: no
 * candidate that can be reached. */
int rtc_sdp_take(struct rtc_peer *p, const char *text);

/* An answer to it. */
int rtc_sdp_answer(struct rtc_peer *p, const char *offer, char *buf, size_t cap);

/* ---- rtc_peer_dtls.c ---- */

int rtc_dtls_init(struct rtc_hub *h);
void rtc_dtls_done(struct rtc_hub *h);

int rtc_dtls_start(struct rtc_peer *p); /* says ClientHello */

/* 1: the handshake is over (now or before), 0: it goes on, -ESHUTDOWN: close_notify, -EPROTO. */
int rtc_dtls_input(struct rtc_peer *p, struct bytes datagram);
int rtc_dtls_timeout(struct rtc_peer *p);
uint64_t rtc_dtls_timeout_us(struct rtc_peer *p); /* UINT64_MAX: no timeout is wanted */
void rtc_dtls_close(struct rtc_peer *p);

/* After the handshake: is it the certificate that was signalled? -EACCES. Sets p->srtp. */
int rtc_dtls_take_keys(struct rtc_peer *p);
