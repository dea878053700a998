/* dtls_session.h: the server's end of one DTLS 1.2 session (RFC 6347), from its proven hello on
 * (dtls_hello.h). It neither owns sockets nor timers: datagrams go in and out by calls. */
#pragma once

#include "base/bytes.h"
#include "turn/tls_context.h"

struct dtls_session;

/* A datagram for the client; called from within any of the functions below. It must not call back.
 */
typedef void dtls_session_send_fn(struct bytes datagram, void *arg);

/* hello: the datagram with the proven hello. Its answer is sent. -ENOMEM; -EPROTO: there is nothing
 * to be agreed on. */
int dtls_session_new(struct tls_context *context, struct bytes hello, dtls_session_send_fn *fn,
                     void *arg, struct dtls_session **ret_session);

/* Without a word to the client. NULL is fine; returns NULL. */
struct dtls_session *dtls_session_free(struct dtls_session *s);

/* Takes a datagram, which must stay until it is read to its end; 0 or -EPROTO: the handshake has
 * failed. What nobody of ours has written is passed over. */
int dtls_session_input(struct dtls_session *s, struct bytes datagram);

/* The handshake is over. */
bool dtls_session_is_up(const struct dtls_session *s);

/* The next record of the client, into buf. 0; -EAGAIN: there is no more now; -EPIPE: the client has
 * ended the session; -EPROTO: it is broken. Before it is up: -EAGAIN. */
int dtls_session_read(struct dtls_session *s, uint8_t *buf, size_t cap, size_t *ret_len);

/* One record. -ENOTCONN before it is up; -EMSGSIZE; -EPROTO. */
int dtls_session_write(struct dtls_session *s, struct bytes data);

/* Sends again what the client should have answered. To be called some times a second while the
 * session is not up. -ETIMEDOUT: often enough. */
int dtls_session_tick(struct dtls_session *s);

/* Gives back memory that the next datagram takes again. */
void dtls_session_rest(struct dtls_session *s);

/* Tells the client that it is over. */
void dtls_session_close(struct dtls_session *s);
