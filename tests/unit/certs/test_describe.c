#include "certs_kit.h"

#include <errno.h>

static void test_health(void **state)
{
    static const struct {
        int64_t now_s;
        enum certs_health health;
        int64_t days;
    } cases[] = {
        {999, CERTS_EXPIRED, 100},
        {1000, CERTS_FINE, 100},
        {1000 + 79 * DAY, CERTS_FINE, 21},
        {1001 + 79 * DAY, CERTS_EXPIRING, 20},
        {1000 + 100 * DAY, CERTS_EXPIRING, 0},
        {1001 + 100 * DAY, CERTS_EXPIRED, -1},
        {1000 + 101 * DAY, CERTS_EXPIRED, -1},
        {1001 + 101 * DAY, CERTS_EXPIRED, -2},
    };
    struct certs_info i = {.not_before_s = 1000, .not_after_s = 1000 + 100 * DAY};

    (void) state;
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        assert_int_equal(certs_health(&i, cases[k].now_s), cases[k].health);
        assert_int_equal(certs_days_left(&i, cases[k].now_s), cases[k].days);
    }
}

static void test_covers(void **state)
{
    char a[] = "a.example.org", b[] = "*.example.net", c[] = "192.0.2.1", d[] = "2001:db8::1",
         e[] = "*.com";
    char *names[] = {a, b, c, d, e, NULL};
    struct certs_info i = {.names = names};

    (void) state;
    assert_true(certs_covers(&i, "a.example.org"));
    assert_true(certs_covers(&i, "A.Example.ORG."));
    assert_false(certs_covers(&i, "b.example.org"));
    assert_true(certs_covers(&i, "x.example.net"));
    assert_false(certs_covers(&i, "x.y.example.net"));
    assert_false(certs_covers(&i, "example.net"));
    assert_false(certs_covers(&i, "x.com"));
    assert_true(certs_covers(&i, "192.0.2.1"));
    assert_true(certs_covers(&i, "2001:DB8:0::1"));
    assert_false(certs_covers(&i, "192.0.2.2"));
    assert_false(certs_covers(&i, ""));
}

static void test_expiry_warnings(void **state)
{
    struct kit *k = *state;
    struct certs_info i = {.not_after_s = 100 * DAY, .fingerprint = "AA:BB"};
    unsigned warnings = 0;

    assert_int_equal(kit_ensure(k, NOW), 0); /* the store is there */
    for (int64_t hour = 70 * 24; hour < 100 * 24; hour += 5) {
        bool due = certs_expiry_warning_due(k->store, &i, hour * 3600);

        warnings += due;
        if (due && warnings == 1)
            assert_int_equal(certs_days_left(&i, hour * 3600), 20);
    }
    assert_int_equal(warnings, 4);
    /* another one begins anew, wherever it is */
    snprintf(i.fingerprint, sizeof(i.fingerprint), "CC:DD");
    assert_true(certs_expiry_warning_due(k->store, &i, 99 * DAY));
    assert_false(certs_expiry_warning_due(k->store, &i, 99 * DAY));
    for (int run = 0; run < 3; run++)
        assert_true(certs_expiry_warning_due(k->store, &i, 101 * DAY));
}

/* Texts of a certificate come from outside. */
static void test_strange_texts(void **state)
{
    struct kit *k = *state;
    struct certs_info i;
    char path[128];

    assert_int_equal(
        kit_sh(k, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                  "-keyout k -out c -utf8 -subj \"/CN=$(printf 'a\\033[31m\\nb\\303\\244')\" "
                  "-addext \"subjectAltName=DNS:$(printf 'x\\033[1my'),email:a@b.c,"
                  "DNS:ok.example,IP:192.0.2.1\""),
        0);
    snprintf(path, sizeof(path), "%s/c", k->dir);
    assert_int_equal(certs_describe_file(path, &i), 0);
    for (const char *p = i.subject; *p; p++)
        assert_in_range(*p, ' ', '~');
    assert_string_equal(i.names[0], "x??1my");
    assert_string_equal(i.names[1], "ok.example");
    assert_string_equal(i.names[2], "192.0.2.1");
    assert_null(i.names[3]);
    assert_false(i.is_ours);
    certs_info_done(&i);
    snprintf(path, sizeof(path), "%s/k", k->dir);
    assert_int_equal(certs_describe_file(path, &i), -EINVAL);
    snprintf(path, sizeof(path), "%s/none", k->dir);
    assert_int_equal(certs_describe_file(path, &i), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health),
        cmocka_unit_test(test_covers),
        cmocka_unit_test_setup_teardown(test_expiry_warnings, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_strange_texts, kit_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
