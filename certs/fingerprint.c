#include "certs/fingerprint.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>

void fingerprint_format(const X509 *cert, char text[static CERTS_FINGERPRINT_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    text[0] = '\0';
    if (!X509_digest(cert, EVP_sha256(), digest, &len))
        return;
    for (unsigned i = 0; i < len; i++)
        snprintf(text + 3 * (size_t) i, 4, i + 1 < len ? "%02X:" : "%02X", digest[i]);
}
