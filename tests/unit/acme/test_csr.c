#include "acme/csr.h"

#include "ca_kit.h"

static void keys_of_each_type(void **state)
{
    static const struct {
        const char *name, *is;
    } types[N_ACME_KEY_TYPES] = {
        [ACME_KEY_P256] = {"p256", "P-256"},
        [ACME_KEY_P384] = {"p384", "P-384"},
        [ACME_KEY_RSA2048] = {"rsa2048", "RSA 2048"},
        [ACME_KEY_RSA4096] = {"rsa4096", "RSA 4096"},
    };

    (void) state;
    for (enum acme_key_type i = 0; i < N_ACME_KEY_TYPES; i++) {
        EVP_PKEY *key = acme_key_new(i);
        char text[KEY_TEXT_MAX];

        assert_string_equal(acme_key_names[i], types[i].name);
        assert_string_equal(key_describe(key, text), types[i].is);
        assert_true(key_is_usable(key));
        EVP_PKEY_free(key);
    }
    assert_null(acme_key_names[N_ACME_KEY_TYPES]);
}

static X509_REQ *request_for(EVP_PKEY *key, const struct acme_ids *ids)
{
    const uint8_t *p;
    X509_REQ *req;
    uint8_t *der;
    size_t len;

    assert_int_equal(acme_csr(key, ids, &der, &len), 0);
    p = der;
    req = d2i_X509_REQ(NULL, &p, (long) len);
    assert_non_null(req);
    assert_ptr_equal(p, der + len);
    free(der);
    return req;
}

static void requests_have_names_alone(void **state)
{
    struct acme_ids ids = IDS("video.example.org", "*.example.org", "192.0.2.1", "2001:db8::1");
    EVP_PKEY *key = acme_key_new(ACME_KEY_P256), *inside;
    X509_REQ *req = request_for(key, &ids);
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(req);
    X509_EXTENSION *e;
    ASN1_OCTET_STRING *data;
    /* RFC 5280 section 4.2.1.6: dNSName is [2], iPAddress [7] */
    static const uint8_t san[] = "\x30\x3a"
                                 "\x82\x11video.example.org"
                                 "\x82\x0d*.example.org"
                                 "\x87\x04\xc0\x00\x02\x01"
                                 "\x87\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";

    (void) state;
    assert_int_equal(X509_REQ_get_version(req), X509_REQ_VERSION_1);
    assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(req)), 0);
    inside = X509_REQ_get0_pubkey(req);
    assert_int_equal(EVP_PKEY_eq(inside, key), 1);
    assert_int_equal(X509_REQ_verify(req, inside), 1);
    assert_int_equal(X509_REQ_get_attr_count(req), 1);
    assert_int_equal(sk_X509_EXTENSION_num(extensions), 1);
    e = sk_X509_EXTENSION_value(extensions, 0);
    assert_int_equal(OBJ_obj2nid(X509_EXTENSION_get_object(e)), NID_subject_alt_name);
    data = X509_EXTENSION_get_data(e);
    assert_int_equal(ASN1_STRING_length(data), sizeof(san) - 1);
    assert_memory_equal(ASN1_STRING_get0_data(data), san, sizeof(san) - 1);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(req);
    EVP_PKEY_free(key);
}

static void requests_with_each_key_verify(void **state)
{
    struct acme_ids ids = IDS("a.org");

    (void) state;
    for (enum acme_key_type i = 0; i < ACME_KEY_RSA4096; i++) {
        EVP_PKEY *key = acme_key_new(i);
        X509_REQ *req = request_for(key, &ids);

        assert_int_equal(X509_REQ_verify(req, key), 1);
        X509_REQ_free(req);
        EVP_PKEY_free(key);
    }
}

static void requests_take_as_many_names_as_there_may_be(void **state)
{
    char texts[ACME_IDS_MAX][32];
    const char *list[ACME_IDS_MAX + 1] = {NULL};
    EVP_PKEY *key = acme_key_new(ACME_KEY_P256);
    struct acme_ids ids;
    X509_REQ *req;
    STACK_OF(X509_EXTENSION) * extensions;
    GENERAL_NAMES *san;

    (void) state;
    for (size_t i = 0; i < ACME_IDS_MAX; i++) {
        snprintf(texts[i], sizeof(texts[i]), "n%zu.example.org", i);
        list[i] = texts[i];
    }
    ids = kit_ids(list);
    req = request_for(key, &ids);
    extensions = X509_REQ_get_extensions(req);
    san = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(san), ACME_IDS_MAX);
    GENERAL_NAMES_free(san);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(req);
    EVP_PKEY_free(key);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_each_type),
        cmocka_unit_test(requests_have_names_alone),
        cmocka_unit_test(requests_with_each_key_verify),
        cmocka_unit_test(requests_take_as_many_names_as_there_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
