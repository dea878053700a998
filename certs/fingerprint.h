/* fingerprint.h: of a certificate, as people compare it. */
#pragma once

#include "certs/certs.h"

#include <openssl/types.h>

/* SHA-256 as "AB:CD:..."; "" when it cannot be had. */
void fingerprint_format(const X509 *cert, char text[static CERTS_FINGERPRINT_SIZE]);
