#include "print_kit.h"
#include "settings_kit.h"
#include "status/scrub.h"

#include <errno.h>

static struct scrub *make(const char *const *secrets)
{
    struct scrub *s;

    assert_int_equal(scrub_new(&s), 0);
    for (; *secrets; secrets++)
        assert_int_equal(scrub_add(s, *secrets), 0);
    return s;
}

#define MAKE(...) make((const char *const[]){__VA_ARGS__, NULL})

static void assert_scrubbed(const struct scrub *s, const char *text, const char *expected)
{
    struct print *p = print_begin();

    scrub_print(s, bytes_str(text), p->to);
    assert_print(p, expected);
}

static void test_known_secrets_wherever_they_stand(void **state)
{
    struct scrub *s = MAKE("Marker1", "Marker12345", "a\"b\\c d/e");

    (void) state;
    assert_scrubbed(s, "Marker1", "[hidden]");
    assert_scrubbed(s, "xMarker1y Marker1", "x[hidden]y [hidden]");
    assert_scrubbed(s, "Marker12345", "[hidden]"); /* the longest */
    assert_scrubbed(s, "Marker Marke", "Marker Marke");
    assert_scrubbed(s, "plain: a\"b\\c d/e.", "plain: [hidden].");
    assert_scrubbed(s, "quoted: a\\\"b\\\\c d/e.", "quoted: [hidden].");
    assert_scrubbed(s, "url: a%22b%5Cc%20d%2Fe.", "url: [hidden].");
    assert_scrubbed(s, "x T1BFTlZJRFVBUFA6TWFya2VyMQ== y", "x [hidden]== y");
    assert_scrubbed(s, "", "");
    scrub_free(s);
}

static void test_what_is_named_secret(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"OPENVIDU_SECRET=abc", "OPENVIDU_SECRET=[hidden]"},
        {"secret = \"a b;c\";", "secret = \"[hidden]\";"},
        {"turn_secret=\"a\\\"b\" x", "turn_secret=\"[hidden]\" x"},
        {"{\"password\": \"abc\", \"x\": 1}", "{\"password\": \"[hidden]\", \"x\": 1}"},
        {"GET /?a=1&token=abc&b=2 HTTP", "GET /?a=1&token=[hidden]&b=2 HTTP"},
        {"url=turn:x,credential=abc,y=1", "url=turn:x,credential=[hidden],y=1"},
        {"https://joe:abc@host/x", "https://[hidden]@host/x"},
        {"https://host/a@b", "https://host/a@b"},
        {"Authorization: Basic YWJj\nnext", "Authorization: [hidden]\nnext"},
        {"got Bearer YWJj.", "got Bearer [hidden]"},
        {"requirepass abc", "requirepass [hidden]"},
        {"OPENVIDU_SECRET: is too short", "OPENVIDU_SECRET: is too short"},
        {"the secret is out", "the secret is out"},
        {"SECRET=", "SECRET="},
        {"SECRET=\nNEXT=1", "SECRET=\nNEXT=1"},
        {"SECRET=[hidden]", "SECRET=[hidden]"},
        {"SECRET=(hidden) has 3 characters", "SECRET=(hidden) has 3 characters"},
    };
    struct scrub *s = MAKE("not in there");

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_scrubbed(s, cases[i].text, cases[i].expected);
    scrub_free(s);
}

static void test_a_known_secret_across_a_named_one(void **state)
{
    struct scrub *s = MAKE("my-secret=abc/def");

    (void) state;
    assert_scrubbed(s, "x my-secret=abc/def y", "x [hidden] y");
    scrub_free(s);
}

static void test_learnt(void **state)
{
    static const char text[] = "port = 1;\nsecret = \"q\\\"1\";\nurl=redis://me:pw99@host/0\n";
    struct scrub *s = MAKE("xyz");

    (void) state;
    assert_int_equal(scrub_learn(s, bytes_str(text)), 0);
    assert_scrubbed(s, "q\"1 q\\\"1 pw99 me:pw99 port", "[hidden] [hidden] [hidden] [hidden] port");
    scrub_free(s);
}

static void test_short_and_many(void **state)
{
    struct scrub *s = MAKE("", "a", "ab");
    int r = 0;
    char text[40];

    (void) state;
    assert_scrubbed(s, "a ab abc", "a ab abc");
    for (int i = 0; r == 0 && i < 1000; i++) {
        snprintf(text, sizeof(text), "secret-%d", i);
        r = scrub_add(s, text);
    }
    assert_int_equal(r, -ENOSPC);
    assert_int_equal(scrub_add(s, "secret-1"), 0); /* it is known */
    scrub_free(s);
    scrub_free(NULL);
}

static void test_settings(void **state)
{
    struct settings *settings =
        settings_of("CALL_SECRET=MarkerTwo\n"
                    "OPENVIDU_WEBHOOK=true\n"
                    "OPENVIDU_WEBHOOK_ENDPOINT=https://joe:MarkerThree@hooks.example.org/\n"
                    "OPENVIDU_WEBHOOK_HEADERS=[\"X-Key: MarkerFour\"]\n"
                    "OPENVIDU_WEBRTC_ICE_SERVERS="
                    "[\"url=turn:a.b,username=u,credential=MarkerFive\"]\n");
    struct scrub *s = MAKE("xyz");

    (void) state;
    assert_int_equal(scrub_add_settings(s, settings), 0);
    assert_scrubbed(s, "aVeryLongSecretForTests12345 MarkerTwo MarkerThree MarkerFour MarkerFive",
                    "[hidden] [hidden] [hidden] [hidden] [hidden]");
    assert_scrubbed(s, "meet.example.org", "meet.example.org");
    settings_free(settings);
    scrub_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_secrets_wherever_they_stand),
        cmocka_unit_test(test_what_is_named_secret),
        cmocka_unit_test(test_a_known_secret_across_a_named_one),
        cmocka_unit_test(test_learnt),
        cmocka_unit_test(test_short_and_many),
        cmocka_unit_test(test_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
