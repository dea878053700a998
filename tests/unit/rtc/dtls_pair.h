/* dtls_pair.h: a server of ours and a client made of OpenSSL, the datagrams between them held in
 * queues, and the time moved by hand. For one test program: it defines gettimeofday(). */
#pragma once

#include "base/clock.h"
#include "rtc/dtls.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include <cmocka.h>

/* ---- time: ours and OpenSSL's, moved by hand ---- */

static uint64_t now_us;

/* Takes the place of libc's for OpenSSL, which times its retransmissions by it. */
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    (void) tz;
    tv->tv_sec = (time_t) (now_us / 1000000);
    tv->tv_usec = (suseconds_t) (now_us % 1000000);
    return 0;
}

static void advance(uint64_t us)
{
    now_us += us;
    clock_fake(now_us);
}

/* ---- datagrams under way in one direction ---- */

#define WIRE_MAX 64

struct wire {
    size_t n;
    size_t len[WIRE_MAX];
    uint8_t data[WIRE_MAX][2048];
};

static void wire_put(struct wire *w, const void *data, size_t len)
{
    assert_true(w->n < WIRE_MAX && len <= sizeof(w->data[0]));
    memcpy(w->data[w->n], data, len);
    w->len[w->n++] = len;
}

/* ---- a client made of OpenSSL ---- */

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO_METHOD *method;
    X509 *cert;
    struct wire *out;
};

static int client_bio_write(BIO *bio, const char *data, int len)
{
    wire_put(BIO_get_data(bio), data, (size_t) len);
    return len;
}

static long client_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void) bio;
    (void) num;
    (void) ptr;
    return cmd == BIO_CTRL_FLUSH;
}

static unsigned client_timer(SSL *ssl, unsigned before_us)
{
    (void) ssl;
    return before_us ? 2 * before_us : 50000;
}

static void client_add_certificate(struct client *c)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    c->cert = X509_new();
    assert_true(X509_gmtime_adj(X509_getm_notBefore(c->cert), 0) &&
                X509_gmtime_adj(X509_getm_notAfter(c->cert), 3600) &&
                X509_set_pubkey(c->cert, key) && X509_sign(c->cert, key, EVP_sha256()));
    assert_true(SSL_CTX_use_certificate(c->ctx, c->cert) && SSL_CTX_use_PrivateKey(c->ctx, key));
    EVP_PKEY_free(key);
}

/* profiles may be NULL. */
static void client_init(struct client *c, const char *profiles, bool with_cert, struct wire *out)
{
    BIO *in = BIO_new(BIO_s_mem());
    BIO *to;

    memset(c, 0, sizeof(*c));
    c->ctx = SSL_CTX_new(DTLS_client_method());
    c->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "to the server");
    BIO_meth_set_write(c->method, client_bio_write);
    BIO_meth_set_ctrl(c->method, client_bio_ctrl);
    if (with_cert)
        client_add_certificate(c);
    if (profiles)
        assert_int_equal(SSL_CTX_set_tlsext_use_srtp(c->ctx, profiles), 0);
    SSL_CTX_set_options(c->ctx, SSL_OP_NO_QUERY_MTU);
    c->ssl = SSL_new(c->ctx);
    to = BIO_new(c->method);
    BIO_set_data(to, out);
    BIO_set_init(to, 1);
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(c->ssl, in, to);
    SSL_set_connect_state(c->ssl);
    DTLS_set_link_mtu(c->ssl, 1200);
    DTLS_set_timer_cb(c->ssl, client_timer);
}

static void client_done(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    X509_free(c->cert);
    BIO_meth_free(c->method);
}

/* Lets the client act on what it was given; true once it is connected. */
static bool client_step(struct client *c)
{
    char sink[64];

    if (SSL_do_handshake(c->ssl) != 1)
        return false;
    while (SSL_read(c->ssl, sink, sizeof(sink)) > 0)
        continue;
    return true;
}

/* ---- both ends ---- */

struct pair {
    struct dtls_identity *id;
    struct dtls *server;
    struct client client;
    struct wire to_server, to_client;
    size_t largest;
};

static void on_send(struct bytes datagram, void *arg)
{
    struct pair *p = arg;

    if (datagram.len > p->largest)
        p->largest = datagram.len;
    wire_put(&p->to_client, datagram.p, datagram.len);
}

static struct pair *pair_new(const char *profiles, bool with_cert)
{
    struct pair *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    now_us = UINT64_C(1700000000) * 1000000;
    clock_fake(now_us);
    assert_int_equal(dtls_identity_new(&p->id), 0);
    assert_int_equal(dtls_new(p->id, on_send, p, &p->server), 0);
    client_init(&p->client, profiles, with_cert, &p->to_server);
    return p;
}

static void pair_free(struct pair *p)
{
    dtls_free(p->server);
    dtls_identity_free(p->id);
    client_done(&p->client);
    free(p);
    clock_fake(UINT64_MAX);
}

static enum dtls_state deliver_to_server(struct pair *p)
{
    for (size_t i = 0; i < p->to_server.n; i++)
        dtls_input(p->server, bytes_of(p->to_server.data[i], p->to_server.len[i]));
    p->to_server.n = 0;
    return dtls_state(p->server);
}

static bool deliver_to_client(struct pair *p)
{
    bool connected = false;

    for (size_t i = 0; i < p->to_client.n; i++) {
        BIO_write(SSL_get_rbio(p->client.ssl), p->to_client.data[i], (int) p->to_client.len[i]);
        connected = client_step(&p->client);
    }
    p->to_client.n = 0;
    return connected;
}

/* Until nothing is under way; returns the server's state. */
static enum dtls_state run(struct pair *p)
{
    client_step(&p->client);
    while (p->to_server.n || p->to_client.n) {
        deliver_to_server(p);
        deliver_to_client(p);
    }
    return dtls_state(p->server);
}

static void assert_client_connected(struct pair *p)
{
    assert_true(SSL_is_init_finished(p->client.ssl));
}
