/* ari.h: the name of a certificate in renewal information (RFC 9773). Pure. */
#pragma once

#include <openssl/types.h>

/* The identifier of a certificate for renewal information (RFC 9773 section 4.1). -ENOENT: it has
 * no authorityKeyIdentifier; -ENOSPC; -ENOMEM. */
#define ACME_ARI_ID_SIZE 256
int acme_ari_id(const X509 *leaf, char buf[static ACME_ARI_ID_SIZE]);
