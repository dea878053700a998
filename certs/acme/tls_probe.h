/* tls_probe.h: asks a TLS server for its certificate under a protocol of ALPN, while the loop runs.
 * Nothing is verified. */
#pragma once

#include "base/addr.h"
#include "loop/loop.h"

#include <openssl/types.h>

struct tls_probed {
    int error; /* 0; of connect() and so on; -ETIMEDOUT; -EPROTO: TLS was refused */
    bool connected;
    char message[256]; /* of the error */
    bool agreed;       /* on the protocol */
    X509 *cert;        /* NULL: none */
};

/* name: for SNI. -EINTR: somebody else ended the loop. *ret is always set, for
 * tls_probed_done(). */
int tls_probe(struct loop *l, const struct addr *to, const char *name, const char *protocol,
              unsigned limit_ms, struct tls_probed *ret);
void tls_probed_done(struct tls_probed *p);
