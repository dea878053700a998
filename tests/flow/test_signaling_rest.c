/* The REST API of the signaling daemon from outside: statuses, exact keys, credentials, CORS. */
#include "signaling_kit.h"

static struct kit *kit;

static int setup(void **state)
{
    (void) state;
    kit = kit_start("max_sessions = 3;\nmax_data_bytes = 100;\n"
                    "ice_servers = [\"url=turn:global.example.org,staticAuthSecret=s\"];\n");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    return 0;
}

static unsigned rest(const char *method, const char *path, const char *body)
{
    return kit_rest(kit, method, path, body, NULL);
}

#define SESSION_KEYS                                                                               \
    "id object sessionId createdAt recording broadcasting mediaMode recordingMode "                \
    "defaultRecordingProperties customSessionId forcedVideoCodec allowTranscoding connections"
#define CONNECTION_KEYS                                                                            \
    "id object status connectionId sessionId createdAt activeAt location ip platform token type "  \
    "serverData record role kurentoOptions customIceServers rtspUri adaptativeBitrate "            \
    "onlyPlayWithSubscribers networkCache clientData publishers subscribers"

struct request {
    const char *method, *path, *body;
    unsigned status;
};

static void run_all(const struct request *requests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned status = rest(requests[i].method, requests[i].path, requests[i].body);

        if (status != requests[i].status)
            fail_msg("%s %s %s: %u instead of %u", requests[i].method, requests[i].path,
                     requests[i].body, status, requests[i].status);
    }
}

static void test_statuses(void **state)
{
    static const struct request requests[] = {
        {"GET", "sessions/none", "", 404},
        {"POST", "sessions", "{\"mediaMode\":\"BAD\"}", 400},
        {"POST", "sessions", "{\"mediaMode\":5}", 400},
        {"POST", "sessions", "{\"recordingMode\":false}", 400},
        {"POST", "sessions", "{\"customSessionId\":999}", 400},
        {"POST", "sessions", "{\"customSessionId\":\"a b\"}", 400},
        {"POST", "sessions", "{\"recordingMode\":\"BAD\"}", 400},
        {"POST", "sessions", "{\"forcedVideoCodec\":\"AV1\"}", 400},
        {"POST", "sessions", "{\"allowTranscoding\":\"yes\"}", 400},
        {"POST", "sessions", "{\"mediaNode\":\"x\"}", 400},
        {"POST", "sessions", "{\"mediaNode\":{\"id\":5}}", 400},
        {"POST", "sessions", "{\"defaultRecordingProperties\":\"STR\"}", 400},
        {"POST", "sessions", "{\"defaultRecordingProperties\":{\"outputMode\":\"BAD\"}}", 400},
        {"POST", "sessions", "{\"defaultRecordingProperties\":{\"recordingLayout\":\"BAD\"}}", 400},
        {"POST", "sessions", "{\"defaultRecordingProperties\":{\"resolution\":\"1920x2000\"}}",
         400},
        {"POST", "sessions", "{\"defaultRecordingProperties\":{\"frameRate\":121}}", 400},
        {"POST", "sessions", "{\"defaultRecordingProperties\":{\"shmSize\":1}}", 400},
        {"POST", "sessions",
         "{\"defaultRecordingProperties\":{\"hasAudio\":false,\"hasVideo\":false}}", 400},
        {"POST", "sessions", "{", 400},
        {"POST", "sessions", "[]", 400},
        {"POST", "sessions", "{\"customSessionId\":\"S\",\"unknown\":1,\"mediaNode\":null}", 200},
        {"POST", "sessions", "{\"customSessionId\":\"S\"}", 409},
        {"GET", "sessions?pendingConnections=maybe", "", 400},
        {"GET", "sessions/none/connection", "", 404},
        {"GET", "sessions/S/connection", "", 200},
        {"GET", "sessions/none/connection/c", "", 400},
        {"GET", "sessions/S/connection/c", "", 404},
        {"POST", "tokens", "", 400},
        {"POST", "tokens", "{}", 400},
        {"POST", "tokens", "{\"session\":true}", 400},
        {"POST", "tokens", "{\"session\":\"none\"}", 404},
        {"POST", "tokens", "{\"session\":\"S\",\"role\":\"BAD\"}", 400},
        {"POST", "tokens", "{\"session\":\"S\",\"data\":999}", 400},
        {"POST", "tokens", "{\"session\":\"S\",\"kurentoOptions\":false}", 400},
        {"POST", "tokens", "{\"session\":\"S\",\"kurentoOptions\":{\"allowedFilters\":\"X\"}}",
         400},
        {"POST", "sessions/none/connection", "{\"type\":5}", 404},
        {"POST", "sessions/S/connection", "{\"type\":false}", 400},
        {"POST", "sessions/S/connection", "{\"type\":\"BAD\"}", 400},
        {"POST", "sessions/S/connection", "{\"type\":\"IPCAM\"}", 400},
        {"POST", "sessions/S/connection", "{\"type\":\"IPCAM\",\"rtspUri\":\"NOT_A_URL\"}", 400},
        {"POST", "sessions/S/connection",
         "{\"type\":\"IPCAM\",\"rtspUri\":\"rtsp://a/b\",\"adaptativeBitrate\":123}", 400},
        {"POST", "sessions/S/connection",
         "{\"type\":\"IPCAM\",\"rtspUri\":\"rtsp://a/b\",\"role\":5}", 501},
        {"POST", "sessions/S/connection", "{\"role\":123}", 400},
        {"POST", "sessions/S/connection", "{\"record\":123}", 400},
        {"POST", "sessions/S/connection", "{\"data\":true}", 400},
        {"POST", "sessions/S/connection", "{\"kurentoOptions\":{\"videoMaxSendBandwidth\":\"x\"}}",
         400},
        {"POST", "sessions/S/connection", "{\"customIceServers\":5}", 400},
        {"POST", "sessions/S/connection", "{\"customIceServers\":[{\"url\":\"bad-ice-server\"}]}",
         400},
        {"POST", "sessions/S/connection",
         "{\"customIceServers\":[{\"url\":\"turn:bad-ice-server\"}]}", 400},
        {"POST", "sessions/S/connection", "{\"customIceServers\":[{\"url\":\"bad-prefix:a.com\"}]}",
         400},
        {"POST", "signal", "{}", 400},
        {"POST", "signal", "{\"session\":true}", 400},
        {"POST", "signal", "{\"session\":\"S\",\"to\":12}", 400},
        {"POST", "signal", "{\"session\":\"S\",\"data\":false}", 400},
        {"POST", "signal", "{\"session\":\"S\",\"type\":true}", 400},
        {"POST", "signal", "{\"session\":\"S\"}", 406},
        {"POST", "recordings/start", "", 400},
        {"POST", "recordings/start", "{}", 501},
        {"GET", "recordings", "", 501},
        {"POST", "recordings/stop", "", 405},
        {"DELETE", "recordings", "", 405},
        {"DELETE", "sessions", "", 405},
        {"PATCH", "sessions/S/connection/c", "{}", 405},
        {"GET", "unknown", "", 404},
        {"GET", "media-nodes", "", 404},
        {"GET", "\xff", "", 400},
        {"POST", "broadcast/start", "{}", 405},
        {"DELETE", "sessions/none/stream/x", "", 400},
        {"DELETE", "sessions/S/stream/x", "", 404},
        {"DELETE", "sessions/none/connection/x", "", 400},
        {"DELETE", "sessions/S/connection/x", "", 404},
        {"DELETE", "sessions/none", "", 404},
        {"DELETE", "sessions/S", "", 204},
        {"GET", "sessions/S/", "", 404},
        {"GET", "config/openvidu-version", "", 200},
        {"GET", "config/openvidu-recording", "", 200},
        {"GET", "config/openvidu-cdr", "", 200},
    };

    (void) state;
    run_all(requests, sizeof(requests) / sizeof(requests[0]));
}

static void test_credentials(void **state)
{
    static const struct {
        const char *headers, *path;
        unsigned status;
    } cases[] = {
        {"", "/openvidu/api/config", 401},
        {"", "/openvidu/api/unknown", 401},
        {"Authorization: Basic bm86bm8=\r\n", "/openvidu/api/sessions", 401},
        {KIT_AUTH, "/openvidu/api/sessions", 200},
        {"", "/openvidu/api/config/openvidu-publicurl", 200},
        {KIT_AUTH, "/api/sessions", 404},
        {"", "/api/sessions", 404},
        {KIT_AUTH, "/config", 404},
        {"", "/unknown", 404},
        {"", "/openvidu", 404},
    };
    char head[2048];

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned status = kit_request(kit, "GET", cases[i].path, cases[i].headers, "", NULL, head);

        assert_int_equal(status, cases[i].status);
        assert_int_equal(strstr(head, "WWW-Authenticate: Basic") != NULL, status == 401);
        assert_non_null(strstr(head, "Access-Control-Allow-Origin: *"));
    }
    assert_int_equal(kit_request(kit, "GET", "/openvidu/api/sessions",
                                 "X-Requested-With: XMLHttpRequest\r\n", "", NULL, head),
                     401);
    assert_null(strstr(head, "WWW-Authenticate"));
    assert_int_equal(kit_request(kit, "OPTIONS", "/openvidu/api/sessions",
                                 "Origin: https://app\r\nAccess-Control-Request-Method: DELETE\r\n"
                                 "Access-Control-Request-Headers: authorization,x-y\r\n",
                                 "", NULL, head),
                     200);
    assert_non_null(strstr(head, "Access-Control-Allow-Methods: DELETE"));
    assert_non_null(strstr(head, "Access-Control-Allow-Headers: authorization,x-y"));
    assert_int_equal(kit_request(kit, "POST", "/openvidu/api/sessions",
                                 KIT_AUTH "Content-Type: text/plain\r\n", "{}", NULL, head),
                     415);
    assert_int_equal(kit_request(kit, "DELETE", "/openvidu/api/sessions/x",
                                 KIT_AUTH "Content-Type: application/x-www-form-urlencoded\r\n", "",
                                 NULL, head),
                     404);
}

static void test_error_shapes(void **state)
{
    json_t *j;

    (void) state;
    assert_int_equal(kit_rest(kit, "POST", "sessions", "{\"mediaMode\":1}", &j), 400);
    expect_keys(j, "timestamp status error message path");
    assert_true(json_is_integer(json_object_get(j, "timestamp")));
    json_decref(j);
    assert_int_equal(kit_rest(kit, "DELETE", "sessions", "", &j), 405);
    expect_keys(j, "timestamp status error path");
    assert_true(json_is_string(json_object_get(j, "timestamp")));
    json_decref(j);
    assert_int_equal(kit_rest(kit, "GET", "sessions/none", "", &j), 404);
    assert_null(j);
}

static void test_shapes(void **state)
{
    json_t *j, *c;

    (void) state;
    assert_int_equal(kit_rest(kit, "GET", "sessions", "", &j), 200);
    {
        char *text = json_dumps(j, JSON_COMPACT);

        assert_string_equal(text, "{\"numberOfElements\":0,\"content\":[]}");
        free(text);
    }
    json_decref(j);
    assert_int_equal(kit_rest(kit, "POST", "sessions", "", &j), 200);
    expect_keys(j, SESSION_KEYS);
    expect_keys(json_object_get(j, "defaultRecordingProperties"),
                "name hasAudio hasVideo outputMode recordingLayout resolution frameRate shmSize");
    json_decref(j);
    assert_int_equal(kit_rest(kit, "POST", "sessions",
                              "{\"customSessionId\":\"S\",\"mediaNode\":{\"id\":\"m\"},"
                              "\"defaultRecordingProperties\":{\"outputMode\":\"INDIVIDUAL\"}}",
                              &j),
                     200);
    expect_keys(json_object_get(j, "defaultRecordingProperties"),
                "name hasAudio hasVideo outputMode ignoreFailedStreams");
    assert_non_null(json_object_get(j, "mediaNode"));
    json_decref(j);

    assert_int_equal(
        kit_rest(kit, "POST", "sessions/S/connection",
                 "{\"data\":\"D\",\"record\":false,\"role\":\"MODERATOR\",\"rtspUri\":null,"
                 "\"kurentoOptions\":{\"videoMaxSendBandwidth\":777,\"allowedFilters\":[\"A\"]},"
                 "\"customIceServers\":[{\"url\":\"turn:turn-server.com\",\"username\":\"u\","
                 "\"credential\":\"c\"},{\"url\":\"stun:1.2.3.4:1234\"}]}",
                 &j),
        200);
    expect_keys(j, CONNECTION_KEYS);
    expect_keys(json_object_get(j, "kurentoOptions"), "videoMaxSendBandwidth allowedFilters");
    assert_int_equal(json_array_size(json_object_get(j, "customIceServers")), 2);
    assert_true(json_is_null(json_object_get(j, "activeAt")));
    assert_memory_equal(json_string_value(json_object_get(j, "token")),
                        "wss://calls.example.org:4443?sessionId=S&token=tok_", 51);
    c = j;

    assert_int_equal(kit_rest(kit, "GET", "sessions/S?pendingConnections=true", "", &j), 200);
    assert_true(json_equal(
        json_array_get(json_object_get(json_object_get(j, "connections"), "content"), 0), c));
    json_decref(j);
    json_decref(c);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", &j), 200);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(j, "connections"), "numberOfElements")),
        0);
    json_decref(j);

    /* the operator's ICE servers, unless the caller brings some */
    assert_int_equal(
        kit_rest(kit, "POST", "tokens", "{\"session\":\"S\",\"role\":\"MODERATOR\"}", &j), 200);
    expect_keys(j, "id token createdAt connectionId session data role");
    json_decref(j);
    assert_int_equal(
        kit_rest(kit, "POST", "tokens", "{\"session\":\"S\",\"kurentoOptions\":{}}", &j), 200);
    expect_keys(j, "id token createdAt connectionId session data role kurentoOptions");
    json_decref(j);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S/connection", "", &j), 200);
    assert_int_equal(json_integer_value(json_object_get(j, "numberOfElements")), 3);
    c = json_array_get(json_object_get(j, "content"), 2);
    expect_keys(json_array_get(json_object_get(c, "customIceServers"), 0),
                "url username credential");
    json_decref(j);
}

static void test_custom_connection_id(void **state)
{
    static const char body[] =
        "{\"data\":\"{\\\"openviduCustomConnectionId\\\":\\\"con_my id!\\\"}\"}";
    json_t *j;

    (void) state;
    kit_make_session(kit, "S");
    assert_int_equal(kit_rest(kit, "POST", "sessions/S/connection", body, &j), 200);
    assert_string_equal(json_string_value(json_object_get(j, "id")), "con_myid");
    json_decref(j);
    assert_int_equal(rest("POST", "sessions/S/connection", body), 400);
    assert_int_equal(rest("DELETE", "sessions/S/connection/con_myid", ""), 204);
    assert_int_equal(rest("POST", "sessions/S/connection", body), 200);
}

static void test_deleted_token(void **state)
{
    struct peer *p;
    json_t *j;
    char path[256];

    (void) state;
    kit_make_session(kit, "S");
    assert_int_equal(kit_rest(kit, "POST", "sessions/S/connection", "{}", &j), 200);
    snprintf(path, sizeof(path), "sessions/S/connection/%s",
             json_string_value(json_object_get(j, "id")));
    assert_int_equal(rest("DELETE", path, ""), 204);
    p = peer_open(kit);
    assert_int_equal(
        peer_fails(p, "joinRoom",
                   join_params("S", json_string_value(json_object_get(j, "token")), ""), NULL),
        401);
    json_decref(j);
    peer_close(p);
}

static void test_active_connection(void **state)
{
    struct peer *p;
    json_t *j;
    char path[256];

    (void) state;
    kit_make_session(kit, "S");
    p = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_publish(p, "offer"));
    snprintf(path, sizeof(path), "sessions/S/connection/%s?webRtcStats=true", p->id);
    assert_int_equal(kit_rest(kit, "GET", path, "", &j), 200);
    expect_keys(j, CONNECTION_KEYS);
    assert_string_equal(json_string_value(json_object_get(j, "status")), "active");
    assert_string_equal(json_string_value(json_object_get(j, "location")), "unknown");
    assert_string_equal(json_string_value(json_object_get(j, "platform")), "Test 1.0");
    /* the proxy on the Unix socket is believed */
    assert_string_equal(json_string_value(json_object_get(j, "ip")), "203.0.113.9");
    expect_keys(json_array_get(json_object_get(j, "publishers"), 0),
                "createdAt streamId mediaOptions webrtcEndpointName remoteSdp localSdp "
                "clientIceCandidates serverIceCandidates localCandidate remoteCandidate events "
                "stats");
    json_decref(j);
    peer_close(p);
}

static json_t *endpoint_of(json_t *connection, const char *list)
{
    return json_array_get(json_object_get(connection, list), 0);
}

static void test_statistics(void **state)
{
    struct peer *ann, *ben;
    json_t *j, *content;
    bool known;

    (void) state;
    kit_make_session(kit, "S");
    ann = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_publish(ann, "offer"));
    ben = peer_join(kit, "S", "SUBSCRIBER", NULL);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S?webRtcStats=true", "", &j), 200);
    content = json_object_get(json_object_get(j, "connections"), "content");
    assert_string_equal(json_string_value(json_object_get(
                            endpoint_of(json_array_get(content, 0), "publishers"), "remoteSdp")),
                        "THEIRS");
    json_decref(j);

    /* without a media daemon there is an answer, too */
    kit_end_media(kit);
    do {
        assert_int_equal(kit_rest(kit, "GET", "sessions?webRtcStats=true", "", &j), 200);
        content = json_object_get(json_array_get(json_object_get(j, "content"), 0), "connections");
        content = json_object_get(
            endpoint_of(json_array_get(json_object_get(content, "content"), 0), "publishers"),
            "remoteSdp");
        known = !json_is_null(content);
        json_decref(j);
    } while (known);
    peer_close(ann);
    peer_close(ben);
}

/* The codec that the media daemon is told to force on the next stream of S, "" for none; S ends. */
static void expect_forced(const char *body, const char *codec, size_t nth)
{
    json_t *j, *params;
    struct peer *p;

    assert_int_equal(kit_rest(kit, "POST", "sessions", body, &j), 200);
    p = peer_join(kit, json_string_value(json_object_get(j, "id")), "PUBLISHER", NULL);
    json_decref(peer_publish(p, "offer"));
    params = kit_call(kit, "publish", nth);
    assert_string_equal(json_string_value(json_object_get(params, "forcedCodec"))
                            ? json_string_value(json_object_get(params, "forcedCodec"))
                            : "",
                        codec);
    json_decref(params);
    json_decref(j);
    peer_close(p);
}

static void test_forced_codecs(void **state)
{
    (void) state;
    expect_forced("{}", "VP8", 0);
    expect_forced("{\"forcedVideoCodec\":\"NONE\"}", "", 1);
    expect_forced("", "", 2); /* a quirk of the original */
}

static void test_limits(void **state)
{
    char body[256], data[102];

    (void) state;
    kit_make_session(kit, "S");
    kit_make_session(kit, "T");
    kit_make_session(kit, "U");
    assert_int_equal(rest("POST", "sessions", "{}"), 500);
    memset(data, 'x', 101);
    data[101] = '\0';
    snprintf(body, sizeof(body), "{\"data\":\"%s\"}", data);
    assert_int_equal(rest("POST", "sessions/S/connection", body), 400);
    data[100] = '\0';
    snprintf(body, sizeof(body), "{\"data\":\"%s\"}", data);
    assert_int_equal(rest("POST", "sessions/S/connection", body), 200);
    snprintf(body, sizeof(body), "{\"customSessionId\":\"%s%s\"}", data, "x");
    assert_int_equal(rest("DELETE", "sessions/S", ""), 204);
    assert_int_equal(rest("POST", "sessions", body), 400);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_statuses),
        FLOW(test_credentials),
        FLOW(test_error_shapes),
        FLOW(test_shapes),
        FLOW(test_custom_connection_id),
        FLOW(test_deleted_token),
        FLOW(test_active_connection),
        FLOW(test_statistics),
        FLOW(test_forced_codecs),
        FLOW(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
