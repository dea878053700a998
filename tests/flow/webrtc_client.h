/* webrtc_client.h: one end of a peer connection as a browser is one, for tests: a UDP socket, or a
 * TCP connection (ICE-TCP), connectivity checks, DTLS as the client (OpenSSL), SRTP. Everything
 * blocks, up to WC_WAIT_MS.
 *
 * services/client/rtc_peer.h is another one, for loads and probes, which behaves well. This one
 * sends what no good client would, at the moment that a test chooses, and shakes hands by OpenSSL
 * alone: the other one does so by common/rtc as the daemon does, whose errors would agree. */
#pragma once

#include "base/rnd.h"
#include "codec/framing.h"
#include "codec/rtcp.h"
#include "codec/rtp.h"
#include "codec/sdp.h"
#include "codec/stun.h"
#include "rtc/srtp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WC_WAIT_MS 5000
#define WC_QUIET_MS 300 /* long enough for something that must not come */

struct wc {
    int fd;
    bool tcp;
    struct addr server; /* of the daemon's description */
    SSL_CTX *ctx;
    SSL *ssl;
    BIO_METHOD *method;
    X509 *cert;
    char ufrag[9], pwd[25], fingerprint[DTLS_FINGERPRINT_TEXT_SIZE];
    char remote_ufrag[64], remote_pwd[64]; /* of the daemon's description */
    struct dtls_keys keys; /* the server's end of them is ours: what we send with is server_key */
    struct srtp_transport *srtp;
    struct srtp_sender *senders[8];
    uint32_t sender_ssrcs[8];
    unsigned n_senders;
};

/* ---- datagrams ---- */

/* False: the socket did not take it. */
static inline bool wc_send(const struct wc *c, const void *data, size_t len)
{
    uint8_t framed[FRAMING_HEADER_SIZE + 2048];

    if (!c->tcp)
        return send(c->fd, data, len, 0) == (ssize_t) len;
    assert_true(len <= 2048);
    framing_header(len, framed);
    memcpy(framed + FRAMING_HEADER_SIZE, data, len);
    len += FRAMING_HEADER_SIZE;
    return send(c->fd, framed, len, MSG_NOSIGNAL) == (ssize_t) len;
}

static inline bool wc_receive_framed(int fd, uint8_t *buf, size_t cap, size_t *ret_len)
{
    uint8_t header[FRAMING_HEADER_SIZE];
    size_t len;

    if (recv(fd, header, sizeof(header), MSG_WAITALL) != sizeof(header))
        return false;
    len = (size_t) header[0] << 8 | header[1];
    assert_true(len > 0 && len <= cap);
    *ret_len = len;
    return recv(fd, buf, len, MSG_WAITALL) == (ssize_t) len;
}

/* While something is awaited; for a server in the same thread. Takes about a millisecond. */
static void (*wc_idle)(void);

static inline bool wc_is_readable(struct wc *c, int wait_ms)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};

    for (; wc_idle && wait_ms > 0 && poll(&p, 1, 0) == 0; wait_ms--)
        wc_idle();
    return poll(&p, 1, wait_ms) == 1;
}

/* False: nothing came in time, or the connection has ended. */
static inline bool wc_receive(struct wc *c, int wait_ms, uint8_t *buf, size_t cap, size_t *ret_len)
{
    ssize_t n;

    if (!wc_is_readable(c, wait_ms))
        return false;
    if (c->tcp)
        return wc_receive_framed(c->fd, buf, cap, ret_len);
    n = recv(c->fd, buf, cap, 0);
    if (n <= 0)
        return false;
    *ret_len = (size_t) n;
    return true;
}

/* ---- life ---- */

/* Before anything else; once is enough, and more often does no harm. */
static inline void wc_init(void)
{
    static bool done;

    if (!done)
        assert_int_equal(srtp_transport_global_init(), 0);
    done = true;
}

static inline int wc_bio_write(BIO *bio, const char *data, int len)
{
    (void) wc_send(BIO_get_data(bio), data, (size_t) len);
    return len;
}

static inline long wc_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void) bio, (void) num, (void) ptr;
    return cmd == BIO_CTRL_FLUSH;
}

static inline void wc_make_certificate(struct wc *c)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len;

    c->cert = X509_new();
    assert_true(X509_gmtime_adj(X509_getm_notBefore(c->cert), 0) &&
                X509_gmtime_adj(X509_getm_notAfter(c->cert), 3600) &&
                X509_set_pubkey(c->cert, key) && X509_sign(c->cert, key, EVP_sha256()));
    assert_true(SSL_CTX_use_certificate(c->ctx, c->cert) && SSL_CTX_use_PrivateKey(c->ctx, key));
    EVP_PKEY_free(key);
    assert_true(X509_digest(c->cert, EVP_sha256(), digest, &len));
    for (unsigned i = 0; i < len; i++)
        sprintf(c->fingerprint + 3 * i, i + 1 < len ? "%02X:" : "%02X", digest[i]);
}

static inline struct wc *wc_new(void)
{
    struct wc *c = calloc(1, sizeof(*c));
    BIO *in = BIO_new(BIO_s_mem()), *out;

    assert_non_null(c);
    c->fd = -1;
    rnd_alnum(c->ufrag, 8);
    rnd_alnum(c->pwd, 24);
    c->ctx = SSL_CTX_new(DTLS_client_method());
    wc_make_certificate(c);
    assert_int_equal(SSL_CTX_set_tlsext_use_srtp(c->ctx, "SRTP_AEAD_AES_128_GCM"), 0);
    SSL_CTX_set_options(c->ctx, SSL_OP_NO_QUERY_MTU);
    c->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "socket");
    BIO_meth_set_write(c->method, wc_bio_write);
    BIO_meth_set_ctrl(c->method, wc_bio_ctrl);
    out = BIO_new(c->method);
    BIO_set_data(out, c);
    BIO_set_init(out, 1);
    BIO_set_mem_eof_return(in, -1);
    c->ssl = SSL_new(c->ctx);
    SSL_set_bio(c->ssl, in, out);
    SSL_set_connect_state(c->ssl);
    DTLS_set_link_mtu(c->ssl, 1200);
    return c;
}

static inline void wc_free(struct wc *c)
{
    if (!c)
        return;
    srtp_transport_free(c->srtp);
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    X509_free(c->cert);
    BIO_meth_free(c->method);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

/* ---- descriptions ---- */

/* Payload types and extension ids of one browser. */
struct wc_numbers {
    unsigned opus, vp8, rtx, level, orientation;
};

static inline char *wc_describe(const struct wc *c, const struct wc_numbers *n, const char *setup,
                                const char *direction, uint32_t audio_ssrc, uint32_t video_ssrc)
{
    char *text = malloc(8192);
    char transport[512];
    int len;

    assert_non_null(text);
    snprintf(transport, sizeof(transport),
             "c=IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\n"
             "a=setup:%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=%s\r\n",
             c->ufrag, c->pwd, c->fingerprint, setup, direction);
    len = snprintf(text, 8192,
                   "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
                   "m=audio 9 UDP/TLS/RTP/SAVPF %u\r\n%sa=mid:0\r\n"
                   "a=extmap:%u urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
                   "a=rtpmap:%u opus/48000/2\r\n",
                   n->opus, transport, n->level, n->opus);
    if (audio_ssrc)
        len += snprintf(text + len, 256, "a=ssrc:%u cname:x\r\n", audio_ssrc);
    len += snprintf(text + len, 2048,
                    "m=video 9 UDP/TLS/RTP/SAVPF %u %u\r\n%sa=mid:1\r\n"
                    "a=extmap:%u urn:3gpp:video-orientation\r\n"
                    "a=rtpmap:%u VP8/90000\r\na=rtcp-fb:%u nack\r\na=rtcp-fb:%u nack pli\r\n"
                    "a=rtpmap:%u rtx/90000\r\na=fmtp:%u apt=%u\r\n",
                    n->vp8, n->rtx, transport, n->orientation, n->vp8, n->vp8, n->vp8, n->rtx,
                    n->rtx, n->vp8);
    if (video_ssrc)
        snprintf(text + len, 512,
                 "a=ssrc-group:FID %u %u\r\na=ssrc:%u cname:x\r\na=ssrc:%u cname:x\r\n", video_ssrc,
                 video_ssrc + 1, video_ssrc, video_ssrc + 1);
    return text;
}

static struct sdp wc_remote; /* the last description that was taken; views into its text */

/* From now on by a socket of its own, from any port. The one before stays open. */
static inline void wc_dial(struct wc *c, const struct addr *to, bool tcp)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(to, &sa);

    c->fd = socket(to->family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    c->tcp = tcp;
    assert_true(c->fd >= 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *) &sa, len), 0);
}

/* The daemon's offer or answer: its credentials, and where it is by UDP or TCP: the candidate of
 * this address; NULL: the last one, which is loopback. */
static inline void wc_take_by(struct wc *c, const char *text, bool tcp, const char *ip)
{
    const struct sdp_media *m = &wc_remote.media[0];

    assert_int_equal(sdp_decode(bytes_str(text), &wc_remote, NULL), 0);
    assert_true(wc_remote.ice_lite && m->n_candidates > 0);
    c->server.family = 0;
    for (unsigned i = 0; i < m->n_candidates; i++) {
        char line[128], protocol[8], at[64], more[64] = "";
        unsigned port;

        snprintf(line, sizeof(line), "%.*s", (int) m->candidates[i].len, m->candidates[i].p);
        assert_true(
            sscanf(line, "%*s 1 %7s %*u %63s %u typ host%63[^;]", protocol, at, &port, more) >= 3);
        assert_string_equal(more, strcmp(protocol, "tcp") == 0 ? " tcptype passive" : "");
        if (strcmp(protocol, tcp ? "tcp" : "udp") == 0 && (!ip || strcmp(at, ip) == 0))
            assert_int_equal(addr_parse_ip(at, (uint16_t) port, &c->server), 0);
    }
    assert_int_not_equal(c->server.family, 0);
    snprintf(c->remote_ufrag, sizeof(c->remote_ufrag), "%.*s", (int) m->ufrag.len, m->ufrag.p);
    snprintf(c->remote_pwd, sizeof(c->remote_pwd), "%.*s", (int) m->pwd.len, m->pwd.p);
    wc_dial(c, &c->server, tcp);
}

static inline void wc_take(struct wc *c, const char *text)
{
    wc_take_by(c, text, false, NULL);
}

/* ---- checks ---- */

#define WC_CHECK_MAX 200

static inline size_t wc_make_check(const struct wc *c, const char *pwd, bool use_candidate,
                            uint8_t buf[static WC_CHECK_MAX])
{
    struct wr w = wr_init(buf, WC_CHECK_MAX);
    uint8_t tid[STUN_TID_SIZE];
    char username[160];
    size_t len;

    rnd_bytes(tid, sizeof(tid));
    snprintf(username, sizeof(username), "%s:%s", c->remote_ufrag, c->ufrag);
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(username));
    stun_put_u32(&w, STUN_ATTR_PRIORITY, 1);
    stun_put_u64(&w, STUN_ATTR_ICE_CONTROLLING, 1);
    if (use_candidate)
        stun_put_bytes(&w, STUN_ATTR_USE_CANDIDATE, bytes_str(""));
    stun_put_integrity(&w, bytes_str(pwd));
    stun_put_fingerprint(&w);
    assert_int_equal(stun_finish(&w, &len), 0);
    return len;
}

static inline void wc_send_check(struct wc *c, const char *pwd, bool use_candidate)
{
    uint8_t buf[WC_CHECK_MAX];
    size_t len = wc_make_check(c, pwd, use_candidate, buf);

    assert_true(wc_send(c, buf, len));
}

/* True: an authentic success response came, whatever the server reports before it. */
static inline bool wc_await_response(struct wc *c, const char *pwd, int wait_ms)
{
    uint8_t buf[2048];
    struct stun m;
    size_t len;

    do {
        if (!wc_receive(c, wait_ms, buf, sizeof(buf), &len))
            return false;
    } while (buf[0] >= 128 && rtp_is_rtcp(bytes_of(buf, len)));
    return stun_decode(bytes_of(buf, len), &m) == 0 && m.class == STUN_SUCCESS &&
           stun_integrity_ok(&m, bytes_str(pwd)) && m.fingerprint_ok && m.xor_mapped.port != 0;
}

static inline bool wc_check(struct wc *c, const char *pwd, bool use_candidate, int wait_ms)
{
    wc_send_check(c, pwd, use_candidate);
    return wc_await_response(c, pwd, wait_ms);
}

/* ---- DTLS ---- */

static inline void wc_export_keys(struct wc *c)
{
    struct dtls_keys k = {.profile = SRTP_ID_AEAD_AES_128_GCM, .salt_len = 12};
    uint8_t all[2 * (16 + 12)];

    assert_string_equal(SSL_get_selected_srtp_profile(c->ssl)->name, "SRTP_AEAD_AES_128_GCM");
    assert_int_equal(
        SSL_export_keying_material(c->ssl, all, sizeof(all), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0),
        1);
    /* Our module is made for the server's end: we are the other one. */
    memcpy(k.server_key, all, 16);
    memcpy(k.client_key, all + 16, 16);
    memcpy(k.server_salt, all + 32, 12);
    memcpy(k.client_salt, all + 44, 12);
    assert_int_equal(srtp_transport_new(&k, &c->srtp), 0);
    c->keys = k;
}

static inline bool wc_handshake(struct wc *c, int wait_ms)
{
    uint8_t buf[2048];
    size_t len;

    while (SSL_do_handshake(c->ssl) != 1) {
        if (!wc_receive(c, wait_ms, buf, sizeof(buf), &len))
            return false;
        if (buf[0] >= 20 && buf[0] < 64)
            BIO_write(SSL_get_rbio(c->ssl), buf, (int) len);
    }
    wc_export_keys(c);
    return true;
}

static inline void wc_connect(struct wc *c)
{
    assert_true(wc_check(c, c->remote_pwd, true, WC_WAIT_MS));
    assert_true(wc_handshake(c, WC_WAIT_MS));
}

/* ---- media ---- */

static inline struct srtp_sender *wc_sender(struct wc *c, uint32_t ssrc)
{
    for (unsigned i = 0; i < c->n_senders; i++) {
        if (c->sender_ssrcs[i] == ssrc)
            return c->senders[i];
    }
    assert_true(c->n_senders < 8);
    assert_int_equal(srtp_transport_add_sender(c->srtp, ssrc, &c->senders[c->n_senders]), 0);
    c->sender_ssrcs[c->n_senders] = ssrc;
    return c->senders[c->n_senders++];
}

/* The datagram of a packet. */
static inline size_t wc_make_rtp(struct wc *c, const struct rtp *h, const struct rtp_ext *exts,
                                 size_t n_exts, struct bytes payload, uint8_t buf[static 1500])
{
    struct wr w = wr_init(buf, 1500 - SRTP_OVERHEAD_MAX);
    size_t header_len, len = 0;

    rtp_put_header(&w, h, exts, n_exts, false);
    header_len = wr_len(&w);
    wr_bytes(&w, payload);
    assert_int_equal(srtp_sender_protect(wc_sender(c, h->ssrc), bytes_of(buf, wr_len(&w)),
                                         header_len, buf, 1500, &len),
                     0);
    return len;
}

static inline void wc_send_rtp(struct wc *c, const struct rtp *h, const struct rtp_ext *exts,
                               size_t n_exts, struct bytes payload)
{
    uint8_t buf[1500];
    size_t len = wc_make_rtp(c, h, exts, n_exts, payload, buf);

    assert_true(wc_send(c, buf, len));
}

static inline void wc_send_rtcp(struct wc *c, struct wr *w)
{
    size_t len = wr_len(w);

    assert_int_equal(
        srtp_transport_protect_rtcp(c->srtp, w->start, &len, (size_t) (w->end - w->start)), 0);
    assert_true(wc_send(c, w->start, len));
}

/* Of the kernel, whatever clock_ms() is told to say. */
static inline uint64_t wc_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

/* What is left of a wait: other packets than the awaited one do not prolong it. */
static inline int wc_left_ms(uint64_t until_ms)
{
    uint64_t now_ms = wc_now_ms();

    return now_ms < until_ms ? (int) (until_ms - now_ms) : 0;
}

/* The next RTP packet, whatever else comes; decoded views into buf. */
static inline bool wc_receive_rtp(struct wc *c, int wait_ms, uint8_t *buf, size_t cap,
                                  struct rtp *ret)
{
    uint64_t until_ms = wc_now_ms() + (uint64_t) wait_ms;
    size_t len;

    while (wc_receive(c, wc_left_ms(until_ms), buf, cap, &len)) {
        if (buf[0] < 128 || buf[0] > 191 || rtp_is_rtcp(bytes_of(buf, len)))
            continue;
        assert_int_equal(srtp_transport_unprotect(c->srtp, buf, &len), 0);
        assert_int_equal(rtp_decode(bytes_of(buf, len), ret), 0);
        return true;
    }
    return false;
}

/* Waits for an RTCP packet of this type and FMT (-1: any) within any compound. */
static inline bool wc_receive_rtcp(struct wc *c, int wait_ms, uint8_t *buf, size_t cap,
                                   unsigned type, int fmt, struct rtcp *ret)
{
    uint64_t until_ms = wc_now_ms() + (uint64_t) wait_ms;
    size_t len;

    while (wc_receive(c, wc_left_ms(until_ms), buf, cap, &len)) {
        struct rd r;

        if (buf[0] < 128 || buf[0] > 191 || !rtp_is_rtcp(bytes_of(buf, len)))
            continue;
        assert_int_equal(srtp_transport_unprotect_rtcp(c->srtp, buf, &len), 0);
        r = rd_init(bytes_of(buf, len));
        while (rtcp_next(&r, ret)) {
            if (ret->type == type && (fmt < 0 || ret->count == fmt))
                return true;
        }
    }
    return false;
}
