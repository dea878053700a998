/* The keys about TURN: what each takes, and what it says about others. */
#include "env_kit.h"

static void refused(enum setting id, const char *value, const char *what)
{
    char example[320];

    kit_refused(setting_def(id)->key, value, what, example);
}

/* key: who is told; NULL: nobody */
static void assert_told(const char *more, const char *key, enum setting_severity severity,
                        const char *what)
{
    struct kit k = kit_load_more(more);

    if (problems_n(k.p) != (key ? 1 : 0))
        fail_msg("%s: %zu problems, the first: %s", more, problems_n(k.p),
                 problems_n(k.p) ? problems_at(k.p, 0)->what : "");
    if (key)
        kit_expect(&k, key, severity, what);
    kit_done(&k);
}

static void test_defaults(void **state)
{
    struct kit k = kit_load_more("");

    (void) state;
    assert_int_equal(settings_int(k.s, SET_TURN_TLS_PORT), 5349);
    assert_true(settings_bool(k.s, SET_TURN_ON_HTTPS_PORT));
    assert_string_equal(settings_text(k.s, SET_TURN_PEERS), "media");
    assert_int_equal(settings_n(k.s, SET_TURN_ALLOWED_PEERS), 0);
    assert_int_equal(settings_n(k.s, SET_TURN_DENIED_PEERS), 0);
    assert_int_equal(settings_n(k.s, SET_TURN_OLD_SECRETS), 0);
    assert_int_equal(settings_int(k.s, SET_TURN_USER_QUOTA), 200);
    assert_int_equal(settings_int(k.s, SET_TURN_TOTAL_QUOTA), 8000);
    assert_int_equal(settings_int(k.s, SET_TURN_USER_BANDWIDTH), 0);
    assert_string_equal(settings_text(k.s, SET_TURN_ALTERNATE_SERVER), "");
    assert_false(settings_bool(k.s, SET_TURN_SHA256));
    kit_done(&k);
}

static void take_256(const char *rules)
{
    char line[4096];
    struct kit k;

    snprintf(line, sizeof(line), "TURN_DENIED_PEERS=%s\n", rules);
    k = kit_load_more(line);
    assert_int_equal(settings_n(k.s, SET_TURN_DENIED_PEERS), 256);
    kit_done(&k);
}

static void test_peers(void **state)
{
    char many[257 * 12] = "";

    (void) state;
    kit_taken(SET_TURN_PEERS, "public", "public");
    refused(SET_TURN_PEERS, "all", "is none of the words");
    kit_taken(SET_TURN_ALLOWED_PEERS, "203.0.113.7,10.0.0.0/8 , [2001:db8:1::7]:5000-5100",
              "203.0.113.7, 10.0.0.0/8, [2001:db8:1::7]:5000-5100");
    kit_taken(SET_TURN_DENIED_PEERS, "0.0.0.0/0, ::/0", "0.0.0.0/0, ::/0");
    refused(SET_TURN_ALLOWED_PEERS, "203.0.113.7, nonsense", "cannot be: \"nonsense\" must be");
    refused(SET_TURN_DENIED_PEERS, "10.0.0.0/33", "must have a prefix");
    refused(SET_TURN_DENIED_PEERS, "10.0.0.1:70000", "must have a port");
    refused(SET_TURN_DENIED_PEERS, "10.1.2.3/8", "has bits behind");
    refused(SET_TURN_ALLOWED_PEERS, "127.0.0.1", "where relays never go");
    kit_taken(SET_TURN_DENIED_PEERS, "127.0.0.1", "127.0.0.1");
    for (size_t i = 0; i < 257; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "%s10.1.%zu.%zu", i ? "," : "",
                 i / 256, i % 256);
    refused(SET_TURN_DENIED_PEERS, many, "more than 256 items");
    *strrchr(many, ',') = '\0';
    take_256(many);
}

static void test_old_secrets(void **state)
{
    static const char two[] = "[\"first-Secret-0123456789\",\"second/Secret=987654321\"]";
    struct kit k;

    (void) state;
    assert_true(setting_is_hidden(setting_def(SET_TURN_OLD_SECRETS)));
    kit_taken(SET_TURN_OLD_SECRETS, "first-Secret-0123456789, second/Secret=987654321", two);
    kit_taken(SET_TURN_OLD_SECRETS, two, two);
    k = kit_load_more("TURN_OLD_SECRETS=[\"with,a-comma-0123456789\"]\n");
    assert_int_equal(settings_n(k.s, SET_TURN_OLD_SECRETS), 1);
    assert_string_equal(settings_item(k.s, SET_TURN_OLD_SECRETS, 0), "with,a-comma-0123456789");
    kit_done(&k);
    refused(SET_TURN_OLD_SECRETS, "first-Secret-0123456789, with a-blank-0123456789",
            "(number 2) that has a blank");
    refused(SET_TURN_OLD_SECRETS, "[\"first-Secret-0123456789\"", "lacks the closing ]");
    refused(SET_TURN_OLD_SECRETS,
            "a-Secret-0123456789, b-Secret-0123456789, c-Secret-0123456789, d-Secret-0123456789, "
            "e-Secret-0123456789, f-Secret-0123456789, g-Secret-0123456789, h-Secret-0123456789, "
            "i-Secret-0123456789",
            "more than 8 secrets");
    k = kit_load_more("TURN_OLD_SECRETS=short\n");
    kit_expect(&k, "TURN_OLD_SECRETS", SETTING_WARNING, "(number 1) that has 5 characters");
    assert_string_equal(problems_at(k.p, 0)->value, "(hidden)");
    kit_done(&k);
    assert_told("COTURN_SHARED_SECRET_KEY=first-Secret-0123456789\n"
                "TURN_OLD_SECRETS=other-Secret-0123456789,first-Secret-0123456789",
                "TURN_OLD_SECRETS", SETTING_WARNING, "is the present one");
}

static void test_alternate_server(void **state)
{
    (void) state;
    kit_taken(SET_TURN_ALTERNATE_SERVER, "203.0.113.6:3478", "203.0.113.6:3478");
    kit_taken(SET_TURN_ALTERNATE_SERVER, "[2001:db8::6]:3478", "[2001:db8::6]:3478");
    refused(SET_TURN_ALTERNATE_SERVER, "203.0.113.6", "is no IP address with a port");
    refused(SET_TURN_ALTERNATE_SERVER, "203.0.113.6:0", "is no IP address with a port");
    refused(SET_TURN_ALTERNATE_SERVER, "turn.example.org:3478", "is no IP address with a port");
    refused(SET_TURN_ALTERNATE_SERVER, "0.0.0.0:3478", "is no address of a machine");
    refused(SET_TURN_ALTERNATE_SERVER, "224.0.0.1:3478", "is no address of a machine");
    assert_told("COTURN_IP=203.0.113.5\nTURN_ALTERNATE_SERVER=203.0.113.5:3478",
                "TURN_ALTERNATE_SERVER", SETTING_ERROR, "is this server itself");
    assert_told("COTURN_IP=203.0.113.5\nTURN_ALTERNATE_SERVER=203.0.113.5:3479", NULL,
                SETTING_NOTICE, "");
}

/* Those of the media server itself. */
static void test_media_servers(void **state)
{
#define AGENT "MEDIA_ICE=agent\nMEDIA_ICE_SERVERS="
    (void) state;
    refused(SET_MEDIA_ICE, "full", "is none of");
    assert_true(setting_is_hidden(setting_def(SET_MEDIA_ICE_SERVERS)));
    assert_told(AGENT "[\"url=stun:192.0.2.7\",\"url=turn:[2001:db8::7]:80?transport=tcp,"
                      "username=u,credential=c\"]",
                NULL, SETTING_NOTICE, "");
    assert_told("MEDIA_ICE=agent", "MEDIA_ICE", SETTING_WARNING, "MEDIA_ICE_SERVERS is not set");
    assert_told("MEDIA_ICE_SERVERS=[\"url=stun:192.0.2.7\"]", "MEDIA_ICE_SERVERS", SETTING_NOTICE,
                "without MEDIA_ICE=agent");
    assert_told(AGENT "[\"url=stun:stun.example.org\"]", "MEDIA_ICE_SERVERS", SETTING_ERROR,
                "has a name");
    assert_told(AGENT "[\"url=turns:192.0.2.7,staticAuthSecret=s\"]", "MEDIA_ICE_SERVERS",
                SETTING_ERROR, "speaks TLS");
    assert_told(AGENT "[\"url=stun:192.0.2.7\",\"url=stun:192.0.2.8\"]", "MEDIA_ICE_SERVERS",
                SETTING_ERROR, "more than one STUN server");
    assert_told(AGENT "[\"url=turn:192.0.2.7\"]", "MEDIA_ICE_SERVERS", SETTING_ERROR,
                "need either");
    assert_told("KMS_STUN_IP=192.0.2.7", "KMS_STUN_IP", SETTING_NOTICE, "MEDIA_ICE_SERVERS");
#undef AGENT
}

static void test_ports(void **state)
{
    (void) state;
    assert_told("TURN_TLS_PORT=443", "TURN_TLS_PORT", SETTING_ERROR, "HTTPS_PORT");
    assert_told("TURN_TLS_PORT=5442", "TURN_TLS_PORT", SETTING_ERROR, "the Call app");
    assert_told("TURN_TLS_PORT=3478", "TURN_TLS_PORT", SETTING_ERROR, "COTURN_PORT");
    assert_told("TURN_TLS_PORT=40010", "TURN_TLS_PORT", SETTING_ERROR, "40000 to 40063");
    assert_told("TURN_TLS_PORT=60000", "TURN_TLS_PORT", SETTING_ERROR, "57001 to 65535");
    assert_told("HTTPS_PORT=5349", "HTTPS_PORT", SETTING_ERROR, "TURN_TLS_PORT");
    assert_told("COTURN_PORT=5349", "COTURN_PORT", SETTING_ERROR, "TURN_TLS_PORT");
    assert_told("COTURN_PORT=5349\nTURN_TLS_PORT=0", NULL, SETTING_NOTICE, "");
    assert_told("TURN_TLS_PORT=0", NULL, SETTING_NOTICE, "");
}

static void test_quotas(void **state)
{
    (void) state;
    assert_told("TURN_USER_QUOTA=8001", "TURN_USER_QUOTA", SETTING_ERROR, "which is 8000");
    assert_told("TURN_TOTAL_QUOTA=8536", "TURN_TOTAL_QUOTA", SETTING_WARNING, "relay ports, 8535");
    assert_told("TURN_TOTAL_QUOTA=8535", NULL, SETTING_NOTICE, "");
    /* What was not chosen is not remarked on. */
    assert_told("COTURN_MIN_PORT=65000", NULL, SETTING_NOTICE, "");
}

static void test_what_is_said_and_does_nothing(void **state)
{
    (void) state;
    assert_told("TURN_ON_HTTPS_PORT=true", "TURN_ON_HTTPS_PORT", SETTING_NOTICE, "self-signed");
    assert_told("TURN_ON_HTTPS_PORT=false", NULL, SETTING_NOTICE, "");
    assert_told("CERTIFICATE_TYPE=owncert\nTURN_ON_HTTPS_PORT=true", NULL, SETTING_NOTICE, "");
    assert_told("CERTIFICATE_TYPE=owncert\nTURN_ON_HTTPS_PORT=true\nPROXY=site",
                "TURN_ON_HTTPS_PORT", SETTING_NOTICE, "PROXY=site");
    assert_told("CERTIFICATE_TYPE=owncert\nTURN_ON_HTTPS_PORT=true\nPROXY=external",
                "TURN_ON_HTTPS_PORT", SETTING_NOTICE, "PROXY=external");
    assert_told("CERTIFICATE_TYPE=owncert\nPROXY=site", NULL, SETTING_NOTICE, "");
}

/* No change of them ends an allocation that need not end. */
static void test_who_is_restarted(void **state)
{
    (void) state;
    for (enum setting id = SET_TURN_TLS_PORT; id <= SET_TURN_SHA256; id++) {
        bool restarts = id == SET_TURN_TLS_PORT || id == SET_TURN_SHA256;

        assert_int_equal(setting_def(id)->restarts, restarts ? SETTING_TURN : 0);
        assert_true(restarts || id == SET_TURN_ON_HTTPS_PORT ||
                    setting_def(id)->reloads == SETTING_TURN);
    }
    assert_int_equal(setting_def(SET_TURN_ON_HTTPS_PORT)->reloads,
                     SETTING_SIGNALING | SETTING_PROXY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_old_secrets),
        cmocka_unit_test(test_alternate_server),
        cmocka_unit_test(test_media_servers),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_quotas),
        cmocka_unit_test(test_what_is_said_and_does_nothing),
        cmocka_unit_test(test_who_is_restarted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
