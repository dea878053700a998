#include "turn/peers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct addr ip(const char *text, uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, port, &a), 0);
    return a;
}

static bool allows(const struct peers *p, const char *text, uint16_t port)
{
    struct addr a = ip(text, port);

    return peers_allow(p, &a);
}

static bool allows_ip(const struct peers *p, const char *text)
{
    struct addr a = ip(text, 9);

    return peers_allow_ip(p, &a);
}

static struct peers p;

static void test_address_and_port(void **state)
{
    struct addr list[] = {ip("192.0.2.2", 40001), ip("2001:db8::1", 40000), ip("192.0.2.1", 40000),
                          ip("192.0.2.2", 40000), ip("127.0.0.1", 40000)};

    (void) state;
    assert_int_equal(peers_set(&p, list, 5), 0);
    assert_int_equal(p.n, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(peers_allow(&p, &list[i]));
    assert_false(allows(&p, "192.0.2.1", 40001));
    assert_false(allows(&p, "192.0.2.1", 39999));
    assert_false(allows(&p, "192.0.2.3", 40000));
    assert_false(allows(&p, "2001:db8::2", 40000));
    assert_true(allows(&p, "::ffff:192.0.2.1", 40000)); /* the same as without ::ffff: */
    assert_false(allows(&p, "::192.0.2.1", 40000));
}

static void test_ip_alone(void **state)
{
    struct addr list[] = {ip("192.0.2.2", 1), ip("192.0.2.2", 65535), ip("2001:db8::1", 5)};

    (void) state;
    assert_int_equal(peers_set(&p, list, 3), 0);
    assert_true(allows_ip(&p, "192.0.2.2"));
    assert_true(allows_ip(&p, "2001:db8::1"));
    assert_false(allows_ip(&p, "192.0.2.1"));
    assert_false(allows_ip(&p, "192.0.2.3"));
    assert_false(allows_ip(&p, "2001:db8::"));
    assert_false(allows_ip(&p, "255.255.255.255"));
}

static void test_nothing_is_allowed_at_first(void **state)
{
    static struct peers none;

    (void) state;
    assert_false(allows(&none, "127.0.0.1", 40000));
    assert_false(allows_ip(&none, "127.0.0.1"));
}

static void test_unusable_entries(void **state)
{
    struct addr list[] = {ip("0.0.0.0", 40000), ip("::", 40000),    ip("224.0.0.1", 40000),
                          ip("ff02::1", 40000), ip("192.0.2.1", 0), ip("192.0.2.1", 7)};

    (void) state;
    assert_int_equal(peers_set(&p, list, 6), 0);
    assert_int_equal(p.n, 1);
    assert_true(allows(&p, "192.0.2.1", 7));
}

static void test_limit_keeps_the_list(void **state)
{
    static struct addr many[PEERS_MAX + 1];
    struct addr one = ip("192.0.2.1", 7);

    (void) state;
    assert_int_equal(peers_set(&p, &one, 1), 0);
    for (size_t i = 0; i <= PEERS_MAX; i++)
        many[i] = ip("192.0.2.2", (uint16_t) (i + 1));
    assert_int_equal(peers_set(&p, many, PEERS_MAX + 1), -ENOSPC);
    assert_true(peers_allow(&p, &one));
    assert_int_equal(peers_set(&p, many, PEERS_MAX), 0);
    for (size_t i = 0; i < PEERS_MAX; i++)
        assert_true(peers_allow(&p, &many[i]));
    assert_false(peers_allow(&p, &one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_and_port),
        cmocka_unit_test(test_ip_alone),
        cmocka_unit_test(test_nothing_is_allowed_at_first),
        cmocka_unit_test(test_unusable_entries),
        cmocka_unit_test(test_limit_keeps_the_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
