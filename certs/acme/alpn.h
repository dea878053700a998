/* alpn.h: the certificate that proves control for tls-alpn-01 (RFC 8737). Pure but for the key's
 * own randomness. */
#pragma once

#include "acme/ids.h"

#include <openssl/types.h>

/* A self-signed certificate for tls-alpn-01 (RFC 8737 section 3), with a key of its own; valid at
 * any time, whatever the clocks say. The value of acmeIdentifier is SHA-256 of the key
 * authorisation. -ENOMEM; -EINVAL: there is none for a wildcard. */
int acme_alpn_certificate(const struct acme_id *id, const char *key_authorization, X509 **ret_cert,
                          EVP_PKEY **ret_key);

/* The name that the CA asks for in SNI: the host name, or the reverse name of an IP address (RFC
 * 8738 section 6). Returns buf. */
const char *acme_alpn_name(const struct acme_id *id, char buf[static NAME_TEXT_MAX]);

/* Does that certificate prove the key authorisation for the identifier? For checks of our own. */
bool acme_alpn_proves(const X509 *cert, const struct acme_id *id, const char *key_authorization);
