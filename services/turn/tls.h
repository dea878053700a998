/* tls.h: the server's side of TLS on a connected stream socket. Never waits.
 *
 * What TLS says is sent at once, or kept until the socket takes it (tls_flush()), so that reading
 * never has to wait for writing. */
#pragma once

#include "turn/tls_context.h"
#include "turn/wire.h"

/* The descriptor stays the caller's; the context is referred to. -ENOMEM. */
int tls_new(struct tls_context *context, int fd, struct tls **ret_tls);

/* NULL is fine; returns NULL. */
struct tls *tls_free(struct tls *t);

/* The client's first bytes, which were read before TLS began: as if they came from the socket
 * first. Before the first tls_read(); b must stay until that returns. */
void tls_feed(struct tls *t, struct bytes b);

/* The handshake is over. */
bool tls_is_up(const struct tls *t);

/* The functions of a wire. Reading goes on with the handshake while there is one. -EPROTO: it is
 * not TLS, or wrong, or the client has refused ours. */
int tls_read(struct tls *t, uint8_t raw[static WIRE_RAW_SIZE], uint8_t *buf, size_t *ret_len);
ssize_t tls_write(struct tls *t, struct bytes b);
int tls_flush(struct tls *t);
void tls_end(struct tls *t);
