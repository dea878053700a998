/* issue.h: makes certificates: a local CA, and the server's own that it signs. No files. */
#pragma once

#include "certs/names.h"

#include <openssl/types.h>

#define CA_DAYS 3650
#define LEAF_DAYS 396     /* browsers refuse more than 398, others more than 397 */
#define BACKDATE_S 86400L /* clocks of visitors may be behind */

/* A CA for these names alone: path length 0, critical name constraints. Its subject tells machine
 * and main name. NULL without memory. */
X509 *issue_ca(EVP_PKEY *key, const struct names *names, const char *machine, int64_t now_s);

/* A server's certificate for leaf_key. Ends no later than the CA. NULL without memory. */
X509 *issue_leaf(EVP_PKEY *leaf_key, const struct names *names, X509 *ca, EVP_PKEY *ca_key,
                 int64_t now_s);

/* Seconds since 1970; INT64_MIN for what is no time. */
int64_t time_of(const ASN1_TIME *t);
