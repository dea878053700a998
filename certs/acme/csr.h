/* csr.h: keys for certificates, and the requests for them. Pure but for the keys' own randomness.
 */
#pragma once

#include "acme/alpn.h"
#include "acme/ari.h"
#include "acme/ids.h"

#include <openssl/types.h>

enum acme_key_type {
    ACME_KEY_P256,
    ACME_KEY_P384,
    ACME_KEY_RSA2048,
    ACME_KEY_RSA4096,
    N_ACME_KEY_TYPES
};
extern const char *const acme_key_names[N_ACME_KEY_TYPES + 1]; /* "p256", ...; ended by NULL */

/* NULL without memory. */
EVP_PKEY *acme_key_new(enum acme_key_type type);

/* Is it of that kind? */
bool acme_key_is(const EVP_PKEY *key, enum acme_key_type type);

/* PKCS #10 as DER with subjectAltName alone, the subject empty; free() *ret_der. -ENOMEM. */
int acme_csr(EVP_PKEY *key, const struct acme_ids *ids, uint8_t **ret_der, size_t *ret_len);
