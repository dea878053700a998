#include "rtc/dtls_internal.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "rtc/dtls_link.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define FIRST_TIMEOUT_US 100000
#define LAST_TIMEOUT_US 3000000
#define HANDSHAKE_MAX_US 30000000

/* A browser sends its Finished in one, and again with each of at most 13 retransmissions. */
#define EARLY_RECORDS_MAX 32

struct dtls {
    SSL *ssl;
    struct dtls_link link;
    uint64_t deadline_us; /* of the handshake; 0: not begun */
    enum dtls_state state;
    char error[96];
};

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
    fail(d, "no SRTP profile in common");
}

static void continue_handshake(struct dtls *d)
{
    int r = SSL_do_handshake(d->ssl);

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

int dtls_new(const struct dtls_identity *id, dtls_send_fn *fn, void *arg, struct dtls **ret_d)
{
    struct dtls *d = calloc(1, sizeof(*d));

    if (!d)
        return -ENOMEM;
    d->link = (struct dtls_link){.send = fn,
                                 .arg = arg,
                                 .first_timeout_us = FIRST_TIMEOUT_US,
                                 .last_timeout_us = LAST_TIMEOUT_US,
                                 .early_left = EARLY_RECORDS_MAX};
    d->ssl = dtls_identity_new_ssl(id);
    if (!d->ssl || dtls_link_attach(&d->link, d->ssl) < 0) {
        dtls_free(d);
        ERR_clear_error();
        return -ENOMEM;
    }
    *ret_d = d;
    return 0;
}

int dtls_client_new(const struct dtls_identity *id, const char *profiles, dtls_send_fn *fn,
                    void *arg, struct dtls **ret_d)
{
    struct dtls *d;
    int r = dtls_new(id, fn, arg, &d);

    if (r < 0)
        return r;
    SSL_set_connect_state(d->ssl);
    if (profiles && SSL_set_tlsext_use_srtp(d->ssl, profiles) != 0) { /* 0 is success */
        dtls_free(d);
        ERR_clear_error();
        return -EINVAL;
    }
    *ret_d = d;
    return 0;
}

enum dtls_state dtls_begin(struct dtls *d)
{
    if (d->state != DTLS_HANDSHAKE || d->deadline_us != 0)
        return d->state;
    d->deadline_us = clock_us() + HANDSHAKE_MAX_US;
    ERR_clear_error();
    continue_handshake(d);
    ERR_clear_error();
    return d->state;
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

enum dtls_state dtls_input(struct dtls *d, struct bytes datagram)
{
    if (d->state == DTLS_CLOSED || d->state == DTLS_FAILED)
        return d->state;
    if (d->state == DTLS_HANDSHAKE) {
        if (!dtls_link_allows(&d->link, datagram))
            return d->state;
        if (d->deadline_us == 0)
            d->deadline_us = clock_us() + HANDSHAKE_MAX_US;
    }
    ERR_clear_error();
    d->link.in = datagram;
    if (d->state == DTLS_HANDSHAKE)
        continue_handshake(d);
    if (d->state == DTLS_CONNECTED)
        drain(d);
    d->link.in = bytes_of(NULL, 0);
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
