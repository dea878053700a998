/* PKCS #12 files. Those of older Windows systems are encrypted with RC2 or 3DES, which OpenSSL 3
 * has in its "legacy" provider alone; it is loaded into a context of its own. */
#include "certs/certs.h"

#include "certs/key.h"
#include "certs/pem.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

bool certs_is_pfx(struct bytes file)
{
    const unsigned char *p = file.p;
    PKCS12 *p12 = file.len > 0 && file.p[0] == 0x30 ? d2i_PKCS12(NULL, &p, (long) file.len) : NULL;
    bool is = p12 != NULL;

    PKCS12_free(p12);
    ERR_clear_error();
    return is;
}

/* What PKCS12_parse() left in the error queue. */
static int parse_error(void)
{
    unsigned long e;
    int r = -EINVAL;

    while ((e = ERR_get_error())) {
        if (ERR_GET_LIB(e) == ERR_LIB_PKCS12 && ERR_GET_REASON(e) == PKCS12_R_MAC_VERIFY_FAILURE)
            r = -EACCES;
        else if (ERR_GET_LIB(e) == ERR_LIB_EVP &&
                 (ERR_GET_REASON(e) == EVP_R_UNSUPPORTED_ALGORITHM ||
                  ERR_GET_REASON(e) == ERR_R_UNSUPPORTED))
            r = -ENOTSUP;
    }
    return r;
}

/* The certificate of the key first, then the others. */
static char *to_pem(X509 *own, STACK_OF(X509) * others)
{
    X509 *list[PEM_CERTS_MAX] = {own};
    size_t n = 1;

    for (int i = 0; i < sk_X509_num(others) && n < PEM_CERTS_MAX; i++)
        list[n++] = sk_X509_value(others, i);
    return pem_write_certs(list, n);
}

static int parse(PKCS12 *p12, const char *password, struct certs_pem *ret)
{
    struct certs_pem pem = {.certs = NULL};
    STACK_OF(X509) *others = NULL;
    EVP_PKEY *key = NULL;
    X509 *own = NULL;
    int r = 0;

    if (!PKCS12_parse(p12, password, &key, &own, &others))
        r = parse_error();
    else if (!key || !own)
        r = -EINVAL;
    if (r == 0) {
        pem.certs = to_pem(own, others);
        pem.key = key_to_pem(key);
        if (!pem.certs || !pem.key)
            r = -ENOMEM;
    }
    sk_X509_pop_free(others, X509_free);
    X509_free(own);
    EVP_PKEY_free(key);
    if (r < 0)
        certs_pem_done(&pem);
    else
        *ret = pem;
    return r;
}

int certs_open_pfx(struct bytes pfx, const char *password, struct certs_pem *ret)
{
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *plain = ctx ? OSSL_PROVIDER_load(ctx, "default") : NULL;
    OSSL_PROVIDER *legacy = ctx ? OSSL_PROVIDER_load(ctx, "legacy") : NULL;
    PKCS12 *p12 = ctx ? PKCS12_init_ex(NID_pkcs7_data, ctx, NULL) : NULL;
    const unsigned char *p = pfx.p;
    int r = -ENOMEM;

    ERR_clear_error();
    if (p12 && !d2i_PKCS12(&p12, &p, (long) pfx.len)) {
        p12 = NULL; /* it was freed */
        r = -EINVAL;
    } else if (p12) {
        r = parse(p12, password, ret);
    }
    PKCS12_free(p12);
    if (legacy)
        OSSL_PROVIDER_unload(legacy);
    if (plain)
        OSSL_PROVIDER_unload(plain);
    OSSL_LIB_CTX_free(ctx);
    ERR_clear_error();
    return r;
}
