#include "certs/certs.h"

#include "certs/fingerprint.h"
#include "certs/issue.h"
#include "certs/key.h"
#include "certs/life.h"
#include "certs/names.h"
#include "certs/store.h"
#include "certs/validate.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define DAY_S 86400

static void describe_serial(const X509 *cert, char *text, size_t size)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;

    snprintf(text, size, "%s", hex ? hex : "");
    OPENSSL_free(hex);
    BN_free(number);
}

static int describe(const X509 *cert, const X509 *ca, enum certs_type source,
                    struct certs_info *ret)
{
    struct certs_info i = {.is_ours = ca != NULL, .source = source};
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    int r = names_texts(cert, &i.names);

    if (r < 0)
        return r;
    validate_name_text(X509_get_subject_name(cert), i.subject);
    validate_name_text(X509_get_issuer_name(cert), i.issuer);
    describe_serial(cert, i.serial, sizeof(i.serial));
    fingerprint_format(cert, i.fingerprint);
    if (key)
        key_describe(key, i.key);
    i.not_before_s = time_of(X509_get0_notBefore(cert));
    i.not_after_s = time_of(X509_get0_notAfter(cert));
    if (ca) {
        validate_name_text(X509_get_subject_name(ca), i.ca_subject);
        fingerprint_format(ca, i.ca_fingerprint);
        i.ca_not_before_s = time_of(X509_get0_notBefore(ca));
        i.ca_not_after_s = time_of(X509_get0_notAfter(ca));
    }
    ERR_clear_error();
    *ret = i;
    return 0;
}

int certs_describe(const char *store, struct certs_info *ret)
{
    struct pair p;
    int r = store_load_live(store, &p);

    if (r == 0)
        r = describe(p.chain[0], p.ca,
                     p.ca        ? CERTS_SELFSIGNED
                     : p.is_acme ? CERTS_ACME
                                 : CERTS_OWNCERT,
                     ret);
    pair_done(&p);
    return r;
}

int certs_describe_file(const char *path, struct certs_info *ret)
{
    struct pem_certs certs;
    char *text;
    size_t len;
    int r = file_read(path, PEM_FILE_MAX, &text, &len);

    if (r < 0)
        return r == -ENOENT ? r : -EINVAL;
    if (pem_read_certs(bytes_of(text, len), &certs) == PEM_OK)
        r = describe(certs.list[0], NULL, CERTS_OWNCERT, ret);
    else
        r = -EINVAL;
    pem_certs_done(&certs);
    free(text);
    return r;
}

void certs_info_done(struct certs_info *i)
{
    names_free_texts(i->names);
    i->names = NULL;
}

int64_t certs_days_left(const struct certs_info *i, int64_t now_s)
{
    int64_t left = i->not_after_s - now_s;

    return left < 0 ? (left - DAY_S + 1) / DAY_S : left / DAY_S;
}

enum certs_health certs_health(const struct certs_info *i, int64_t now_s)
{
    if (now_s > i->not_after_s || now_s < i->not_before_s)
        return CERTS_EXPIRED;
    if (i->source == CERTS_ACME)
        return life_is_late(i->not_before_s, i->not_after_s, now_s) ? CERTS_EXPIRING : CERTS_FINE;
    return certs_days_left(i, now_s) < CERTS_EXPIRING_DAYS ? CERTS_EXPIRING : CERTS_FINE;
}

/* A name of a certificate, perhaps "*.example.org", against a host name. */
static bool matches(const char *pattern, const char *host)
{
    const char *rest = strchr(host, '.');

    if (strcmp(pattern, host) == 0)
        return true;
    return pattern[0] == '*' && pattern[1] == '.' && rest && rest > host &&
           strchr(pattern + 2, '.') && strcmp(pattern + 1, rest) == 0;
}

bool certs_covers(const struct certs_info *i, const char *name)
{
    struct name n;

    if (name_parse(name, &n) < 0)
        return false;
    for (char **p = i->names; p && *p; p++)
        if (n.is_ip ? strcmp(*p, n.text) == 0 : matches(*p, n.text))
            return true;
    return false;
}
