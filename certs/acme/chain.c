#include "acme/chain.h"

#include "base/crypto.h"
#include "certs/issue.h"
#include "certs/sort.h"
#include "certs/validate.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- is it what was asked for? ---- */

struct why {
    char *text;
    size_t size;
};

/* What comes from the CA may end on a terminal. */
__attribute__((format(printf, 2, 3))) static int refuse(const struct why *why, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(why->text, why->size, fmt, args);
    va_end(args);
    for (char *p = why->text; why->size > 0 && *p; p++)
        if (!isprint((unsigned char) *p))
            *p = '?';
    return -EINVAL;
}

/* What was read, as it was not what was wanted. */
static int refuse_text(enum pem_result result, const struct pem_certs *c, const struct why *why)
{
    switch (result) {
    case PEM_EMPTY:
        return refuse(why, "the CA sent an empty text instead of a certificate");
    case PEM_DAMAGED:
        return refuse(why, "block number %u of the chain that the CA sent cannot be read",
                      c->number);
    case PEM_TOO_MANY:
        return refuse(why, "the CA sent more than %d certificates in one chain", PEM_CERTS_MAX);
    case PEM_OK:
    case PEM_OTHER:
        return refuse(why, "the CA sent a block '%s' where certificates alone belong", c->found);
    case PEM_DER:
    case PEM_PFX:
        return refuse(why, "the CA sent its certificate in binary form and not as PEM, which was "
                           "asked for");
    case PEM_NONE:
    case PEM_ENCRYPTED:
        return refuse(why, "the CA sent no certificate: there is no line '-----BEGIN "
                           "CERTIFICATE-----' in its answer");
    case PEM_NO_MEMORY:
        break;
    }
    return -ENOMEM;
}

static const char *names_or_none(const X509 *cert, char *text, size_t size)
{
    return names_list(cert, text, size)[0] ? text : "nothing";
}

/* A wildcard has to be there as it is: a wider one does not exist. */
static bool has_name(const X509 *cert, const char *text)
{
    bool has = false;
    char **list;

    if (names_texts(cert, &list) < 0)
        return false;
    for (char **p = list; !has && *p; p++)
        has = strcmp(*p, text) == 0;
    names_free_texts(list);
    return has;
}

/* How many of the first identifiers it is good for. */
static size_t count_covered(X509 *leaf, const struct acme_ids *ids)
{
    struct names names;
    size_t i = 0;

    acme_ids_names(ids, &names);
    while (i < ids->n && (ids->list[i].is_wildcard ? has_name(leaf, ids->list[i].text)
                                                   : name_is_covered(&names.list[i], leaf)))
        i++;
    return i;
}

bool chain_covers(X509 *leaf, const struct acme_ids *ids)
{
    return count_covered(leaf, ids) == ids->n;
}

static int check_leaf(X509 *leaf, const struct acme_ids *ids, const struct why *why)
{
    int64_t begin = time_of(X509_get0_notBefore(leaf)), end = time_of(X509_get0_notAfter(leaf));
    char text[CERTS_TEXT_MAX], from[16], until[16];
    size_t covered = count_covered(leaf, ids);

    if (covered < ids->n)
        return refuse(why, "the certificate that the CA sent is not for %s but for: %s",
                      ids->list[covered].text, names_or_none(leaf, text, sizeof(text)));
    if (begin == INT64_MIN || end == INT64_MIN)
        return refuse(why, "the dates of the certificate that the CA sent cannot be read");
    if (end <= begin)
        return refuse(why, "the certificate that the CA sent ends before it begins: from %s to %s",
                      validate_date_text(begin, from), validate_date_text(end, until));
    if (X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) != 1)
        return refuse(why, "the certificate that the CA sent is not meant for TLS servers (its key "
                           "usage, or extended key usage, lacks that)");
    return 0;
}

/* ---- the chain ---- */

static void drop_root(struct pair *p)
{
    if (p->n > 1 && X509_self_signed(p->chain[p->n - 1], 1) == 1)
        X509_free(p->chain[--p->n]);
}

/* The chain out of c; p->key is set. */
static int put_in_order(struct pem_certs *c, struct pair *p, const struct why *why)
{
    char text[CERTS_TEXT_MAX];

    if (!sort_chain(c, p))
        return refuse(why,
                      "none of the certificates that the CA sent is for the key of this order; "
                      "the first is for: %s",
                      names_or_none(c->list[0], text, sizeof(text)));
    if (p->n == 1 && c->n > 0 && X509_self_signed(p->chain[0], 0) != 1)
        return refuse(why, "none of the other certificates that the CA sent is of the issuer '%s'",
                      validate_name_text(X509_get_issuer_name(p->chain[0]), text));
    drop_root(p);
    return 0;
}

int chain_read(struct bytes pem, EVP_PKEY *key, const struct acme_ids *ids, struct pair *ret,
               char *why_text, size_t why_size)
{
    const struct why why = {why_text, why_size};
    struct pair p = {.key = key};
    struct pem_certs certs;
    enum pem_result result;
    int r;

    if (pem.len > PEM_FILE_MAX)
        return refuse(&why, "the CA sent more than %d bytes as one chain", PEM_FILE_MAX);
    result = pem_read_certs(pem, &certs);
    EVP_PKEY_up_ref(key);
    if (result != PEM_OK || certs.found[0])
        r = refuse_text(result, &certs, &why);
    else
        r = put_in_order(&certs, &p, &why);
    if (r == 0)
        r = check_leaf(p.chain[0], ids, &why);
    pem_certs_done(&certs);
    ERR_clear_error();
    if (r == 0)
        *ret = p;
    else
        pair_done(&p);
    return r;
}

/* ---- the one that is preferred ---- */

static bool is_common_name(const X509_NAME *name, const char *wanted)
{
    bool is = false;

    for (int at = -1; !is && (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
        uint8_t *text = NULL;
        int len = ASN1_STRING_to_UTF8(&text, value);

        is = len > 0 && bytes_caseeq_str(bytes_of(text, (size_t) len), wanted);
        OPENSSL_free(text);
    }
    return is;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char) tolower((unsigned char) c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool fingerprint_parse(const char *text, uint8_t ret[static SHA256_SIZE])
{
    size_t n = 0;

    for (; *text; text++) {
        int value = hex_value(*text);

        if (*text == ':')
            continue;
        if (value < 0 || n == 2 * SHA256_SIZE)
            return false;
        ret[n / 2] = (uint8_t) (n % 2 == 0 ? value << 4 : ret[n / 2] | value);
        n++;
    }
    return n == 2 * SHA256_SIZE;
}

static bool has_fingerprint(const X509 *cert, const uint8_t wanted[static SHA256_SIZE])
{
    uint8_t found[SHA256_SIZE];
    unsigned len = sizeof(found);

    return X509_digest(cert, EVP_sha256(), found, &len) == 1 &&
           memcmp(found, wanted, SHA256_SIZE) == 0;
}

/* Several roots may have one name, so all that have it are looked at. */
static bool is_issued_by(X509 *cert, X509_STORE_CTX *roots,
                         const uint8_t wanted[static SHA256_SIZE])
{
    STACK_OF(X509) *list = X509_STORE_CTX_get1_certs(roots, X509_get_issuer_name(cert));
    bool is = false;

    for (int i = 0; !is && list && i < sk_X509_num(list); i++) {
        X509 *root = sk_X509_value(list, i);

        is = has_fingerprint(root, wanted) && X509_check_issued(root, cert) == X509_V_OK &&
             X509_verify(cert, X509_get0_pubkey(root)) == 1;
    }
    sk_X509_pop_free(list, X509_free);
    return is;
}

static bool has_root(X509 *last, const char *roots_file, const uint8_t wanted[static SHA256_SIZE])
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool has = store && ctx &&
               (roots_file ? X509_STORE_load_file(store, roots_file)
                           : X509_STORE_set_default_paths(store)) == 1 &&
               X509_STORE_CTX_init(ctx, store, NULL, NULL) == 1 && is_issued_by(last, ctx, wanted);

    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return has;
}

bool chain_is_preferred(const struct pair *p, const char *wanted, const char *roots_file)
{
    uint8_t fingerprint[SHA256_SIZE];
    bool is = false;

    if (fingerprint_parse(wanted, fingerprint)) {
        for (size_t i = 1; !is && i < p->n; i++)
            is = has_fingerprint(p->chain[i], fingerprint);
        is = is || has_root(p->chain[p->n - 1], roots_file, fingerprint);
    } else {
        for (size_t i = 0; !is && i < p->n; i++)
            is = is_common_name(X509_get_issuer_name(p->chain[i]), wanted);
    }
    ERR_clear_error();
    return is;
}
