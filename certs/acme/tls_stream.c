#include "acme/tls_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CHUNK 4096
#define READ_MAX 65536 /* of one peer: no handshake is that long */

int tls_stream_init(struct tls_stream *t, SSL_CTX *ctx, bool server)
{
    *t = (struct tls_stream){.ssl = SSL_new(ctx), .in = BIO_new(BIO_s_mem())};
    t->out = BIO_new(BIO_s_mem());
    if (!t->ssl || !t->in || !t->out) {
        BIO_free(t->in);
        BIO_free(t->out);
        SSL_free(t->ssl);
        *t = (struct tls_stream){0};
        return -ENOMEM;
    }
    BIO_set_mem_eof_return(t->in, -1);
    SSL_set_bio(t->ssl, t->in, t->out);
    if (server)
        SSL_set_accept_state(t->ssl);
    else
        SSL_set_connect_state(t->ssl);
    return 0;
}

void tls_stream_done(struct tls_stream *t)
{
    SSL_free(t->ssl);
    *t = (struct tls_stream){0};
}

int tls_stream_feed(struct tls_stream *t, struct bytes b)
{
    if (b.len == 0)
        return 0;
    if (BIO_number_written(t->in) + b.len > READ_MAX)
        return -EPROTO;
    return BIO_write(t->in, b.p, (int) b.len) == (int) b.len ? 0 : -ENOMEM;
}

/* 0: all of it is sent; 1: the socket is full. */
static int flush(struct tls_stream *t, int fd)
{
    char *data;
    long len;

    while ((len = BIO_get_mem_data(t->out, &data)) > 0) {
        char sent[CHUNK];
        ssize_t n =
            send(fd, data, (size_t) (len < CHUNK ? len : CHUNK), MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 1 : -errno;
        (void) BIO_read(t->out, sent, (int) n);
    }
    return 0;
}

/* 1: something came; 0: nothing yet. */
static int fill(struct tls_stream *t, int fd)
{
    uint8_t chunk[CHUNK];
    ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
    int r;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (n == 0)
        return -ECONNRESET;
    r = tls_stream_feed(t, bytes_of(chunk, (size_t) n));
    return r < 0 ? r : 1;
}

int tls_stream_handshake(struct tls_stream *t, int fd, uint32_t *ret_events)
{
    for (;;) {
        bool done = false;
        int r;

        if (!t->refused) {
            ERR_clear_error();
            r = SSL_do_handshake(t->ssl);
            done = r == 1;
            if (r != 1 && SSL_get_error(t->ssl, r) != SSL_ERROR_WANT_READ) {
                t->refused = true;
                t->why = ERR_reason_error_string(ERR_peek_error());
            }
        }
        r = flush(t, fd);
        if (r == 1) {
            *ret_events = EPOLLOUT;
            return 0;
        }
        if (t->refused)
            return -EPROTO;
        if (r < 0 || done)
            return r < 0 ? r : 1;
        r = fill(t, fd);
        if (r <= 0) {
            *ret_events = EPOLLIN;
            return r;
        }
    }
}

int tls_stream_write(struct tls_stream *t, int fd, struct bytes b)
{
    int r;

    ERR_clear_error();
    if (SSL_write(t->ssl, b.p, (int) b.len) != (int) b.len)
        return -EPROTO;
    r = flush(t, fd);
    return r == 1 ? -EAGAIN : r;
}

int tls_stream_read(struct tls_stream *t, int fd, uint8_t *buf, size_t cap, size_t *ret_len)
{
    for (;;) {
        int r;

        ERR_clear_error();
        if (SSL_read_ex(t->ssl, buf, cap, ret_len))
            return 1;
        if (SSL_get_error(t->ssl, 0) != SSL_ERROR_WANT_READ)
            return -EPROTO;
        r = fill(t, fd);
        if (r <= 0)
            return r;
    }
}

void tls_stream_close(struct tls_stream *t, int fd)
{
    if (!t->refused)
        (void) SSL_shutdown(t->ssl);
    (void) flush(t, fd);
}
