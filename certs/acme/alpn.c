#include "acme/alpn.h"

#include "base/crypto.h"
#include "certs/fill.h"
#include "certs/key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define ACME_IDENTIFIER "1.3.6.1.5.5.7.1.31" /* id-pe-acmeIdentifier */

#define FROM_S INT64_C(946684800)     /* 2000-01-01 */
#define UNTIL_S INT64_C(253402300799) /* the end of 9999: none (RFC 5280 section 4.1.2.5) */

/* acmeIdentifier: an OCTET STRING of 32 bytes as DER. */
#define VALUE_SIZE (2 + SHA256_SIZE)

static int acme_identifier(const char *key_authorization, uint8_t ret[static VALUE_SIZE])
{
    struct bytes part = bytes_str(key_authorization);

    ret[0] = V_ASN1_OCTET_STRING;
    ret[1] = SHA256_SIZE;
    return sha256(&part, 1, ret + 2);
}

static void names_of(const struct acme_id *id, struct names *ret)
{
    struct acme_ids one = {.list = {*id}, .n = 1};

    acme_ids_names(&one, ret);
}

/* ---- making it ---- */

static bool add_acme_identifier(X509 *cert, const char *key_authorization)
{
    uint8_t value[VALUE_SIZE];
    ASN1_OBJECT *oid = OBJ_txt2obj(ACME_IDENTIFIER, 1);
    ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
    X509_EXTENSION *e = NULL;
    bool ok = oid && data && acme_identifier(key_authorization, value) == 0 &&
              ASN1_OCTET_STRING_set(data, value, sizeof(value)) &&
              (e = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, data)) && X509_add_ext(cert, e, -1);

    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(data);
    ASN1_OBJECT_free(oid);
    return ok;
}

static bool fill(X509 *cert, EVP_PKEY *key, const struct acme_id *id, const char *key_authorization)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    struct names names;

    names_of(id, &names);
    return X509_set_version(cert, X509_VERSION_3) && fill_serial(cert) &&
           fill_dates(cert, FROM_S, UNTIL_S) && fill_name_part(subject, "CN", "ACME challenge") &&
           X509_set_issuer_name(cert, subject) && X509_set_pubkey(cert, key) &&
           fill_san(cert, &names) && add_acme_identifier(cert, key_authorization) &&
           X509_sign(cert, key, EVP_sha256()) > 0;
}

int acme_alpn_certificate(const struct acme_id *id, const char *key_authorization, X509 **ret_cert,
                          EVP_PKEY **ret_key)
{
    EVP_PKEY *key;
    X509 *cert;

    if (id->is_wildcard)
        return -EINVAL;
    key = key_new();
    cert = X509_new();
    if (!key || !cert || !fill(cert, key, id, key_authorization)) {
        EVP_PKEY_free(key);
        X509_free(cert);
        ERR_clear_error();
        return -ENOMEM;
    }
    *ret_cert = cert;
    *ret_key = key;
    return 0;
}

/* ---- its name ---- */

/* RFC 3596 section 2.5: the nibbles, the last one first. */
static void reverse_ipv6(const struct addr *a, char buf[static NAME_TEXT_MAX])
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    for (size_t i = sizeof(a->ip); i-- > 0;) {
        buf[n++] = hex[a->ip[i] & 15];
        buf[n++] = '.';
        buf[n++] = hex[a->ip[i] >> 4];
        buf[n++] = '.';
    }
    snprintf(buf + n, NAME_TEXT_MAX - n, "ip6.arpa");
}

const char *acme_alpn_name(const struct acme_id *id, char buf[static NAME_TEXT_MAX])
{
    struct addr a;

    if (!id->is_ip || addr_parse_ip(id->text, 0, &a) < 0)
        snprintf(buf, NAME_TEXT_MAX, "%s", id->text);
    else if (a.family == AF_INET6)
        reverse_ipv6(&a, buf);
    else
        snprintf(buf, NAME_TEXT_MAX, "%u.%u.%u.%u.in-addr.arpa", a.ip[3], a.ip[2], a.ip[1],
                 a.ip[0]);
    return buf;
}

/* ---- looking at one ---- */

static bool has_acme_identifier(const X509 *cert, const char *key_authorization)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(ACME_IDENTIFIER, 1);
    int at = oid ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;
    X509_EXTENSION *e = at >= 0 ? X509_get_ext(cert, at) : NULL;
    const ASN1_OCTET_STRING *data = e ? X509_EXTENSION_get_data(e) : NULL;
    uint8_t value[VALUE_SIZE];
    bool has = data && X509_get_ext_by_OBJ(cert, oid, at) < 0 && X509_EXTENSION_get_critical(e) &&
               acme_identifier(key_authorization, value) == 0 &&
               bytes_eq(bytes_of(value, sizeof(value)),
                        bytes_of(ASN1_STRING_get0_data(data), (size_t) ASN1_STRING_length(data)));

    ASN1_OBJECT_free(oid);
    return has;
}

bool acme_alpn_proves(const X509 *cert, const struct acme_id *id, const char *key_authorization)
{
    struct names names;
    bool proves;

    names_of(id, &names);
    proves = names_same(&names, cert) && has_acme_identifier(cert, key_authorization);
    ERR_clear_error();
    return proves;
}
