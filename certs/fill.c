#include "certs/fill.h"

#include "base/rnd.h"

#include <openssl/x509.h>
#include <time.h>

#define SERIAL_SIZE 16

bool fill_serial(X509 *cert)
{
    uint8_t serial[SERIAL_SIZE];
    BIGNUM *number;
    bool ok;

    rnd_bytes(serial, sizeof(serial));
    serial[0] = (uint8_t) ((serial[0] & 0x7f) | 0x40); /* positive, and never shorter */
    number = BN_bin2bn(serial, sizeof(serial), NULL);
    ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return ok;
}

bool fill_dates(X509 *cert, int64_t from_s, int64_t until_s)
{
    return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t) from_s) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t) until_s);
}

bool fill_name_part(X509_NAME *name, const char *field, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const uint8_t *) text,
                                      (int) strnlen(text, FILL_NAME_PART_MAX), -1, 0);
}

bool fill_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;
    bool ok;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = e && X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
    return ok;
}

bool fill_san(X509 *cert, const struct names *names)
{
    GENERAL_NAMES *san = names_to_san(names);
    bool ok = san && X509_add1_ext_i2d(cert, NID_subject_alt_name, san, 0, X509V3_ADD_DEFAULT) == 1;

    GENERAL_NAMES_free(san);
    return ok;
}
