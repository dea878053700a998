#include "turn/tls.h"

#include "base/blob.h"
#include "rtc/bio_method.h"
#include "turn/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A few records. Only who asks for keys again and again, and never listens, gets there. */
#define KEPT_MAX 65536

struct tls {
    SSL *ssl;
    int fd;
    struct bytes in;   /* what came and TLS has not read yet */
    struct blob kept;  /* what the socket did not take */
    size_t kept_begin; /* of it, this much is sent */
    bool ended;        /* the client's direction */
    bool ending;       /* ours, as soon as nothing is kept */
};

/* ---- the socket, as OpenSSL sees it: reads come from memory, writes are always taken ---- */

static ssize_t send_now(int fd, struct bytes b)
{
    ssize_t n = send(fd, b.p, b.len, MSG_NOSIGNAL);

    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int on_bio_write(BIO *bio, const char *data, int len)
{
    struct tls *t = BIO_get_data(bio);
    struct bytes b = bytes_of(data, (size_t) len);
    ssize_t n = t->kept.len == 0 ? send_now(t->fd, b) : 0;

    BIO_clear_retry_flags(bio);
    if (n < 0 || blob_append(&t->kept, bytes_of(b.p + n, b.len - (size_t) n)) < 0)
        return -1;
    return len;
}

static int on_bio_read(BIO *bio, char *buf, int cap)
{
    struct tls *t = BIO_get_data(bio);
    size_t len = t->in.len < (size_t) cap ? t->in.len : (size_t) cap;

    BIO_clear_retry_flags(bio);
    if (len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(buf, t->in.p, len);
    t->in = bytes_of(t->in.p + len, t->in.len - len);
    return (int) len;
}

static long on_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void) bio;
    (void) num;
    (void) ptr;
    return cmd == BIO_CTRL_FLUSH;
}

static const BIO_METHOD *own_method(void)
{
    static const struct bio_functions functions = {"stream", on_bio_write, on_bio_read,
                                                   on_bio_ctrl};
    static BIO_METHOD *cached;

    return bio_method(&functions, &cached);
}

/* ---- the life ---- */

int tls_new(struct tls_context *context, int fd, struct tls **ret_tls)
{
    struct tls *t = calloc(1, sizeof(*t));
    const BIO_METHOD *method = own_method();
    BIO *bio = method ? BIO_new(method) : NULL;

    if (t)
        t->ssl = SSL_new(tls_context_stream(context));
    if (!bio || !t || !t->ssl) {
        BIO_free(bio);
        tls_free(t);
        return -ENOMEM;
    }
    t->fd = fd;
    t->kept = blob_init(KEPT_MAX);
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_accept_state(t->ssl);
    *ret_tls = t;
    return 0;
}

struct tls *tls_free(struct tls *t)
{
    if (!t)
        return NULL;
    SSL_free(t->ssl);
    blob_clear(&t->kept);
    free(t);
    return NULL;
}

void tls_feed(struct tls *t, struct bytes b)
{
    t->in = b;
}

bool tls_is_up(const struct tls *t)
{
    return SSL_is_init_finished(t->ssl);
}

/* ---- bytes ---- */

/* All records that have come whole; OpenSSL keeps the beginning of the next. */
static int read_records(struct tls *t, uint8_t *buf, size_t *len)
{
    while (*len < WIRE_READ_MAX) {
        size_t n = 0;

        ERR_clear_error();
        if (SSL_read_ex(t->ssl, buf + *len, WIRE_READ_MAX - *len, &n) == 1) {
            *len += n;
            continue;
        }
        switch (SSL_get_error(t->ssl, 0)) {
        case SSL_ERROR_WANT_READ:
            return 0;
        case SSL_ERROR_ZERO_RETURN:
            return 1;
        default:
            return -EPROTO;
        }
    }
    return 0;
}

int tls_read(struct tls *t, uint8_t raw[static WIRE_RAW_SIZE], uint8_t *buf, size_t *ret_len)
{
    size_t len = 0;
    int r = 0;

    *ret_len = 0;
    if (t->in.len == 0) {
        ssize_t n = recv(t->fd, raw, WIRE_RAW_SIZE, 0);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        t->ended |= n == 0;
        t->in = bytes_of(raw, (size_t) n);
    }
    if (t->in.len > 0)
        r = read_records(t, buf, &len);
    t->in = bytes_of(NULL, 0);
    t->ended |= r == 1;
    *ret_len = len;
    return r < 0 ? r : t->ended;
}

ssize_t tls_write(struct tls *t, struct bytes b)
{
    int r = tls_flush(t);
    size_t n = 0;

    if (r < 0)
        return r;
    ERR_clear_error();
    return SSL_write_ex(t->ssl, b.p, b.len, &n) == 1 ? (ssize_t) n : -EPIPE;
}

int tls_flush(struct tls *t)
{
    while (t->kept.len > 0) {
        ssize_t n =
            send_now(t->fd, bytes_of(t->kept.p + t->kept_begin, t->kept.len - t->kept_begin));

        if (n <= 0)
            return n < 0 ? (int) n : -EAGAIN;
        t->kept_begin += (size_t) n;
        if (t->kept_begin == t->kept.len) {
            blob_clear(&t->kept);
            t->kept_begin = 0;
        }
    }
    if (t->ending)
        (void) shutdown(t->fd, SHUT_WR);
    t->ending = false;
    return 0;
}

/* close_notify (RFC 8446 section 6.1), which tells an end from a cut. */
void tls_end(struct tls *t)
{
    ERR_clear_error();
    if (tls_is_up(t))
        (void) SSL_shutdown(t->ssl);
    t->ending = true;
    (void) tls_flush(t);
}
