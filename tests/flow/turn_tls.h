/* turn_tls.h: clients of turn_stream.h in TLS, and certificates for their server. */
#pragma once

#include "certs/key.h"
#include "tests/lib/tls_identity.h"
#include "turn/tls_context.h"
#include "turn_stream.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct tls_files {
    char folder[64];
    char certificate[96], key[96];
};

static inline void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static inline void tls_files_make(struct tls_files *f)
{
    strcpy(f->folder, "/tmp/visavis-turn-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->certificate, sizeof(f->certificate), "%s/cert.pem", f->folder);
    snprintf(f->key, sizeof(f->key), "%s/key.pem", f->folder);
}

/* A new certificate for this name, and its key. */
static inline void tls_files_write(const struct tls_files *f, const char *name)
{
    struct tls_identity id;
    char *cert, *key;

    assert_int_equal(tls_identity_make((const char *const[]){name, NULL}, 1, &id), 0);
    cert = tls_identity_cert(&id);
    key = key_to_pem(id.key);
    assert_true(cert && key);
    write_text(f->certificate, cert);
    write_text(f->key, key);
    free(cert);
    key_free_pem(key);
    tls_identity_done(&id);
}

static inline void tls_files_remove(const struct tls_files *f)
{
    (void) unlink(f->certificate);
    (void) unlink(f->key);
    assert_int_equal(rmdir(f->folder), 0);
}

/* Has the server take the files as they are. */
static inline void server_take_certificate(struct server_under_test *s, const struct tls_files *f)
{
    char why[TLS_CONTEXT_WHY_SIZE];
    struct tls_context *c;

    assert_int_equal(tls_context_new(f->certificate, f->key, &c, why), 0);
    worker_set_tls(&s->worker, c);
    tls_context_unref(c);
}

/* What TLS has to say goes out, by so many bytes at a time (0: all), each dealt with by the server
 * before the next. */
static inline void tls_push(struct stream_client *sc, size_t piece)
{
    uint8_t buf[4096];
    size_t max = piece > 0 && piece < sizeof(buf) ? piece : sizeof(buf);
    int n;

    while ((n = BIO_read(SSL_get_wbio(sc->tls), buf, (int) max)) > 0) {
        stream_put_raw(sc, bytes_of(buf, (size_t) n));
        if (piece > 0)
            let_run(sc->c.server);
    }
}

/* What has come goes into TLS. */
static inline void tls_pull(struct stream_client *sc)
{
    static uint8_t buf[65536];
    ssize_t n = recv(sc->c.fd, buf, sizeof(buf), 0);

    if (n > 0)
        assert_int_equal(BIO_write(SSL_get_rbio(sc->tls), buf, (int) n), n);
    else if (n == 0 || errno != EAGAIN)
        sc->ended = true;
}

static inline void tls_put(struct stream_client *sc, struct bytes b)
{
    if (b.len > 0)
        assert_int_equal(SSL_write(sc->tls, b.p, (int) b.len), b.len);
    tls_push(sc, 0);
}

static inline void tls_get(struct stream_client *sc)
{
    int n;

    tls_pull(sc);
    while ((n = SSL_read(sc->tls, sc->rx + sc->rx_len, (int) (sizeof(sc->rx) - sc->rx_len))) > 0)
        sc->rx_len += (size_t) n;
    if (SSL_get_error(sc->tls, n) == SSL_ERROR_ZERO_RETURN)
        sc->ended = true;
}

/* False: refused. */
static inline bool tls_handshake(struct stream_client *sc, size_t piece)
{
    int r;

    while ((r = SSL_do_handshake(sc->tls)) != 1) {
        tls_push(sc, piece);
        if (SSL_get_error(sc->tls, r) != SSL_ERROR_WANT_READ || sc->ended)
            return false;
        await_readable(sc->c.server, sc->c.fd);
        tls_pull(sc);
    }
    tls_push(sc, piece);
    return true;
}

/* What it has connected speaks TLS: ready for tls_handshake(). */
static inline void tls_begin(struct stream_client *sc, SSL_CTX *ctx)
{
    SSL *ssl = SSL_new(ctx);

    assert_non_null(ssl);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    sc->tls = ssl;
    sc->write = tls_put;
    sc->read = tls_get;
}

/* Connected, ready for tls_handshake(). */
static inline void tls_connect(struct stream_client *sc, struct server_under_test *s, SSL_CTX *ctx,
                               const char *target_ip, int receive_buffer)
{
    stream_connect(sc, s, target_ip, receive_buffer);
    tls_begin(sc, ctx);
}

/* May be called twice. */
static inline void tls_close(struct stream_client *sc)
{
    SSL_free(sc->tls);
    sc->tls = NULL;
    stream_close(sc);
    sc->c.fd = -1;
}
