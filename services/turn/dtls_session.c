#include "turn/dtls_session.h"

#include "rtc/bio_method.h"
#include "turn/dtls_hello.h"
#include "turn/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

#define LINK_MTU 1200 /* of the handshake's datagrams; data is as long as it is */
#define FIRST_TIMEOUT_US 500000u
#define LAST_TIMEOUT_US 4000000u

/* OpenSSL keeps up to a hundred records that are encrypted too early, each in a 17 kB buffer. A
 * client sends its Finished in one, and again with each retransmission. */
#define EARLY_RECORDS_MAX 16

struct dtls_session {
    SSL *ssl;
    dtls_session_send_fn *fn;
    void *arg;
    struct bytes in; /* the datagram that OpenSSL has not read yet */
    bool peeks;      /* what is read now will be read again */
    bool up;
    unsigned n_early;
};

/* ---- the BIO: one read or write is one datagram ---- */

static int on_bio_write(BIO *bio, const char *data, int len)
{
    struct dtls_session *s = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (len > 0)
        s->fn(bytes_of(data, (size_t) len), s->arg);
    return len;
}

static int on_bio_read(BIO *bio, char *buf, int cap)
{
    struct dtls_session *s = BIO_get_data(bio);
    size_t len = s->in.len < (size_t) cap ? s->in.len : (size_t) cap;

    BIO_clear_retry_flags(bio);
    if (len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(buf, s->in.p, len);
    if (!s->peeks)
        s->in = bytes_of(NULL, 0);
    return (int) len;
}

static long on_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    struct dtls_session *s = BIO_get_data(bio);

    (void) ptr;
    switch (cmd) {
    case BIO_CTRL_DGRAM_SET_PEEK_MODE:
        s->peeks = num != 0;
        return 1;
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_PENDING:
        return s ? (long) s->in.len : 0;
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

/* ---- the handshake ---- */

/* First with 0, then with what it said before. */
static unsigned on_timer(SSL *ssl, unsigned before_us)
{
    (void) ssl;
    if (before_us == 0)
        return FIRST_TIMEOUT_US;
    return before_us < LAST_TIMEOUT_US / 2 ? 2 * before_us : LAST_TIMEOUT_US;
}

static int go_on(struct dtls_session *s)
{
    int r = SSL_accept(s->ssl);

    if (r == 1)
        s->up = true;
    else if (SSL_get_error(s->ssl, r) != SSL_ERROR_WANT_READ)
        return -EPROTO;
    return 0;
}

/* OpenSSL's own stateless beginning, since only it brings a session behind a cookie's exchange; it
 * finds the cookie right, and reads the hello a second time when the handshake begins. */
static int begin(struct dtls_session *s, struct bytes hello)
{
    BIO_ADDR *ignored = BIO_ADDR_new();
    int r;

    if (!ignored)
        return -ENOMEM;
    s->in = hello;
    r = DTLSv1_listen(s->ssl, ignored);
    BIO_ADDR_free(ignored);
    if (r != 1)
        return -EPROTO;
    s->peeks = false;
    return go_on(s);
}

int dtls_session_new(struct tls_context *context, struct bytes hello, dtls_session_send_fn *fn,
                     void *arg, struct dtls_session **ret_session)
{
    struct dtls_session *s = calloc(1, sizeof(*s));
    const BIO_METHOD *method = own_method();
    BIO *bio = s && method ? BIO_new(method) : NULL;
    int r;

    if (!bio || !(s->ssl = SSL_new(tls_context_datagram(context)))) {
        BIO_free(bio);
        dtls_session_free(s);
        ERR_clear_error();
        return -ENOMEM;
    }
    s->fn = fn;
    s->arg = arg;
    BIO_set_data(bio, s);
    BIO_set_init(bio, 1);
    SSL_set_bio(s->ssl, bio, bio); /* takes the one reference for both */
    SSL_set_accept_state(s->ssl);
    DTLS_set_link_mtu(s->ssl, LINK_MTU);
    DTLS_set_timer_cb(s->ssl, on_timer);
    ERR_clear_error();
    r = begin(s, hello);
    s->in = bytes_of(NULL, 0);
    ERR_clear_error();
    if (r < 0)
        dtls_session_free(s);
    else
        *ret_session = s;
    return r;
}

struct dtls_session *dtls_session_free(struct dtls_session *s)
{
    if (!s)
        return NULL;
    SSL_free(s->ssl); /* wipes its secrets */
    free(s);
    return NULL;
}

bool dtls_session_is_up(const struct dtls_session *s)
{
    return s->up;
}

int dtls_session_input(struct dtls_session *s, struct bytes datagram)
{
    unsigned n_encrypted = s->up ? 0 : dtls_count_encrypted(datagram);
    int r = 0;

    if (n_encrypted > EARLY_RECORDS_MAX - s->n_early)
        return 0;
    s->n_early += n_encrypted;
    s->in = datagram;
    if (!s->up) {
        ERR_clear_error();
        r = go_on(s);
        s->in = bytes_of(NULL, 0);
        ERR_clear_error();
    }
    return r;
}

int dtls_session_tick(struct dtls_session *s)
{
    int r;

    if (s->up)
        return 0;
    ERR_clear_error();
    r = DTLSv1_handle_timeout(s->ssl);
    ERR_clear_error();
    return r < 0 ? -ETIMEDOUT : 0;
}

/* ---- data ---- */

int dtls_session_read(struct dtls_session *s, uint8_t *buf, size_t cap, size_t *ret_len)
{
    int r, error;

    if (!s->up)
        return -EAGAIN;
    ERR_clear_error();
    r = SSL_read_ex(s->ssl, buf, cap, ret_len);
    error = r == 1 ? 0 : SSL_get_error(s->ssl, r);
    ERR_clear_error();
    switch (error) {
    case SSL_ERROR_NONE:
        return 0;
    case SSL_ERROR_WANT_READ:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return -EPIPE;
    default:
        return -EPROTO;
    }
}

int dtls_session_write(struct dtls_session *s, struct bytes data)
{
    size_t written;
    int r;

    if (!s->up)
        return -ENOTCONN;
    if (data.len > SSL3_RT_MAX_PLAIN_LENGTH)
        return -EMSGSIZE;
    ERR_clear_error();
    r = SSL_alloc_buffers(s->ssl) && SSL_write_ex(s->ssl, data.p, data.len, &written);
    ERR_clear_error();
    return r ? 0 : -EPROTO;
}

/* 17 kB and more: SSL_MODE_RELEASE_BUFFERS passes DTLS over. Reading takes them again by itself,
 * but writing does not. */
void dtls_session_rest(struct dtls_session *s)
{
    (void) SSL_free_buffers(s->ssl);
}

void dtls_session_close(struct dtls_session *s)
{
    if (!s->up)
        return;
    ERR_clear_error();
    if (SSL_alloc_buffers(s->ssl))
        (void) SSL_shutdown(s->ssl);
    ERR_clear_error();
}
