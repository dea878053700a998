/* chain.h: what a CA hands out: is it a certificate for our key and names, and which of several
 * chains is wanted (RFC 8555 section 7.4.2). No files but the trusted roots. */
#pragma once

#include "acme/ids.h"
#include "certs/pair.h"

#define CHAIN_WHY_SIZE 512

/* Reads a PEM chain: the key's own certificate first, each followed by its issuer, good for every
 * identifier and for servers, ends after it begins. Certificates in another order are put in order;
 * those that do not belong to the chain are left out, and so is a self-signed root: nobody needs it
 * from us. No clock is looked at. 0; -EINVAL: why tells, a clause about the CA without a final dot;
 * -ENOMEM. The pair owns a reference to the key. On failure *ret is untouched. */
int chain_read(struct bytes pem, EVP_PKEY *key, const struct acme_ids *ids, struct pair *ret,
               char *why, size_t why_size);

/* Is the certificate good for every identifier? */
bool chain_covers(X509 *leaf, const struct acme_ids *ids);

/* Is the chain the one that is preferred: wanted is a common name that issued one of its
 * certificates, or the SHA-256 fingerprint (64 hex digits, colons or not) of one of its issuers:
 * those that are in it, or its root, which is in roots_file, a PEM bundle (NULL: the system's). */
bool chain_is_preferred(const struct pair *p, const char *wanted, const char *roots_file);
