#include "doctor/needed_ports.h"

#include "settings_kit.h"

#include <sys/socket.h>

static bool needs(const char *env, uint16_t port, int type)
{
    struct settings *s = settings_of(env);
    struct needed_port list[NEEDED_PORTS_MAX];
    size_t n = needed_ports(s, list);
    bool found = false;

    for (size_t i = 0; i < n; i++)
        found |= list[i].first == port && list[i].type == type;
    settings_free(s);
    return found;
}

static void test_media(void **state)
{
    (void) state;
    assert_true(needs("", 40000, SOCK_DGRAM));
    assert_true(needs("", 40000, SOCK_STREAM));
    assert_true(needs("MEDIA_PORT=41000\n", 41000, SOCK_STREAM));
    assert_false(needs("MEDIA_ICE_TCP=false\n", 40000, SOCK_STREAM));
}

/* It goes to clients by TCP, and they do not come. */
static void test_media_that_finds_its_ways(void **state)
{
    (void) state;
    assert_false(needs("MEDIA_ICE=agent\n", 40000, SOCK_STREAM));
    assert_true(needs("MEDIA_ICE=agent\n", 40000, SOCK_DGRAM));
}

static void test_what_is_off(void **state)
{
    (void) state;
    assert_true(needs("", 5442, SOCK_STREAM));
    assert_false(needs("CALL_APP=off\n", 5442, SOCK_STREAM));
    assert_true(needs("", 443, SOCK_STREAM));
    assert_false(needs("PROXY=external\n", 443, SOCK_STREAM));
    assert_true(needs("", 5349, SOCK_DGRAM));
    assert_false(needs("TURN_TLS_PORT=0\n", 5349, SOCK_DGRAM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media),
        cmocka_unit_test(test_media_that_finds_its_ways),
        cmocka_unit_test(test_what_is_off),
    };

    return cmocka_run_group_tests_name("needed_ports", tests, NULL, NULL);
}
