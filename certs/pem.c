#include "certs/pem.h"

#include "base/crypto.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdio.h>

/* One "-----BEGIN name-----" block. */
struct block {
    char *name, *header;
    unsigned char *data;
    long len;
};

static void block_done(struct block *b)
{
    OPENSSL_free(b->name);
    OPENSSL_free(b->header);
    OPENSSL_clear_free(b->data, (size_t) b->len);
    *b = (struct block){.name = NULL};
}

enum next { NEXT_BLOCK, NEXT_END, NEXT_DAMAGED };

static enum next next_block(BIO *bio, struct block *ret)
{
    struct block b = {.name = NULL};
    unsigned long e;

    ERR_clear_error();
    if (PEM_read_bio(bio, &b.name, &b.header, &b.data, &b.len)) {
        *ret = b;
        return NEXT_BLOCK;
    }
    e = ERR_peek_last_error();
    ERR_clear_error();
    return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE ? NEXT_END
                                                                                     : NEXT_DAMAGED;
}

/* Some editors put a byte order mark in front, and then the first line is no BEGIN line. */
static struct bytes without_bom(struct bytes text)
{
    if (bytes_starts_with(text, "\xef\xbb\xbf"))
        return bytes_of(text.p + 3, text.len - 3);
    return text;
}

static bool is_blank(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isspace(text.p[i]))
            return false;
    return true;
}

static bool is_pfx(struct bytes file)
{
    const unsigned char *p = file.p;
    PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long) file.len);
    bool is = p12 != NULL;

    PKCS12_free(p12);
    return is;
}

static bool is_der_cert(struct bytes file)
{
    const unsigned char *p = file.p;
    X509 *cert = d2i_X509(NULL, &p, (long) file.len);
    bool is = cert != NULL;

    X509_free(cert);
    return is;
}

static bool is_der_key(struct bytes file)
{
    const unsigned char *p = file.p;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long) file.len);
    bool is = key != NULL;

    EVP_PKEY_free(key);
    return is;
}

/* What a file is that holds no PEM block. */
static enum pem_result not_pem(struct bytes file, bool (*is_der)(struct bytes))
{
    enum pem_result r = PEM_NONE;

    if (is_blank(file))
        r = PEM_EMPTY;
    else if (file.p[0] == 0x30 && is_pfx(file)) /* all of these begin with a SEQUENCE */
        r = PEM_PFX;
    else if (file.p[0] == 0x30 && is_der(file))
        r = PEM_DER;
    ERR_clear_error();
    return r;
}

/* ---- certificates ---- */

static bool is_cert_name(const char *name)
{
    return strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0 ||
           strcmp(name, PEM_STRING_X509_TRUSTED) == 0;
}

static enum pem_result add_cert(struct pem_certs *c, const struct block *b)
{
    const unsigned char *p = b->data;
    bool trusted = strcmp(b->name, PEM_STRING_X509_TRUSTED) == 0;

    if (c->n == PEM_CERTS_MAX)
        return PEM_TOO_MANY;
    c->list[c->n] = trusted ? d2i_X509_AUX(NULL, &p, b->len) : d2i_X509(NULL, &p, b->len);
    if (!c->list[c->n])
        return PEM_DAMAGED;
    c->n++;
    return PEM_OK;
}

enum pem_result pem_read_certs(struct bytes text, struct pem_certs *ret)
{
    struct bytes plain = without_bom(text);
    enum pem_result r = PEM_OK;
    struct block b;
    enum next next;
    BIO *bio;

    *ret = (struct pem_certs){.n = 0};
    if (is_blank(plain))
        return PEM_EMPTY;
    bio = BIO_new_mem_buf(plain.p, (int) plain.len);
    if (!bio)
        return PEM_NO_MEMORY;
    while (r == PEM_OK && (next = next_block(bio, &b)) != NEXT_END) {
        ret->number++;
        if (next == NEXT_DAMAGED) {
            r = PEM_DAMAGED;
            break;
        }
        if (is_cert_name(b.name))
            r = add_cert(ret, &b);
        else
            snprintf(ret->found, sizeof(ret->found), "%s", b.name);
        block_done(&b);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (r != PEM_OK || ret->n > 0)
        return r;
    return ret->found[0] ? PEM_OTHER : not_pem(plain, is_der_cert);
}

void pem_certs_done(struct pem_certs *c)
{
    for (size_t i = 0; i < c->n; i++)
        X509_free(c->list[i]);
    c->n = 0;
}

char *pem_write_certs(X509 *const *list, size_t n)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, *text = NULL;
    bool ok = bio != NULL;
    long len;

    for (size_t i = 0; ok && i < n; i++)
        ok = PEM_write_bio_X509(bio, list[i]) == 1;
    if (ok) {
        len = BIO_get_mem_data(bio, &data);
        text = bytes_dup_str(bytes_of(data, (size_t) len));
    }
    BIO_free(bio);
    ERR_clear_error();
    return text;
}

/* ---- keys ---- */

static bool is_key_name(const char *name)
{
    size_t len = strlen(name);
    static const char end[] = "PRIVATE KEY";

    return len >= sizeof(end) - 1 && strcmp(name + len - (sizeof(end) - 1), end) == 0;
}

static enum pem_result decode_key(const struct block *b, EVP_PKEY **ret_key)
{
    const unsigned char *p = b->data;
    EVP_PKEY *key;

    if (strcmp(b->name, PEM_STRING_PKCS8) == 0 || strstr(b->header, "ENCRYPTED"))
        return PEM_ENCRYPTED;
    key = d2i_AutoPrivateKey(NULL, &p, b->len);
    if (!key)
        return PEM_DAMAGED;
    *ret_key = key;
    return PEM_OK;
}

enum pem_result pem_read_key(struct bytes text, EVP_PKEY **ret_key, char found[static 64])
{
    struct bytes plain = without_bom(text);
    enum pem_result r = PEM_NONE;
    struct block b;
    enum next next;
    BIO *bio;

    found[0] = '\0';
    if (is_blank(plain))
        return PEM_EMPTY;
    bio = BIO_new_mem_buf(plain.p, (int) plain.len);
    if (!bio)
        return PEM_NO_MEMORY;
    while (r == PEM_NONE && (next = next_block(bio, &b)) != NEXT_END) {
        if (next == NEXT_DAMAGED) {
            r = PEM_DAMAGED;
            break;
        }
        if (is_key_name(b.name))
            r = decode_key(&b, ret_key);
        else
            snprintf(found, 64, "%s", b.name);
        block_done(&b);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (r != PEM_NONE)
        return r;
    return found[0] ? PEM_OTHER : not_pem(plain, is_der_key);
}
