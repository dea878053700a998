/* dtls_screen.h: which datagrams the handshake of our DTLS servers for media may see (RFC 6347,
 * 5246).
 *
 * Until its last messages a handshake goes in the clear: whoever can write the peer's address on a
 * datagram could end it by an alert, by a hello that offers nothing, by a message out of its place.
 * What no client in earnest sends is dropped here, before OpenSSL finds it fatal; and what is let
 * through has a bound. Pure. */
#pragma once

#include "base/bytes.h"

#define DTLS_SCREEN_MESSAGE_MAX 16384 /* bytes of a message: a certificate chain is the longest */
#define DTLS_SCREEN_BYTES_MAX 65536   /* of all, with a dozen retransmissions of a browser */

#define DTLS_SCREEN_RANDOM_SIZE 32

/* Of one attempt at a handshake, which is about one hello; zeroed, nothing came yet. */
struct dtls_screen {
    bool answered;      /* the owner's to set: our flight has gone out, so the hello is over */
    size_t bytes;       /* of handshake messages that were let through */
    uint32_t hello_len; /* 0: no part of a hello came yet */
    bool has_start;
    uint8_t random[DTLS_SCREEN_RANDOM_SIZE]; /* of its start */
    uint64_t sequence;                       /* of the next record in the clear */
};

enum dtls_verdict {
    DTLS_PASS,
    DTLS_DROP,
    DTLS_OTHER, /* another hello begins: it passes in an attempt of its own */
    DTLS_FULL,  /* it would pass, but DTLS_SCREEN_BYTES_MAX have come */
};

/* The datagram as a whole: one bad record drops the others in it. */
enum dtls_verdict dtls_screen(struct dtls_screen *s, struct bytes datagram);

/* Gives the records in the clear of a datagram that has passed numbers in the order of their
 * coming: OpenSSL drops lower ones than it has seen as replays, and a stranger's may be as high as
 * any. */
void dtls_screen_number(struct dtls_screen *s, uint8_t *datagram, size_t len);
