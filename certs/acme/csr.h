/* csr.h: requests for certificates, and what else is made of a certificate for ACME. No files. */
#pragma once

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

/* PKCS #10 as DER with subjectAltName alone, the subject empty; free() *ret_der. -ENOMEM. */
int acme_csr(EVP_PKEY *key, const struct acme_ids *ids, uint8_t **ret_der, size_t *ret_len);

/* The identifier of a certificate for renewal information (RFC 9773 section 4.1). -ENOENT: it has
 * no authorityKeyIdentifier; -ENOSPC. */
#define ACME_ARI_ID_SIZE 256
int acme_ari_id(const X509 *leaf, char buf[static ACME_ARI_ID_SIZE]);

/* A self-signed certificate for tls-alpn-01 (RFC 8737 section 3), with a key of its own. The value
 * of acmeIdentifier is SHA-256 of the key authorisation. -ENOMEM. */
int acme_alpn_certificate(const struct acme_id *id, const char *key_authorization, X509 **ret_cert,
                          EVP_PKEY **ret_key);

/* The name that the CA asks for in SNI: the host name, or the reverse name of an IP address (RFC
 * 8738 section 6). Returns buf. */
const char *acme_alpn_name(const struct acme_id *id, char buf[static NAME_TEXT_MAX]);

/* Does that certificate prove the key authorisation for the identifier? For checks of our own. */
bool acme_alpn_proves(const X509 *cert, const struct acme_id *id, const char *key_authorization);
