#include "media/candidates.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct addr ip(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, 0, &a), 0);
    return a;
}

static struct public_addr public(const char *text)
{
    struct public_addr a;

    assert_int_equal(public_addr_parse(text, &a), 0);
    return a;
}

static void assert_ips(const struct candidates *c, const char *const *texts, size_t n)
{
    char text[ADDR_TEXT_SIZE];

    assert_int_equal(c->n, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(addr_format_ip(&c->items[i].addr, text), texts[i]);
}

static void bridges_of_containers_are_known_by_name(void **state)
{
    static const char *const skipped[] = {"docker0", "br-1a2b3c", "veth12ab", "virbr0",
                                          "lxcbr0",  "podman1",   "cni0",     "flannel.1"};
    static const char *const kept[] = {"eth0", "enp3s0", "bond0", "br0", "wlan0", "tun0", "lo"};

    (void) state;
    for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++)
        assert_true(addr_is_container_interface(skipped[i]));
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        assert_false(addr_is_container_interface(kept[i]));
}

static void interfaces_in_order_loopback_last(void **state)
{
    struct addr locals[] = {ip("127.0.0.1"),  ip("::1"),     ip("2001:db8::5"), ip("192.0.2.1"),
                            ip("172.17.0.1"), ip("fe80::1"), ip("198.51.100.7")};
    char names[][16] = {"lo", "lo", "eth0", "eth0", "docker0", "eth0", "eth1"};
    static const char *const v4[] = {"192.0.2.1", "198.51.100.7", "127.0.0.1"};
    static const char *const both[] = {"192.0.2.1", "198.51.100.7", "2001:db8::5", "127.0.0.1"};
    struct candidates c;

    (void) state;
    candidates_build(locals, names, 7, NULL, 0, false, true, &c);
    assert_ips(&c, both, 4);
    for (size_t i = 1; i < c.n; i++)
        assert_true(c.items[i].priority < c.items[i - 1].priority);
    candidates_build(locals, names, 7, NULL, 0, false, false, &c);
    assert_ips(&c, v4, 3);
}

static void public_addresses(void **state)
{
    struct addr locals[] = {ip("127.0.0.1"), ip("10.0.0.2")};
    char names[][16] = {"lo", "eth0"};
    struct public_addr publics[] = {public("203.0.113.9"), public("10.0.0.2")};
    static const char *const first[] = {"203.0.113.9", "10.0.0.2", "127.0.0.1"};
    static const char *const alone[] = {"203.0.113.9", "127.0.0.1"};
    struct candidates c, d;

    (void) state;
    candidates_build(locals, names, 2, publics, 2, false, true, &c);
    assert_ips(&c, first, 3); /* none twice */
    candidates_build(locals, names, 2, publics, 1, true, true, &d);
    assert_ips(&d, alone, 2);
    assert_true(candidates_eq(&c, &c));
    assert_false(candidates_eq(&c, &d));
}

/* What an address leads to that no interface has. */
static void translated_addresses(void **state)
{
    struct addr locals[] = {ip("127.0.0.1"), ip("172.17.0.1"), ip("fe80::1"), ip("10.0.0.2"),
                            ip("10.0.0.3")};
    char names[][16] = {"lo", "docker0", "eth0", "eth0", "eth1"};
    struct public_addr publics[] = {public("203.0.113.9"), public("10.0.0.3"),
                                    public("2001:db8::9")};
    struct candidates c, d;

    (void) state;
    candidates_build(locals, names, 5, publics, 3, false, true, &c);
    assert_int_equal(c.n, 5);
    assert_true(addr_eq(&c.items[0].via, &locals[3]));
    for (size_t i = 1; i < c.n; i++) /* its own, of a family that leads nowhere, interfaces' */
        assert_int_equal(c.items[i].via.family, 0);
    locals[3] = ip("10.0.0.4");
    candidates_build(locals, names, 5, publics, 1, true, true, &d);
    candidates_build(locals + 4, names + 4, 1, publics, 1, true, true, &c);
    assert_true(addr_eq(&d.items[0].via, &locals[3]));
    assert_true(addr_eq(&c.items[0].via, &locals[4]));
    c.n = d.n = 1;
    assert_false(candidates_eq(&c, &d));
}

/* Each of several addresses leads to the one of ours that it is translated to. */
static void addresses_say_where_they_lead_to(void **state)
{
    struct addr locals[] = {ip("127.0.0.1"), ip("10.0.0.2"), ip("10.0.0.3"), ip("2001:db8::2")};
    char names[][16] = {"lo", "eth0", "eth1", "eth0"};
    struct public_addr publics[] = {public("203.0.113.3/10.0.0.3"), public("203.0.113.2/10.0.0.2"),
                                    public("203.0.113.4/10.0.0.4"),
                                    public("2001:db8::9/2001:db8::2")};
    static const char *const own[] = {"203.0.113.3", "203.0.113.2", "2001:db8::9", "127.0.0.1"};
    size_t n = public_addrs_own(publics, 4, locals, 4);
    struct candidates c;

    (void) state;
    assert_int_equal(n, 3); /* the list has another machine's as well */
    candidates_build(locals, names, 4, publics, n, true, true, &c);
    assert_ips(&c, own, 4);
    assert_true(addr_eq(&c.items[0].via, &locals[2]));
    assert_true(addr_eq(&c.items[1].via, &locals[1]));
    assert_true(addr_eq(&c.items[2].via, &locals[3]));
    assert_int_equal(public_addrs_own(publics, 3, locals, 1), 3); /* behind more than one NAT */
}

static void what_is_no_public_address(void **state)
{
    static const char *const bad[] = {"",
                                      "example.org",
                                      "203.0.113.3/",
                                      "/10.0.0.3",
                                      "203.0.113.3/10.0.0.3/4",
                                      "203.0.113.3/2001:db8::1",
                                      "203.0.113.3 ",
                                      "0000000000000000000000000000000000000000000000000000000001"};
    struct public_addr a;

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(public_addr_parse(bad[i], &a), -EBADMSG);
}

static void there_are_never_too_many(void **state)
{
    struct addr locals[CANDIDATES_MAX + 5];
    char names[CANDIDATES_MAX + 5][16];
    struct candidates c;

    (void) state;
    for (size_t i = 0; i < CANDIDATES_MAX + 5; i++) {
        locals[i] = ip("192.0.2.1");
        locals[i].ip[3] = (uint8_t) (i + 1);
        strcpy(names[i], "eth0");
    }
    candidates_build(locals, names, CANDIDATES_MAX + 5, NULL, 0, false, true, &c);
    assert_int_equal(c.n, CANDIDATES_MAX);
}

static void the_text(void **state)
{
    struct addr locals[] = {ip("192.0.2.1")};
    char names[][16] = {"eth0"};
    uint8_t buf[96];
    struct wr w = wr_init(buf, sizeof(buf));
    struct candidates c;

    (void) state;
    candidates_build(locals, names, 1, NULL, 0, false, true, &c);
    candidates_put(&c, 0, false, 40001, &w);
    assert_true(
        bytes_eq_str(bytes_of(buf, wr_len(&w)), "1 1 udp 2130706431 192.0.2.1 40001 typ host"));
    w = wr_init(buf, sizeof(buf));
    candidates_put(&c, 0, true, 40001, &w);
    assert_true(bytes_eq_str(bytes_of(buf, wr_len(&w)),
                             "2 1 tcp 1520435199 192.0.2.1 40001 typ host tcptype passive"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bridges_of_containers_are_known_by_name),
        cmocka_unit_test(interfaces_in_order_loopback_last),
        cmocka_unit_test(public_addresses),
        cmocka_unit_test(translated_addresses),
        cmocka_unit_test(addresses_say_where_they_lead_to),
        cmocka_unit_test(what_is_no_public_address),
        cmocka_unit_test(there_are_never_too_many),
        cmocka_unit_test(the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
