#include "acme/ari.h"

#include "acme/base64url.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* Behind identifier and length, which say what kind of value it is. */
static struct bytes contents(const uint8_t *der, int len)
{
    const uint8_t *p = der;
    int tag, class;
    long n;

    if (len <= 0 || (ASN1_get_object(&p, &n, &tag, &class, len) & 0x80))
        return bytes_of(NULL, 0);
    return bytes_of(p, (size_t) n);
}

static int ari_id(const ASN1_OCTET_STRING *key_id, const ASN1_INTEGER *serial,
                  char buf[static ACME_ARI_ID_SIZE])
{
    struct bytes issuer =
        bytes_of(ASN1_STRING_get0_data(key_id), (size_t) ASN1_STRING_length(key_id));
    char text[ACME_ARI_ID_SIZE];
    uint8_t *der = NULL;
    int len = i2d_ASN1_INTEGER(serial, &der);
    size_t dot;
    int r;

    if (len < 0)
        return -ENOMEM;
    r = base64url_encode(issuer, text, sizeof(text) - 1);
    if (r == 0) {
        dot = strlen(text);
        text[dot] = '.';
        r = base64url_encode(contents(der, len), text + dot + 1, sizeof(text) - dot - 1);
    }
    OPENSSL_free(der);
    if (r == 0)
        memcpy(buf, text, sizeof(text));
    return r;
}

int acme_ari_id(const X509 *leaf, char buf[static ACME_ARI_ID_SIZE])
{
    AUTHORITY_KEYID *issuer = X509_get_ext_d2i(leaf, NID_authority_key_identifier, NULL, NULL);
    int r = -ENOENT;

    if (issuer && issuer->keyid)
        r = ari_id(issuer->keyid, X509_get0_serialNumber(leaf), buf);
    AUTHORITY_KEYID_free(issuer);
    ERR_clear_error();
    return r;
}
