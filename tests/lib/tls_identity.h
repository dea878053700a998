/* tls_identity.h: a certificate for a server of the tests, and the CA that signed it. */
#pragma once

#include <openssl/types.h>

struct tls_identity {
    EVP_PKEY *key;
    X509 *cert, *ca;
};

/* For these names (ended by NULL), as it would have been made so many days ago; in days to come
 * when that is negative. -EINVAL. */
int tls_identity_make(const char *const *names, int days_ago, struct tls_identity *ret);
void tls_identity_done(struct tls_identity *t); /* a zeroed one is fine */

/* PEM texts, to be freed. */
char *tls_identity_ca(const struct tls_identity *t);
char *tls_identity_cert(const struct tls_identity *t);
