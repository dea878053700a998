#include "certs_kit.h"

#include <errno.h>

#define LEAF_LIFE (396 * DAY)

/* The pair as other programs see it: openssl verify, with the CA alone as trusted. */
static void assert_verifies(const struct kit *k, int64_t at, const char *host_option)
{
    assert_int_equal(
        kit_sh(k,
               "openssl verify -x509_strict -attime %lld -purpose sslserver %s -CAfile "
               "store/live/ca.crt store/live/fullchain.pem",
               (long long) at, host_option),
        0);
    assert_int_equal(kit_sh(k, "openssl x509 -in store/live/fullchain.pem -noout -pubkey >a && "
                               "openssl pkey -in store/live/privkey.pem -pubout >b && cmp a b"),
                     0);
}

static void assert_text(const struct kit *k, const char *file, const char *pattern)
{
    if (kit_sh(k, "openssl x509 -in %s -noout -text | tr -s ' \\n' ' ' | grep -qE '%s'", file,
               pattern) != 0) {
        kit_sh(k, "openssl x509 -in %s -noout -text; false", file);
        fail_msg("%s does not show %s", file, pattern);
    }
}

static mode_t mode_of(const struct kit *k, const char *name)
{
    char path[256];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", k->store, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_first(void **state)
{
    struct kit *k = *state;
    struct certs_info i;

    assert_int_equal(certs_describe(k->store, &i), -ENOENT);
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    assert_told(k, "- A local CA signs");
    assert_told(k, "visavis cert trust");
    assert_verifies(k, NOW, "-verify_hostname video.example.org");
    assert_text(k, "store/live/fullchain.pem", "ASN1 OID: prime256v1");
    assert_text(k, "store/live/fullchain.pem", "Subject Alternative Name: DNS:video.example.org ");
    assert_text(k, "store/live/fullchain.pem", "Extended Key Usage: TLS Web Server Auth[a-z]* ");
    assert_text(k, "store/live/fullchain.pem", "Key Usage: critical Digital Signature ");
    assert_text(k, "store/live/fullchain.pem", "Authority Key Identifier");
    assert_text(k, "store/live/fullchain.pem", "Constraints: critical CA:FALSE");
    assert_text(k, "store/live/ca.crt", "CA:TRUE, pathlen:0 ");
    assert_text(k, "store/live/ca.crt", "Name Constraints: critical Permitted: DNS:video.exam");
    assert_text(k, "store/live/ca.crt", "Excluded: IP:0.0.0.0/0.0.0.0 IP:0:0:0:0:0:0:0:0/0:0");
    assert_text(k, "store/live/ca.crt", "Certificate Sign, CRL Sign ");
    assert_int_equal(mode_of(k, "live/privkey.pem"), 0640);
    assert_int_equal(mode_of(k, "live/fullchain.pem"), 0644);
    assert_int_equal(mode_of(k, "live/ca.crt"), 0644);
    assert_int_equal(mode_of(k, "ca"), 0700);
    assert_int_equal(mode_of(k, "ca/1/ca.key"), 0600);

    i = kit_live(k);
    assert_true(i.is_ours);
    assert_string_equal(i.key, "P-256");
    assert_string_equal(i.names[0], "video.example.org");
    assert_null(i.names[1]);
    assert_int_equal(strlen(i.serial), 32);
    assert_int_equal(strlen(i.fingerprint), 95);
    assert_non_null(strstr(i.ca_subject, "CN=Visavis CA "));
    assert_string_equal(i.issuer, i.ca_subject);
    assert_true(i.not_before_s < NOW && i.not_before_s >= NOW - 2 * DAY);
    assert_int_equal(i.not_after_s - i.not_before_s, LEAF_LIFE);
    assert_int_equal(i.ca_not_after_s - i.ca_not_before_s, 3650 * DAY);
    certs_info_done(&i);
}

static void test_kinds_of_names(void **state)
{
    static const struct {
        const char *names[4], *options;
    } cases[] = {
        {{"203.0.113.5"}, "-verify_ip 203.0.113.5"},
        {{"2001:db8::5"}, "-verify_ip 2001:db8::5"},
        {{"localhost"}, "-verify_hostname localhost"},
        {{"kiosk"}, "-verify_hostname kiosk"},
        {{"Video.Example.org.", "www.video.example.org", "192.0.2.1", "2001:db8::5"},
         "-verify_hostname www.video.example.org -verify_ip 192.0.2.1"},
        {{"xn--bcher-kva.example"}, "-verify_hostname xn--bcher-kva.example"},
    };
    struct kit *k = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(k->wanted.names, cases[i].names, sizeof(cases[i].names));
        assert_int_equal(kit_ensure(k, NOW), 0);
        assert_true(k->changed);
        assert_verifies(k, NOW, cases[i].options);
        assert_int_equal(kit_ensure(k, NOW), 0);
        assert_false(k->changed);
    }
}

static void test_names_refused(void **state)
{
    static const char *const bad[] = {"",          "a b",           "a..b",    ".a",
                                      "a/b",       "exa\nmple.org", "*.a.org", "https://a.org",
                                      "a.org:443", "\xc3\xa4.org"};
    struct kit *k = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        k->wanted.names[0] = bad[i];
        assert_int_equal(kit_ensure(k, NOW), -EBADMSG);
        assert_told(k, "DOMAIN_OR_PUBLIC_IP");
    }
    k->wanted.names[0] = NULL;
    assert_int_equal(kit_ensure(k, NOW), -EBADMSG);
}

/* What the constraints are for: this CA cannot speak for others. */
static void test_constraints_hold(void **state)
{
    struct kit *k = *state;

    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_int_equal(
        kit_sh(k, "openssl req -new -newkey rsa:2048 -nodes -keyout k -out r -subj /CN=x && "
                  "for n in DNS:bank.example.com IP:203.0.113.5 DNS:deep.video.example.org; do "
                  "echo subjectAltName=$n >e; openssl x509 -req -in r -CA store/live/ca.crt "
                  "-CAkey store/ca/1/ca.key -extfile e -days 30 -out $n.crt; done"),
        0);
    for (const char *const *p = (const char *const[]){"DNS:bank*", "IP:*", NULL}; *p; p++)
        assert_int_equal(kit_sh(k,
                                "openssl verify -no_check_time -CAfile store/live/ca.crt %s 2>&1 | "
                                "grep -E 'permitted subtree violation|excluded subtree violation'",
                                *p),
                         0);
    assert_int_equal(kit_sh(k, "openssl verify -no_check_time -CAfile store/live/ca.crt DNS:deep*"),
                     0);
}

static void test_renewal(void **state)
{
    struct kit *k = *state;
    struct certs_info first, later;

    assert_int_equal(kit_ensure(k, NOW), 0);
    first = kit_live(k);
    assert_int_equal(kit_ensure(k, first.not_before_s + LEAF_LIFE / 3 * 2 - 1), 0);
    assert_false(k->changed);
    assert_string_equal(k->told, "");
    assert_int_equal(kit_ensure(k, first.not_before_s + LEAF_LIFE / 3 * 2), 0);
    assert_true(k->changed);
    later = kit_live(k);
    assert_string_not_equal(first.serial, later.serial);
    assert_string_equal(first.ca_fingerprint, later.ca_fingerprint);
    assert_not_told(k, "CA");
    certs_info_done(&later);

    k->wanted.force = true;
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    certs_info_done(&first);
}

static void test_the_ca_ends(void **state)
{
    struct kit *k = *state;
    struct certs_info first, i;
    int64_t end;

    assert_int_equal(kit_ensure(k, NOW), 0);
    first = kit_live(k);
    end = first.ca_not_after_s;
    /* a leaf never outlives its CA */
    assert_int_equal(kit_ensure(k, end - LEAF_LIFE - DAY), 0);
    i = kit_live(k);
    assert_string_equal(i.ca_fingerprint, first.ca_fingerprint);
    assert_true(i.not_after_s <= end);
    certs_info_done(&i);
    assert_int_equal(kit_ensure(k, end - DAY), 0);
    assert_told(k, "! ANOTHER LOCAL CA");
    assert_told(k, "visavis cert trust");
    i = kit_live(k);
    assert_string_not_equal(i.ca_fingerprint, first.ca_fingerprint);
    certs_info_done(&i);
    certs_info_done(&first);
}

static void test_other_names(void **state)
{
    struct kit *k = *state;
    struct certs_info first, i;

    k->wanted.names[1] = "192.0.2.1";
    assert_int_equal(kit_ensure(k, NOW), 0);
    first = kit_live(k);

    /* fewer, and below: the CA may */
    k->wanted.names[0] = "new.video.example.org";
    k->wanted.names[1] = NULL;
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    assert_not_told(k, "CA");
    i = kit_live(k);
    assert_string_equal(i.ca_fingerprint, first.ca_fingerprint);
    certs_info_done(&i);

    k->wanted.names[0] = "other.example.com";
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_told(k, "! ANOTHER LOCAL CA");
    assert_told(k, "other.example.com");
    i = kit_live(k);
    assert_string_not_equal(i.ca_fingerprint, first.ca_fingerprint);
    certs_info_done(&i);

    /* back again: the CA that many trust already was kept */
    k->wanted.names[0] = "video.example.org";
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_told(k, "! ANOTHER LOCAL CA");
    i = kit_live(k);
    assert_string_equal(i.ca_fingerprint, first.ca_fingerprint);
    certs_info_done(&i);
    certs_info_done(&first);
}

/* Addresses of interfaces come and go; the CA stays, whoever trusts it need not be asked. */
static void test_addresses_come_and_go(void **state)
{
    struct kit *k = *state;
    struct certs_info first, i;

    k->wanted.names[1] = "localhost";
    k->wanted.names[2] = "192.0.2.1";
    k->wanted.names[3] = "192.0.2.2";
    assert_int_equal(kit_ensure(k, NOW), 0);
    first = kit_live(k);
    assert_true(certs_covers(&first, "192.0.2.2"));

    k->wanted.names[2] = "198.51.100.7";
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    assert_told(k, "- The certificate is not for 198.51.100.7");
    assert_not_told(k, "!");
    i = kit_live(k);
    assert_string_equal(i.ca_fingerprint, first.ca_fingerprint);
    assert_true(certs_covers(&i, "192.0.2.2"));
    assert_false(certs_covers(&i, "192.0.2.1"));
    certs_info_done(&i);
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_false(k->changed);

    k->wanted.force_ca = true;
    assert_int_equal(kit_ensure(k, NOW), 0);
    k->wanted.force_ca = false;
    assert_told(k, "! ANOTHER LOCAL CA");
    i = kit_live(k);
    assert_string_not_equal(i.ca_fingerprint, first.ca_fingerprint);
    assert_true(certs_covers(&i, "198.51.100.7"));
    certs_info_done(&i);
    assert_verifies(k, NOW, "-verify_ip 198.51.100.7 -verify_hostname localhost");

    /* the first is not such an address */
    k->wanted.names[0] = "203.0.113.77";
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_told(k, "! ANOTHER LOCAL CA");
    certs_info_done(&first);
}

static void test_clock_goes_back(void **state)
{
    struct kit *k = *state;
    struct certs_info first, i;

    assert_int_equal(kit_ensure(k, NOW), 0);
    first = kit_live(k);
    for (int run = 0; run < 3; run++) {
        assert_int_equal(kit_ensure(k, run * 300 * DAY), 0);
        assert_false(k->changed);
        assert_told(k, "! The certificate being served is valid from");
        assert_told(k, "timedatectl");
    }
    k->wanted.force = true;
    assert_int_equal(kit_ensure(k, NOW - 5 * DAY), 0);
    assert_true(k->changed);
    i = kit_live(k);
    assert_true(i.not_before_s < NOW - 5 * DAY);
    certs_info_done(&i);
    certs_info_done(&first);
}

/* A machine whose clock was never set. */
static void test_clock_of_1970(void **state)
{
    struct kit *k = *state;
    struct certs_info i;

    assert_int_equal(kit_ensure(k, 100), 0);
    assert_told(k, "! This machine's clock says 1970-01-01");
    i = kit_live(k);
    assert_true(i.not_before_s > NOW - 800 * DAY);
    certs_info_done(&i);
}

static void test_damage(void **state)
{
    static const char *const wounds[] = {
        "rm store/live",
        "rm store/live/privkey.pem",
        "echo >store/live/fullchain.pem",
        "openssl genpkey -algorithm RSA -out store/live/privkey.pem",
        "rm store/live/ca.crt",
        "rm -r store/pairs",
        "ln -sfn / store/live",
        "ln -sfn pairs/99 store/live",
        "rm -r store/ca; rm store/live",
        "for f in store/ca/*/ca.key; do echo >$f; done; rm store/live",
        "rm store/ca-live; rm store/live",
        "mkdir -p store/pairs/new/x store/ca/new; rm store/live",
        "touch store/pairs/abc store/pairs/000 store/pairs/99999999999999; rm store/live",
    };
    struct kit *k = *state;

    for (size_t i = 0; i < sizeof(wounds) / sizeof(wounds[0]); i++) {
        assert_int_equal(kit_ensure(k, NOW), 0);
        assert_int_equal(kit_sh(k, "%s", wounds[i]), 0);
        assert_int_equal(kit_ensure(k, NOW), 0);
        assert_true(k->changed);
        assert_verifies(k, NOW, "-verify_hostname video.example.org");
        assert_int_equal(kit_ensure(k, NOW), 0);
        assert_false(k->changed);
    }
}

static void test_only_two_are_kept(void **state)
{
    struct kit *k = *state;

    k->wanted.force = true;
    for (int i = 0; i < 5; i++)
        assert_int_equal(kit_ensure(k, NOW), 0);
    assert_int_equal(kit_sh(k, "test \"$(ls store/pairs | tr '\\n' ' ')\" = '4 5 ' && "
                               "test \"$(readlink store/live)\" = pairs/5 && "
                               "test \"$(ls store/ca)\" = 1"),
                     0);
}

static void test_store_in_the_way(void **state)
{
    struct kit *k = *state;

    assert_int_equal(kit_sh(k, "touch store"), 0);
    assert_true(kit_ensure(k, NOW) < 0);
    assert_told(k, "! The certificate store");
    assert_int_equal(kit_sh(k, "rm store && mkdir -p store/live"), 0);
    assert_true(kit_ensure(k, NOW) < 0);
    assert_told(k, "! No self-signed certificate could be made");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_kinds_of_names, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_names_refused, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_constraints_hold, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_renewal, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_the_ca_ends, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_other_names, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_addresses_come_and_go, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_clock_goes_back, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_clock_of_1970, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_damage, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_only_two_are_kept, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_store_in_the_way, kit_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
