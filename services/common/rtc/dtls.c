#include "rtc/dtls_internal.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "rtc/dtls_link.h"
#include "rtc/dtls_screen.h"

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

/* Hellos that come to nothing, before the one that does. Each costs some 50 us. */
#define ATTEMPTS_MAX 500

#define DATAGRAM_MAX 2048 /* of a handshake; twice what a client sends */
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22

struct dtls {
    const struct dtls_identity *id;
    dtls_send_fn *send;
    void *arg;
    bool is_client;
    SSL *ssl;
    struct dtls_link link;
    struct dtls_screen screen; /* of a server */
    unsigned attempts_left;
    uint64_t deadline_us; /* of the handshake; 0: not begun */
    enum dtls_state state;
    char error[96]; /* of the last attempt, as long as it has not failed for good */
};

/* ---- states ---- */

static void fail(struct dtls *d, const char *why)
{
    d->state = DTLS_FAILED;
    snprintf(d->error, sizeof(d->error), "%s", why);
}

static void fail_by_time(struct dtls *d)
{
    static const char text[] = "handshake timed out";
    char why[sizeof(d->error)];

    snprintf(why, sizeof(why), "%s%s%.60s", text, *d->error ? ": " : "", d->error);
    fail(d, why);
}

/* The reason that OpenSSL put into this thread's queue: the first entry is the cause. */
static const char *queued_reason(void)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    return reason ? reason : code ? "unknown TLS error" : "unexpected end";
}

/* ---- a server's attempts ---- */

/* As the link's: what goes out. Before our first flight that is an alert at most, about a hello
 * that need not have been the client's: the client need not hear of it. */
static void on_link_send(struct bytes datagram, void *arg)
{
    struct dtls *d = arg;

    d->screen.answered |= datagram.p[0] == RECORD_HANDSHAKE;
    if (d->screen.answered || datagram.p[0] != RECORD_ALERT)
        d->send(datagram, d->arg);
}

/* A server that has heard nothing yet. */
static int begin(struct dtls *d)
{
    SSL_free(d->ssl);
    d->screen = (struct dtls_screen){.bytes = 0};
    d->link = (struct dtls_link){.send = on_link_send,
                                 .arg = d,
                                 .first_timeout_us = FIRST_TIMEOUT_US,
                                 .last_timeout_us = LAST_TIMEOUT_US,
                                 .early_max = EARLY_RECORDS_MAX};
    d->ssl = dtls_identity_new_ssl(d->id);
    return d->ssl && dtls_link_attach(&d->link, d->ssl) == 0 ? 0 : -ENOMEM;
}

/* A hello was of no use, and anyone may have sent it: the client's own comes, or comes again. */
static void begin_again(struct dtls *d, const char *why)
{
    snprintf(d->error, sizeof(d->error), "%s", why);
    if (d->attempts_left == 0)
        return; /* nothing passes any more; the deadline ends it */
    d->attempts_left--;
    if (begin(d) < 0)
        fail(d, "no memory");
}

/* Has the peer ended the connection, by close_notify or by a fatal alert? */
static void check_peer_end(struct dtls *d)
{
    if (!(SSL_get_shutdown(d->ssl) & SSL_RECEIVED_SHUTDOWN))
        return;
    if (ERR_peek_error()) {
        fail(d, queued_reason());
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
    else if (SSL_get_error(d->ssl, r) == SSL_ERROR_WANT_READ)
        return;
    else if (d->is_client || d->screen.answered)
        fail(d, queued_reason());
    else
        begin_again(d, queued_reason());
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
    d->id = id;
    d->send = fn;
    d->arg = arg;
    d->attempts_left = ATTEMPTS_MAX;
    if (begin(d) < 0) {
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
    d->is_client = true;
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

/* Of a server's attempt, perhaps a new one. */
static bool handshake_allows(struct dtls *d, struct bytes datagram)
{
    enum dtls_verdict v = d->is_client ? DTLS_PASS : dtls_screen(&d->screen, datagram);

    if (v == DTLS_OTHER)
        begin_again(d, "another hello came");
    if (v == DTLS_FULL && !d->screen.answered) /* parts of hellos without end */
        begin_again(d, "too many handshake bytes");
    if (v != DTLS_PASS && v != DTLS_DROP && d->state == DTLS_HANDSHAKE)
        v = dtls_screen(&d->screen, datagram);
    return v == DTLS_PASS && dtls_link_allows(&d->link, datagram);
}

static void handshake_input(struct dtls *d, struct bytes datagram)
{
    uint8_t numbered[DATAGRAM_MAX];

    if (datagram.len > sizeof(numbered) || !handshake_allows(d, datagram))
        return;
    if (d->deadline_us == 0)
        d->deadline_us = clock_us() + HANDSHAKE_MAX_US;
    memcpy(numbered, datagram.p, datagram.len);
    if (!d->is_client)
        dtls_screen_number(&d->screen, numbered, datagram.len);
    d->link.in = bytes_of(numbered, datagram.len);
    continue_handshake(d);
    if (d->state == DTLS_CONNECTED)
        drain(d);
    d->link.in = bytes_of(NULL, 0);
}

enum dtls_state dtls_input(struct dtls *d, struct bytes datagram)
{
    ERR_clear_error();
    if (d->state == DTLS_HANDSHAKE) {
        handshake_input(d, datagram);
    } else if (d->state == DTLS_CONNECTED) {
        d->link.in = datagram;
        drain(d);
        d->link.in = bytes_of(NULL, 0);
    }
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
        fail_by_time(d);
        return d->state;
    }
    ERR_clear_error();
    if (dtls_link_timeout(&d->link, d->ssl) < 0)
        fail_by_time(d); /* OpenSSL gives up after twelve retransmissions */
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
    return d->state == DTLS_FAILED ? d->error : "";
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
