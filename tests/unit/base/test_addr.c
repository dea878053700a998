#include "base/addr.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct addr parsed(const char *ip, uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(ip, port, &a), 0);
    return a;
}

static void parses_and_formats(void **state)
{
    static const char *const cases[][3] = {
        {"1.2.3.4", "1.2.3.4", "1.2.3.4:65535"},
        {"::1", "::1", "[::1]:65535"},
        {"::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1:65535"},
        {"2001:DB8:0:0::5", "2001:db8::5", "[2001:db8::5]:65535"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
    };
    char buf[ADDR_TEXT_SIZE];

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct addr a = parsed(cases[i][0], 65535);

        assert_string_equal(addr_format_ip(&a, buf), cases[i][1]);
        assert_string_equal(addr_format(&a, buf), cases[i][2]);
    }
    assert_string_equal(addr_format_ip(&(struct addr){0}, buf), "none");
}

static void refuses_garbage(void **state)
{
    static const char *const bad[] = {"",          "localhost", "1.2.3",   "1.2.3.4.5", "256.1.1.1",
                                      "1.2.3.4:5", "[::1]",     ":::",     "::1%lo",    "1.2.3.4 ",
                                      " 1.2.3.4",  "0x7f.1",    "12345::", "::g",       "1::2::3",
                                      "127.1",     "010.1.1.1"};
    struct addr a = {.port = 7};

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(addr_parse_ip(bad[i], 1, &a), -EBADMSG);
    assert_int_equal(a.port, 7);
}

static void ports_are_parsed(void **state)
{
    static const char *const good[] = {"1.2.3.4:0", "1.2.3.4:65535", "[::1]:80", "[2001:db8::5]:1"};
    static const char *const bad[] = {"",
                                      ":",
                                      ":80",
                                      "80",
                                      "1.2.3.4",
                                      "1.2.3.4:",
                                      "1.2.3.4:65536",
                                      "1.2.3.4:-1",
                                      "1.2.3.4:8 ",
                                      "[1.2.3.4]:80",
                                      "::1:80",
                                      "[::1:80",
                                      "::1]:80",
                                      "[]:80",
                                      "[::1]80",
                                      "[::1]",
                                      "localhost:80",
                                      "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1"};
    struct addr a = {.port = 7};
    char buf[ADDR_TEXT_SIZE];

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(addr_parse(bad[i], &a), -EBADMSG);
    assert_int_equal(a.port, 7);
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(addr_parse(good[i], &a), 0);
        assert_string_equal(addr_format(&a, buf), good[i]);
    }
}

static void goes_through_sockaddr(void **state)
{
    static const char *const ips[] = {"192.0.2.1", "2001:db8::1"};

    (void) state;
    for (int i = 0; i < 2; i++) {
        struct addr a = parsed(ips[i], 3478);
        struct addr b;
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(&a, &ss);

        assert_int_equal(addr_from_sockaddr((struct sockaddr *) &ss, len, &b), 0);
        assert_true(addr_eq(&a, &b));
        assert_int_equal(addr_from_sockaddr((struct sockaddr *) &ss, len - 1, &b), -EBADMSG);
        assert_int_equal(addr_from_sockaddr((struct sockaddr *) &ss, 1, &b), -EBADMSG);
        assert_int_equal(addr_from_sockaddr((struct sockaddr *) &ss, 0, &b), -EBADMSG);
    }
    struct sockaddr unix_sa = {.sa_family = AF_UNIX};
    struct addr c;

    assert_int_equal(addr_from_sockaddr(&unix_sa, sizeof(unix_sa), &c), -EAFNOSUPPORT);
}

static void mapped_is_ipv4(void **state)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_scope_id = 3};
    struct addr a;
    struct addr b = parsed("192.0.2.7", 9);

    (void) state;
    in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(in6.sin6_addr.s6_addr + 12, (uint8_t[]){192, 0, 2, 7}, 4);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &in6, sizeof(in6), &a), 0);
    assert_true(addr_eq(&a, &b));
    assert_int_equal(addr_ip_len(&a), 4);
}

/* The scope is part of a link-local address and of no other. */
static void scope_counts_for_link_local(void **state)
{
    struct addr a = parsed("fe80::1", 1);
    struct sockaddr_storage ss;
    struct addr b;
    socklen_t len;

    (void) state;
    a.scope = 5;
    len = addr_to_sockaddr(&a, &ss);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &ss, len, &b), 0);
    assert_true(addr_eq(&a, &b));
    a = parsed("2001:db8::1", 1);
    a.scope = 5;
    len = addr_to_sockaddr(&a, &ss);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &ss, len, &b), 0);
    assert_int_equal(b.scope, 0);
}

static void knows_special_addresses(void **state)
{
    static const struct {
        const char *ip;
        bool loopback, unspecified, link_local, multicast;
    } cases[] = {
        {"127.0.0.1", true, false, false, false},   {"127.255.0.1", true, false, false, false},
        {"::1", true, false, false, false},         {"::ffff:127.0.0.1", true, false, false, false},
        {"0.0.0.0", false, true, false, false},     {"::", false, true, false, false},
        {"169.254.9.9", false, false, true, false}, {"fe80::1", false, false, true, false},
        {"febf::1", false, false, true, false},     {"fec0::1", false, false, false, false},
        {"224.0.0.1", false, false, false, true},   {"239.255.255.255", false, false, false, true},
        {"240.0.0.1", false, false, false, false},  {"ff02::1", false, false, false, true},
        {"8.8.8.8", false, false, false, false},    {"::2", false, false, false, false},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct addr a = parsed(cases[i].ip, 0);

        assert_int_equal(addr_is_loopback(&a), cases[i].loopback);
        assert_int_equal(addr_is_unspecified(&a), cases[i].unspecified);
        assert_int_equal(addr_is_link_local(&a), cases[i].link_local);
        assert_int_equal(addr_is_multicast(&a), cases[i].multicast);
    }
}

static void compares(void **state)
{
    struct addr a = parsed("1.2.3.4", 1);
    struct addr b = parsed("1.2.3.4", 2);

    (void) state;
    assert_true(addr_ip_eq(&a, &b));
    assert_false(addr_eq(&a, &b));
    assert_int_equal(addr_key(&a).len, 24);
}

static void host_keys_are_addresses_or_64s(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"2001:db8::1", "2001:db8::ffff:0:0:2", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
        {"::ffff:192.0.2.1", "192.0.2.1", true},
        {"c000:201::", "192.0.2.1", false}, /* the same bytes of another family */
    };
    uint8_t key_a[ADDR_HOST_KEY_SIZE], key_b[ADDR_HOST_KEY_SIZE];
    struct addr a, b;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(addr_parse_ip(cases[i].a, 1, &a), 0);
        assert_int_equal(addr_parse_ip(cases[i].b, 2, &b), 0);
        addr_host_key(&a, key_a);
        addr_host_key(&b, key_b);
        assert_int_equal(memcmp(key_a, key_b, sizeof(key_a)) == 0, cases[i].same);
    }
}

static void lists_local_addresses(void **state)
{
    struct addr list[64];
    char names[64][16];
    int n = addr_local_list(list, 64, names);

    (void) state;
    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        assert_int_equal(list[i].port, 0);
        assert_true(names[i][0] != '\0');
    }
    assert_int_equal(addr_local_list(list, 0, NULL), 0);
}

static void of_a_socket(void **state)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage sa;
    struct addr a, bound;

    (void) state;
    assert_int_equal(addr_parse_ip("::1", 0, &a), 0);
    if (fd < 0 || bind(fd, (struct sockaddr *) &sa, addr_to_sockaddr(&a, &sa)) < 0)
        skip(); /* no IPv6 here */
    assert_int_equal(addr_of_socket(fd, &bound), 0);
    assert_true(addr_ip_eq(&a, &bound));
    assert_true(bound.port != 0);
    assert_true(addr_is_among(&bound, &a, 1));
    assert_false(addr_is_among(&bound, &a, 0));
    close(fd);
    assert_int_equal(addr_of_socket(-1, &a), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_formats),
        cmocka_unit_test(refuses_garbage),
        cmocka_unit_test(ports_are_parsed),
        cmocka_unit_test(goes_through_sockaddr),
        cmocka_unit_test(mapped_is_ipv4),
        cmocka_unit_test(scope_counts_for_link_local),
        cmocka_unit_test(knows_special_addresses),
        cmocka_unit_test(compares),
        cmocka_unit_test(host_keys_are_addresses_or_64s),
        cmocka_unit_test(lists_local_addresses),
        cmocka_unit_test(of_a_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
