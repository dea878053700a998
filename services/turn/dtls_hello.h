/* dtls_hello.h: how a DTLS client shows that it gets what is sent to its address, before we keep or
 * compute anything for it (RFC 6347 section 4.2.1): its first ClientHello is answered with a
 * HelloVerifyRequest, which is smaller, and has a cookie that the second one must bring. */
#pragma once

#include "base/addr.h"
#include "base/crypto.h"

#define DTLS_RANDOM_SIZE 32
#define DTLS_COOKIE_LIFETIME_S 60u
#define DTLS_VERIFY_SIZE 48 /* of a datagram with a HelloVerifyRequest */

/* Is the datagram's first record one of DTLS (RFC 7983), whole? */
bool dtls_is_record(struct bytes datagram);

/* Is that record of epoch 0, which nobody has signed? */
bool dtls_is_in_clear(struct bytes datagram);

/* What a cookie depends on. Views of the datagram. */
struct dtls_hello {
    struct bytes sequence; /* of its record */
    struct bytes version, random, session_id, cookie;
};

/* A datagram that begins with a ClientHello, whole in one record, as cookies need it. -EBADMSG: it
 * is not. */
int dtls_hello_parse(struct bytes datagram, struct dtls_hello *ret);

/* Made with this key for this client and its hello, not too long ago. now_ms: monotonic. */
bool dtls_hello_is_proven(const struct dtls_hello *h, struct hmac *key, const struct addr *client,
                          uint64_t now_ms);

/* The answer to one that is not proven: DTLS_VERIFY_SIZE bytes. -ENOSPC, -ENOMEM. */
int dtls_hello_verify(const struct dtls_hello *h, struct hmac *key, const struct addr *client,
                      uint64_t now_ms, uint8_t *buf, size_t cap, size_t *ret_len);
