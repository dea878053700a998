/* The small pure modules: ids, URLs, credentials, versions, ICE servers. */
#include "base/turn_cred.h"
#include "signaling/ice_server.h"
#include "signaling/ids.h"
#include "signaling/public_url.h"
#include "signaling/sdk_version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_turn_credentials(void **state)
{
    struct turn_cred cred = {.username = ""};
    char again[32];

    (void) state;
    turn_cred_sign("MY_SECRET", "1690086402:Ab12Cd34", again);
    assert_string_equal(again, "YmsZg0hx8HxgiQrJJd+cMX452/U=");
    turn_cred_new("s", 1690000002999, "Ab12Cd34", &cred);
    assert_memory_equal(cred.username, "1690086402:", 11);
    assert_int_equal(strlen(cred.username), 19);
    turn_cred_sign("s", cred.username, again);
    assert_string_equal(again, cred.credential);
}

static void test_ids(void **state)
{
    char session[SESSION_ID_SIZE], connection[CONNECTION_ID_SIZE], stream[STREAM_ID_SIZE];
    char rpc[RPC_ID_SIZE], user[USER_ID_SIZE], longest[CONNECTION_ID_SIZE + 8];

    (void) state;
    session_id_new(session);
    assert_int_equal(strlen(session), 14);
    assert_true(session_id_is_valid(session));
    assert_true(session_id_is_valid("a-Z_09"));
    assert_false(session_id_is_valid(""));
    assert_false(session_id_is_valid("a/b"));
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_false(session_id_is_valid(longest));
    longest[SESSION_ID_MAX] = '\0';
    assert_true(session_id_is_valid(longest));

    connection_id_new(connection);
    assert_int_equal(strlen(connection), 14);
    stream_id_new("SCREEN", connection, stream);
    assert_memory_equal(stream, "str_SCR_", 8);
    assert_string_equal(stream_id_connection(stream), connection);
    stream_id_new(NULL, connection, stream);
    assert_memory_equal(stream, "str_MIC_", 8);
    assert_null(stream_id_connection("str_MIC_x"));

    assert_int_equal(connection_id_custom("con_a-b c_1!", connection), 0);
    assert_string_equal(connection, "con_abc_1");
    assert_true(connection_id_custom("--", connection) < 0);
    assert_true(connection_id_custom(longest, connection) < 0);

    rpc_id_new(rpc);
    assert_int_equal(strspn(rpc, "abcdefghijklmnopqrstuvwxyz0123456789"), 26);
    user_id_new(user);
    assert_int_equal(strspn(user, "0123456789ABCDEF"), 16);
}

static void test_public_url(void **state)
{
    static const struct {
        const char *text, *formatted, *token;
    } good[] = {
        {"https://a.example", "https://a.example/", "wss://a.example?sessionId=S&token=tok_"},
        {"https://a.example:443/", "https://a.example/", "wss://a.example?sessionId=S&token=tok_"},
        {"https://a.example:4443", "https://a.example:4443/",
         "wss://a.example:4443?sessionId=S&token=tok_"},
        {"http://localhost:4443/", "http://localhost:4443/",
         "ws://localhost:4443?sessionId=S&token=tok_"},
        {"https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443/",
         "wss://[2001:db8::1]:8443?sessionId=S&token=tok_"},
    };
    static const char *const bad[] = {"",
                                      "ftp://a",
                                      "https://",
                                      "https://a:0",
                                      "https://a:70000",
                                      "https://a/b",
                                      "https://a b",
                                      "https://[::1"};
    struct public_url u;
    char text[PUBLIC_URL_SIZE];
    char *token;

    (void) state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(public_url_parse(good[i].text, &u), 0);
        public_url_format(&u, text);
        assert_string_equal(text, good[i].formatted);
        token = token_new(&u, "S");
        assert_memory_equal(token, good[i].token, strlen(good[i].token));
        assert_int_equal(strlen(token), strlen(good[i].token) + 16);
        free(token);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_true(public_url_parse(bad[i], &u) < 0);
}

static void test_sdk_version(void **state)
{
    static const struct {
        const char *sdk, *answer;
    } cases[] = {
        {"2.29.0", "2.29.0"}, {"2.29.1", "2.29.0"},
        {"2.30.1", "2.30.0"}, {"2.32.2", "2.32.0"},
        {"2.28.0", "2.29.0"}, {NULL, "2.29.0"},
        {"", "2.29.0"},       {"3.0.0", "2.29.0"},
        {"2.x.0", "2.29.0"},  {"2.99999999999999999999.0", "2.29.0"},
        {"2.", "2.29.0"},
    };
    char answer[SDK_VERSION_SIZE];

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sdk_version_answer(cases[i].sdk, answer);
        assert_string_equal(answer, cases[i].answer);
    }
}

static bool taken(json_t *server)
{
    json_decref(server);
    return server != NULL;
}

static bool taken_from_json(const char *url)
{
    bool turn = strncmp(url, "turn", 4) == 0;
    json_t *entry = json_pack("{s:s,s:s*}", "url", url, "staticAuthSecret", turn ? "s" : NULL);
    json_t *server;
    char why[128];

    server = ice_server_from_json(entry, why, sizeof(why));
    json_decref(entry);
    return taken(server);
}

static bool taken_from_text(const char *url)
{
    char text[200], why[128];

    snprintf(text, sizeof(text), "url=%s%s", url,
             strncmp(url, "turn", 4) == 0 ? ",staticAuthSecret=s" : "");
    return taken(ice_server_from_text(text, why, sizeof(why)));
}

static void test_ice_urls(void **state)
{
    static const char *const good[] = {"stun:1.2.3.4:1234",
                                       "stuns:stun.example.org",
                                       "turn:turn-server.com",
                                       "turn:valid-domain.es",
                                       "turns:a.b.co.uk:443?transport=tcp",
                                       "turn:[2001:db8::1]:3478",
                                       "turn:1.2.3.4?transport=udp",
                                       "turn:a.xn--p1ai"};
    static const char *const bad[] = {"bad-ice-server",
                                      "turn:bad-ice-server",
                                      "bad-prefix:a.com",
                                      "turn:",
                                      "turn:a.com:0",
                                      "turn:a.com:70000",
                                      "turn:a.com:",
                                      "turn:a.com?x=y",
                                      "stun:a.com?transport=udp",
                                      "turn:2001:db8::1",
                                      "turn:[1.2.3.4]",
                                      "turn:a..com",
                                      "turn:-a.com",
                                      "turn:a-.com",
                                      "turn:a.c0m",
                                      "turn:a.corp",
                                      "turn:com",
                                      "turn:999.1.1.1",
                                      "turn:a.com/x",
                                      "turn:[::1",
                                      "turn:a.com:1x"};

    (void) state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!taken_from_json(good[i]) || !taken_from_text(good[i]))
            fail_msg("%s", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (taken_from_json(bad[i]))
            fail_msg("%s", bad[i]);
    }
    /* the operator's own */
    assert_true(taken_from_text("turn:relay"));
    assert_true(taken_from_text("turn:relay.corp:3478"));
    assert_true(taken_from_text("turn:a.c0m"));
    assert_false(taken_from_text("turn:999.1.1.1"));
}

/* What REST may say beside a url. */
static void test_ice_servers_of_apps(void **state)
{
    static const struct {
        const char *entry;
        const char *why; /* a part of it; NULL: it is taken */
    } rows[] = {
        {"{\"url\":\"turn:a.com\",\"username\":\"\",\"credential\":\"\"}", NULL},
        {"{\"url\":\"turn:a.com\",\"username\":\"u\",\"credential\":null}", "need either"},
        {"{\"url\":\"turn:a.com\",\"staticAuthSecret\":\"s\"}", NULL},
        {"{\"url\":\"turn:a.corp\",\"staticAuthSecret\":\"s\"}", "not public"},
        {"{\"url\":7}", "of strings"},
        {"\"stun:a.com\"", "an object"},
        {"{}", "has no url"},
    };
    char why[128], longest[1100];

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *entry = json_loads(rows[i].entry, JSON_DECODE_ANY, NULL), *made;

        made = ice_server_from_json(entry, why, sizeof(why));
        if (!made != !!rows[i].why || (!made && !strstr(why, rows[i].why)))
            fail_msg("%s: %s", rows[i].entry, made ? "taken" : why);
        json_decref(made);
        json_decref(entry);
    }
    memset(longest, 's', sizeof(longest));
    memcpy(longest, "url=turn:a,staticAuthSecret=", 28);
    longest[28 + 1024] = '\0';
    assert_true(taken(ice_server_from_text(longest, why, sizeof(why))));
    longest[28 + 1024] = 's';
    longest[28 + 1025] = '\0';
    assert_false(taken(ice_server_from_text(longest, why, sizeof(why))));
    assert_non_null(strstr(why, "too long"));
}

static void test_ice_servers(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"url=stun:a.com", true},
        {"url=turn:a.com,username=u,credential=c", true},
        {"url=turn:a.com,staticAuthSecret=s", true},
        {"url=turn:a.com", false},
        {"url=turn:a.com,username=u", false},
        {"url=turn:a.com,username=u,credential=c,staticAuthSecret=s", false},
        {"url=stun:a.com,username=u,credential=c", false},
        {"username=u,credential=c", false},
        {"url=stun:a.com,nonsense=1", false},
        {"stun:a.com", false},
    };
    char why[128];

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *server = ice_server_from_text(cases[i].text, why, sizeof(why));

        if ((server != NULL) != cases[i].good)
            fail_msg("%s", cases[i].text);
        json_decref(server);
    }
    {
        json_t *server =
            ice_server_from_text("url=turn:a.com,staticAuthSecret=s", why, sizeof(why));
        char again[32];

        turn_cred_sign("s", json_string_value(json_object_get(server, "username")), again);
        assert_string_equal(json_string_value(json_object_get(server, "credential")), again);
        assert_null(json_object_get(server, "staticAuthSecret"));
        json_decref(server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turn_credentials),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_public_url),
        cmocka_unit_test(test_sdk_version),
        cmocka_unit_test(test_ice_urls),
        cmocka_unit_test(test_ice_servers),
        cmocka_unit_test(test_ice_servers_of_apps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
