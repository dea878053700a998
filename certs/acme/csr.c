#include "acme/csr.h"

#include "certs/key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

const char *const acme_key_names[N_ACME_KEY_TYPES + 1] = {
    [ACME_KEY_P256] = "p256",
    [ACME_KEY_P384] = "p384",
    [ACME_KEY_RSA2048] = "rsa2048",
    [ACME_KEY_RSA4096] = "rsa4096",
};

EVP_PKEY *acme_key_new(enum acme_key_type type)
{
    EVP_PKEY *key = NULL;

    switch (type) {
    case ACME_KEY_P256:
        return key_new();
    case ACME_KEY_P384:
        key = EVP_EC_gen("P-384");
        break;
    case ACME_KEY_RSA2048:
        key = EVP_RSA_gen(2048);
        break;
    case ACME_KEY_RSA4096:
        key = EVP_RSA_gen(4096);
        break;
    case N_ACME_KEY_TYPES:
        break;
    }
    ERR_clear_error();
    return key;
}

bool acme_key_is(const EVP_PKEY *key, enum acme_key_type type)
{
    static const char *const names[N_ACME_KEY_TYPES] = {
        [ACME_KEY_P256] = "P-256",
        [ACME_KEY_P384] = "P-384",
        [ACME_KEY_RSA2048] = "RSA 2048",
        [ACME_KEY_RSA4096] = "RSA 4096",
    };
    char text[KEY_TEXT_MAX];

    return strcmp(key_describe(key, text), names[type]) == 0;
}

static bool add_san(X509_REQ *req, const struct acme_ids *ids)
{
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    GENERAL_NAMES *san;
    struct names names;
    bool ok;

    acme_ids_names(ids, &names);
    san = names_to_san(&names);
    ok = san &&
         X509V3_add1_i2d(&extensions, NID_subject_alt_name, san, 0, X509V3_ADD_DEFAULT) == 1 &&
         X509_REQ_add_extensions(req, extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    GENERAL_NAMES_free(san);
    return ok;
}

static int to_der(const X509_REQ *req, uint8_t **ret_der, size_t *ret_len)
{
    int len = i2d_X509_REQ(req, NULL);
    uint8_t *der = len > 0 ? malloc((size_t) len) : NULL, *p = der;

    if (!der || i2d_X509_REQ(req, &p) != len) {
        free(der);
        return -ENOMEM;
    }
    *ret_der = der;
    *ret_len = (size_t) len;
    return 0;
}

int acme_csr(EVP_PKEY *key, const struct acme_ids *ids, uint8_t **ret_der, size_t *ret_len)
{
    X509_REQ *req = X509_REQ_new();
    bool ok = req && X509_REQ_set_version(req, X509_REQ_VERSION_1) &&
              X509_REQ_set_pubkey(req, key) && add_san(req, ids) &&
              X509_REQ_sign(req, key, EVP_sha256()) > 0;
    int r = ok ? to_der(req, ret_der, ret_len) : -ENOMEM;

    X509_REQ_free(req);
    ERR_clear_error();
    return r;
}
