/* The configuration read again while people are in a session: what is in force changes, nobody is
 * dropped. And the slowing of those who guess the secret by RPC. */
#include "signaling_kit.h"

#define OTHER_AUTH "Authorization: Basic T1BFTlZJRFVBUFA6T1RIRVI=\r\n" /* OPENVIDUAPP:OTHER */

static struct kit *kit;

static int setup(void **state)
{
    (void) state;
    kit = kit_start("gc_interval_s = 3600;\n");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    return 0;
}

static unsigned get_config(const char *headers, json_t **ret)
{
    char head[2048];

    return kit_request(kit, "GET", "/openvidu/api/config", headers, "", ret, head);
}

/* Until these credentials are the right ones. */
static void wait_for(const char *headers)
{
    for (int i = 0; i < KIT_PATIENCE_MS / 10; i++) {
        if (get_config(headers, NULL) == 200)
            return;
        usleep(10000);
    }
    fail_msg("the configuration was not read again");
}

static void reload(const char *secret, const char *settings)
{
    kit_write_config(kit, secret, settings);
    assert_int_equal(kill(kit->pid, SIGHUP), 0);
}

static void test_a_session_lives_on(void **state)
{
    struct peer *a, *b;
    json_t *r;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_publish(a, "offer"));
    for (int i = 0; i < 50; i++) {
        reload("OTHER", "media_server = \"mediasoup\";\nice_servers = "
                        "[\"url=turn:turn.example.org:3478,staticAuthSecret=x\"];\n"
                        "coturn_ip = \"203.0.113.5\";\nturn_secret = \"t\";\n");
        peer_do(a, "ping", NULL);
        reload("MY_SECRET", "video_max_recv_kbps = 777;\nlog_level = \"debug\";\n");
        peer_do(a, "ping", NULL);
    }
    reload("OTHER",
           "video_max_recv_kbps = 555;\nmedia_server = \"mediasoup\";\n"
           "forced_codec = \"H264\";\ncoturn_ip = \"203.0.113.5\";\nturn_secret = \"t\";\n");
    wait_for(OTHER_AUTH);
    assert_int_equal(get_config(KIT_AUTH, NULL), 401);
    assert_int_equal(get_config(OTHER_AUTH, &r), 200);
    assert_int_equal(
        json_integer_value(json_object_get(r, "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH")), 555);
    assert_string_equal(string_of(r, "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC"), "H264");
    json_decref(r);

    /* Those who come later to a session that is there find it as it was made. */
    reload("MY_SECRET", "media_server = \"mediasoup\";\ncoturn_ip = \"203.0.113.5\";\n"
                        "turn_secret = \"t\";\n");
    wait_for(KIT_AUTH);
    b = peer_join(kit, "S", "PUBLISHER", &r);
    assert_string_equal(string_of(r, "mediaServer"), "kurento");
    assert_string_equal(string_of(r, "coturnIp"), "203.0.113.5");
    json_decref(r);
    json_decref(peer_notice(a, "participantJoined"));
    peer_close(b);
    kit_make_session(kit, "T");
    b = peer_join(kit, "T", "PUBLISHER", &r);
    assert_string_equal(string_of(r, "mediaServer"), "mediasoup");
    json_decref(r);
    peer_close(b);
    peer_close(a);
}

/* One that joins S is told so many ICE servers; the last of three is turns:. */
static void assert_ice_servers(size_t n)
{
    json_t *r, *list;
    struct peer *p = peer_join(kit, "S", "SUBSCRIBER", &r);

    list = json_object_get(r, "customIceServers");
    assert_int_equal(json_array_size(list), n);
    if (n == 3) {
        json_t *last = json_array_get(list, 2);

        assert_string_equal(string_of(last, "url"), "turns:a.example:443?transport=tcp");
        assert_string_equal(string_of(last, "username"), string_of(r, "turnUsername"));
        assert_string_equal(string_of(last, "credential"), string_of(r, "turnCredential"));
    }
    json_decref(r);
    peer_close(p);
}

static void test_turns_comes_and_goes(void **state)
{
    char mark[] = "/tmp/visavis-mark-XXXXXX", text[512];
    int fd = mkstemp(mark);

    (void) state;
    assert_true(fd >= 0);
    close(fd);
    kit_make_session(kit, "S");
    snprintf(text, sizeof(text),
             "coturn_ip = \"2001:db8::5\";\nturn_secret = \"t\";\n"
             "turns_url = \"turns:a.example:443?transport=tcp\";\nselfsigned_mark = \"%s\";\n",
             mark);
    reload("OTHER", text);
    wait_for(OTHER_AUTH);
    reload("MY_SECRET", text);
    wait_for(KIT_AUTH);
    assert_ice_servers(2); /* a temporary certificate */
    assert_int_equal(unlink(mark), 0);
    assert_ice_servers(3);
    reload("OTHER", "coturn_ip = \"2001:db8::5\";\nturn_secret = \"t\";\n");
    wait_for(OTHER_AUTH);
    reload("MY_SECRET", "coturn_ip = \"2001:db8::5\";\nturn_secret = \"t\";\n");
    wait_for(KIT_AUTH);
    assert_ice_servers(2);
}

/* A token from before there was TURN has no credentials for it. */
static void test_turn_comes_later(void **state)
{
    struct peer *p = peer_open(kit);
    char *token;
    json_t *r;

    (void) state;
    kit_make_session(kit, "S");
    token = kit_make_token(kit, "S", "{}");
    reload("OTHER", "coturn_ip = \"203.0.113.5\";\nturn_secret = \"t\";\n");
    wait_for(OTHER_AUTH);
    r = peer_call(p, "joinRoom", join_params("S", token, ""));
    assert_null(json_object_get(r, "coturnIp"));
    assert_int_equal(json_array_size(json_object_get(r, "customIceServers")), 0);
    json_decref(r);
    free(token);
    peer_close(p);
}

static void test_a_wrong_file_changes_nothing(void **state)
{
    (void) state;
    reload("OTHER", "max_participants = 0;\nnonsense = 1;\n");
    reload("OTHER", "coturn_ip = \"203.0.113.5\";\n");
    for (int i = 0; i < 20; i++)
        assert_int_equal(get_config(KIT_AUTH, NULL), 200);
    reload("OTHER", "");
    wait_for(OTHER_AUTH);
}

static json_t *join_with(const char *secret)
{
    json_t *params = join_params("S", "wss://nope", "");

    json_object_set_new(params, "secret", json_string(secret));
    return params;
}

static void test_guessing_by_rpc_is_slow(void **state)
{
    struct peer *p[6];
    char head[2048];

    (void) state;
    kit_make_session(kit, "S");
    for (int i = 0; i < 6; i++)
        p[i] = peer_open(kit);
    for (int i = 0; i < 5; i++)
        assert_int_equal(peer_fails(p[0], "joinRoom", join_with("guess"), NULL), 401);
    /* Now they wait, four at a time; one of six connections is told so at once. */
    for (int i = 0; i < 6; i++)
        (void) peer_send(p[i], "joinRoom", join_with(i == 5 ? "MY_SECRET" : "guess"));
    for (int i = 0; i < 6; i++) {
        json_t *answer = peer_read(p[i]);

        assert_non_null(json_object_get(answer, "error"));
        assert_int_equal(strstr(string_of(json_object_get(answer, "error"), "message"),
                                "Too many wrong secrets") != NULL,
                         i >= 4);
        json_decref(answer);
    }
    /* The same address is slow at REST, and a right secret gets through. */
    assert_int_equal(kit_request(kit, "GET", "/openvidu/api/sessions",
                                 KIT_AUTH "X-Real-IP: 203.0.113.9\r\n", "", NULL, head),
                     200);
    peer_do(p[5], "joinRoom", join_with("MY_SECRET"));
    /* One who leaves while waiting. */
    (void) peer_send(p[4], "joinRoom", join_with("guess"));
    for (int i = 0; i < 6; i++)
        peer_close(p[i]);
    assert_int_equal(get_config(KIT_AUTH, NULL), 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_session_lives_on),      TEST(test_turns_comes_and_goes),
        TEST(test_turn_comes_later),        TEST(test_a_wrong_file_changes_nothing),
        TEST(test_guessing_by_rpc_is_slow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
