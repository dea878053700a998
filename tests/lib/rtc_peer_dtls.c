/* rtc_peer_dtls.c: the DTLS client end (RFC 5763, 5764) over OpenSSL. */
#include "tests/lib/rtc_peer_internal.h"

#include "base/crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/time.h>

#define MTU 1200
#define PROFILES "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"

/* ---- what all share ---- */

static int accept_any_certificate(X509_STORE_CTX *store, void *arg)
{
    (void) store, (void) arg; /* rtc_dtls_take_keys() compares the fingerprint */
    return 1;
}

static bool sign_certificate(X509 *cert, EVP_PKEY *key)
{
    return X509_set_version(cert, X509_VERSION_3) &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
           X509_gmtime_adj(X509_getm_notAfter(cert), 24 * 3600L) && X509_set_pubkey(cert, key) &&
           X509_sign(cert, key, EVP_sha256()) > 0;
}

static bool write_fingerprint(const X509 *cert, char text[static DTLS_FINGERPRINT_TEXT_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!X509_digest(cert, EVP_sha256(), digest, &len))
        return false;
    for (size_t i = 0; i < len; i++)
        snprintf(text + 3 * i, 4, i + 1 < len ? "%02X:" : "%02X", digest[i]);
    return true;
}

static int write_datagram(BIO *bio, const char *data, int len)
{
    const struct rtc_peer *p = BIO_get_data(bio);

    (void) send(p->fd, data, (size_t) len, 0); /* what is lost is sent again */
    return len;
}

static long control(BIO *bio, int cmd, long num, void *ptr)
{
    (void) bio, (void) num, (void) ptr;
    return cmd == BIO_CTRL_FLUSH;
}

int rtc_dtls_init(struct rtc_hub *h)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    int r = -EIO;

    h->tls = SSL_CTX_new(DTLS_client_method());
    h->to_socket = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "to the server");
    if (key && cert && h->tls && h->to_socket && sign_certificate(cert, key) &&
        write_fingerprint(cert, h->fingerprint) && SSL_CTX_use_certificate(h->tls, cert) &&
        SSL_CTX_use_PrivateKey(h->tls, key) && BIO_meth_set_write(h->to_socket, write_datagram) &&
        BIO_meth_set_ctrl(h->to_socket, control)) {
        SSL_CTX_set_options(h->tls, SSL_OP_NO_QUERY_MTU);
        SSL_CTX_set_mode(h->tls, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_verify(h->tls, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(h->tls, accept_any_certificate, NULL);
        r = 0;
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return r;
}

void rtc_dtls_done(struct rtc_hub *h)
{
    SSL_CTX_free(h->tls);
    BIO_meth_free(h->to_socket);
}

/* ---- one peer ---- */

static int go_on(struct rtc_peer *p)
{
    uint8_t sink[64];
    int r = SSL_do_handshake(p->ssl);

    if (r == 1) {
        while (SSL_read(p->ssl, sink, sizeof(sink)) > 0)
            continue;
        r = SSL_get_shutdown(p->ssl) & SSL_RECEIVED_SHUTDOWN ? -ESHUTDOWN : 1;
    } else {
        r = SSL_get_error(p->ssl, r) == SSL_ERROR_WANT_READ ? 0 : -EPROTO;
    }
    ERR_clear_error();
    return r;
}

int rtc_dtls_start(struct rtc_peer *p)
{
    const char *profiles = p->config.profiles ? p->config.profiles : PROFILES;
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(p->hub->to_socket);

    p->ssl = SSL_new(p->hub->tls);
    if (!p->ssl || !in || !out || SSL_set_tlsext_use_srtp(p->ssl, profiles) != 0) {
        BIO_free(in);
        BIO_free(out);
        return -EIO;
    }
    BIO_set_mem_eof_return(in, -1);
    BIO_set_data(out, p);
    BIO_set_init(out, 1);
    SSL_set_bio(p->ssl, in, out);
    SSL_set_connect_state(p->ssl);
    DTLS_set_link_mtu(p->ssl, MTU);
    return go_on(p);
}

int rtc_dtls_input(struct rtc_peer *p, struct bytes datagram)
{
    if (BIO_write(SSL_get_rbio(p->ssl), datagram.p, (int) datagram.len) != (int) datagram.len)
        return -EPROTO;
    return go_on(p);
}

int rtc_dtls_timeout(struct rtc_peer *p)
{
    int r = (int) DTLSv1_handle_timeout(p->ssl);

    ERR_clear_error();
    return r < 0 ? -EPROTO : 0;
}

uint64_t rtc_dtls_timeout_us(struct rtc_peer *p)
{
    struct timeval left;

    if (!DTLSv1_get_timeout(p->ssl, &left))
        return UINT64_MAX;
    return (uint64_t) left.tv_sec * 1000000 + (uint64_t) left.tv_usec;
}

void rtc_dtls_close(struct rtc_peer *p)
{
    if (p->ssl && SSL_is_init_finished(p->ssl))
        (void) SSL_shutdown(p->ssl);
    ERR_clear_error();
    SSL_free(p->ssl);
    p->ssl = NULL;
}

static bool is_signalled_certificate(const struct rtc_peer *p)
{
    X509 *cert = SSL_get1_peer_certificate(p->ssl);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool is = cert && X509_digest(cert, EVP_sha256(), digest, &len) &&
              bytes_eq(bytes_of(digest, len), bytes_of(p->fingerprint, sizeof(p->fingerprint)));

    X509_free(cert);
    return is;
}

/* RFC 5764 section 4.2: client's key, server's key, client's salt, server's salt. A transport of
 * ours sends with what it takes for the server's: so ours go there. */
static int export_keys(const struct rtc_peer *p, struct dtls_keys *k)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(p->ssl);
    uint8_t material[2 * (DTLS_KEY_MAX + DTLS_SALT_MAX)];
    const uint8_t *salts = material + sizeof(k->client_key) + sizeof(k->server_key);
    size_t salt_len, len;

    if (!profile)
        return -EPROTO;
    *k = (struct dtls_keys){.profile = SRTP_ID_AEAD_AES_128_GCM, .salt_len = 12};
    if (profile->id == SRTP_AES128_CM_SHA1_80)
        *k = (struct dtls_keys){.profile = SRTP_ID_AES128_CM_SHA1_80, .salt_len = 14};
    salt_len = k->salt_len;
    len = 2 * (DTLS_KEY_MAX + salt_len);
    if (SSL_export_keying_material(p->ssl, material, len, label, strlen(label), NULL, 0, 0) != 1)
        return -EPROTO;
    memcpy(k->server_key, material, DTLS_KEY_MAX);
    memcpy(k->client_key, material + DTLS_KEY_MAX, DTLS_KEY_MAX);
    memcpy(k->server_salt, salts, salt_len);
    memcpy(k->client_salt, salts + salt_len, salt_len);
    return 0;
}

int rtc_dtls_take_keys(struct rtc_peer *p)
{
    struct dtls_keys keys;
    int r;

    if (!is_signalled_certificate(p))
        return -EACCES;
    r = export_keys(p, &keys);
    return r < 0 ? r : srtp_transport_new(&keys, &p->srtp);
}
