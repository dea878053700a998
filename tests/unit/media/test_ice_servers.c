#include "media/ice_servers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ice_server taken(const char *text)
{
    struct ice_server s;
    const char *why = "";

    if (ice_server_parse(text, &s, &why) < 0)
        fail_msg("%s: %s", text, why);
    return s;
}

static void assert_at(const struct ice_server *s, const char *expected)
{
    char text[ADDR_TEXT_SIZE];

    assert_string_equal(addr_format(&s->addr, text), expected);
}

static void servers(void **state)
{
    struct ice_server s = taken("url=stun:192.0.2.1:3479");

    (void) state;
    assert_false(s.is_turn);
    assert_at(&s, "192.0.2.1:3479");

    s = taken("url=stun:[2001:db8::1]");
    assert_at(&s, "[2001:db8::1]:3478");

    s = taken("username=u:1,url=turn:192.0.2.1?transport=tcp,credential=p=?");
    assert_true(s.is_turn);
    assert_true(s.tcp);
    assert_at(&s, "192.0.2.1:3478");
    assert_true(bytes_eq_str(s.username, "u:1"));
    assert_true(bytes_eq_str(s.credential, "p=?"));

    s = taken("url=turn:[2001:db8::1]:80?transport=udp,staticAuthSecret=x");
    assert_false(s.tcp);
    assert_at(&s, "[2001:db8::1]:80");
    assert_true(bytes_eq_str(s.secret, "x"));
}

static void what_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "stun:192.0.2.1",
        "url=",
        "url=http:192.0.2.1",
        "url=stuns:192.0.2.1",
        "url=turns:192.0.2.1,username=u,credential=p",
        "url=stun:stun.example.org",
        "url=stun:192.0.2.1:0",
        "url=stun:192.0.2.1:65536",
        "url=stun:2001:db8::1",
        "url=stun:[192.0.2.1]",
        "url=stun:[2001:db8::1",
        "url=stun:",
        "url=stun:192.0.2.1?transport=udp",
        "url=stun:192.0.2.1,username=u",
        "url=turn:192.0.2.1",
        "url=turn:192.0.2.1,username=u",
        "url=turn:192.0.2.1,credential=p",
        "url=turn:192.0.2.1,username=u,credential=p,staticAuthSecret=s",
        "url=turn:192.0.2.1?transport=tls,username=u,credential=p",
        "url=turn:192.0.2.1,username=u,credential=p,realm=r",
        "url=turn:192.0.2.1,username=u,credential=p,",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct ice_server s = {.is_turn = false};
        const char *why = NULL;

        if (ice_server_parse(texts[i], &s, &why) != -EBADMSG)
            fail_msg("taken: %s", texts[i]);
        assert_non_null(why);
        assert_int_equal(s.addr.family, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers),
        cmocka_unit_test(what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
