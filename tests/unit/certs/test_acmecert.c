#include "certs_pki.h"

#include "certs/life.h"

#include <errno.h>

/* The set's pairs are put there as the library in certs/acme/ does it. */
static void put_in_set(struct kit *k, int number, const char *variables)
{
    make_own(k, variables);
    assert_int_equal(kit_sh(k,
                            "mkdir -p set/pairs/%d && cat leaf.crt mid.crt "
                            ">set/pairs/%d/fullchain.pem && cp leaf.key set/pairs/%d/privkey.pem "
                            "&& ln -sfn pairs/%d set/current && cp leaf.crt set%d.crt && rm own/*",
                            number, number, number, number, number),
                     0);
}

static int acme_setup(void **state)
{
    static char set[96];
    int r = kit_setup(state);
    struct kit *k = *state;

    if (r < 0)
        return r;
    snprintf(set, sizeof(set), "%s/set", k->dir);
    k->wanted.type = CERTS_ACME;
    k->wanted.acme = set;
    return 0;
}

static enum certs_type live_source(const struct kit *k)
{
    struct certs_info i = kit_live(k);

    certs_info_done(&i);
    return i.source;
}

static void live_serial(const struct kit *k, char serial[static 64])
{
    struct certs_info i = kit_live(k);

    memcpy(serial, i.serial, 64);
    certs_info_done(&i);
}

static void test_selfsigned_to_acme(void **state)
{
    struct kit *k = *state;

    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    assert_true(k->changed);
    assert_told(k, "! A temporary self-signed certificate");
    assert_int_equal(live_source(k), CERTS_SELFSIGNED);
    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    assert_false(k->changed);
    assert_told(k, "! The self-signed certificate stays");

    put_in_set(k, 1, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    assert_told(k, "- The certificate for video.example.org by CN=Test mid is served from now on");
    assert_not_told(k, "!");
    assert_is_served(k, "set1.crt");
    assert_int_equal(live_source(k), CERTS_ACME);
    assert_int_equal(kit_sh(k, "test \"$(stat -c %%a store/live/privkey.pem)\" = 640 && test ! -e "
                               "store/live/ca.crt && test -e store/live/acme"),
                     0);

    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_false(k->changed);
    assert_string_equal(k->told, "");
}

/* Another CA dates its certificates back, to midnight at the most. */
static void test_dated_back(void **state)
{
    struct kit *k = *state;

    put_in_set(k, 1, "BEGIN=20270110093000Z");
    assert_int_equal(kit_ensure(k, NOW), 0);
    put_in_set(k, 2, "BEGIN=20270110000000Z");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    assert_is_served(k, "set2.crt");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_false(k->changed);
}

static void test_newer_and_older(void **state)
{
    struct kit *k = *state;

    put_in_set(k, 1, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    put_in_set(k, 2, "BEGIN=20270110000000Z");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_true(k->changed);
    assert_is_served(k, "set2.crt");
    /* a folder from a backup */
    assert_int_equal(kit_sh(k, "ln -sfn pairs/1 set/current"), 0);
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_false(k->changed);
    assert_is_served(k, "set2.crt");
    /* once that is expired, the older one is better if it lives longer */
    put_in_set(k, 3, "END=20270201000000Z BEGIN=20270112000000Z");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_int_equal(kit_sh(k, "ln -sfn pairs/1 set/current"), 0);
    assert_int_equal(kit_ensure(k, NOW + 30 * DAY), 0);
    assert_true(k->changed);
    assert_is_served(k, "set1.crt");
}

/* Each way in which the pair of the set can be of no use: what was served stays. */
static void test_broken(void **state)
{
    static const struct {
        const char *change, *told;
    } cases[] = {
        {": >set/current/fullchain.pem", "! The certificate and key in"},
        {": >set/current/privkey.pem", "damaged, or do not match"},
        {"head -c 100 set2.crt >set/current/fullchain.pem", "damaged, or do not match"},
        {"cp mid.key set/current/privkey.pem", "damaged, or do not match"},
        {"rm set/current/privkey.pem", "damaged, or do not match"},
        {"rm set/current", ""},
        {"rm -r set/pairs/2", ""},
        {"rm -r set", ""},
        {"ln -sfn /etc set/current", ""},
    };
    struct kit *k = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_in_set(k, 1, "");
        assert_int_equal(kit_ensure(k, NOW), 0);
        put_in_set(k, 2, "");
        assert_int_equal(kit_sh(k, "%s", cases[i].change), 0);
        assert_int_equal(kit_ensure(k, NOW), 0);
        assert_false(k->changed);
        assert_told(k, cases[i].told);
        assert_is_served(k, "set1.crt");
        assert_int_equal(dir_remove(k->store), 0);
        /* with none served, a self-signed one bridges the time */
        assert_int_equal(kit_ensure(k, NOW), -EINVAL);
        assert_int_equal(live_source(k), CERTS_SELFSIGNED);
        assert_int_equal(kit_sh(k, "rm -rf set"), 0);
    }
}

/* A copy that was cut off, in place of each file of the store: the next run mends it. */
static void test_cut_store(void **state)
{
    static const char *const files[] = {"fullchain.pem", "privkey.pem"};
    struct kit *k = *state;

    put_in_set(k, 1, "");
    for (size_t i = 0; i < 2; i++)
        for (int lines = 0; lines < 4; lines += 3) {
            assert_int_equal(kit_ensure(k, NOW), 0);
            assert_int_equal(
                kit_sh(k, "f=store/live/%s; head -n %d $f >x; cat x >$f", files[i], lines), 0);
            assert_int_equal(kit_ensure(k, NOW), 0);
            assert_true(k->changed);
            assert_is_served(k, "set1.crt");
        }
}

/* Expired by our clock, which may be wrong: it stays, nothing else is made. */
static void test_expired(void **state)
{
    struct kit *k = *state;

    put_in_set(k, 1, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kit_ensure(k, NOW + 365 * DAY), -EINVAL);
        assert_false(k->changed);
        assert_told(k, "! The certificate being served expired on 2027-06-01");
        assert_told(k, "clock says 2028-01-15");
        assert_is_served(k, "set1.crt");
    }
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_string_equal(k->told, "");
    /* nothing is served yet: the CA's is no worse than a self-signed one */
    assert_int_equal(dir_remove(k->store), 0);
    assert_int_equal(kit_ensure(k, NOW + 365 * DAY), -EINVAL);
    assert_is_served(k, "set1.crt");
    /* but no better than one that is there */
    assert_int_equal(dir_remove(k->store), 0);
    k->wanted.type = CERTS_SELFSIGNED;
    assert_int_equal(kit_ensure(k, NOW + 365 * DAY), 0);
    k->wanted.type = CERTS_ACME;
    assert_int_equal(kit_ensure(k, NOW + 365 * DAY), -EINVAL);
    assert_false(k->changed);
    assert_int_equal(live_source(k), CERTS_SELFSIGNED);
}

/* The CA's clock is right. */
static void test_clock_behind(void **state)
{
    struct kit *k = *state;

    put_in_set(k, 1, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_int_equal(kit_ensure(k, NOW - 365 * DAY), 0);
    assert_false(k->changed);
    put_in_set(k, 2, "");
    assert_int_equal(kit_ensure(k, NOW - 365 * DAY), 0);
    assert_true(k->changed);
    assert_told(k, "! It is valid from 2027-01-01 only, and this machine's clock says 2026-01-15");
    assert_is_served(k, "set2.crt");
}

static void test_names(void **state)
{
    struct kit *k = *state;
    struct certs_info i;

    put_in_set(k, 1, "");
    assert_int_equal(kit_ensure(k, NOW), 0);
    /* a further name: the one that is there is better than nothing */
    k->wanted.names[1] = "www.example.org";
    assert_int_equal(kit_sh(k, "mv set old"), 0);
    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    assert_false(k->changed);
    assert_told(k, "! The certificate being served is good for video.example.org, but not for all");
    assert_is_served(k, "set1.crt");
    put_in_set(k, 2, "SAN=DNS:www.example.org,DNS:video.example.org");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_is_served(k, "set2.crt");
    /* another main name: it is of no use there */
    k->wanted.names[0] = "192.0.2.1";
    k->wanted.names[1] = NULL;
    assert_int_equal(kit_sh(k, "mv set old2"), 0);
    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    assert_true(k->changed);
    assert_int_equal(live_source(k), CERTS_SELFSIGNED);
    put_in_set(k, 3, "SAN=IP:192.0.2.1");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_is_served(k, "set3.crt");
    i = kit_live(k);
    assert_string_equal(i.names[0], "192.0.2.1");
    certs_info_done(&i);
    /* nothing was erased: the first name comes back at once */
    k->wanted.names[0] = "video.example.org";
    assert_int_equal(kit_sh(k, "rm -r set; mv old set"), 0);
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_is_served(k, "set1.crt");
}

static void test_wildcards(void **state)
{
    struct kit *k = *state;
    struct certs_info i;

    k->wanted.names[0] = "*.Example.org";
    k->wanted.names[1] = "video.example.org";
    k->wanted.names[2] = "*.example.net";
    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    i = kit_live(k);
    assert_string_equal(i.names[0], "video.example.org");
    assert_null(i.names[1]);
    certs_info_done(&i);
    /* www.example.org is no *.example.org */
    put_in_set(k, 1, "SAN=DNS:www.example.org,DNS:video.example.org,DNS:*.example.net");
    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    assert_true(k->changed); /* still better than a self-signed one */
    assert_told(k, "! The certificate being served is good for video.example.org, but not for all");
    put_in_set(k, 2, "SAN='DNS:*.example.org,DNS:*.example.net'");
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_is_served(k, "set2.crt");
    /* elsewhere they are no names */
    k->wanted.type = CERTS_SELFSIGNED;
    assert_int_equal(kit_ensure(k, NOW), -EBADMSG);
    assert_told(k, "'*.Example.org' is no host name");
    k->wanted.type = CERTS_ACME;
    k->wanted.names[1] = NULL;
    assert_int_equal(kit_ensure(k, NOW), -EBADMSG);
}

/* Back and forth between the types; each finds what it had. */
static void test_types(void **state)
{
    struct kit *k = *state;
    char selfsigned[64], serial[64];

    make_own(k, "");
    assert_int_equal(kit_sh(k, "cp leaf.crt own.crt; mkdir -p keep; cp -p own/* keep"), 0);
    put_in_set(k, 1, "BEGIN=20270102000000Z");
    assert_int_equal(kit_sh(k, "cp -p keep/* own"), 0);
    for (int round = 0; round < 2; round++) {
        k->wanted.type = CERTS_OWNCERT;
        assert_int_equal(kit_ensure(k, NOW), 0);
        assert_is_served(k, "own.crt");
        assert_int_equal(live_source(k), CERTS_OWNCERT);
        k->wanted.type = CERTS_ACME;
        assert_int_equal(kit_ensure(k, NOW), 0);
        assert_is_served(k, "set1.crt");
        assert_int_equal(live_source(k), CERTS_ACME);
    }
    /* an own certificate bridges the time as well, and one that is newer does not stay for that */
    assert_int_equal(kit_sh(k, "mv set away"), 0);
    k->wanted.type = CERTS_OWNCERT;
    assert_int_equal(kit_ensure(k, NOW), 0);
    k->wanted.type = CERTS_ACME;
    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    assert_false(k->changed);
    assert_told(k, "! The certificate that was served before stays in service until the CA");
    assert_is_served(k, "own.crt");
    make_own(k, "BEGIN=20270110000000Z");
    k->wanted.type = CERTS_OWNCERT;
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_int_equal(kit_sh(k, "mv away set"), 0);
    k->wanted.type = CERTS_ACME;
    assert_int_equal(kit_ensure(k, NOW), 0);
    assert_is_served(k, "set1.crt");
    /* an own one that cannot be used leaves the CA's in service */
    assert_int_equal(kit_sh(k, "rm own/*"), 0);
    k->wanted.type = CERTS_OWNCERT;
    assert_int_equal(kit_ensure(k, NOW), -EINVAL);
    assert_is_served(k, "set1.crt");

    k->wanted.type = CERTS_SELFSIGNED;
    assert_int_equal(kit_ensure(k, NOW), 0);
    live_serial(k, selfsigned);
    k->wanted.type = CERTS_ACME;
    assert_int_equal(kit_ensure(k, NOW), 0);
    live_serial(k, serial);
    assert_string_not_equal(serial, selfsigned);
    assert_int_equal(kit_sh(k, "test -e set/pairs/1/privkey.pem"), 0);
}

static void test_life(void **state)
{
    static const struct {
        int64_t life_s, renewal_s, late_s, quarter_s;
    } cases[] = {
        {90 * DAY, 60 * DAY, 75 * DAY, 82 * DAY + DAY / 2},
        {12 * DAY, 8 * DAY, 10 * DAY, 11 * DAY},
        {8 * DAY, 4 * DAY, 6 * DAY, 7 * DAY},
        {40, 20, 30, 35},
        {0, 0, 0, 0},
        {-10, -10, -10, -10},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t end_s = NOW + cases[i].life_s;

        assert_int_equal(life_renewal_s(NOW, end_s), NOW + cases[i].renewal_s);
        assert_int_equal(life_part_left_s(NOW, end_s, 2), NOW + cases[i].late_s);
        assert_int_equal(life_part_left_s(NOW, end_s, 4), NOW + cases[i].quarter_s);
        assert_false(life_is_late(NOW, end_s, NOW + cases[i].late_s - 1));
        assert_true(life_is_late(NOW, end_s, NOW + cases[i].late_s));
    }
    assert_int_equal(life_renewal_s(INT64_MIN, INT64_MIN), INT64_MIN);
    assert_int_equal(life_renewal_s(INT64_MIN, 90), 45);
    assert_true(life_is_late(INT64_MIN, INT64_MIN, NOW));
}

/* No days: certificates of six days, or of 20 seconds, are fine for most of them. */
static void test_health(void **state)
{
    struct kit *k = *state;
    struct certs_info i = {.source = CERTS_ACME, .not_before_s = NOW, .fingerprint = "AA:BB"};

    assert_int_equal(kit_ensure(k, NOW), -EINVAL); /* the store is there */
    for (int64_t life_s = 6 * DAY; life_s >= 24; life_s /= 20) {
        int warnings = 0;

        i.fingerprint[0]++;
        i.not_after_s = NOW + life_s;
        assert_int_equal(certs_health(&i, NOW), CERTS_FINE);
        assert_int_equal(certs_health(&i, NOW + life_s * 3 / 4 - 1), CERTS_FINE);
        assert_int_equal(certs_health(&i, NOW + life_s * 3 / 4), CERTS_EXPIRING);
        assert_int_equal(certs_health(&i, NOW + life_s + 1), CERTS_EXPIRED);
        assert_int_equal(certs_health(&i, NOW - 1), CERTS_EXPIRED);
        assert_false(certs_expiry_warning_due(k->store, &i, NOW + life_s * 3 / 4 - 1));
        for (int step = 0; step < 100; step++)
            warnings += certs_expiry_warning_due(k->store, &i, NOW + life_s * step / 100);
        assert_int_equal(warnings, 3);
        assert_true(certs_expiry_warning_due(k->store, &i, NOW + life_s + DAY));
        assert_true(certs_expiry_warning_due(k->store, &i, NOW + life_s + DAY));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_selfsigned_to_acme, acme_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_dated_back, acme_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_newer_and_older, acme_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_broken, acme_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_cut_store, acme_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_expired, acme_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_clock_behind, acme_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_names, acme_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_wildcards, acme_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_types, acme_setup, kit_teardown),
        cmocka_unit_test(test_life),
        cmocka_unit_test_setup_teardown(test_health, acme_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
