#include "firewall/fw_logic.h"
#include "host/facts.h"
#include "host/own_addresses.h"
#include "host/port_ranges.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_os_release(void **state)
{
    struct os_release o;

    (void) state;
    os_release_parse(
        bytes_str("PRETTY_NAME=\"Rocky Linux 9.3\"\nID=\"rocky\"\nID_LIKE=\"rhel centos "
                  "fedora\"\nVERSION_ID='9.3'\n"),
        &o);
    assert_string_equal(o.id, "rocky");
    assert_string_equal(o.version, "9.3");
    assert_string_equal(o.name, "Rocky Linux 9.3");
    assert_true(os_release_is(&o, "rhel"));
    assert_true(os_release_is(&o, "centos"));
    assert_true(os_release_is(&o, "fedora"));
    assert_true(os_release_is(&o, "rocky"));
    assert_false(os_release_is(&o, "debian"));
    assert_false(os_release_is(&o, "cent"));
    os_release_parse(bytes_str("ID=debian\nVERSION_ID=\"13\""), &o);
    assert_string_equal(o.id, "debian");
    assert_string_equal(o.version, "13");
    os_release_parse(bytes_str("ID=\"\nID_LIKE=\n"), &o);
    assert_string_equal(o.id, "\"");
}

static void test_numbers(void **state)
{
    uint64_t n = 0;
    char *text;
    size_t len;

    (void) state;
    assert_int_equal(
        fact_line_number(bytes_str("MemTotalX: 1\nMemTotal:    2048 kB\n"), "MemTotal", &n), 0);
    assert_int_equal(n, 2048);
    assert_int_equal(fact_line_number(bytes_str("MemTotal:\n"), "MemTotal", &n), -ENOENT);
    assert_int_equal(fact_line_number(bytes_str(""), "MemTotal", &n), -ENOENT);
    assert_int_equal(fact_number("/proc/sys/kernel/pid_max", &n), 0);
    assert_true(n > 0);
    assert_int_equal(fact_number("/proc/version", &n), -EBADMSG);
    assert_int_equal(fact_number("/proc/nothing", &n), -ENOENT);
    assert_int_equal(fact_text("/proc/self/status", 16, &text, &len), 0);
    assert_int_equal(len, 16);
    free(text);
}

static void test_default_routes(void **state)
{
    char name[IFNAMSIZ] = "";

    (void) state;
    assert_true(
        route_interface(bytes_str("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n"
                                  "eth1\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
                                  "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"),
                        AF_INET, name));
    assert_string_equal(name, "eth0");
    assert_false(route_interface(bytes_str("eth1\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n"),
                                 AF_INET, name));
    assert_true(route_interface(
        bytes_str(
            "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
            "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
            "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
            "fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"),
        AF_INET6, name));
    assert_string_equal(name, "eth0");
}

static bool covers(const char *list, uint16_t first, uint16_t last)
{
    return port_ranges_cover(list, (struct port_range){first, last});
}

static void test_port_ranges(void **state)
{
    struct port_range r;

    (void) state;
    assert_true(covers("40000-40063,57001-65535\n", 40000, 40063));
    assert_true(covers("57001-65535,40000-40063", 57001, 65535));
    assert_true(covers("40000-40030,40031-40063", 40000, 40063));
    assert_true(covers("1,2,3", 1, 3));
    assert_false(covers("40000-40030,40032-40063", 40000, 40063));
    assert_false(covers("", 1, 1));
    assert_false(covers("\n", 1, 1));
    assert_false(covers("nonsense,9", 1, 1));
    assert_true(port_range_parse("32768\t60999\n", &r));
    assert_int_equal(r.first, 32768);
    assert_int_equal(r.last, 60999);
    assert_false(port_range_parse("99999", &r));
    r = port_range_common((struct port_range){1, 10}, (struct port_range){5, 20});
    assert_int_equal(r.first, 5);
    assert_int_equal(r.last, 10);
    assert_true(port_ranges_none(" \n"));
    assert_false(port_ranges_none("1"));
}

static bool is_private(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, 0, &a), 0);
    return addr_is_private(&a);
}

static void test_private_addresses(void **state)
{
    static const char *const inside[] = {
        "10.1.2.3",  "172.16.0.1",  "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "127.0.0.1", "169.254.1.1", "fd00::1",        "fe80::1",     "::1"};
    static const char *const outside[] = {"9.9.9.9", "172.32.0.1", "192.169.1.1", "100.128.0.1",
                                          "2001:db8::1"};

    (void) state;
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        assert_true(is_private(inside[i]));
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
        assert_false(is_private(outside[i]));
}

static bool in(const char *address, const char *network)
{
    struct addr a, n;
    unsigned len;

    assert_int_equal(addr_parse_ip(address, 0, &a), 0);
    assert_int_equal(fw_parse_network(network, &n, &len), 0);
    return fw_in_network(&a, &n, len);
}

static void test_networks(void **state)
{
    static const char *const bad[] = {
        "", "1.2.3", "1.2.3.4/33", "1.2.3.4/x", "1.2.3.4/255.0.255.0", "::1/129"};
    struct addr a;
    unsigned len;

    (void) state;
    assert_true(in("10.9.9.9", "10.0.0.0/8"));
    assert_true(in("10.9.9.9", "10.0.0.0/255.0.0.0"));
    assert_true(in("10.9.9.9", "0.0.0.0/0"));
    assert_true(in("192.0.2.129", "192.0.2.128/25"));
    assert_false(in("192.0.2.127", "192.0.2.128/25"));
    assert_false(in("10.9.9.9", "10.9.9.8"));
    assert_true(in("2001:db8::9", "2001:db8::/32"));
    assert_false(in("2001:db8::9", "0.0.0.0/0"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(fw_parse_network(bad[i], &a, &len), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_os_release),        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_default_routes),    cmocka_unit_test(test_port_ranges),
        cmocka_unit_test(test_private_addresses), cmocka_unit_test(test_networks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
