/* fill.h: the parts of a certificate under construction. Each is true unless memory is out. */
#pragma once

#include "certs/names.h"

#include <openssl/types.h>

/* Random, 16 bytes, positive. */
bool fill_serial(X509 *cert);

/* Seconds since 1970. */
bool fill_dates(X509 *cert, int64_t from_s, int64_t until_s);

/* "CN", "O", "OU"; the first FILL_NAME_PART_MAX bytes of text. */
#define FILL_NAME_PART_MAX 64 /* ub-common-name, ub-organizational-unit-name */
bool fill_name_part(X509_NAME *name, const char *field, const char *text);

/* value as in the configuration of openssl(1): "critical,CA:TRUE". issuer may be NULL where the
 * extension does not need it. */
bool fill_extension(X509 *cert, X509 *issuer, int nid, const char *value);

bool fill_san(X509 *cert, const struct names *names);
