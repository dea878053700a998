#include "base/special_ip.h"

#include "base/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct addr ip(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, 7, &a), 0);
    return a;
}

/* The registries as IANA has them: range, document, one address within, and whether nobody may go
 * there. The first and the last address of each are tried, and those just outside. */
static const struct {
    const char *first, *last, *source;
    bool never;
} registry[] = {
    {"0.0.0.0", "0.0.0.0", "RFC 1122", true},
    {"0.0.0.1", "0.255.255.255", "RFC 791", true},
    {"10.0.0.0", "10.255.255.255", "RFC 1918", false},
    {"100.64.0.0", "100.127.255.255", "RFC 6598", false},
    {"127.0.0.0", "127.255.255.255", "RFC 1122", true},
    {"169.254.0.0", "169.254.255.255", "RFC 3927", true},
    {"172.16.0.0", "172.31.255.255", "RFC 1918", false},
    {"192.0.0.11", "192.0.0.255", "RFC 6890", false},
    {"192.0.2.0", "192.0.2.255", "RFC 5737", false},
    {"192.31.196.0", "192.31.196.255", "RFC 7535", false},
    {"192.52.193.0", "192.52.193.255", "RFC 7450", false},
    {"192.88.99.0", "192.88.99.255", "RFC 7526", false},
    {"192.168.0.0", "192.168.255.255", "RFC 1918", false},
    {"192.175.48.0", "192.175.48.255", "RFC 7534", false},
    {"198.18.0.0", "198.19.255.255", "RFC 2544", false},
    {"198.51.100.0", "198.51.100.255", "RFC 5737", false},
    {"203.0.113.0", "203.0.113.255", "RFC 5737", false},
    {"224.0.0.0", "239.255.255.255", "RFC 5771", true},
    {"240.0.0.0", "255.255.255.254", "RFC 1112", false},
    {"255.255.255.255", "255.255.255.255", "RFC 919", true},
    {"::", "::", "RFC 4291", true},
    {"::1", "::1", "RFC 4291", true},
    {"::2", "::ffff:ffff", "RFC 4291", false},
    {"::ffff:0:0:0", "::ffff:0:ffff:ffff", "RFC 2765", false},
    {"64:ff9b::", "64:ff9b::ffff:ffff", "RFC 6052", false},
    {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "RFC 8215", false},
    {"100::", "100::ffff:ffff:ffff:ffff", "RFC 6666", false},
    {"100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "RFC 9780", false},
    {"2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 4380", false},
    {"2001:1::", "2001:1::", "RFC 2928", false},
    {"2001:1::1", "2001:1::1", "RFC 7723", false},
    {"2001:1::2", "2001:1::2", "RFC 8155", false},
    {"2001:1::3", "2001:1::3", "RFC 9665", false},
    {"2001:1::4", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 2928", false},
    {"2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "RFC 5180", false},
    {"2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 7450", false},
    {"2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", "RFC 7535", false},
    {"2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 4843", false},
    {"2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 7343", false},
    {"2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 9374", false},
    {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 3849", false},
    {"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 3056", false},
    {"2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "RFC 7534", false},
    {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 9637", false},
    {"5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 9602", false},
    {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 4193", false},
    {"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 4291", true},
    {"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 3879", false},
    {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 4291", true},
};

static void expect(const struct addr *a, const char *source, bool never)
{
    const struct special_ip *s = special_ip_find(a);

    assert_non_null(s);
    assert_string_equal(s->source, source);
    assert_int_equal(s->never, never);
    assert_false(special_ip_is_public(a));
}

static void test_registries(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof(registry) / sizeof(registry[0]); i++) {
        struct addr first = ip(registry[i].first), last = ip(registry[i].last);

        expect(&first, registry[i].source, registry[i].never);
        expect(&last, registry[i].source, registry[i].never);
    }
}

/* The mapped range cannot be written as a text here: it is IPv4 then. */
static void test_mapped(void **state)
{
    struct addr a = {.family = AF_INET6, .ip = {[10] = 0xff, 0xff, 8, 8, 8, 8}};

    (void) state;
    expect(&a, "RFC 4291", false);
}

static void test_beside_them(void **state)
{
    static const char *const public[] = {
        "1.0.0.0",         "9.255.255.255",  "11.0.0.0",        "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0",      "169.253.255.255", "169.255.0.0",    "172.15.255.255",
        "172.32.0.0",      "192.0.1.0",      "192.0.3.0",       "192.31.195.255", "192.31.197.0",
        "192.52.192.255",  "192.52.194.0",   "192.88.98.255",   "192.88.100.0",   "192.167.255.255",
        "192.169.0.0",     "192.175.47.255", "192.175.49.0",    "198.17.255.255", "198.20.0.0",
        "198.51.99.255",   "198.51.101.0",   "203.0.112.255",   "203.0.114.0",    "223.255.255.255",
        "2001:200::",      "2001:db7::",     "2001:db9::",      "2003::",         "2620:4f:7fff::1",
        "2620:4f:8001::",  "3ffe::1",        "3fff:1000::",     "2a00:1450::1",   "2000::",
    };
    static const char *const neither[] = {"100:0:0:2::", "64:ff9b::1:0:0", "64:ff9b:2::", "4000::1",
                                          "5eff::1",     "fe00::1",        "::1:0:0:0:0"};

    (void) state;
    for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
        struct addr a = ip(public[i]);

        assert_null(special_ip_find(&a));
        assert_true(special_ip_is_public(&a));
    }
    for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
        struct addr a = ip(neither[i]);

        assert_null(special_ip_find(&a));
        assert_false(special_ip_is_public(&a));
    }
    assert_false(special_ip_is_public(&(struct addr){.family = 0}));
}

static void test_narrower_ones(void **state)
{
    static const char *const cases[][2] = {
        {"192.0.0.7", "RFC 7335"},
        {"192.0.0.8", "RFC 7600"},
        {"192.0.0.9", "RFC 7723"},
        {"192.0.0.10", "RFC 8155"},
        {"192.0.0.170", "RFC 8880"},
        {"192.0.0.171", "RFC 8880"},
        {"192.88.99.2", "RFC 6751"},
        {"192.0.0.192", "Oracle Cloud"},
        {"168.63.129.16", "Azure"},
        {"fd00:ec2::254", "AWS"},
        {"100.100.100.200", "Alibaba Cloud"},
        {"fd20:ce::254", "Google Cloud"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr a = ip(cases[i][0]);

        assert_string_equal(special_ip_find(&a)->source, cases[i][1]);
        assert_int_equal(special_ip_find(&a)->never, i > 6);
    }
}

static void test_rows(void **state)
{
    struct addr loopback = ip("127.0.0.0"), most = ip("126.0.0.0"), cloud = ip("168.63.129.16");
    size_t n = 0;

    (void) state;
    for (const struct special_ip *s; (s = special_ip_row(n)); n++) {
        assert_true(s->net.port == 0 && *s->name && *s->source);
        assert_true(s->n_bits > 0 && s->n_bits <= 8 * addr_ip_len(&s->net));
        assert_non_null(special_ip_find(&s->net));
        assert_true(!s->never || special_ip_find_never(&s->net, s->n_bits));
    }
    assert_true(n > 50);
    assert_non_null(special_ip_find_never(&loopback, 8));
    assert_non_null(special_ip_find_never(&loopback, 30));
    assert_null(special_ip_find_never(&loopback, 7));
    assert_null(special_ip_find_never(&most, 7));
    assert_non_null(special_ip_find_never(&cloud, 32));
    assert_null(special_ip_find_never(&cloud, 31));
}

static void test_embedded(void **state)
{
    static const struct {
        const char *outer, *inner[SPECIAL_IP_EMBEDDED_MAX];
    } cases[] = {
        {"2001:db8::1", {NULL}},
        {"::10.1.2.3", {"10.1.2.3"}},
        {"::1", {"0.0.0.1"}},
        {"::ffff:0:10.1.2.3", {"10.1.2.3"}},
        {"::fffe:0:a01:203", {NULL}},
        {"2002:a01:203::1", {"10.1.2.3"}},
        {"2002:a01:203::5efe:c0a8:102", {"10.1.2.3", "192.168.1.2"}},
        /* RFC 4380 section 4: server 65.54.227.120, client 192.0.2.45 */
        {"2001:0:4136:e378:8000:63bf:3fff:fdd2", {"65.54.227.120", "192.0.2.45"}},
        /* RFC 6052 section 2.4 */
        {"64:ff9b::192.0.2.33", {"192.0.2.33"}},
        {"64:ff9b:1:c000:2:2100::", {"192.0.2.33", "2.33.0.0"}},
        {"64:ff9b:1:c0:0:221::", {"192.0.2.33"}},
        {"64:ff9b:1:0:c0:2:2100::", {"192.0.2.33", "33.0.0.0"}},
        {"64:ff9b:1::192.0.2.33", {"192.0.2.33"}},
        /* RFC 5214 section 6.1 */
        {"2001:db8::5efe:192.0.2.143", {"192.0.2.143"}},
        {"2001:db8::200:5efe:192.0.2.143", {"192.0.2.143"}},
        {"2001:db8::100:5efe:192.0.2.143", {NULL}},
        {"fe80::5efe:10.1.2.3", {"10.1.2.3"}},
    };
    struct addr inner[SPECIAL_IP_EMBEDDED_MAX];
    struct addr v4 = ip("10.1.2.3"), mapped = {.family = AF_INET6, .port = 9};

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr outer = ip(cases[i].outer);
        size_t n = special_ip_embedded(&outer, inner);

        for (size_t j = 0; j < SPECIAL_IP_EMBEDDED_MAX && cases[i].inner[j]; j++) {
            struct addr want = ip(cases[i].inner[j]);
            bool found = false;

            for (size_t k = 0; k < n; k++)
                found = found || addr_eq(&inner[k], &want);
            if (!found)
                fail_msg("%s: %s is not found", cases[i].outer, cases[i].inner[j]);
        }
        assert_true(cases[i].inner[0] || n == 0);
    }
    assert_int_equal(special_ip_embedded(&v4, inner), 0);
    mapped.ip[10] = mapped.ip[11] = 0xff;
    memcpy(mapped.ip + 12, v4.ip, 4);
    assert_int_equal(special_ip_embedded(&mapped, inner), 1);
    assert_true(addr_ip_eq(&inner[0], &v4));
    assert_int_equal(inner[0].port, 9);
}

/* There is room for what any address holds. */
static void test_room(void **state)
{
    static const char *const nets[] = {"2002::", "2001::", "64:ff9b::", "64:ff9b:1::", "::"};

    (void) state;
    for (unsigned i = 0; i < 50000; i++) {
        struct addr list[SPECIAL_IP_EMBEDDED_MAX + 1] = {{.family = 1}};
        struct addr a = ip(nets[i % 5]);

        rnd_bytes(a.ip + 6, 10);
        if (i % 3 == 0)
            memcpy(a.ip + 8, (uint8_t[]){0, 0, 0x5e, 0xfe}, 4);
        list[SPECIAL_IP_EMBEDDED_MAX].family = 77;
        assert_in_range(special_ip_embedded(&a, list), 0, SPECIAL_IP_EMBEDDED_MAX);
        assert_int_equal(list[SPECIAL_IP_EMBEDDED_MAX].family, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registries),  cmocka_unit_test(test_mapped),
        cmocka_unit_test(test_beside_them), cmocka_unit_test(test_narrower_ones),
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
