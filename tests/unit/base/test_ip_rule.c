#include "base/ip_rule.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char why[IP_RULE_WHY_SIZE];

static struct ip_rule rule(const char *text)
{
    struct ip_rule r;

    assert_int_equal(ip_rule_parse(bytes_str(text), &r, why), 0);
    return r;
}

static bool matches(const char *text, const char *address)
{
    struct ip_rule r = rule(text);
    struct addr a;

    assert_int_equal(addr_parse(address, &a), 0);
    return ip_rule_matches(&r, &a);
}

static void test_forms(void **state)
{
    static const char *const as_it_is[] = {
        "10.1.2.3",
        "10.0.0.0/8",
        "0.0.0.0/0",
        "10.1.2.3:5000",
        "10.1.2.0/24:5000-5999",
        "10.1.2.0/25:1-65535",
        "2001:db8::1",
        "2001:db8::/32",
        "::/0",
        "::1",
        "[2001:db8::1]:5000",
        "[2001:db8::/33]:5000-5999",
    };
    static const char *const otherwise[][2] = {
        {"10.1.2.3/32", "10.1.2.3"},          {"10.1.2.3:7-7", "10.1.2.3:7"},
        {"2001:DB8:0::1/128", "2001:db8::1"}, {"[2001:db8::1]", "2001:db8::1"},
        {"[10.0.0.0/8]:7", "10.0.0.0/8:7"},
    };
    char text[IP_RULE_TEXT_SIZE];
    struct ip_rule r;

    (void) state;
    for (size_t i = 0; i < sizeof(as_it_is) / sizeof(as_it_is[0]); i++) {
        r = rule(as_it_is[i]);
        assert_string_equal(ip_rule_format(&r, text), as_it_is[i]);
    }
    for (size_t i = 0; i < sizeof(otherwise) / sizeof(otherwise[0]); i++) {
        r = rule(otherwise[i][0]);
        assert_string_equal(ip_rule_format(&r, text), otherwise[i][1]);
    }
}

/* Each reason names the text, and shows how it would be right. */
static void test_wrong(void **state)
{
    static const char *const cases[][3] = {
        {"", "must be an IP address, or a range", "10.0.0.0/8"},
        {"example.org", "must be an IP address, or a range", "203.0.113.7"},
        {"10.0.0", "must be an IP address", ""},
        {"10.0.0.1.", "must be an IP address", ""},
        {"10.0.0.256", "must be an IP address", ""},
        {"[", "must be an IP address", ""},
        {"[]", "must be an IP address", ""},
        {"[::1", "must be an IP address", ""},
        {"[::1]x", "must be an IP address", ""},
        {"[::1]]:5", "must be an IP address", ""},
        {"fe80::1%eth0", "must be an IP address", ""},
        {"/8", "must be an IP address", ""},
        {"10.0.0.0/", "prefix length of 0 to 32", "10.0.0.0/8"},
        {"10.0.0.0/33", "prefix length of 0 to 32", "10.0.0.0/8"},
        {"10.0.0.0/8/8", "prefix length of 0 to 32", ""},
        {"10.0.0.0/-1", "prefix length of 0 to 32", ""},
        {"::/129", "prefix length of 0 to 128", "2001:db8::/32"},
        {"2001:db8::/32:443", "prefix length of 0 to 128", ""},
        {"10.1.2.3/8", "has bits behind its prefix: 10.0.0.0/8 is the range", ""},
        {"2001:db8::1/32", "has bits behind its prefix: 2001:db8::/32 is the range", ""},
        {"10.1.2.3:", "behind the colon, 1 to 65535", "10.1.2.3:5000-5999"},
        {"10.1.2.3:0", "behind the colon", ""},
        {"10.1.2.3:65536", "behind the colon", ""},
        {"10.1.2.3:5-4", "the lower first", ""},
        {"10.1.2.3:5-", "behind the colon", ""},
        {"10.1.2.3:-5", "behind the colon", ""},
        {"10.1.2.3:1-2-3", "behind the colon", ""},
        {"10.1.2.3:http", "behind the colon", ""},
        {"[::1]:", "behind the colon", ""},
        {"::ffff:10.0.0.1", "must name IPv4 as IPv4: 10.0.0.1", ""},
        {"::ffff:0:0/96", "must name IPv4 as IPv4: 0.0.0.0", ""},
    };
    struct ip_rule r = {.n_bits = 77};
    char named[80], zero[] = "10.0.0.1\0x";

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ip_rule_parse(bytes_str(cases[i][0]), &r, why), -EBADMSG);
        snprintf(named, sizeof(named), "\"%s\" ", cases[i][0]);
        assert_ptr_equal(strstr(why, named), why);
        assert_non_null(strstr(why, cases[i][1]));
        assert_non_null(strstr(why, cases[i][2]));
    }
    assert_int_equal(ip_rule_parse(bytes_of(zero, sizeof(zero) - 1), &r, why), -EBADMSG);
    assert_int_equal(ip_rule_parse(bytes_of(NULL, 0), &r, why), -EBADMSG);
    assert_int_equal(r.n_bits, 77);
}

static void test_long_texts(void **state)
{
    char text[1000];
    struct ip_rule r;

    (void) state;
    memset(text, '1', sizeof(text));
    for (size_t len = 0; len <= sizeof(text); len++)
        assert_int_equal(ip_rule_parse(bytes_of(text, len), &r, why), -EBADMSG);
    assert_true(strlen(why) < sizeof(why));
}

static void test_matches(void **state)
{
    struct addr a;
    struct ip_rule r = rule("10.0.0.0/8:5");

    (void) state;
    assert_true(matches("10.0.0.0/8", "10.255.255.255:1"));
    assert_true(matches("10.0.0.0/8", "10.0.0.0:0"));
    assert_false(matches("10.0.0.0/8", "11.0.0.0:1"));
    assert_true(matches("10.0.0.0/9", "10.127.0.0:1"));
    assert_false(matches("10.0.0.0/9", "10.128.0.0:1"));
    assert_true(matches("10.1.2.3", "10.1.2.3:65535"));
    assert_false(matches("10.1.2.3", "10.1.2.2:65535"));
    assert_true(matches("0.0.0.0/0", "255.255.255.255:1"));
    assert_false(matches("0.0.0.0/0", "[::1]:1"));
    assert_false(matches("::/0", "1.1.1.1:1"));
    assert_true(matches("::/0", "[ffff::]:1"));
    assert_true(matches("2001:db8::/33", "[2001:db8:7fff::]:1"));
    assert_false(matches("2001:db8::/33", "[2001:db8:8000::]:1"));
    assert_false(matches("10.1.2.3:5-6", "10.1.2.3:4"));
    assert_true(matches("10.1.2.3:5-6", "10.1.2.3:5"));
    assert_true(matches("10.1.2.3:5-6", "10.1.2.3:6"));
    assert_false(matches("10.1.2.3:5-6", "10.1.2.3:7"));
    assert_int_equal(addr_parse("10.1.1.1:6", &a), 0);
    assert_false(ip_rule_matches(&r, &a));
    assert_true(ip_rule_matches_ip(&r, &a));
    assert_false(ip_rule_has_every_port(&r));
}

static void test_what_is_never_allowed(void **state)
{
    static const char *const refused[] = {
        "127.0.0.1",       "127.0.0.0/8",    "127.1.0.0/16:80", "::1",           "::",
        "0.0.0.0",         "0.0.0.0/8",      "224.0.0.0/4",     "239.1.2.3:5",   "ff02::1",
        "169.254.169.254", "169.254.0.0/16", "fe80::/10",       "[fe80::/64]:5", "255.255.255.255",
        "168.63.129.16",   "fd00:ec2::254",
    };
    static const char *const taken[] = {"0.0.0.0/0", "10.0.0.0/8", "fd00::/8",
                                        "::/0",      "8.8.8.8:5",  "126.0.0.0/7"};
    struct ip_rule r;

    (void) state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(ip_rule_parse(bytes_str(refused[i]), &r, why), 0);
        assert_int_equal(ip_rule_parse_allowed(bytes_str(refused[i]), &r, why), -EBADMSG);
        assert_non_null(strstr(why, "where relays never go"));
        assert_non_null(strstr(why, refused[i]));
    }
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        assert_int_equal(ip_rule_parse_allowed(bytes_str(taken[i]), &r, why), 0);
    assert_int_equal(ip_rule_parse_allowed(bytes_str("x"), &r, why), -EBADMSG);
}

static void test_lists(void **state)
{
    struct ip_rule r[3];
    size_t n = 9;

    (void) state;
    assert_int_equal(ip_rule_parse_list("", false, r, 3, &n, why), 0);
    assert_int_equal(n, 0);
    assert_int_equal(ip_rule_parse_list(NULL, false, r, 3, &n, why), 0);
    assert_int_equal(ip_rule_parse_list(" \t", false, r, 3, &n, why), 0);
    assert_int_equal(n, 0);
    assert_int_equal(ip_rule_parse_list(" 10.0.0.1 ,\t[::2]:5,fd00::/8 ", true, r, 3, &n, why), 0);
    assert_int_equal(n, 3);
    assert_int_equal(r[1].port_max, 5);
    assert_int_equal(r[2].n_bits, 8);
    n = 9;
    assert_int_equal(ip_rule_parse_list("1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1", false, r, 3, &n, why),
                     -ENOSPC);
    assert_string_equal(why, "must have at most 3 entries");
    assert_int_equal(ip_rule_parse_list("10.0.0.1,", false, r, 3, &n, why), -EBADMSG);
    assert_int_equal(ip_rule_parse_list(",", false, r, 3, &n, why), -EBADMSG);
    assert_int_equal(ip_rule_parse_list("10.0.0.1 10.0.0.2", false, r, 3, &n, why), -EBADMSG);
    assert_non_null(strstr(why, "\"10.0.0.1 10.0.0.2\" "));
    assert_int_equal(ip_rule_parse_list("127.0.0.1", false, r, 3, &n, why), 0);
    n = 9;
    assert_int_equal(ip_rule_parse_list("8.8.8.8,127.0.0.1", true, r, 3, &n, why), -EBADMSG);
    assert_non_null(strstr(why, "\"127.0.0.1\" is loopback (RFC 1122)"));
    assert_int_equal(n, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_what_is_never_allowed),
        cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
