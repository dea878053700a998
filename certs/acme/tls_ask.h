/* tls_ask.h: one question to a TLS server, and the beginning of its answer, waited for: as a client
 * that offers no application protocol. Nothing is verified: whose certificate it is, is told. */
#pragma once

#include "base/addr.h"
#include "certs/certs.h"

#define TLS_ASK_ANSWER_MAX 512

struct tls_answer {
    int error; /* 0; -ECONNREFUSED; -ETIMEDOUT; -EPROTO: TLS was refused, or ended; ... */
    char message[256];
    char fingerprint[CERTS_FINGERPRINT_SIZE]; /* of its certificate; "": there was no handshake */
    uint8_t data[TLS_ASK_ANSWER_MAX];
    size_t len;
};

/* name: for SNI. Always fills *ret. */
void tls_ask(const struct addr *to, const char *name, struct bytes question, unsigned limit_ms,
             struct tls_answer *ret);
