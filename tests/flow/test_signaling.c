/* The signaling daemon from outside: RPC over WebSockets, in the documented orders. */
#include "signaling_kit.h"

static struct kit *kit;

static int setup(void **state)
{
    (void) state;
    kit = kit_start("coturn_ip = \"203.0.113.5\";\nturn_secret = \"shared\";\n"
                    "max_data_bytes = 200;\nmax_participants = 4;\nmax_connections = 6;\n");
    return 0;
}

static int setup_mediasoup(void **state)
{
    (void) state;
    kit = kit_start("media_server = \"mediasoup\";\n");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    return 0;
}

static void test_joining(void **state)
{
    struct peer *a, *b;
    json_t *r, *v, *params;
    char *token, *text;

    (void) state;
    kit_make_session(kit, "S");
    token = kit_make_token(kit, "S", "{\"data\":\"SERVER\"}");
    a = peer_open(kit);
    assert_int_equal(peer_fails(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "x"), &text),
                     803);
    free(text);
    assert_int_equal(peer_fails(a, "joinRoom", join_params("nope", token, ""), NULL), 202);
    assert_int_equal(peer_fails(a, "joinRoom", join_params("S", "wss://nope", ""), &text), 401);
    assert_string_equal(text, "Unable to join session S. Token wss://nope is not valid. Code: 401");
    free(text);
    assert_int_equal(peer_fails(a, "joinRoom", json_pack("{s:s}", "token", token), NULL), -1);
    r = peer_call(a, "joinRoom", join_params("S", token, "CLIENT"));
    expect_keys(r, "id finalUserId createdAt metadata value session version mediaServer "
                   "videoSimulcast record role coturnIp coturnPort turnUsername turnCredential "
                   "customIceServers sessionId");
    assert_string_equal(string_of(r, "metadata"), "CLIENT%/%SERVER");
    assert_string_equal(string_of(r, "version"), "2.32.0");
    assert_string_equal(string_of(r, "role"), "PUBLISHER");
    assert_string_equal(string_of(r, "mediaServer"), "kurento");
    assert_int_equal(json_array_size(json_object_get(r, "value")), 0);
    assert_int_equal(strlen(string_of(r, "sessionId")), 26);
    assert_int_equal(json_array_size(json_object_get(r, "customIceServers")), 2);
    for (size_t i = 0; i < 2; i++) {
        v = json_array_get(json_object_get(r, "customIceServers"), i);
        assert_string_equal(string_of(v, "url"), i == 0 ? "turn:203.0.113.5:3478"
                                                        : "turn:203.0.113.5:3478?transport=tcp");
        assert_string_equal(string_of(v, "username"), string_of(r, "turnUsername"));
        assert_string_equal(string_of(v, "credential"), string_of(r, "turnCredential"));
    }
    snprintf(a->id, sizeof(a->id), "%s", string_of(r, "id"));
    json_decref(r);

    /* a used token, and a second join on the same socket */
    b = peer_open(kit);
    assert_int_equal(peer_fails(b, "joinRoom", join_params("S", token, ""), NULL), 401);
    assert_int_equal(peer_fails(a, "joinRoom", join_params("S", token, ""), NULL), 104);
    peer_close(b);
    free(token);

    /* the first one publishes, the second one sees it and is seen */
    json_decref(peer_publish(a, "offer"));
    b = peer_join(kit, "S", "PUBLISHER", &r);
    params = peer_notice(a, "participantJoined");
    expect_keys(params, "id createdAt metadata");
    assert_string_equal(string_of(params, "id"), b->id);
    json_decref(params);
    v = json_array_get(json_object_get(r, "value"), 0);
    expect_keys(v, "id createdAt metadata streams");
    assert_string_equal(string_of(v, "id"), a->id);
    expect_keys(json_array_get(json_object_get(v, "streams"), 0),
                "id createdAt hasAudio hasVideo audioActive videoActive typeOfVideo frameRate "
                "videoDimensions filter");
    json_decref(r);
    peer_do(b, "leaveRoom", NULL);
    peer_expect(a, "participantLeft", "reason", "disconnect");
    assert_int_equal(peer_fails(b, "echo", NULL, NULL), 803);
    peer_do(a, "leaveRoom", json_object());
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 404);
    json_decref(kit_call(kit, "closeRoom", 0));
    peer_close(a);
    peer_close(b);
}

static void test_joining_is_limited(void **state)
{
    struct peer *p[4], *late;
    char *token, *text, data[202];

    (void) state;
    kit_make_session(kit, "S");
    for (size_t i = 0; i < 4; i++)
        p[i] = peer_join(kit, "S", "SUBSCRIBER", NULL);
    token = kit_make_token(kit, "S", "{}");
    late = peer_open(kit);
    memset(data, 'x', 201);
    data[201] = '\0';
    assert_int_equal(peer_fails(late, "joinRoom", join_params("S", token, data), NULL), 500);
    assert_int_equal(peer_fails(late, "joinRoom", join_params("S", token, ""), &text), 201);
    free(text);
    peer_do(p[3], "leaveRoom", NULL);
    peer_do(late, "joinRoom", join_params("S", token, ""));
    free(token);
    /* four participants and two pending connections are all that the session may have */
    free(kit_make_token(kit, "S", "{}"));
    free(kit_make_token(kit, "S", "{}"));
    assert_int_equal(kit_rest(kit, "POST", "sessions/S/connection", "{}", NULL), 500);
    for (size_t i = 0; i < 4; i++)
        peer_close(p[i]);
    peer_close(late);
}

static void test_publishing_and_watching(void **state)
{
    struct peer *a, *b;
    json_t *r, *params, *st;
    char stream[160], name[320];

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    json_decref(peer_notice(a, "participantJoined"));

    r = peer_publish(a, "offer");
    expect_keys(r, "sdpAnswer id createdAt sessionId");
    assert_string_equal(string_of(r, "sdpAnswer"), "ANSWER");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    assert_memory_equal(stream, "str_CAM_", 8);
    assert_string_equal(stream + 13, a->id);
    json_decref(r);
    params = kit_call(kit, "publish", 0);
    assert_string_equal(string_of(params, "offer"), "offer");
    assert_string_equal(string_of(params, "stream"), stream);
    assert_string_equal(string_of(params, "forcedCodec"), "VP8");
    assert_int_equal(json_integer_value(json_object_get(params, "maxRecvKbps")), 1000);
    json_decref(params);

    params = peer_notice(b, "participantPublished");
    assert_string_equal(string_of(params, "id"), a->id);
    st = json_array_get(json_object_get(params, "streams"), 0);
    assert_string_equal(string_of(st, "id"), stream);
    assert_string_equal(string_of(st, "videoDimensions"), "{\"width\":640,\"height\":480}");
    assert_true(json_is_object(json_object_get(st, "filter")));
    json_decref(params);
    peer_expect_silence(a);
    assert_int_equal(peer_fails(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "x"), NULL), 106);

    peer_do(b, "onIceCandidate",
            json_pack("{s:s,s:s,s:s,s:i}", "endpointName", a->id, "candidate", "", "sdpMid", "0",
                      "sdpMLineIndex", 0));
    r = peer_call(b, "receiveVideoFrom", json_pack("{s:s,s:s}", "sender", stream, "sdpOffer", "o"));
    assert_string_equal(string_of(r, "sdpAnswer"), "SUBANSWER");
    json_decref(r);
    snprintf(name, sizeof(name), "%s_%s", b->id, stream);
    params = kit_call(kit, "subscribe", 0);
    assert_string_equal(string_of(params, "subscriber"), name);
    json_decref(params);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S/connection", "", &r), 200);
    st = json_array_get(json_object_get(r, "content"), 1);
    st = json_array_get(json_object_get(st, "subscribers"), 0);
    assert_string_equal(string_of(st, "streamId"), stream);
    json_decref(r);

    /* wrong senders, missing parameters */
    assert_int_equal(
        peer_fails(b, "receiveVideoFrom",
                   json_pack("{s:s,s:s}", "sender", "str_CAM_x_con_y", "sdpOffer", "o"), NULL),
        102);
    snprintf(name, sizeof(name), "str_CAM_AAAA_%s", a->id);
    assert_int_equal(peer_fails(b, "receiveVideoFrom",
                                json_pack("{s:s,s:s}", "sender", name, "sdpOffer", "o"), NULL),
                     105);
    assert_int_equal(peer_fails(b, "receiveVideoFrom", json_pack("{s:s}", "sender", stream), NULL),
                     -1);
    assert_int_equal(peer_fails(b, "receiveVideoFrom",
                                json_pack("{s:s,s:i}", "sender", stream, "sdpOffer", 5), NULL),
                     -1);

    /* reconnection keeps the stream's id, and nobody else hears of it */
    r = peer_call(a, "reconnectStream",
                  json_pack("{s:s,s:s}", "stream", stream, "sdpString", "again"));
    assert_string_equal(string_of(r, "id"), stream);
    json_decref(r);
    r = peer_call(b, "reconnectStream",
                  json_pack("{s:s,s:s}", "stream", stream, "sdpOffer", "again"));
    assert_string_equal(string_of(r, "sdpAnswer"), "SUBANSWER");
    json_decref(r);
    peer_expect_silence(b);

    peer_do(b, "unsubscribeFromVideo", json_pack("{s:s}", "sender", a->id));
    json_decref(kit_call(kit, "unsubscribe", 0));
    peer_do(b, "unsubscribeFromVideo", json_pack("{s:s}", "sender", a->id));
    assert_int_equal(
        peer_fails(b, "unsubscribeFromVideo", json_pack("{s:s}", "sender", "con_none"), NULL), 102);

    peer_do(a, "unpublishVideo", NULL);
    peer_expect(b, "participantUnpublished", "reason", "unpublish");
    assert_int_equal(peer_fails(a, "unpublishVideo", NULL, NULL), 105);
    r = peer_publish(a, "again");
    assert_string_not_equal(string_of(r, "id"), stream);
    json_decref(r);
    peer_expect(b, "participantPublished", "id", a->id);
    peer_close(a);
    peer_close(b);
}

static void send_candidate(struct peer *p, const char *owner, const char *candidate)
{
    peer_do(p, "onIceCandidate",
            json_pack("{s:s,s:s,s:s,s:i}", "endpointName", owner, "candidate", candidate, "sdpMid",
                      "0", "sdpMLineIndex", 0));
}

/* The media daemon was told this candidate for the endpoint that is `id` by `key`. */
static void expect_trickle(size_t nth, const char *key, const char *id, const char *candidate)
{
    json_t *params = kit_call(kit, "trickle", nth);

    assert_string_equal(string_of(params, key), id);
    assert_string_equal(string_of(params, "candidate"), candidate);
    json_decref(params);
}

/* Some come before the request, whose endpoint has no name yet; they are told right after it, and,
 * for it may have been too early, when it is done. */
static void test_candidates_one_by_one(void **state)
{
    struct peer *a, *b;
    char stream[160], name[320];
    json_t *r;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    send_candidate(a, a->id, "candidate:1");
    send_candidate(a, "nobody", "candidate:other");
    send_candidate(a, a->id, "");
    r = peer_publish(a, "offer");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    json_decref(r);
    expect_trickle(0, "stream", stream, "candidate:1");
    expect_trickle(1, "stream", stream, "candidate:1");
    send_candidate(a, a->id, "candidate:2");
    expect_trickle(2, "stream", stream, "candidate:2");

    send_candidate(b, a->id, "candidate:3");
    json_decref(peer_call(b, "receiveVideoFrom",
                          json_pack("{s:s,s:s}", "sender", stream, "sdpOffer", "o")));
    snprintf(name, sizeof(name), "%s_%s", b->id, stream);
    expect_trickle(3, "subscriber", name, "candidate:3");
    expect_trickle(4, "subscriber", name, "candidate:3");
    send_candidate(b, a->id, "candidate:4");
    send_candidate(b, a->id, "");
    expect_trickle(5, "subscriber", name, "candidate:4");

    /* A new transport may be one that earlier ones were for. */
    json_decref(peer_call(a, "reconnectStream",
                          json_pack("{s:s,s:s}", "stream", stream, "sdpString", "again")));
    expect_trickle(6, "stream", stream, "candidate:1");
    expect_trickle(7, "stream", stream, "candidate:2");
    assert_int_equal(kit_n_calls(kit, "trickle"), 8);
    peer_close(a);
    peer_close(b);
}

static void test_publishing_fails(void **state)
{
    struct peer *a, *b;
    json_t *r, *st;
    char *text;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    assert_int_equal(peer_fails(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "bad"), NULL),
                     302);
    assert_int_equal(
        peer_fails(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "nocodec"), &text), 800);
    assert_memory_equal(text, "Error forcing codec: 'VP8', for PARTICIPANT: '", 46);
    free(text);
    assert_int_equal(peer_fails(a, "publishVideo",
                                json_pack("{s:s,s:s}", "sdpOffer", "x", "typeOfVideo", "BAD"),
                                NULL),
                     -1);
    assert_int_equal(peer_fails(b, "publishVideo", json_pack("{s:s}", "sdpOffer", "x"), NULL), 401);
    assert_int_equal(peer_fails(a, "noSuchMethod", NULL, NULL), -32601);
    assert_int_equal(peer_fails(a, "subscribeToSpeechToText", NULL, NULL), 997);
    peer_expect_silence(b);

    /* the offer is believed, not the request */
    r = peer_publish(a, "no-audio");
    json_decref(r);
    r = peer_notice(b, "participantPublished");
    st = json_array_get(json_object_get(r, "streams"), 0);
    assert_true(json_is_false(json_object_get(st, "hasAudio")));
    assert_true(json_is_true(json_object_get(st, "hasVideo")));
    assert_null(json_object_get(st, "audioActive"));
    json_decref(r);
    peer_close(a);
    peer_close(b);
}

static void send_message(struct peer *p, const char *message)
{
    peer_do(p, "sendMessage", json_pack("{s:s}", "message", message));
}

static void test_signals(void **state)
{
    struct peer *a, *b;
    char text[256];
    json_t *params;

    (void) state;
    kit_make_session(kit, "S");
    assert_int_equal(kit_rest(kit, "POST", "signal", "{\"session\":\"S\"}", NULL), 406);
    assert_int_equal(kit_rest(kit, "POST", "signal", "{\"session\":\"none\"}", NULL), 404);
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    json_decref(peer_notice(a, "participantJoined"));

    send_message(a, "{\"to\":[],\"data\":\"hello\",\"type\":\"signal:chat\"}");
    for (int i = 0; i < 2; i++) {
        params = peer_notice(i ? b : a, "sendMessage");
        expect_keys(params, "type data from");
        assert_string_equal(string_of(params, "type"), "signal:chat");
        assert_string_equal(string_of(params, "data"), "hello");
        assert_string_equal(string_of(params, "from"), a->id);
        json_decref(params);
    }
    snprintf(text, sizeof(text), "{\"to\":[\"%s\"],\"data\":\"one\",\"type\":\"signal:x\"}", b->id);
    send_message(a, text);
    peer_expect(b, "sendMessage", "data", "one");
    snprintf(text, sizeof(text), "{\"to\":[\"%s\",\"con_none\"],\"data\":\"two\"}", b->id);
    assert_int_equal(peer_fails(a, "sendMessage", json_pack("{s:s}", "message", text), NULL), 601);
    assert_int_equal(
        peer_fails(a, "sendMessage", json_pack("{s:s}", "message", "{\"to\":[null]}"), NULL), 601);
    assert_int_equal(peer_fails(a, "sendMessage", json_pack("{s:s}", "message", "nonsense"), NULL),
                     600);
    peer_expect_silence(a);
    peer_expect_silence(b);

    /* by REST: as it is, and from nobody */
    assert_int_equal(kit_rest(kit, "POST", "signal",
                              "{\"session\":\"S\",\"type\":\"server1\",\"data\":\"d\",\"to\":[]}",
                              NULL),
                     200);
    for (int i = 0; i < 2; i++) {
        params = peer_notice(i ? b : a, "sendMessage");
        expect_keys(params, "type data");
        assert_string_equal(string_of(params, "type"), "server1");
        json_decref(params);
    }
    snprintf(text, sizeof(text), "{\"session\":\"S\",\"to\":[\"%s\",\"wrong\"]}", a->id);
    assert_int_equal(kit_rest(kit, "POST", "signal", text, NULL), 406);
    snprintf(text, sizeof(text), "{\"session\":\"S\",\"to\":[\"%s\",null]}", a->id);
    assert_int_equal(kit_rest(kit, "POST", "signal", text, NULL), 400);
    peer_expect_silence(a);
    peer_close(a);
    peer_close(b);
}

static json_t *change(const char *property, json_t *value)
{
    return json_pack("{s:s,s:s,s:o,s:s}", "streamId", "ignored", "property", property, "newValue",
                     value, "reason", "because");
}

static void test_stream_properties(void **state)
{
    static const struct {
        const char *property, *value, *told;
    } good[] = {
        {"audioActive", "false", "false"},
        {"videoActive", "true", "true"},
        {"videoDimensions", "\"{\\\"width\\\":1000,\\\"height\\\":700}\"",
         "\"{\\\"width\\\":1000,\\\"height\\\":700}\""},
        {"videoTrack", "{\"label\":\"cam\"}", "{\"label\":\"cam\"}"},
    };
    static const struct {
        const char *property, *value;
    } bad[] = {{"audioActive", "\"true\""}, {"videoDimensions", "\"no json\""}, {"filter", "{}"}};
    struct peer *a, *b;
    json_t *r, *media;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    assert_int_equal(
        peer_fails(a, "streamPropertyChanged", change("audioActive", json_true()), NULL), 105);
    json_decref(peer_publish(a, "offer"));
    json_decref(peer_notice(b, "participantPublished"));
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        json_t *value = json_loads(good[i].value, JSON_DECODE_ANY, NULL);

        peer_do(a, "streamPropertyChanged", change(good[i].property, value));
        r = peer_notice(b, "streamPropertyChanged");
        expect_keys(r, "connectionId streamId property newValue reason");
        assert_string_equal(string_of(r, "newValue"), good[i].told);
        assert_string_equal(string_of(r, "connectionId"), a->id);
        assert_string_equal(string_of(r, "reason"), "because");
        json_decref(r);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json_t *value = json_loads(bad[i].value, JSON_DECODE_ANY, NULL);

        assert_int_equal(
            peer_fails(a, "streamPropertyChanged", change(bad[i].property, value), NULL), -1);
    }
    peer_expect_silence(a);
    peer_expect_silence(b);
    peer_do(a, "videoData", json_pack("{s:i,s:i}", "width", 10, "height", 10));

    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", &r), 200);
    media = json_object_get(json_object_get(r, "connections"), "content");
    media = json_array_get(json_object_get(json_array_get(media, 0), "publishers"), 0);
    media = json_object_get(media, "mediaOptions");
    expect_keys(media, "hasAudio audioActive hasVideo videoActive typeOfVideo frameRate "
                       "videoDimensions filter");
    assert_true(json_is_false(json_object_get(media, "audioActive")));
    assert_string_equal(string_of(media, "videoDimensions"), "{\"width\":1000,\"height\":700}");
    json_decref(r);
    peer_close(a);
    peer_close(b);
}

static void test_server_offers(void **state)
{
    struct peer *a, *b;
    json_t *r, *params;
    char stream[160];

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", &r);
    assert_string_equal(string_of(r, "mediaServer"), "mediasoup");
    assert_int_equal(json_array_size(json_object_get(r, "customIceServers")), 0);
    json_decref(r);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    r = peer_publish(a, "offer");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    json_decref(r);
    params = kit_call(kit, "publish", 0);
    assert_null(json_object_get(params, "forcedCodec"));
    json_decref(params);
    r = peer_call(b, "prepareReceiveVideoFrom",
                  json_pack("{s:s,s:b}", "sender", stream, "reconnect", 0));
    assert_string_equal(string_of(r, "sdpOffer"), "SERVEROFFER");
    json_decref(r);
    r = peer_call(b, "receiveVideoFrom",
                  json_pack("{s:s,s:s}", "sender", stream, "sdpAnswer", "A"));
    expect_keys(r, "sessionId");
    json_decref(r);
    params = kit_call(kit, "answer", 0);
    assert_string_equal(string_of(params, "answer"), "A");
    json_decref(params);
    peer_do(b, "reconnectStream", json_pack("{s:s,s:s}", "stream", stream, "sdpString", "B"));
    assert_int_equal(kit_n_calls(kit, "answer"), 2);
    peer_close(a);
    peer_close(b);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_joining),
        FLOW(test_joining_is_limited),
        FLOW(test_publishing_and_watching),
        FLOW(test_candidates_one_by_one),
        FLOW(test_publishing_fails),
        FLOW(test_signals),
        FLOW(test_stream_properties),
        cmocka_unit_test_setup_teardown(test_server_offers, setup_mediasoup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
