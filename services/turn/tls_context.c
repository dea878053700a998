#include "turn/tls_context.h"

#include "turn/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Forward secrecy and authenticated encryption; TLS 1.3 has nothing else. */
#define CIPHERS_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"

#define TICKET_S (2 * 3600)
#define MESSAGE_MAX 16384 /* of DTLS' handshake, of which some are kept when one is missing */

struct tls_context {
    atomic_size_t n_refs;
    SSL_CTX *stream, *datagram;
};

/* ---- RFC 7443: the protocols' names ---- */

static const unsigned char protocols[] = "\x09stun.turn"
                                         "\x12stun.nat-discovery";

/* Who offers others alone wants to speak with somebody else (RFC 7301 section 3.2). */
static int on_protocols(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
                        const unsigned char *offered, unsigned len, void *arg)
{
    unsigned char *selected = NULL;

    (void) ssl;
    (void) arg;
    if (SSL_select_next_proto(&selected, ret_len, protocols, sizeof(protocols) - 1, offered, len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret = selected;
    return SSL_TLSEXT_ERR_OK;
}

/* ---- files ---- */

/* Without one OpenSSL would ask at the terminal. */
static int no_password(char *buf, int size, int writing, void *arg)
{
    (void) buf;
    (void) size;
    (void) writing;
    (void) arg;
    return 0;
}

static int explain(char *why, const char *what, const char *path)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    snprintf(why, TLS_CONTEXT_WHY_SIZE, "%s %s cannot be used: %s", what, path,
             reason ? reason : "not in PEM form");
    ERR_clear_error();
    return -EINVAL;
}

static int check_readable(const char *what, const char *path, char *why)
{
    int r = access(path, R_OK) < 0 ? -errno : 0;

    if (r < 0)
        snprintf(why, TLS_CONTEXT_WHY_SIZE, "%s %s cannot be read: %s", what, path, strerror(-r));
    return r;
}

static int load(SSL_CTX *ctx, const char *certificate, const char *key, char *why)
{
    int r = check_readable("the certificate", certificate, why);

    if (r == 0)
        r = check_readable("the key", key, why);
    if (r < 0)
        return r;
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
        return explain(why, "the certificate", certificate);
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 &&
        ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
        return explain(why, "the key", key);
    ERR_clear_error();
    if (SSL_CTX_check_private_key(ctx) == 1)
        return 0;
    ERR_clear_error();
    snprintf(why, TLS_CONTEXT_WHY_SIZE, "the key %s does not belong to the certificate %s", key,
             certificate);
    return -EINVAL;
}

static int copy(SSL_CTX *to, SSL_CTX *from)
{
    STACK_OF(X509) *chain = NULL;

    SSL_CTX_get0_chain_certs(from, &chain);
    return SSL_CTX_use_cert_and_key(to, SSL_CTX_get0_certificate(from),
                                    SSL_CTX_get0_privatekey(from), chain, 1) == 1
               ? 0
               : -ENOMEM;
}

/* ---- contexts ---- */

/* Renegotiation lets a client ask for handshake after handshake; compression gives secrets away.
 * Sessions are not kept: tickets hold them, and TLS 1.3 makes new keys all the same. */
static SSL_CTX *context_new(const SSL_METHOD *method, int min_version)
{
    SSL_CTX *ctx = SSL_CTX_new(method);

    if (!ctx)
        return NULL;
    if (SSL_CTX_set_min_proto_version(ctx, min_version) != 1 ||
        SSL_CTX_set_cipher_list(ctx, CIPHERS_1_2) != 1 || SSL_CTX_set_num_tickets(ctx, 1) != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_timeout(ctx, TICKET_S);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_alpn_select_cb(ctx, on_protocols, NULL);
    return ctx;
}

/* Of hellos whose cookie we have tested ourselves (dtls_hello.h); others do not come here. */
static int on_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
    (void) ssl;
    (void) cookie;
    (void) len;
    return 1;
}

static SSL_CTX *datagram_context_new(void)
{
    SSL_CTX *ctx = context_new(DTLS_server_method(), DTLS1_2_VERSION);

    if (ctx) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU);
        SSL_CTX_set_max_cert_list(ctx, MESSAGE_MAX);
        SSL_CTX_set_cookie_verify_cb(ctx, on_cookie);
    }
    return ctx;
}

int tls_context_new(const char *certificate, const char *key, struct tls_context **ret_context,
                    char why[static TLS_CONTEXT_WHY_SIZE])
{
    struct tls_context *c = calloc(1, sizeof(*c));
    int r = -ENOMEM;

    snprintf(why, TLS_CONTEXT_WHY_SIZE, "no memory for the certificate");
    if (!c)
        return r;
    atomic_init(&c->n_refs, 1);
    c->stream = context_new(TLS_server_method(), TLS1_2_VERSION);
    c->datagram = datagram_context_new();
    if (c->stream && c->datagram)
        r = load(c->stream, certificate, key, why);
    if (r == 0)
        r = copy(c->datagram, c->stream);
    if (r < 0)
        tls_context_unref(c);
    else
        *ret_context = c;
    return r;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
    if (c)
        atomic_fetch_add(&c->n_refs, 1);
    return c;
}

struct tls_context *tls_context_unref(struct tls_context *c)
{
    if (!c || atomic_fetch_sub(&c->n_refs, 1) > 1)
        return NULL;
    SSL_CTX_free(c->stream);
    SSL_CTX_free(c->datagram);
    free(c);
    return NULL;
}

SSL_CTX *tls_context_stream(const struct tls_context *c)
{
    return c->stream;
}

SSL_CTX *tls_context_datagram(const struct tls_context *c)
{
    return c->datagram;
}
