/* Which challenges fit a machine, and what is said of those that do not. */
#include "acquire/fit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct fit_port nobody = {.taken = false};
static const struct fit_port nginx = {.taken = true, .nginx = true, .who = "nginx (process 7)"};
static const struct fit_port apache = {.taken = true, .who = "apache2 (process 8)"};

static struct fit_input machine(void)
{
    return (struct fit_input){
        .layout = PROXY_FRONT,
        .in_force = true,
        .http_port = 80,
        .https_port = 443,
        .http = nginx,
        .https = nginx,
        .hook = "",
    };
}

static struct fit fit(const struct fit_input *in, enum acme_challenge_type type)
{
    struct fit all[N_CHALLENGE_TYPES];

    fit_challenges(in, all);
    if (all[type].way == FIT_NOT)
        assert_true(all[type].why[0] != '\0');
    else
        assert_string_equal(all[type].why, "");
    return all[type];
}

static void expect_not(const struct fit_input *in, enum acme_challenge_type type, const char *part)
{
    struct fit f = fit(in, type);

    assert_int_equal(f.way, FIT_NOT);
    if (!strstr(f.why, part))
        fail_msg("'%s' is not in: %s", part, f.why);
}

static void test_http(void **state)
{
    struct fit_input in = machine();

    (void) state;
    assert_int_equal(fit(&in, CHALLENGE_HTTP_01).way, FIT_WEBROOT);
    in.layout = PROXY_SITE;
    assert_int_equal(fit(&in, CHALLENGE_HTTP_01).way, FIT_WEBROOT);
    in.http = nobody;
    assert_int_equal(fit(&in, CHALLENGE_HTTP_01).way, FIT_RESPONDER);
    in.http = apache;
    expect_not(&in, CHALLENGE_HTTP_01, "apache2 (process 8)");
    in.http = nginx;
    in.in_force = false; /* it has no site of ours */
    expect_not(&in, CHALLENGE_HTTP_01, "nginx (process 7)");
}

static void test_http_of_another_web_server(void **state)
{
    struct fit_input in = machine();

    (void) state;
    in.layout = PROXY_EXTERNAL;
    in.in_force = false;
    in.http = apache;
    assert_int_equal(fit(&in, CHALLENGE_HTTP_01).way, FIT_WEBROOT);
    in.http = nobody;
    assert_int_equal(fit(&in, CHALLENGE_HTTP_01).way, FIT_RESPONDER);
}

static void test_tls_alpn(void **state)
{
    struct fit_input in = machine();

    (void) state;
    assert_int_equal(fit(&in, CHALLENGE_TLS_ALPN_01).way, FIT_SOCKET);
    in.https = nobody;
    assert_int_equal(fit(&in, CHALLENGE_TLS_ALPN_01).way, FIT_RESPONDER);
    in.https = apache;
    expect_not(&in, CHALLENGE_TLS_ALPN_01, "apache2 (process 8)");
}

static void test_tls_alpn_is_refused(void **state)
{
    struct fit_input in = machine();

    (void) state;
    in.layout = PROXY_SITE;
    expect_not(&in, CHALLENGE_TLS_ALPN_01, "PROXY=site");
    in.https = nobody; /* nginx would want it back */
    expect_not(&in, CHALLENGE_TLS_ALPN_01, "PROXY=site");
    in.layout = PROXY_EXTERNAL;
    expect_not(&in, CHALLENGE_TLS_ALPN_01, "PROXY=external");
    in = machine();
    in.https_port = 8443;
    expect_not(&in, CHALLENGE_TLS_ALPN_01, "HTTPS_PORT is 8443");
}

static void test_dns(void **state)
{
    struct fit_input in = machine();

    (void) state;
    expect_not(&in, CHALLENGE_DNS_01, "ACME_DNS_HOOK=");
    in.hook = "/opt/hook.sh";
    assert_int_equal(fit(&in, CHALLENGE_DNS_01).way, FIT_HOOK);
    in.hook_error = -EACCES;
    expect_not(&in, CHALLENGE_DNS_01, "chmod 755 /opt/hook.sh");
    in.hook_error = -ENOENT;
    expect_not(&in, CHALLENGE_DNS_01, "/opt/hook.sh cannot be run: No such file");
}

static void test_identifiers(void **state)
{
    struct acme_id name, wildcard, ip;
    char why[FIT_WHY_SIZE];

    (void) state;
    assert_int_equal(acme_id_parse("example.org", &name), 0);
    assert_int_equal(acme_id_parse("*.example.org", &wildcard), 0);
    assert_int_equal(acme_id_parse("2001:db8::1", &ip), 0);
    for (int t = 0; t < N_CHALLENGE_TYPES; t++) {
        bool dns = t == CHALLENGE_DNS_01;

        assert_true(fit_suits((enum acme_challenge_type) t, &name, why, sizeof(why)));
        assert_true(fit_suits((enum acme_challenge_type) t, &wildcard, why, sizeof(why)) == dns);
        assert_true(fit_suits((enum acme_challenge_type) t, &ip, why, sizeof(why)) == !dns);
    }
}

static void test_order(void **state)
{
    enum acme_challenge_type types[N_CHALLENGE_TYPES];

    (void) state;
    assert_int_equal(fit_types("auto", false, types), 3);
    assert_int_equal(types[0], CHALLENGE_HTTP_01);
    assert_int_equal(types[1], CHALLENGE_TLS_ALPN_01);
    assert_int_equal(fit_types("auto", true, types), 3);
    assert_int_equal(types[0], CHALLENGE_DNS_01);
    assert_int_equal(types[1], CHALLENGE_HTTP_01);
    assert_int_equal(fit_types("tls-alpn-01", true, types), 1);
    assert_int_equal(types[0], CHALLENGE_TLS_ALPN_01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),     cmocka_unit_test(test_http_of_another_web_server),
        cmocka_unit_test(test_tls_alpn), cmocka_unit_test(test_tls_alpn_is_refused),
        cmocka_unit_test(test_dns),      cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
