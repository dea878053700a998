#include "acme/alpn.h"

#include "ca_kit.h"

#include <errno.h>
#include <string.h>

#define AUTHORIZATION "token.thumbprint"

/* acmeIdentifier of that: an OCTET STRING with its SHA-256 */
#define VALUE                                                                                      \
    "04:20:"                                                                                       \
    "eb:5a:c1:67:fe:24:9c:76:e5:3b:43:0d:a3:11:6c:5d:"                                             \
    "9f:de:4c:55:07:ba:6d:01:e8:85:51:6e:1b:d4:9f:92"

static struct acme_id id_of(const char *text)
{
    struct acme_id id;

    assert_int_equal(acme_id_parse(text, &id), 0);
    return id;
}

static X509 *certificate_for(const char *text, EVP_PKEY **ret_key)
{
    struct acme_id id = id_of(text);
    X509 *cert;

    assert_int_equal(acme_alpn_certificate(&id, AUTHORIZATION, &cert, ret_key), 0);
    return cert;
}

static void assert_extension(const X509 *cert, const char *oid, bool is_critical, const void *der,
                             size_t len)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    int at = X509_get_ext_by_OBJ(cert, object, -1);
    X509_EXTENSION *e = X509_get_ext(cert, at);
    ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(e);

    assert_int_equal(X509_EXTENSION_get_critical(e), is_critical);
    assert_int_equal(ASN1_STRING_length(data), len);
    assert_memory_equal(ASN1_STRING_get0_data(data), der, len);
    assert_int_equal(X509_get_ext_by_OBJ(cert, object, at), -1);
    ASN1_OBJECT_free(object);
}

/* RFC 8737 section 3. */
static void certificates_are_as_the_rfc_wants(void **state)
{
    static const uint8_t value[] =
        "\x04\x20"
        "\xeb\x5a\xc1\x67\xfe\x24\x9c\x76\xe5\x3b\x43\x0d\xa3\x11\x6c\x5d"
        "\x9f\xde\x4c\x55\x07\xba\x6d\x01\xe8\x85\x51\x6e\x1b\xd4\x9f\x92";
    EVP_PKEY *key;
    X509 *cert = certificate_for("video.example.org", &key);
    time_t year_2000 = 946684800 + 1, year_9000 = INT64_C(221845392000);

    (void) state;
    assert_extension(cert, "1.3.6.1.5.5.7.1.31", true, value, sizeof(value) - 1);
    assert_extension(cert, "2.5.29.17", false, "\x30\x13\x82\x11video.example.org", 21);
    assert_int_equal(X509_get_ext_count(cert), 2);
    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    assert_int_equal(X509_self_signed(cert, 1), 1);
    assert_int_equal(X509_check_private_key(cert, key), 1);
    assert_int_equal(X509_cmp_time(X509_get0_notBefore(cert), &year_2000), -1);
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(cert), &year_9000), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* RFC 8738 section 6: an iPAddress. */
static void certificates_for_addresses(void **state)
{
    EVP_PKEY *key;
    X509 *cert = certificate_for("192.0.2.1", &key);

    (void) state;
    assert_extension(cert, "2.5.29.17", false, "\x30\x06\x87\x04\xc0\x00\x02\x01", 8);
    X509_free(cert);
    EVP_PKEY_free(key);
    cert = certificate_for("2001:db8::1", &key);
    assert_extension(cert, "2.5.29.17", false,
                     "\x30\x12\x87\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 20);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void none_for_a_wildcard(void **state)
{
    struct acme_id id = id_of("*.example.org");
    EVP_PKEY *key;
    X509 *cert;

    (void) state;
    assert_int_equal(acme_alpn_certificate(&id, AUTHORIZATION, &cert, &key), -EINVAL);
}

static void names_to_ask_for(void **state)
{
    static const struct {
        const char *id, *name;
    } cases[] = {
        {"video.example.org", "video.example.org"},
        {"192.0.2.45", "45.2.0.192.in-addr.arpa"},
        {"2001:db8::567:89ab", /* RFC 8738 section 6 refers to RFC 3596 section 2.5 */
         "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct acme_id id = id_of(cases[i].id);
        char name[NAME_TEXT_MAX];

        assert_ptr_equal(acme_alpn_name(&id, name), name);
        assert_string_equal(name, cases[i].name);
    }
}

static void proofs_are_for_one_identifier_and_key(void **state)
{
    static const char *const names[] = {"video.example.org", "192.0.2.1", "2001:db8::1"};

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key;
        X509 *cert = certificate_for(names[i], &key);

        for (size_t k = 0; k < 3; k++) {
            struct acme_id id = id_of(names[k]);

            assert_int_equal(acme_alpn_proves(cert, &id, AUTHORIZATION), i == k);
            assert_false(acme_alpn_proves(cert, &id, "token.other"));
        }
        X509_free(cert);
        EVP_PKEY_free(key);
    }
}

/* What a server serves that does not know of tls-alpn-01, or nearly does. */
static void other_certificates_prove_nothing(void **state)
{
    static const char good[] = "critical,DER:" VALUE;
    static const struct {
        const char *san, *extension;
        bool proves;
    } cases[] = {
        {"DNS:a.org", "critical,DER:" VALUE, true},
        {"DNS:a.org", "DER:" VALUE, false},                /* not critical */
        {"DNS:a.org", "critical,DER:" VALUE ":00", false}, /* bytes behind it */
        {"DNS:a.org", "critical,DER:04:00", false},
        {"DNS:a.org", NULL, false},
        {"DNS:a.org,DNS:b.org", "critical,DER:" VALUE, false},
        {"DNS:b.org", "critical,DER:" VALUE, false},
        {NULL, "critical,DER:" VALUE, false},
    };
    struct acme_id id = id_of("a.org");
    struct kit_ca ca = kit_ca("CA", NULL);
    int nid = OBJ_create("1.3.6.1.5.5.7.1.31", "acmeIdentifier", "ACME Identifier");
    X509 *twice;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        X509 *cert = kit_leaf(ca.key, &ca, (struct kit_leaf){.san = cases[i].san});

        if (cases[i].extension)
            assert_true(fill_extension(cert, NULL, nid, cases[i].extension));
        assert_int_equal(acme_alpn_proves(cert, &id, AUTHORIZATION), cases[i].proves);
        X509_free(cert);
    }
    twice = kit_leaf(ca.key, &ca, (struct kit_leaf){.san = "DNS:a.org"});
    assert_true(fill_extension(twice, NULL, nid, good) && fill_extension(twice, NULL, nid, good));
    assert_false(acme_alpn_proves(twice, &id, AUTHORIZATION));
    X509_free(twice);
    kit_ca_done(&ca);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_as_the_rfc_wants),
        cmocka_unit_test(certificates_for_addresses),
        cmocka_unit_test(none_for_a_wildcard),
        cmocka_unit_test(names_to_ask_for),
        cmocka_unit_test(proofs_are_for_one_identifier_and_key),
        cmocka_unit_test(other_certificates_prove_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
