#include "certs/validate.h"

#include "certs/issue.h"
#include "certs/key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#define DAY_S 86400
#define LIFE_DAYS_MAX 825 /* Apple's systems refuse longer ones, also from a private CA */

const char *validate_name_text(const X509_NAME *name, char text[static CERTS_TEXT_MAX])
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n = 0;

    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
        n = BIO_read(bio, text, CERTS_TEXT_MAX - 1);
    text[n > 0 ? n : 0] = '\0';
    BIO_free(bio);
    ERR_clear_error();
    return text;
}

const char *validate_date_text(int64_t s, char text[static 16])
{
    time_t t = (time_t) s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(text, 16, "%Y-%m-%d", &tm) == 0)
        snprintf(text, 16, "unknown");
    return text;
}

static void check_key(const struct pair *p, const struct origin *from, struct report *r)
{
    char key[KEY_TEXT_MAX];

    if (!key_is_usable(p->key))
        report_fault(r,
                     "The key of %s is of the kind '%s', which browsers do not take. Ask for a "
                     "certificate with a key of P-256 or RSA 2048: `openssl req -new -newkey ec "
                     "-pkeyopt ec_paramgen_curve:P-256 -nodes -keyout certificate.key -out "
                     "certificate.csr`",
                     from->cert, key_describe(p->key, key));
}

static void check_digests(const struct pair *p, const struct origin *from, struct report *r)
{
    for (size_t i = 0; i < p->n; i++) {
        int digest = NID_undef;

        if (X509_self_signed(p->chain[i], 0) == 1)
            continue; /* trusted, or not, as it is: nobody looks at the signature of a root */
        X509_get_signature_info(p->chain[i], &digest, NULL, NULL, NULL);
        if (digest == NID_md5 || digest == NID_sha1 || digest == NID_md4 || digest == NID_md2)
            report_fault(r,
                         "Certificate number %zu of the chain in %s is signed with %s, which "
                         "nobody accepts any more. Ask its issuer for a new one.",
                         i + 1, from->cert, OBJ_nid2sn(digest));
    }
}

static void check_dates(X509 *leaf, const struct origin *from, int64_t now_s, struct report *r)
{
    int64_t begin = time_of(X509_get0_notBefore(leaf)), end = time_of(X509_get0_notAfter(leaf));
    char date[16], today[16];

    validate_date_text(now_s, today);
    if (begin == INT64_MIN || end == INT64_MIN)
        report_fault(r, "The dates of %s cannot be read. Ask its issuer for a new one.",
                     from->cert);
    else if (now_s < begin)
        report_fault(r,
                     "%s is valid from %s only, and this machine's clock says %s. If the clock "
                     "is wrong: `timedatectl set-ntp true`",
                     from->cert, validate_date_text(begin, date), today);
    else if (now_s > end)
        report_fault(r,
                     "%s expired on %s, and this machine's clock says %s. Get a new one from "
                     "its issuer, then `visavis cert import NEW.cert NEW.key`. If the clock is "
                     "wrong: `timedatectl set-ntp true`",
                     from->cert, validate_date_text(end, date), today);
    else if (end - begin > (int64_t) LIFE_DAYS_MAX * DAY_S)
        report_warning(r, "%s is valid for more than %d days; Apple's systems refuse it for that.",
                       from->cert, LIFE_DAYS_MAX);
}

static void check_use(X509 *leaf, const struct origin *from, struct report *r)
{
    uint32_t flags = X509_get_extension_flags(leaf);
    bool self_signed = X509_self_signed(leaf, 0) == 1;

    if (flags & EXFLAG_INVALID)
        report_fault(r, "%s has extensions that cannot be read. Ask its issuer for a new one.",
                     from->cert);
    if ((flags & EXFLAG_XKUSAGE) &&
        !(X509_get_extended_key_usage(leaf) & (XKU_SSL_SERVER | XKU_ANYEKU)))
        report_fault(r,
                     "%s is not meant for servers (its extended key usage lacks serverAuth). "
                     "Ask its issuer for a TLS server certificate.",
                     from->cert);
    if ((flags & EXFLAG_KUSAGE) &&
        !(X509_get_key_usage(leaf) & (KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT)))
        report_fault(r,
                     "%s is not meant for TLS (its key usage lacks digitalSignature). Ask its "
                     "issuer for a TLS server certificate.",
                     from->cert);
    if ((flags & EXFLAG_CA) && self_signed)
        report_warning(r,
                       "%s is a self-signed CA certificate; Firefox refuses those as a server's "
                       "own. CERTIFICATE_TYPE=selfsigned makes better ones by itself.",
                       from->cert);
    else if (flags & EXFLAG_CA)
        report_fault(r,
                     "%s is the certificate of a CA, not of a server. The server's own has a "
                     "subjectAltName: `openssl x509 -in %s -noout -ext subjectAltName`",
                     from->cert, from->cert);
}

static void check_names(X509 *leaf, const struct names *names, const struct origin *from,
                        struct report *r)
{
    char has[512];

    if (!names_list(leaf, has, sizeof(has))[0]) {
        report_fault(r,
                     "%s has no subjectAltName, and browsers look at nothing else. Ask its "
                     "issuer for one with %s as subjectAltName.",
                     from->cert, names->list[0].text);
        return;
    }
    for (size_t i = 0; i < names->n; i++) {
        const char *name = names->list[i].text;

        if (name_is_covered(&names->list[i], leaf))
            continue;
        if (i == 0)
            report_fault(r,
                         "%s is not for %s but for: %s. Get one for that name, or set "
                         "DOMAIN_OR_PUBLIC_IP to the name it is for.",
                         from->cert, name, has);
        else
            report_warning(r,
                           "%s is not for %s, which this server is reached by as well; it is "
                           "for: %s.",
                           from->cert, name, has);
    }
}

/* ---- is the chain complete? ---- */

static bool verifies_by_system(const struct pair *p, int64_t now_s)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    bool ok = store && ctx && untrusted && X509_STORE_set_default_paths(store) == 1;

    for (size_t i = 1; ok && i < p->n; i++)
        ok = sk_X509_push(untrusted, p->chain[i]) > 0;
    ok = ok && X509_STORE_CTX_init(ctx, store, p->chain[0], untrusted) == 1;
    if (ok) {
        X509_STORE_CTX_set_time(ctx, 0, (time_t) now_s);
        ok = X509_verify_cert(ctx) == 1;
    }
    sk_X509_free(untrusted);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return ok;
}

/* Where the issuer says that its own certificate can be had. */
static bool issuer_url(const X509 *cert, char *url, size_t size)
{
    AUTHORITY_INFO_ACCESS *aia = X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
    bool found = false;

    for (int i = 0; !found && aia && i < sk_ACCESS_DESCRIPTION_num(aia); i++) {
        const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(aia, i);
        const ASN1_IA5STRING *uri;
        int len;

        if (OBJ_obj2nid(d->method) != NID_ad_ca_issuers || d->location->type != GEN_URI)
            continue;
        uri = d->location->d.uniformResourceIdentifier;
        len = ASN1_STRING_length(uri);
        if (len <= 0 || (size_t) len >= size)
            continue;
        memcpy(url, ASN1_STRING_get0_data(uri), (size_t) len);
        url[len] = '\0';
        /* It becomes part of a command that is shown. */
        found = strncmp(url, "http", 4) == 0 && strlen(url) == (size_t) len &&
                strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            ":/.-_~%+=") == (size_t) len;
    }
    AUTHORITY_INFO_ACCESS_free(aia);
    return found;
}

static void check_chain(const struct pair *p, const struct origin *from, int64_t now_s,
                        struct report *r)
{
    X509 *last = p->chain[p->n - 1];
    char url[512], issuer[CERTS_TEXT_MAX];

    if (X509_self_signed(last, 0) == 1 || verifies_by_system(p, now_s))
        return;
    validate_name_text(X509_get_issuer_name(last), issuer);
    if (issuer_url(last, url, sizeof(url)))
        report_warning(r,
                       "The chain in %s ends before a CA that this machine knows: the "
                       "certificate of '%s' is missing, and browsers may refuse it for that. If "
                       "it is an intermediate: `curl -s %s | openssl x509 -inform der >>%s`",
                       from->cert, issuer, url, from->cert);
    else
        report_warning(r,
                       "The chain in %s ends before a CA that this machine knows. Unless '%s' is "
                       "a CA of your own that all visitors trust, append its certificate: `cat "
                       "INTERMEDIATE.cert >>%s`",
                       from->cert, issuer, from->cert);
}

/* Intermediates that are out of date break the chain for everybody. */
static void check_issuers(const struct pair *p, const struct origin *from, int64_t now_s,
                          struct report *r)
{
    char name[CERTS_TEXT_MAX], date[16];

    for (size_t i = 1; i < p->n; i++) {
        int64_t end = time_of(X509_get0_notAfter(p->chain[i]));

        if (end >= now_s)
            continue;
        report_warning(r,
                       "The intermediate certificate '%s' in %s expired on %s. Get the present "
                       "one from the issuer.",
                       validate_name_text(X509_get_subject_name(p->chain[i]), name), from->cert,
                       validate_date_text(end, date));
    }
}

int validate_pair(struct pair *p, const struct names *names, const struct origin *from,
                  int64_t now_s, struct report *r)
{
    unsigned faults = r->faults;

    check_key(p, from, r);
    check_digests(p, from, r);
    check_use(p->chain[0], from, r);
    check_names(p->chain[0], names, from, r);
    check_dates(p->chain[0], from, now_s, r);
    check_issuers(p, from, now_s, r);
    if (r->faults == faults)
        check_chain(p, from, now_s, r);
    ERR_clear_error();
    return r->faults > faults ? -EINVAL : 0;
}

bool validate_under_ca(X509 *leaf, X509 *ca, const struct names *names, int64_t now_s)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = store && ctx && X509_STORE_add_cert(store, ca) == 1 &&
              X509_STORE_CTX_init(ctx, store, leaf, NULL) == 1;

    if (ok) {
        X509_STORE_CTX_set_time(ctx, 0, (time_t) now_s);
        X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
        ok = X509_verify_cert(ctx) == 1;
    }
    for (size_t i = 0; ok && i < names->n; i++)
        ok = name_is_covered(&names->list[i], leaf);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
    return ok;
}
