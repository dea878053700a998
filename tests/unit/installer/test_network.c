#include "host/network.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct network network_of(const char *const *local, const char *const *resolved)
{
    struct network n = {.n_local = 0};

    for (; local && *local; local++)
        assert_int_equal(addr_parse_ip(*local, 0, &n.local[n.n_local++]), 0);
    for (; resolved && *resolved; resolved++)
        assert_int_equal(addr_parse_ip(*resolved, 0, &n.resolved[n.n_resolved++]), 0);
    return n;
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void turn_ip_by_what_is_known(void **state)
{
    static const char *const none[] = {NULL};
    const struct {
        const char *coturn_ip, *domain;
        const char *const *local, *const *resolved;
        const char *wanted;
        enum turn_ip_source source;
    } cases[] = {
        {"203.0.113.9", "a.example", LIST("10.0.0.1"), none, "203.0.113.9", TURN_IP_GIVEN},
        {"turn.example", "a.example", LIST("10.0.0.1"), none, "turn.example", TURN_IP_GIVEN},
        {"auto-ipv4", "203.0.113.5", LIST("10.0.0.1"), none, "203.0.113.5", TURN_IP_DOMAIN},
        {"auto-ipv6", "2001:db8::5", LIST("10.0.0.1"), none, "2001:db8::5", TURN_IP_DOMAIN},
        {"auto-ipv4", "a.example", LIST("10.0.0.1"), LIST("203.0.113.5"), "203.0.113.5",
         TURN_IP_RESOLVED},
        {"auto-ipv4", "a.example", LIST("10.0.0.1"), LIST("2001:db8::5"), "10.0.0.1",
         TURN_IP_INTERFACE},
        {"auto-ipv6", "a.example", none, LIST("203.0.113.5", "2001:db8::5"), "2001:db8::5",
         TURN_IP_RESOLVED},
        {"auto-ipv4", "a.example", LIST("192.168.1.4", "203.0.113.7"), none, "203.0.113.7",
         TURN_IP_INTERFACE},
        {"auto-ipv4", "a.example", LIST("100.64.0.2"), none, "100.64.0.2", TURN_IP_INTERFACE},
        {"auto-ipv6", "a.example", LIST("10.0.0.1", "fd00::1", "2001:db8::7"), none, "2001:db8::7",
         TURN_IP_INTERFACE},
        /* of the other family rather than none */
        {"auto-ipv4", "2001:db8::5", LIST("2001:db8::7"), none, "2001:db8::5", TURN_IP_DOMAIN},
        {"auto-ipv6", "a.example", LIST("10.0.0.1"), none, "10.0.0.1", TURN_IP_INTERFACE},
        {"auto-ipv4", "a.example", none, none, "127.0.0.1", TURN_IP_NONE},
        {"auto-ipv6", "a.example", none, none, "::1", TURN_IP_NONE},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct network n = network_of(cases[i].local, cases[i].resolved);
        struct turn_ip ip;

        network_turn_ip(cases[i].coturn_ip, cases[i].domain, &n, NULL, &ip);
        assert_string_equal(ip.text, cases[i].wanted);
        assert_int_equal(ip.source, cases[i].source);
        assert_false(ip.kept);
    }
}

static void turn_ip_holds_on_to_the_last(void **state)
{
    static const struct turn_ip resolved = {"203.0.113.5", TURN_IP_RESOLVED, false};
    static const struct turn_ip interface = {"10.0.0.1", TURN_IP_INTERFACE, false};
    struct network n = network_of(LIST("10.0.0.1"), NULL);
    struct turn_ip ip;

    (void) state;
    /* the name server is away */
    network_turn_ip("auto-ipv4", "a.example", &n, &resolved, &ip);
    assert_string_equal(ip.text, "203.0.113.5");
    assert_int_equal(ip.source, TURN_IP_RESOLVED);
    assert_true(ip.kept);
    /* it gives the addresses in another order */
    n = network_of(LIST("10.0.0.1"), LIST("203.0.113.9", "203.0.113.5"));
    network_turn_ip("auto-ipv4", "a.example", &n, &resolved, &ip);
    assert_string_equal(ip.text, "203.0.113.5");
    assert_false(ip.kept);
    /* the machine has moved */
    n = network_of(LIST("10.0.0.1"), LIST("203.0.113.9"));
    network_turn_ip("auto-ipv4", "a.example", &n, &resolved, &ip);
    assert_string_equal(ip.text, "203.0.113.9");
    n = network_of(LIST("10.0.0.2"), NULL);
    network_turn_ip("auto-ipv4", "a.example", &n, &interface, &ip);
    assert_string_equal(ip.text, "10.0.0.2");
    /* the interface is not up yet */
    n = network_of(NULL, NULL);
    network_turn_ip("auto-ipv4", "a.example", &n, &interface, &ip);
    assert_string_equal(ip.text, "10.0.0.1");
    assert_true(ip.kept);
}

static void looks_at_this_machine(void **state)
{
    struct network n;

    (void) state;
    network_look(NULL, 1000, &n);
    assert_int_equal(n.n_resolved, 0);
    for (size_t i = 0; i < n.n_local; i++)
        assert_false(addr_is_loopback(&n.local[i]));
    assert_true(network_is_local(&n, "127.0.0.1"));
    assert_false(network_is_local(&n, "203.0.113.77"));
    assert_false(network_is_local(&n, "a.example"));
    network_look("192.0.2.1", 1000, &n);
    assert_int_equal(n.n_resolved, 0);
    network_look("localhost", 1000, &n); /* an address that helps nobody */
    assert_int_equal(n.n_resolved, 0);
    network_look("nowhere.invalid", 0, &n); /* gives up at once */
    assert_int_equal(n.n_resolved, 0);
}

static void needs_a_lookup(void **state)
{
    (void) state;
    assert_true(network_needs_lookup("auto-ipv4", "a.example"));
    assert_false(network_needs_lookup("auto-ipv4", "10.0.0.1"));
    assert_false(network_needs_lookup("auto-ipv4", ""));
    assert_false(network_needs_lookup("10.0.0.1", "a.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turn_ip_by_what_is_known),
        cmocka_unit_test(turn_ip_holds_on_to_the_last),
        cmocka_unit_test(looks_at_this_machine),
        cmocka_unit_test(needs_a_lookup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
