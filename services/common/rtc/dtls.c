#include "rtc/dtls_internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "rtc/bio_method.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define LINK_MTU 1200
#define FIRST_TIMEOUT_US 100000
#define LAST_TIMEOUT_US 3000000
#define HANDSHAKE_MAX_US 30000000

/* OpenSSL keeps up to a hundred records that are encrypted too early, each in a 17 kB buffer.
 * A browser sends its Finished in one, and again with each of at most 13 retransmissions. */
#define EARLY_RECORDS_MAX 32

struct dtls {
    SSL *ssl;
    dtls_send_fn *fn;
    void *arg;
    struct bytes in;      /* the datagram that OpenSSL has not read yet */
    uint64_t deadline_us; /* of the handshake; 0: not begun */
    enum dtls_state state;
    uint8_t n_early;
    char error[96];
};

/* ---- the BIO: one read or write is one datagram ---- */

static int on_bio_write(BIO *bio, const char *data, int len)
{
    struct dtls *d = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (len > 0)
        d->fn(bytes_of(data, (size_t) len), d->arg);
    return len;
}

static int on_bio_read(BIO *bio, char *buf, int cap)
{
    struct dtls *d = BIO_get_data(bio);
    size_t len = d->in.len < (size_t) cap ? d->in.len : (size_t) cap;

    BIO_clear_retry_flags(bio);
    if (len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(buf, d->in.p, len);
    d->in = bytes_of(NULL, 0);
    return (int) len;
}

static long on_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    const struct dtls *d = BIO_get_data(bio);

    (void) num;
    (void) ptr;
    switch (cmd) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_PENDING:
        return d ? (long) d->in.len : 0;
    default:
        return 0; /* also for the MTU's overhead: LINK_MTU counts our bytes alone */
    }
}

static const BIO_METHOD *own_method(void)
{
    static const struct bio_functions functions = {"datagrams", on_bio_write, on_bio_read,
                                                   on_bio_ctrl};
    static BIO_METHOD *cached;

    return bio_method(&functions, &cached);
}

/* ---- states ---- */

static void fail(struct dtls *d, const char *why)
{
    d->state = DTLS_FAILED;
    snprintf(d->error, sizeof(d->error), "%s", why);
}

/* With the reason that OpenSSL put into this thread's queue: the first entry is the cause. */
static void fail_with_queue(struct dtls *d)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    fail(d, reason ? reason : code ? "unknown TLS error" : "unexpected end");
}

/* Has the peer ended the connection, by close_notify or by a fatal alert? */
static void check_peer_end(struct dtls *d)
{
    if (!(SSL_get_shutdown(d->ssl) & SSL_RECEIVED_SHUTDOWN))
        return;
    if (ERR_peek_error()) {
        fail_with_queue(d);
        return;
    }
    SSL_shutdown(d->ssl); /* answers with our own */
    d->state = DTLS_CLOSED;
}

static void on_connected(struct dtls *d)
{
    if (SSL_get_selected_srtp_profile(d->ssl)) {
        d->state = DTLS_CONNECTED;
        return;
    }
    SSL_shutdown(d->ssl);
    fail(d, "the client offers no SRTP profile that we have");
}

static void continue_handshake(struct dtls *d)
{
    int r = SSL_accept(d->ssl);

    if (r == 1)
        on_connected(d);
    else if (SSL_get_error(d->ssl, r) != SSL_ERROR_WANT_READ)
        fail_with_queue(d);
}

/* Reads the rest of the datagram: repeated handshake records are answered inside SSL_read(),
 * application data is dropped. An error that is not the peer's own end changes nothing: the keys
 * are exported and media needs this connection no more. */
static void drain(struct dtls *d)
{
    char sink[2048];

    while (SSL_read(d->ssl, sink, sizeof(sink)) > 0)
        continue;
    check_peer_end(d);
    SSL_free_buffers(d->ssl); /* 17 kB; SSL_MODE_RELEASE_BUFFERS passes DTLS over */
}

/* First with 0, then with what it said before. */
static unsigned on_timer(SSL *ssl, unsigned before_us)
{
    (void) ssl;
    if (before_us == 0)
        return FIRST_TIMEOUT_US;
    return before_us < LAST_TIMEOUT_US / 2 ? 2 * before_us : LAST_TIMEOUT_US;
}

int dtls_new(const struct dtls_identity *id, dtls_send_fn *fn, void *arg, struct dtls **ret_d)
{
    const BIO_METHOD *method = own_method();
    struct dtls *d = calloc(1, sizeof(*d));
    BIO *bio = method ? BIO_new(method) : NULL;

    if (!d || !bio || !(d->ssl = dtls_identity_new_ssl(id))) {
        BIO_free(bio);
        dtls_free(d);
        ERR_clear_error();
        return -ENOMEM;
    }
    d->fn = fn;
    d->arg = arg;
    BIO_set_data(bio, d);
    BIO_set_init(bio, 1);
    SSL_set_bio(d->ssl, bio, bio); /* takes the one reference for both */
    SSL_set_accept_state(d->ssl);
    DTLS_set_link_mtu(d->ssl, LINK_MTU);
    DTLS_set_timer_cb(d->ssl, on_timer);
    *ret_d = d;
    return 0;
}

struct dtls *dtls_free(struct dtls *d)
{
    if (!d)
        return NULL;
    SSL_free(d->ssl); /* wipes its secrets */
    free(d);
    return NULL;
}

/* ---- input and time ---- */

/* Records of DTLS 1.2 (RFC 6347 section 4.1):
 *   type (1) version (2) epoch (2) sequence number (6) length (2) fragment
 * False when the handshake has seen too many that are encrypted before their time. */
static bool allow_early_records(struct dtls *d, struct bytes datagram)
{
    struct rd r = rd_init(datagram);

    while (rd_left(&r) > 0) {
        uint16_t epoch;

        rd_skip(&r, 3);
        epoch = rd_u16(&r);
        rd_skip(&r, 6);
        rd_skip(&r, rd_u16(&r));
        if (!r.failed && epoch != 0 && ++d->n_early > EARLY_RECORDS_MAX) {
            d->n_early = EARLY_RECORDS_MAX;
            return false;
        }
    }
    return true;
}

enum dtls_state dtls_input(struct dtls *d, struct bytes datagram)
{
    if (d->state == DTLS_CLOSED || d->state == DTLS_FAILED)
        return d->state;
    if (d->state == DTLS_HANDSHAKE) {
        if (!allow_early_records(d, datagram))
            return d->state;
        if (d->deadline_us == 0)
            d->deadline_us = clock_us() + HANDSHAKE_MAX_US;
    }
    ERR_clear_error();
    d->in = datagram;
    if (d->state == DTLS_HANDSHAKE)
        continue_handshake(d);
    if (d->state == DTLS_CONNECTED)
        drain(d);
    d->in = bytes_of(NULL, 0);
    ERR_clear_error();
    return d->state;
}

uint64_t dtls_next_timeout_us(const struct dtls *d)
{
    struct timeval tv;
    uint64_t now = clock_us();
    uint64_t left;

    if (d->state != DTLS_HANDSHAKE || d->deadline_us == 0)
        return UINT64_MAX;
    left = d->deadline_us > now ? d->deadline_us - now : 0;
    if (DTLSv1_get_timeout(d->ssl, &tv)) {
        uint64_t us = (uint64_t) tv.tv_sec * 1000000 + (uint64_t) tv.tv_usec;

        if (us < left)
            return us;
    }
    return left;
}

enum dtls_state dtls_timeout(struct dtls *d)
{
    if (d->state != DTLS_HANDSHAKE || d->deadline_us == 0)
        return d->state;
    if (clock_us() >= d->deadline_us) {
        fail(d, "handshake timed out");
        return d->state;
    }
    ERR_clear_error();
    if (DTLSv1_handle_timeout(d->ssl) < 0)
        fail(d, "handshake timed out"); /* OpenSSL gives up after twelve retransmissions */
    ERR_clear_error();
    return d->state;
}

void dtls_close(struct dtls *d)
{
    if (d->state == DTLS_CONNECTED) {
        ERR_clear_error();
        SSL_alloc_buffers(d->ssl);
        SSL_shutdown(d->ssl);
        SSL_free_buffers(d->ssl);
        ERR_clear_error();
    }
    if (d->state != DTLS_FAILED)
        d->state = DTLS_CLOSED;
}

/* ---- results ---- */

enum dtls_state dtls_state(const struct dtls *d)
{
    return d->state;
}

const char *dtls_error(const struct dtls *d)
{
    return d->error;
}

int dtls_peer_fingerprint(const struct dtls *d, struct bytes hash, uint8_t *ret, size_t cap,
                          size_t *ret_len)
{
    const EVP_MD *md = bytes_caseeq_str(hash, "sha-256")   ? EVP_sha256()
                       : bytes_caseeq_str(hash, "sha-384") ? EVP_sha384()
                       : bytes_caseeq_str(hash, "sha-512") ? EVP_sha512()
                                                           : NULL;
    const X509 *cert;
    unsigned len = 0;

    if (!md)
        return -ENOTSUP;
    if (cap < (size_t) EVP_MD_get_size(md))
        return -ENOSPC;
    cert = SSL_get0_peer_certificate(d->ssl);
    if (d->state != DTLS_CONNECTED || !cert)
        return -ENOTCONN;
    if (!X509_digest(cert, md, ret, &len)) {
        ERR_clear_error();
        return -ENOMEM;
    }
    *ret_len = len;
    return 0;
}

int dtls_export_keys(const struct dtls *d, struct dtls_keys *ret)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    uint8_t material[2 * (DTLS_KEY_MAX + DTLS_SALT_MAX)];
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(d->ssl);
    bool gcm = profile && profile->id == SRTP_AEAD_AES_128_GCM;
    struct dtls_keys keys = {
        .profile = gcm ? SRTP_ID_AEAD_AES_128_GCM : SRTP_ID_AES128_CM_SHA1_80,
        .salt_len = gcm ? 12 : 14,
    };
    const uint8_t *salts = material + 2 * (size_t) DTLS_KEY_MAX;

    if (d->state != DTLS_CONNECTED || !profile)
        return -ENOTCONN;
    if (SSL_export_keying_material(d->ssl, material, 2 * (DTLS_KEY_MAX + keys.salt_len), label,
                                   sizeof(label) - 1, NULL, 0, 0) != 1) {
        ERR_clear_error();
        return -EIO;
    }
    memcpy(keys.client_key, material, DTLS_KEY_MAX);
    memcpy(keys.server_key, material + DTLS_KEY_MAX, DTLS_KEY_MAX);
    memcpy(keys.client_salt, salts, keys.salt_len);
    memcpy(keys.server_salt, salts + keys.salt_len, keys.salt_len);
    *ret = keys;
    secret_wipe(&keys, sizeof(keys));
    secret_wipe(material, sizeof(material));
    return 0;
}
