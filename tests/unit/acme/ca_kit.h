/* A CA for the tests of certs/acme: certificates of any shape. */
#pragma once

#include "acme/ids.h"
#include "certs/fill.h"
#include "certs/key.h"
#include "certs/pem.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KIT_BEGIN INT64_C(1790000000)
#define KIT_END INT64_C(1800000000)

static inline struct acme_ids kit_ids(const char *const *list)
{
    struct acme_ids ids;
    const char *bad;

    assert_int_equal(acme_ids_parse(list, &ids, &bad), 0);
    return ids;
}

#define IDS(...) kit_ids((const char *const[]){__VA_ARGS__, NULL})

struct kit_ca {
    EVP_PKEY *key;
    X509 *cert;
};

struct kit_leaf {
    const char *san;        /* "DNS:a.org,IP:192.0.2.1"; NULL: none */
    const char *purpose;    /* extended key usage; NULL: serverAuth */
    int64_t begin_s, end_s; /* 0: the kit's */
};

static inline X509 *kit_begin(const char *cn, const struct kit_ca *issuer, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *subject = X509_get_subject_name(cert);

    assert_true(
        X509_set_version(cert, X509_VERSION_3) && fill_serial(cert) &&
        fill_dates(cert, KIT_BEGIN, KIT_END) && fill_name_part(subject, "CN", cn) &&
        X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer->cert) : subject) &&
        X509_set_pubkey(cert, key));
    return cert;
}

/* A CA's certificate for that key; issuer NULL: self-signed. */
static inline X509 *kit_ca_cert(const char *cn, EVP_PKEY *key, const struct kit_ca *issuer)
{
    X509 *cert = kit_begin(cn, issuer, key);

    assert_true(fill_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE") &&
                fill_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                fill_extension(cert, cert, NID_subject_key_identifier, "hash") &&
                X509_sign(cert, issuer ? issuer->key : key, EVP_sha256()) > 0);
    return cert;
}

static inline struct kit_ca kit_ca(const char *cn, const struct kit_ca *issuer)
{
    struct kit_ca ca = {.key = key_new()};

    ca.cert = kit_ca_cert(cn, ca.key, issuer);
    return ca;
}

static inline void kit_ca_done(struct kit_ca *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->cert);
}

static inline X509 *kit_leaf(EVP_PKEY *key, const struct kit_ca *issuer, struct kit_leaf l)
{
    X509 *cert = kit_begin("leaf", issuer, key);

    if (l.begin_s)
        assert_true(fill_dates(cert, l.begin_s, l.end_s));
    if (l.san)
        assert_true(fill_extension(cert, issuer->cert, NID_subject_alt_name, l.san));
    assert_true(fill_extension(cert, issuer->cert, NID_authority_key_identifier, "keyid:always") &&
                fill_extension(cert, issuer->cert, NID_ext_key_usage,
                               l.purpose ? l.purpose : "serverAuth") &&
                X509_sign(cert, issuer->key, EVP_sha256()) > 0);
    return cert;
}
