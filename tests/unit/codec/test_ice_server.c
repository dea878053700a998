#include "codec/ice_server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void urls(void **state)
{
    static const struct {
        const char *text, *host;
        bool is_turn, is_tls, is_ip;
        enum ice_transport transport;
        uint16_t port;
    } rows[] = {
        {"stun:192.0.2.1", "192.0.2.1", false, false, true, ICE_TRANSPORT_ANY, 3478},
        {"stun:192.0.2.1:65535", "192.0.2.1", false, false, true, ICE_TRANSPORT_ANY, 65535},
        {"stuns:a.example", "a.example", false, true, false, ICE_TRANSPORT_ANY, 5349},
        {"turn:relay", "relay", true, false, false, ICE_TRANSPORT_ANY, 3478},
        {"turn:[2001:db8::1]", "2001:db8::1", true, false, true, ICE_TRANSPORT_ANY, 3478},
        {"turn:[2001:db8::1]:80?transport=udp", "2001:db8::1", true, false, true, ICE_TRANSPORT_UDP,
         80},
        {"turns:xn--a.b-c.x1:443?transport=tcp", "xn--a.b-c.x1", true, true, false,
         ICE_TRANSPORT_TCP, 443},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *why = "";
        struct ice_url u;

        if (ice_url_parse(bytes_str(rows[i].text), &u, &why) < 0)
            fail_msg("%s: %s", rows[i].text, why);
        assert_int_equal(u.is_turn, rows[i].is_turn);
        assert_int_equal(u.is_tls, rows[i].is_tls);
        assert_int_equal(u.transport, rows[i].transport);
        assert_int_equal(u.port, rows[i].port);
        assert_true(bytes_eq_str(u.host, rows[i].host));
        assert_int_equal(u.addr.family != 0, rows[i].is_ip);
        assert_int_equal(u.addr.port, rows[i].is_ip ? rows[i].port : 0);
    }
}

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

static void urls_that_are_none(void **state)
{
    static const char *const texts[] = {
        "",
        "stun",
        "stun:",
        "http:a.example",
        "STUN:a.example",
        "stun:192.0.2.1:0",
        "stun:192.0.2.1:65536",
        "stun:192.0.2.1:000080",
        "stun:192.0.2.1:",
        "stun:192.0.2.1:8x",
        "stun:999.0.2.1",
        "stun:2001:db8::1",
        "stun:[192.0.2.1]",
        "stun:[a.example]",
        "stun:[]",
        "stun:[",
        "stun:[2001:db8::1",
        "stun:[2001:db8::1]x",
        "stun:a..b",
        "stun:.a",
        "stun:a.",
        "stun:-a",
        "stun:a-.b",
        "stun:a_b",
        "stun:u@a.b",
        "stun:a.b/c",
        "stun:a.1",
        "stun:a4" LABEL_63,
        "stun:" LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63,
        "stun:a?transport=udp",
        "stuns:a?transport=tcp",
        "turn:a?transport=tls",
        "turn:a?",
        "turn:a?transport=tcp&x=y",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct ice_url u = {.port = 7};
        const char *why = NULL;

        if (ice_url_parse(bytes_str(texts[i]), &u, &why) != -EBADMSG)
            fail_msg("taken: %s", texts[i]);
        assert_non_null(why);
        assert_int_equal(u.port, 7);
    }
}

static void the_longest_names(void **state)
{
    const char *why = "";
    char text[300];
    struct ice_url u;

    (void) state;
    snprintf(text, sizeof(text), "stun:%s.%s.%s.%.61s", LABEL_63, LABEL_63, LABEL_63, LABEL_63);
    assert_int_equal(ice_url_parse(bytes_str(text), &u, &why), 0);
    assert_int_equal(u.host.len, ICE_HOST_MAX);
    assert_int_equal(ice_url_parse(bytes_of("stun:a\0b", 8), &u, &why), -EBADMSG);
}

static void servers(void **state)
{
    const char *why = "";
    struct ice_server s;

    (void) state;
    assert_int_equal(ice_server_parse("url=stun:192.0.2.1", &s, &why), 0);
    assert_null(s.username.p);
    assert_null(s.credential.p);
    assert_null(s.secret.p);

    assert_int_equal(
        ice_server_parse("username=u:1,url=turn:a?transport=tcp,credential=p=?", &s, &why), 0);
    assert_true(bytes_eq_str(s.url_text, "turn:a?transport=tcp"));
    assert_true(bytes_eq_str(s.url.host, "a"));
    assert_true(bytes_eq_str(s.username, "u:1"));
    assert_true(bytes_eq_str(s.credential, "p=?"));

    assert_int_equal(ice_server_parse("url=turns:a,username=,staticAuthSecret=x", &s, &why), 0);
    assert_true(bytes_eq_str(s.secret, "x"));
    assert_null(s.username.p);
}

static void servers_that_are_none(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "a part that is none"},
        {"stun:192.0.2.1", "a part that is none"},
        {"url=turn:a,staticAuthSecret=s,", "a part that is none"},
        {"url=turn:a,staticAuthSecret=s,realm=r", "a part that is none"},
        {"url=", "has no url"},
        {"username=u,credential=c", "has no url"},
        {"url=http:a", "none of stun:"},
        {"url=stun:a_b", "proper host name"},
        {"url=stun:a?transport=udp", "for turn alone"},
        {"url=stun:a,username=u", "take no credentials"},
        {"url=stuns:a,staticAuthSecret=s", "take no credentials"},
        {"url=turn:a", "need either"},
        {"url=turn:a,username=u", "need either"},
        {"url=turn:a,credential=c", "need either"},
        {"url=turn:a,username=,credential=c", "need either"},
        {"url=turn:a,staticAuthSecret=", "need either"},
        {"url=turn:a,username=u,staticAuthSecret=s", "beside staticAuthSecret"},
        {"url=turn:a,username=u,credential=c,staticAuthSecret=s", "beside staticAuthSecret"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ice_server s = {.url = {.port = 7}};
        const char *why = "";

        assert_int_equal(ice_server_parse(rows[i].text, &s, &why), -EBADMSG);
        if (!strstr(why, rows[i].why))
            fail_msg("%s: %s", rows[i].text, why);
        assert_int_equal(s.url.port, 7);
    }
}

static void what_the_agent_can_use(void **state)
{
    static const struct {
        const char *text, *problem;
    } rows[] = {
        {"url=stun:192.0.2.1", NULL},
        {"url=turn:[2001:db8::1]?transport=tcp,staticAuthSecret=s", NULL},
        {"url=turns:192.0.2.1,staticAuthSecret=s", "speaks TLS"},
        {"url=stun:stun.example.org", "has a name"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ice_server s;
        const char *problem = "";

        assert_int_equal(ice_server_parse(rows[i].text, &s, &problem), 0);
        problem = ice_server_agent_problem(&s);
        if (!problem != !rows[i].problem || (problem && !strstr(problem, rows[i].problem)))
            fail_msg("%s: %s", rows[i].text, problem ? problem : "can be used");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(urls_that_are_none),
        cmocka_unit_test(the_longest_names),
        cmocka_unit_test(servers),
        cmocka_unit_test(servers_that_are_none),
        cmocka_unit_test(what_the_agent_can_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
