#include "certs_pki.h"

#include <errno.h>

static int own_setup(void **state)
{
    int r = kit_setup(state);
    struct kit *k = *state;

    if (r == 0)
        k->wanted.type = CERTS_OWNCERT;
    return r;
}

static void test_taken_over(void **state)
{
    struct kit *k = *state;
    struct certs_info i;

    make_own(k, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    assert_told(k, "is served from now on");
    assert_told(k, "! The chain in"); /* of an unknown CA; a warning alone */
    assert_is_served(k, "leaf.crt");
    assert_int_equal(kit_sh(k, "test ! -e store/live/ca.crt && "
                               "test \"$(stat -c %%a store/live/privkey.pem)\" = 640 && "
                               "test $(grep -c BEGIN store/live/fullchain.pem) = 2"),
                     0);
    i = kit_live(k);
    assert_false(i.is_ours);
    assert_string_equal(i.subject, "CN=video.example.org");
    assert_string_equal(i.issuer, "CN=Test mid");
    assert_string_equal(i.ca_subject, "");
    certs_info_done(&i);

    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_false(k->changed);
    assert_string_equal(k->told, "");

    make_own(k, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    assert_is_served(k, "leaf.crt");
}

static void test_forms_that_are_fine(void **state)
{
    static const struct {
        const char *variables, *change;
    } cases[] = {
        {"", "sed -i 's/$/\\r/' own/*"},
        {"", "sed -i '1s/^/\\xef\\xbb\\xbf/' own/*"},
        {"", "openssl x509 -in leaf.crt -text >own/certificate.cert; cat mid.crt root.crt "
             ">>own/certificate.cert"},
        {"", "openssl ec -in leaf.key -out own/certificate.key"},
        {"", "{ openssl ecparam -name prime256v1; cat leaf.key; } >own/certificate.key"},
        {"KEY='RSA -pkeyopt rsa_keygen_bits:2048'", "openssl rsa -traditional -in leaf.key -out "
                                                    "own/certificate.key"},
        {"KEY='EC -pkeyopt ec_paramgen_curve:P-384'", ":"},
        {"SAN='DNS:*.example.org'", ":"},
        {"SAN='DNS:a.org,IP:192.0.2.1,DNS:video.example.org'", ":"},
        {"EXT='extendedKeyUsage=serverAuth,clientAuth'", ":"},
        {"", "openssl x509 -in leaf.crt -trustout >own/certificate.cert"},
        {"", "mv own/certificate.cert x; ln -s ../x own/certificate.cert"},
    };
    struct kit *k = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_own(k, cases[i].variables);
        assert_int_equal(kit_sh(k, "%s", cases[i].change), 0);
        if (kit_ensure(k, NOW) != 0)
            fail_msg("case %zu: %s", i, k->told);
        assert_true(k->changed);
        assert_is_served(k, "leaf.crt");
    }
}

/* Served, with something to mend. */
static void test_warnings(void **state)
{
    static const struct {
        const char *variables, *change, *told;
    } cases[] = {
        {"", "cat mid.crt leaf.crt >own/certificate.cert", "not in order"},
        {"",
         "openssl req -x509 -newkey rsa:2048 -nodes -keyout x -subj /CN=x -days 9 "
         ">>own/certificate.cert",
         "1 of the 3 certificates"},
        {"", "chmod 644 own/certificate.key", "chmod 600"},
        {"", "cat leaf.crt >own/certificate.cert", "'CN=Test mid'"},
        {"EXT='authorityInfoAccess=caIssuers;URI:http://ca.example/mid.der'",
         "cat leaf.crt >own/certificate.cert",
         "`curl -s http://ca.example/mid.der | openssl x509 -inform der >>"},
        {"EXT='authorityInfoAccess=caIssuers;URI:http://ca.example/|reboot'",
         "cat leaf.crt >own/certificate.cert", "`cat INTERMEDIATE.cert"},
        {"END=20310101000000Z", ":", "Apple"},
    };
    struct kit *k = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_own(k, cases[i].variables);
        assert_int_equal(kit_sh(k, "%s", cases[i].change), 0);
        if (kit_ensure(k, NOW) != 0)
            fail_msg("case %zu: %s", i, k->told);
        assert_told(k, cases[i].told);
        assert_not_told(k, "reboot");
        assert_is_served(k, "leaf.crt");
        assert_int_equal(kit_ensure(k, NOW), 0);
        assert_string_equal(k->told, "");
    }
}

/* Refused; what was served stays. */
static void test_faults(void **state)
{
    static const struct {
        const char *variables, *change, *told;
    } cases[] = {
        {"", "rm own/certificate.key", "There is no"},
        {"", "rm own/certificate.cert", "visavis cert import CERT KEY"},
        {"", "rm own/certificate.cert; mkdir own/certificate.cert", "Is a directory"},
        {"", ": >own/certificate.cert", "is empty"},
        {"", ": >own/certificate.key", "is empty"},
        {"", "echo hello >own/certificate.cert", "is no certificate"},
        {"", "echo hello >own/certificate.key", "is no private key"},
        {"", "head -c 300000 /dev/zero >own/certificate.cert", "larger than"},
        {"", "openssl x509 -in leaf.crt -outform der -out own/certificate.cert",
         "openssl x509 -inform der"},
        {"", "openssl pkey -in leaf.key -outform der -out own/certificate.key",
         "openssl pkey -inform der"},
        {"",
         "openssl pkcs12 -export -in leaf.crt -inkey leaf.key -passout pass:x -out "
         "own/certificate.cert",
         "visavis cert import"},
        {"",
         "openssl pkcs12 -export -in leaf.crt -inkey leaf.key -passout pass:x -out "
         "own/certificate.key",
         "visavis cert import"},
        {"", "openssl pkey -in leaf.key -aes256 -passout pass:x -out own/certificate.key",
         "is encrypted with a password"},
        {"", "openssl ec -in leaf.key -aes256 -passout pass:x -out own/certificate.key",
         "is encrypted with a password"},
        {"", "cp leaf.key own/certificate.cert", "no certificate but 'PRIVATE KEY'"},
        {"", "cp leaf.crt own/certificate.key", "no private key but 'CERTIFICATE'"},
        {"", "cp leaf.csr own/certificate.cert", "'CERTIFICATE REQUEST'"},
        {"", "openssl crl2pkcs7 -nocrl -certfile leaf.crt -out own/certificate.cert", "'PKCS7'"},
        {"", "openssl genpkey -algorithm RSA -out own/certificate.key", "do not belong together"},
        {"", "sed -i 5d own/certificate.cert", "is damaged: block number 1"},
        {"", "sed -i '/END/d' own/certificate.cert", "is damaged"},
        {"", "sed -i 2d own/certificate.key", "is damaged"},
        {"SAN=DNS:other.example.org", ":", "is not for video.example.org but for: other.example"},
        {"SAN='DNS:*.video.example.org'", ":", "is not for video.example.org"},
        {"SAN='DNS:vid*.example.org'", ":", "is not for video.example.org"},
        {"SAN='DNS:*.org'", ":", "is not for video.example.org"},
        {"SAN=IP:192.0.2.1", ":", "192.0.2.1"},
        {"SAN=email:a@example.org", ":", "no subjectAltName"},
        {"END=20270102000000Z", ":", "expired on 2027-01-02"},
        {"KEY='RSA -pkeyopt rsa_keygen_bits:1024'", ":", "kind 'RSA 1024'"},
        {"KEY='EC -pkeyopt ec_paramgen_curve:secp256k1'", ":", "kind 'EC secp256k1'"},
        {"KEY=ED25519", ":", "kind 'ED25519'"},
        {"MD=sha1", ":", "signed with SHA1"},
        {"EXT=extendedKeyUsage=clientAuth", ":", "serverAuth"},
        {"EXT=keyUsage=keyAgreement", ":", "digitalSignature"},
        {"", "cp mid.key own/certificate.key; cp mid.crt own/certificate.cert",
         "certificate of a CA"},
        {"", "for i in 1 2 3 4 5 6 7 8 9; do cat mid.crt leaf.crt; done >own/certificate.cert",
         "more than 16"},
    };
    struct kit *k = *state;

    make_own(k, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_int_equal(kit_sh(k, "cp leaf.crt first.crt"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_own(k, cases[i].variables);
        assert_int_equal(kit_sh(k, "%s", cases[i].change), 0);
        if (kit_ensure(k, NOW) != -EINVAL)
            fail_msg("case %zu: %s", i, k->told);
        assert_false(k->changed);
        assert_told(k, cases[i].told);
        assert_told(k, "! The certificate that was served before stays");
        assert_is_served(k, "first.crt");
        assert_int_equal(kit_sh(k, "rm -rf own/*"), 0);
    }
}

static void test_clock_before_it(void **state)
{
    struct kit *k = *state;

    make_own(k, "");
    assert_int_equal(kit_ensure(k, NOW - 300 * DAY), -EINVAL);
    assert_told(k, "valid from 2027-01-01 only");
    assert_told(k, "timedatectl");
}

/* With none to stay, a self-signed one bridges the time, and is looked after. */
static void test_bridge(void **state)
{
    struct kit *k = *state;
    struct certs_info i;

    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    assert_true(k->changed);
    assert_told(k, "certificate.cert");
    assert_told(k, "certificate.key");
    assert_told(k, "! A self-signed certificate is served until then");
    i = kit_live(k);
    assert_true(i.is_ours);
    assert_string_equal(i.names[0], "video.example.org");
    certs_info_done(&i);

    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    assert_false(k->changed);
    assert_told(k, "! The self-signed certificate stays");
    assert_int_equal(kit_ensure(k, NOW + 390 * DAY), -EINVAL);
    assert_true(k->changed);

    make_own(k, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_is_served(k, "leaf.crt");

    k->wanted.type = CERTS_SELFSIGNED;
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    i = kit_live(k);
    assert_true(i.is_ours);
    certs_info_done(&i);
}

/* The one in service expires while its files stay: it stays, and is complained about each time. */
static void test_expires_in_service(void **state)
{
    struct kit *k = *state;

    make_own(k, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kit_ensure(k, NOW + 200 * DAY), -EINVAL);
        assert_told(k, "expired on 2027-06-01");
        assert_false(k->changed);
        assert_is_served(k, "leaf.crt");
    }
}

static void test_more_names(void **state)
{
    struct kit *k = *state;

    k->wanted.names[1] = "www.video.example.org";
    make_own(k, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_told(k, "! ");
    assert_told(k, "is not for www.video.example.org, which");
    make_own(k, "SAN=IP:192.0.2.1");
    k->wanted.names[0] = "192.0.2.1";
    k->wanted.names[1] = NULL;
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_is_served(k, "leaf.crt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_taken_over, own_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_forms_that_are_fine, own_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_warnings, own_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_faults, own_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_clock_before_it, own_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_bridge, own_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_expires_in_service, own_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_more_names, own_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
