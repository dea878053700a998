#include "turn/dtls_session.h"

#include "rtc/dtls_link.h"
#include "turn/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

#define FIRST_TIMEOUT_US 500000u
#define LAST_TIMEOUT_US 4000000u

/* A client sends its Finished in an encrypted one, and again with each retransmission. */
#define EARLY_RECORDS_MAX 16

struct dtls_session {
    SSL *ssl;
    struct dtls_link link;
    bool up;
};

/* ---- the handshake ---- */

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
    s->link.in = hello;
    r = DTLSv1_listen(s->ssl, ignored);
    BIO_ADDR_free(ignored);
    if (r != 1)
        return -EPROTO;
    s->link.peeks = false;
    return go_on(s);
}

int dtls_session_new(struct tls_context *context, struct bytes hello, dtls_session_send_fn *fn,
                     void *arg, struct dtls_session **ret_session)
{
    struct dtls_session *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return -ENOMEM;
    s->link = (struct dtls_link){.send = fn,
                                 .arg = arg,
                                 .first_timeout_us = FIRST_TIMEOUT_US,
                                 .last_timeout_us = LAST_TIMEOUT_US,
                                 .early_max = EARLY_RECORDS_MAX};
    s->ssl = SSL_new(tls_context_datagram(context));
    if (!s->ssl || dtls_link_attach(&s->link, s->ssl) < 0) {
        dtls_session_free(s);
        ERR_clear_error();
        return -ENOMEM;
    }
    ERR_clear_error();
    r = begin(s, hello);
    s->link.in = bytes_of(NULL, 0);
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
    int r = 0;

    if (!s->up && !dtls_link_allows(&s->link, datagram))
        return 0;
    s->link.in = datagram;
    if (!s->up) {
        ERR_clear_error();
        r = go_on(s);
        s->link.in = bytes_of(NULL, 0);
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
    r = dtls_link_timeout(&s->link, s->ssl);
    ERR_clear_error();
    return r;
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
