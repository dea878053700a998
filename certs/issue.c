#include "certs/issue.h"

#include "base/rnd.h"
#include "certs/fill.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

#define DAY_S 86400L

int64_t time_of(const ASN1_TIME *t)
{
    struct tm tm;

    return ASN1_TIME_to_tm(t, &tm) ? (int64_t) timegm(&tm) : INT64_MIN;
}

/* ---- name constraints (RFC 5280 section 4.2.1.10) ---- */

/* Takes over base, also when it fails. */
static bool push_subtree(STACK_OF(GENERAL_SUBTREE) * list, GENERAL_NAME *base)
{
    GENERAL_SUBTREE *t = GENERAL_SUBTREE_new();

    if (!t || !base || !sk_GENERAL_SUBTREE_push(list, t)) {
        GENERAL_SUBTREE_free(t);
        GENERAL_NAME_free(base);
        return false;
    }
    GENERAL_NAME_free(t->base);
    t->base = base;
    return true;
}

static GENERAL_NAME *subtree_base(int type, const void *data, size_t len)
{
    GENERAL_NAME *g = GENERAL_NAME_new();
    ASN1_STRING *value = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

    if (!g || !value || !ASN1_STRING_set(value, data, (int) len)) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(g);
        return NULL;
    }
    GENERAL_NAME_set0_value(g, type, value);
    return g;
}

static bool permit(NAME_CONSTRAINTS *nc, const struct name *n)
{
    uint8_t address_and_mask[32];
    size_t len = n->is_ip ? addr_ip_len(&n->ip) : 0;

    if (!n->is_ip)
        return push_subtree(nc->permittedSubtrees, subtree_base(GEN_DNS, n->text, strlen(n->text)));
    memcpy(address_and_mask, n->ip.ip, len);
    memset(address_and_mask + len, 0xff, len);
    return push_subtree(nc->permittedSubtrees, subtree_base(GEN_IPADD, address_and_mask, 2 * len));
}

/* A kind of name without a permitted one would be unlimited, so all of the kind is excluded, in the
 * form that the CA/Browser Forum's Baseline Requirements (7.1.5) prescribe. */
static bool exclude_missing_kinds(NAME_CONSTRAINTS *nc, const struct names *names)
{
    static const uint8_t zeros[32];
    bool has_ip = false, has_host = false;

    for (size_t i = 0; i < names->n; i++) {
        has_ip |= names->list[i].is_ip;
        has_host |= !names->list[i].is_ip;
    }
    if (has_ip && has_host)
        return true;
    nc->excludedSubtrees = sk_GENERAL_SUBTREE_new_null();
    if (!nc->excludedSubtrees)
        return false;
    if (!has_host)
        return push_subtree(nc->excludedSubtrees, subtree_base(GEN_DNS, "", 0));
    return push_subtree(nc->excludedSubtrees, subtree_base(GEN_IPADD, zeros, 8)) &&
           push_subtree(nc->excludedSubtrees, subtree_base(GEN_IPADD, zeros, 32));
}

static bool add_name_constraints(X509 *cert, const struct names *names)
{
    NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
    bool ok = nc && (nc->permittedSubtrees = sk_GENERAL_SUBTREE_new_null());

    for (size_t i = 0; ok && i < names->n; i++)
        ok = permit(nc, &names->list[i]);
    ok = ok && exclude_missing_kinds(nc, names) &&
         X509_add1_ext_i2d(cert, NID_name_constraints, nc, 1, X509V3_ADD_DEFAULT) == 1;
    NAME_CONSTRAINTS_free(nc);
    return ok;
}

/* ---- certificates ---- */

static bool fill_ca(X509 *ca, EVP_PKEY *key, const struct names *names, const char *machine,
                    int64_t now_s)
{
    X509_NAME *subject = X509_get_subject_name(ca);
    char cn[FILL_NAME_PART_MAX + 1];

    /* Each has a name of its own: stores of trusted CAs look them up by name. */
    snprintf(cn, sizeof(cn), "Visavis CA %08x of %.40s", rnd_u32(), machine);
    return X509_set_version(ca, X509_VERSION_3) && fill_serial(ca) &&
           fill_dates(ca, now_s - BACKDATE_S, now_s - BACKDATE_S + CA_DAYS * DAY_S) &&
           fill_name_part(subject, "O", "Visavis") &&
           fill_name_part(subject, "OU", names->list[0].text) &&
           fill_name_part(subject, "CN", cn) && X509_set_issuer_name(ca, subject) &&
           X509_set_pubkey(ca, key) &&
           fill_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           fill_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           fill_extension(ca, ca, NID_subject_key_identifier, "hash") &&
           add_name_constraints(ca, names) && X509_sign(ca, key, EVP_sha256()) > 0;
}

X509 *issue_ca(EVP_PKEY *key, const struct names *names, const char *machine, int64_t now_s)
{
    X509 *ca = X509_new();

    if (ca && !fill_ca(ca, key, names, machine, now_s)) {
        X509_free(ca);
        ca = NULL;
    }
    ERR_clear_error();
    return ca;
}

static bool fill_leaf(X509 *leaf, EVP_PKEY *leaf_key, const struct names *names, X509 *ca,
                      EVP_PKEY *ca_key, int64_t now_s)
{
    X509_NAME *subject = X509_get_subject_name(leaf);
    int64_t ca_from = time_of(X509_get0_notBefore(ca)), ca_until = time_of(X509_get0_notAfter(ca));
    int64_t from = now_s - BACKDATE_S < ca_from ? ca_from : now_s - BACKDATE_S;
    int64_t until = from + LEAF_DAYS * DAY_S;

    if (until > ca_until)
        until = ca_until;
    /* No common name: OpenSSL and GnuTLS hold it against the name constraints as if it were a host
     * name, which an IP address is not. */
    return X509_set_version(leaf, X509_VERSION_3) && fill_serial(leaf) &&
           fill_dates(leaf, from, until) && fill_name_part(subject, "O", "Visavis") &&
           fill_name_part(subject, "OU", names->list[0].text) &&
           X509_set_issuer_name(leaf, X509_get_subject_name(ca)) &&
           X509_set_pubkey(leaf, leaf_key) &&
           fill_extension(leaf, ca, NID_basic_constraints, "critical,CA:FALSE") &&
           fill_extension(leaf, ca, NID_key_usage, "critical,digitalSignature") &&
           fill_extension(leaf, ca, NID_ext_key_usage, "serverAuth") &&
           fill_extension(leaf, ca, NID_subject_key_identifier, "hash") &&
           fill_extension(leaf, ca, NID_authority_key_identifier, "keyid:always") &&
           fill_san(leaf, names) && X509_sign(leaf, ca_key, EVP_sha256()) > 0;
}

X509 *issue_leaf(EVP_PKEY *leaf_key, const struct names *names, X509 *ca, EVP_PKEY *ca_key,
                 int64_t now_s)
{
    X509 *leaf = X509_new();

    if (leaf && !fill_leaf(leaf, leaf_key, names, ca, ca_key, now_s)) {
        X509_free(leaf);
        leaf = NULL;
    }
    ERR_clear_error();
    return leaf;
}
