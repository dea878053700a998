/* framing.h: datagrams in a byte stream, each behind two bytes that say how long it is (RFC 4571
 * section 2): how ICE sends checks, DTLS and media over TCP (RFC 6544 section 10.2). */
#pragma once

#include "base/bytes.h"

#define FRAMING_HEADER_SIZE 2

/* The first datagram of the stream's next bytes, and how many bytes of the stream it took. One of
 * no bytes means nothing. -EAGAIN: there must be more; -EMSGSIZE: it is longer than max, known from
 * the first two bytes on. */
int framing_next(struct bytes in, size_t max, struct bytes *ret_datagram, size_t *ret_taken);

/* What stands before a datagram of so many bytes, UINT16_MAX at most. */
void framing_header(size_t len, uint8_t ret[static FRAMING_HEADER_SIZE]);
