#include "acme/ari.h"

#include "ca_kit.h"

#include <errno.h>
#include <string.h>

/* RFC 9773 appendix A. */
static const char rfc_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt\n"
    "cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS\n"
    "BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu\n"
    "7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf\n"
    "qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B\n"
    "yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb\n"
    "+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK\n"
    "-----END CERTIFICATE-----\n";

static void knows_the_rfc(void **state)
{
    struct pem_certs certs;
    char id[ACME_ARI_ID_SIZE];

    (void) state;
    assert_int_equal(pem_read_certs(bytes_str(rfc_certificate), &certs), PEM_OK);
    assert_int_equal(acme_ari_id(certs.list[0], id), 0);
    assert_string_equal(id, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
    pem_certs_done(&certs);
}

static X509 *with_serial(const struct kit_ca *ca, const uint8_t *serial, size_t len)
{
    X509 *cert = kit_leaf(ca->key, ca, (struct kit_leaf){.san = "DNS:a.org"});
    BIGNUM *n = BN_bin2bn(serial, (int) len, NULL);

    assert_non_null(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)));
    BN_free(n);
    return cert;
}

/* The bytes of the INTEGER, so that a number whose first bit is set begins with a zero. */
static void serials_are_as_in_der(void **state)
{
    static const struct {
        const char *serial, *text;
        size_t len;
    } cases[] = {{"\x01", "AQ", 1}, {"\x7f", "fw", 1}, {"\x80", "AIA", 1}, {"\x80\x00", "AIAA", 2}};
    struct kit_ca ca = kit_ca("CA", NULL);

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        X509 *cert = with_serial(&ca, (const uint8_t *) cases[i].serial, cases[i].len);
        char id[ACME_ARI_ID_SIZE];

        assert_int_equal(acme_ari_id(cert, id), 0);
        assert_string_equal(strchr(id, '.') + 1, cases[i].text);
        X509_free(cert);
    }
    kit_ca_done(&ca);
}

static void has_errors(void **state)
{
    struct kit_ca ca = kit_ca("CA", NULL);
    uint8_t serial[180];
    char id[ACME_ARI_ID_SIZE] = "untouched";
    X509 *cert;

    (void) state;
    assert_int_equal(acme_ari_id(ca.cert, id), -ENOENT);
    memset(serial, 0x55, sizeof(serial));
    cert = with_serial(&ca, serial, sizeof(serial));
    assert_int_equal(acme_ari_id(cert, id), -ENOSPC);
    assert_string_equal(id, "untouched");
    X509_free(cert);
    cert = with_serial(&ca, serial, 170); /* lengths of more than one byte */
    assert_int_equal(acme_ari_id(cert, id), 0);
    assert_int_equal(strncmp(strchr(id, '.') + 1, "VVVV", 4), 0);
    assert_int_equal(strlen(id), 27 + 1 + 227);
    X509_free(cert);
    kit_ca_done(&ca);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_rfc),
        cmocka_unit_test(serials_are_as_in_der),
        cmocka_unit_test(has_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
