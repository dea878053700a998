#include "rtc/dtls_internal.h"

#include "base/rnd.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#define CERT_DAYS 3650 /* lives as long as the process; peers compare the fingerprint alone */
#define CERT_CHAIN_MAX 16384
#define RECORD_MAX 1200 /* records are never longer than a datagram, so nor need the buffer be */

/* AES-128-GCM first: the fastest here, and what RFC 8827 section 6.5 makes mandatory. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305";
static const char groups[] = "X25519:P-256:P-384";
static const char srtp_profiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

struct dtls_identity {
    SSL_CTX *ctx;
    char fingerprint[DTLS_FINGERPRINT_TEXT_SIZE];
};

/* The chain proves nothing in WebRTC: the owner compares the fingerprint (RFC 5763 section 5). */
static int accept_any_certificate(X509_STORE_CTX *store, void *arg)
{
    (void) store;
    (void) arg;
    return 1;
}

static bool fill_certificate(X509 *cert, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(cert);
    uint64_t serial = rnd_u64() >> 1; /* positive */

    return X509_set_version(cert, X509_VERSION_3) &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -24 * 3600L) &&
           X509_time_adj_ex(X509_getm_notAfter(cert), CERT_DAYS, 0, NULL) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *) "visavis", -1, -1,
                                      0) &&
           X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
           X509_sign(cert, key, EVP_sha256()) > 0;
}

static bool write_fingerprint(const X509 *cert, char text[static DTLS_FINGERPRINT_TEXT_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!X509_digest(cert, EVP_sha256(), digest, &len) || len != DTLS_FINGERPRINT_SIZE)
        return false;
    for (size_t i = 0; i < len; i++)
        snprintf(text + 3 * i, 4, i + 1 < len ? "%02X:" : "%02X", digest[i]);
    return true;
}

static bool configure(SSL_CTX *ctx, X509 *cert, EVP_PKEY *key)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ctx, CERT_CHAIN_MAX); /* also bounds every handshake message */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, accept_any_certificate, NULL);
    return SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) &&
           SSL_CTX_set_max_send_fragment(ctx, RECORD_MAX) && SSL_CTX_set_num_tickets(ctx, 0) &&
           SSL_CTX_set_cipher_list(ctx, ciphers) && SSL_CTX_set1_groups_list(ctx, groups) &&
           SSL_CTX_set_tlsext_use_srtp(ctx, srtp_profiles) == 0 && /* this one is 0 on success */
           SSL_CTX_use_certificate(ctx, cert) && SSL_CTX_use_PrivateKey(ctx, key);
}

int dtls_identity_new(struct dtls_identity **ret_id)
{
    struct dtls_identity *id = calloc(1, sizeof(*id));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    int r = -ENOMEM;

    if (!id || !key || !cert)
        goto out;
    r = -EIO;
    id->ctx = SSL_CTX_new(DTLS_method());
    if (!id->ctx || !fill_certificate(cert, key) || !write_fingerprint(cert, id->fingerprint) ||
        !configure(id->ctx, cert, key))
        goto out;
    *ret_id = id;
    id = NULL;
    r = 0;
out:
    ERR_clear_error();
    X509_free(cert);
    EVP_PKEY_free(key);
    dtls_identity_free(id);
    return r;
}

struct dtls_identity *dtls_identity_free(struct dtls_identity *id)
{
    if (!id)
        return NULL;
    SSL_CTX_free(id->ctx);
    free(id);
    return NULL;
}

const char *dtls_identity_fingerprint(const struct dtls_identity *id)
{
    return id->fingerprint;
}

SSL *dtls_identity_new_ssl(const struct dtls_identity *id)
{
    return SSL_new(id->ctx);
}
