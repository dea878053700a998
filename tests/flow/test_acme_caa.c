/* Do CAA records let a CA issue? Asked of a real DNS server, in a network of the test's own. */
#include "reach_kit.h"

#include "tests/lib/mock_dns.h"
#include "tests/lib/private_net.h"

#include <errno.h>
#include <stdio.h>

static int set_up(void **state)
{
    (void) state;
    remarks[0] = '\0';
    failure = (struct acme_failure){0};
    config = (struct reach_config){
        .resolver = &resolver, .user_agent = "visavis/test", .remark = on_remark};
    return 0;
}

static const char issuers[2][256] = {"letsencrypt.org", "letsencrypt.test"};

static int look_caa(const char *name)
{
    assert_int_equal(acme_id_parse(name, &id), 0);
    return reach_caa(&config, &id, issuers, 2, &failure);
}

static void caa(void **state)
{
    NEEDS_NETWORK();
    assert_int_equal(look_caa(NAME), 0);
    assert_string_equal(remarks, "");

    mock_dns_caa("example.test", MOCK_DNS_CAA("issue", "sectigo.com"));
    assert_int_equal(look_caa(NAME), -EPERM);
    expect("(example.test): CAA of example.test allows only \"sectigo.com\". Add `0 issue "
           "\"letsencrypt.org\"` to the CAA records of example.test");
    /* The first set on the way up decides. */
    mock_dns_caa(NAME, MOCK_DNS_CAA("issue", " LetsEncrypt.org ; validationmethods=http-01"));
    assert_int_equal(look_caa(NAME), 0);
    assert_int_equal(look_caa("*." NAME), 0);
    mock_dns_caa("example.test", NULL);
    mock_dns_caa(NAME, MOCK_DNS_CAA("issue", "letsencrypt.org") "," MOCK_DNS_CAA("issuewild", ";"));
    assert_int_equal(look_caa(NAME), 0);
    assert_int_equal(look_caa("*." NAME), -EPERM);
    expect("allows nobody to issue certificates. Add `0 issuewild \"letsencrypt.org\"`");
    mock_dns_caa(NAME, MOCK_DNS_CAA("iodef", "mailto:a@example.test"));
    assert_int_equal(look_caa(NAME), 0);
    mock_dns_caa(NAME, NULL);

    /* An alias stands for its target. */
    mock_dns_alias("alias.example.test", "target.example.test");
    mock_dns_caa("target.example.test", MOCK_DNS_CAA("issue", "sectigo.com"));
    assert_int_equal(look_caa("alias.example.test"), -EPERM);
    mock_dns_caa("target.example.test", NULL);
    assert_int_equal(look_caa("alias.example.test"), 0);

    mock_dns_fail(NAME, true);
    assert_int_equal(look_caa(NAME), 0);
    expect_remark("does not tell the CAA records of " NAME ": SERVFAIL");
    mock_dns_fail(NAME, false);
    assert_int_equal(look_caa("192.0.2.1"), 0);
}

static void caa_for_methods_and_accounts(void **state)
{
    static const enum acme_challenge_type types[] = {CHALLENGE_HTTP_01, CHALLENGE_TLS_ALPN_01};

    NEEDS_NETWORK();
    config.types = types;
    config.n_types = 2;
    mock_dns_caa(NAME, MOCK_DNS_CAA("issue", "letsencrypt.org; validationmethods=dns-01"));
    assert_int_equal(look_caa(NAME), -EPERM);
    expect("allows other methods of proof alone: \"letsencrypt.org; validationmethods=dns-01\"");
    mock_dns_caa(NAME,
                 MOCK_DNS_CAA("issue", "letsencrypt.org; validationmethods=dns-01,tls-alpn-01"));
    assert_int_equal(look_caa(NAME), 0);

    mock_dns_caa(NAME,
                 MOCK_DNS_CAA("issue", "letsencrypt.test; accounturi=https://ca.test/acct/1"));
    assert_int_equal(look_caa(NAME), 0);
    config.account = "https://ca.test/acct/1";
    assert_int_equal(look_caa(NAME), 0);
    config.account = "https://ca.test/acct/2";
    assert_int_equal(look_caa(NAME), -EPERM);
    expect("another account at the CA");
    expect("`0 issue \"letsencrypt.org; accounturi=https://ca.test/acct/2\"`");
    mock_dns_caa(NAME, NULL);
    /* A CA that does not say what it is called there cannot be judged. */
    mock_dns_caa(NAME, MOCK_DNS_CAA("issue", "sectigo.com"));
    assert_int_equal(reach_caa(&config, &id, NULL, 0, &failure), 0);
    expect_remark("does not say what it is called there");
    mock_dns_caa(NAME, NULL);
}

static int start(void **state)
{
    (void) state;
    if (alone)
        dns = mock_dns_start();
    return dns_servers_of(MOCK_DNS, &resolver);
}

static int stop(void **state)
{
    (void) state;
    dns = child_free(dns);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(caa, set_up),
        cmocka_unit_test_setup(caa_for_methods_and_accounts, set_up),
    };

    alone = mock_dns_is_there() && private_net_enter();
    return cmocka_run_group_tests(tests, start, stop);
}
