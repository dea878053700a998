/* tls_stream.h: a TLS handshake over a socket, of either side, without ever waiting, through
 * memory: so that bytes that were read before it (a proxy's header) can be given to it, and a peer
 * that is gone is an error instead of a signal. */
#pragma once

#include "base/bytes.h"

#include <openssl/types.h>

struct tls_stream {
    SSL *ssl;
    BIO *in, *out;   /* the SSL's own */
    bool refused;    /* we sent an alert, or were sent one: the end, once it is flushed */
    const char *why; /* of that, a constant: "tlsv1 alert no application protocol" */
};

/* server: else a client. -ENOMEM. */
int tls_stream_init(struct tls_stream *t, SSL_CTX *ctx, bool server);
void tls_stream_done(struct tls_stream *t);

/* Bytes of the peer that somebody else has read. -ENOMEM. */
int tls_stream_feed(struct tls_stream *t, struct bytes b);

/* Goes on as far as it can. 1: the handshake is done and what we had to say is sent; 0: wait for
 * *ret_events (EPOLLIN or EPOLLOUT); -EPROTO: refused by one of the sides, and said so;
 * -ECONNRESET: the peer is gone; ... */
int tls_stream_handshake(struct tls_stream *t, int fd, uint32_t *ret_events);

/* After the handshake. Sends all of it: 0; -EAGAIN: the socket does not take it; -EPROTO; ... */
int tls_stream_write(struct tls_stream *t, int fd, struct bytes b);

/* What came, up to cap bytes. 1; 0: wait for EPOLLIN; -EPROTO: no TLS, or its end; -ECONNRESET; ...
 */
int tls_stream_read(struct tls_stream *t, int fd, uint8_t *buf, size_t cap, size_t *ret_len);

/* Says good-bye, as far as the socket takes it. */
void tls_stream_close(struct tls_stream *t, int fd);
