/* turn_probe.h: a STUN Binding request to the TURN server, and whether it answers, waited for. */
#pragma once

#include "acme/tls_ask.h"

enum turn_way {
    TURN_WAY_UDP,
    TURN_WAY_TCP,
    TURN_WAY_TLS,
};

struct turn_answer {
    int error;         /* 0: a success response; -EBADMSG: another answer; -ETIMEDOUT; ... */
    char message[256]; /* of the error, for people */
    char fingerprint[CERTS_FINGERPRINT_SIZE]; /* of the certificate, over TLS; or "" */
};

/* name: for SNI. Always fills *ret. */
void turn_probe(enum turn_way way, const struct addr *to, const char *name,
                struct turn_answer *ret);
