/* dtls_link.h: what is below the handshake of our DTLS servers (RFC 6347): datagrams go in and out
 * of OpenSSL by calls, one read or write each, and lost flights are sent again in doubling
 * intervals. Of OpenSSL, so for modules alone that have an SSL. */
#pragma once

#include "base/bytes.h"

#include <openssl/ssl.h>

struct dtls_link {
    /* Set before dtls_link_attach(). */
    void (*send)(struct bytes datagram, void *arg); /* called from within functions of OpenSSL */
    void *arg;
    unsigned first_timeout_us, last_timeout_us;
    unsigned early_max; /* records that may come encrypted before the handshake is over, for each
                         * flight of ours: OpenSSL keeps up to a hundred of them, each in a 17 kB
                         * buffer */

    SSL *ssl; /* the one that is attached; it owns this link's BIO */
    unsigned early_left;
    struct bytes in; /* the datagram that OpenSSL has not read yet; borrowed */
    bool peeks;      /* what is read now will be read again */
};

/* Makes ssl, which is new, a server on k; k must outlive it. What is too short to have been
 * encrypted is not read: OpenSSL 3.0 takes it for an error of its own, and ends the connection by
 * an alert, where RFC 6347 section 4.1.2.7 wants silence. -ENOMEM. */
int dtls_link_attach(struct dtls_link *k, SSL *ssl);

/* How many of the datagram's records are encrypted. */
unsigned dtls_count_encrypted(struct bytes datagram);

/* Before the handshake is over: may OpenSSL have this datagram? */
bool dtls_link_allows(struct dtls_link *k, struct bytes datagram);

/* The last flight goes out again if it is time for that. Anybody may have used up what was allowed
 * meanwhile: the peer's answer is allowed anew. -ETIMEDOUT: it went out often enough. */
int dtls_link_timeout(struct dtls_link *k, SSL *ssl);
