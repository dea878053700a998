#include "certs/key.h"

#include "base/crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#define RSA_BITS_MIN 2048

EVP_PKEY *key_new(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    ERR_clear_error();
    return key;
}

char *key_to_pem(const EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *data, *pem = NULL;
    long len;

    if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) {
        len = BIO_get_mem_data(bio, &data);
        pem = bytes_dup_str(bytes_of(data, (size_t) len));
    }
    BIO_free(bio);
    ERR_clear_error();
    return pem;
}

static int no_password(char *buf, int size, int writing, void *arg)
{
    (void) buf;
    (void) size;
    (void) writing;
    (void) arg;
    return -1;
}

EVP_PKEY *key_from_pem(struct bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int) pem.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static const char *curve_of(const EVP_PKEY *key, char group[static KEY_TEXT_MAX])
{
    static const char *const browser_curves[][2] = {
        {"prime256v1", "P-256"},
        {"secp384r1", "P-384"},
        {"secp521r1", "P-521"},
    };
    size_t len;

    if (!EVP_PKEY_is_a(key, "EC") || !EVP_PKEY_get_group_name(key, group, KEY_TEXT_MAX, &len))
        return NULL;
    for (size_t i = 0; i < sizeof(browser_curves) / sizeof(browser_curves[0]); i++)
        if (strcmp(group, browser_curves[i][0]) == 0)
            return browser_curves[i][1];
    return NULL;
}

const char *key_describe(const EVP_PKEY *key, char text[static KEY_TEXT_MAX])
{
    char group[KEY_TEXT_MAX] = "";
    const char *curve = curve_of(key, group);
    const char *type = EVP_PKEY_get0_type_name(key);

    if (curve)
        snprintf(text, KEY_TEXT_MAX, "%s", curve);
    else if (group[0])
        snprintf(text, KEY_TEXT_MAX, "EC %.28s", group);
    else if (EVP_PKEY_is_a(key, "RSA"))
        snprintf(text, KEY_TEXT_MAX, "RSA %d", EVP_PKEY_get_bits(key));
    else
        snprintf(text, KEY_TEXT_MAX, "%s", type ? type : "unknown");
    ERR_clear_error();
    return text;
}

bool key_is_usable(const EVP_PKEY *key)
{
    char group[KEY_TEXT_MAX];
    bool usable = EVP_PKEY_is_a(key, "RSA") ? EVP_PKEY_get_bits(key) >= RSA_BITS_MIN
                                            : curve_of(key, group) != NULL;

    ERR_clear_error();
    return usable;
}

char *key_free_pem(char *pem)
{
    if (pem)
        secret_wipe(pem, strlen(pem));
    free(pem);
    return NULL;
}
