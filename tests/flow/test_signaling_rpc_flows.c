/* Longer stories of the RPC: who comes in unseen, in which order things are told, whose codec is
 * taken, what a lost media daemon means to whom. */
#include "signaling_kit.h"

static struct kit *kit;

static int setup(void **state)
{
    (void) state;
    kit = kit_start("ice_servers = [\"url=stun:192.0.2.7:3478\"];\nmedia_lost_s = 3600;\n");
    return 0;
}

static int setup_impatient(void **state)
{
    (void) state;
    kit = kit_start("media_lost_s = 1;\n");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    return 0;
}

/* ---- section 3 ---- */

/* With the secret and no token; which: "recorder", "stt" or "". The result, a new reference. */
static json_t *join_by_secret(struct peer *p, const char *which)
{
    json_t *join = join_params("S", "", ""), *r;

    json_object_set_new(join, "secret", json_string("MY_SECRET"));
    if (*which)
        json_object_set_new(join, which, json_true());
    r = peer_call(p, "joinRoom", join);
    snprintf(p->id, sizeof(p->id), "%s", string_of(r, "id"));
    return r;
}

/* 3.2: recorder and transcriber are not seen, a secret guest is. */
static void test_secret_joins(void **state)
{
    struct peer *a, *recorder, *stt, *guest, *second;
    json_t *r, *join;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    recorder = peer_open(kit);
    r = join_by_secret(recorder, "recorder");
    assert_string_equal(string_of(r, "id"), "RECORDER");
    json_decref(r);
    stt = peer_open(kit);
    r = join_by_secret(stt, "stt");
    assert_string_equal(string_of(r, "id"), "SPEECH_TO_TEXT");
    assert_int_equal(json_array_size(json_object_get(r, "value")), 1);
    json_decref(r);
    peer_expect_silence(a);

    guest = peer_open(kit);
    r = join_by_secret(guest, "");
    assert_memory_equal(guest->id, "con_", 4);
    assert_string_equal(string_of(r, "role"), "SUBSCRIBER");
    assert_int_equal(json_array_size(json_object_get(r, "value")), 1);
    json_decref(r);
    peer_expect(a, "participantJoined", "id", guest->id);
    peer_expect(recorder, "participantJoined", "id", guest->id);
    assert_int_equal(peer_fails(guest, "publishVideo", json_pack("{s:s}", "sdpOffer", "o"), NULL),
                     401);

    /* the recorder hears and watches; what it does is not seen either */
    json_decref(peer_publish(a, "offer"));
    peer_expect(recorder, "participantPublished", "id", a->id);
    second = peer_open(kit);
    json_decref(join_by_secret(second, "recorder"));
    peer_expect(recorder, "participantEvicted", "reason", "networkDisconnect");
    peer_expect(guest, "participantPublished", "id", a->id);
    peer_expect(guest, "participantEvicted", "connectionId", "RECORDER");
    peer_expect_silence(guest);

    /* a wrong secret is none */
    join = join_params("S", "none", "");
    json_object_set_new(join, "secret", json_string("NOT_IT"));
    peer_close(recorder);
    recorder = peer_open(kit);
    assert_int_equal(peer_fails(recorder, "joinRoom", join, NULL), 401);
    peer_close(a);
    peer_close(recorder);
    peer_close(second);
    peer_close(stt);
    peer_close(guest);
}

/* 3.3: the connection's own ICE servers, in its order; else the operator's. */
static void test_ice_servers(void **state)
{
    struct peer *p = peer_open(kit);
    json_t *r, *list;
    char *token;

    (void) state;
    kit_make_session(kit, "S");
    token = kit_make_token(kit, "S",
                           "{\"customIceServers\":[{\"url\":\"turn:turn-server.com\",\"username\":"
                           "\"u\",\"credential\":"
                           "\"c\"},{\"url\":\"stun:1.2.3.4:1234\"}]}");
    r = peer_call(p, "joinRoom", join_params("S", token, ""));
    list = json_object_get(r, "customIceServers");
    assert_int_equal(json_array_size(list), 2);
    expect_keys(json_array_get(list, 0), "url username credential");
    assert_string_equal(string_of(json_array_get(list, 0), "url"), "turn:turn-server.com");
    expect_keys(json_array_get(list, 1), "url");
    json_decref(r);
    free(token);
    peer_close(p);
    p = peer_join(kit, "S", "PUBLISHER", &r);
    list = json_object_get(r, "customIceServers");
    assert_string_equal(string_of(json_array_get(list, 0), "url"), "stun:192.0.2.7:3478");
    json_decref(r);
    peer_close(p);
}

/* 3.4: nothing of the session reaches a newcomer before its result. */
static void test_nothing_before_the_result(void **state)
{
    enum { N = 200, NEWCOMERS = 20 };
    struct peer *talker, *p[NEWCOMERS];
    char *token[NEWCOMERS];
    int id[NEWCOMERS];

    (void) state;
    kit_make_session(kit, "S");
    talker = peer_join(kit, "S", "PUBLISHER", NULL);
    for (int i = 0; i < NEWCOMERS; i++) {
        token[i] = kit_make_token(kit, "S", "{}");
        p[i] = peer_open(kit);
    }
    for (int i = 0; i < N; i++) {
        (void) peer_send(talker, "sendMessage", json_pack("{s:s}", "message", "{\"data\":\"d\"}"));
        if (i % (N / NEWCOMERS) == 0) {
            int j = i / (N / NEWCOMERS);

            id[j] = peer_send(p[j], "joinRoom", join_params("S", token[j], ""));
        }
    }
    for (int i = 0; i < NEWCOMERS; i++) {
        json_decref(peer_answer(p[i], id[i]));
        assert_int_equal(json_array_size(p[i]->notices), 0);
    }
    for (int i = 0; i < NEWCOMERS; i++) {
        free(token[i]);
        peer_close(p[i]);
    }
    peer_close(talker);
}

/* ---- 1.6 ---- */

/* Thrown out while it had no socket: it must not believe that it is still in. */
static void test_evicted_while_away(void **state)
{
    struct peer *m, *a, *again;

    (void) state;
    kit_make_session(kit, "S");
    m = peer_join(kit, "S", "MODERATOR", NULL);
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(m, "participantJoined"));
    shutdown(a->fd, SHUT_RDWR);
    peer_do(m, "forceDisconnect", json_pack("{s:s}", "connectionId", a->id));
    again = peer_open(kit);
    assert_int_equal(peer_fails(again, "connect", json_pack("{s:s}", "sessionId", a->rpc_id), NULL),
                     40007);
    /* and who is somebody else already does not become the moderator */
    peer_close(again);
    again = peer_join(kit, "S", "SUBSCRIBER", NULL);
    assert_int_equal(peer_fails(again, "connect", json_pack("{s:s}", "sessionId", m->rpc_id), NULL),
                     40007);
    peer_do(again, "connect", json_pack("{s:s}", "sessionId", again->rpc_id));
    peer_close(again);
    peer_close(a);
    peer_close(m);
}

static void test_close_session(void **state)
{
    struct peer *a, *b;
    json_t *r;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    r = peer_call(b, "closeSession", NULL);
    assert_string_equal(string_of(r, "value"), "bye");
    json_decref(r);
    peer_expect(a, "participantLeft", "reason", "disconnect");
    assert_null(peer_read(b));
    assert_int_equal(b->close_code, 1000);
    peer_close(a);
    peer_close(b);
}

/* ---- media.md 6 and 7 ---- */

static void make_session(const char *id, const char *codec, bool allow_transcoding)
{
    char body[256];

    snprintf(body, sizeof(body),
             "{\"customSessionId\":\"%s\",\"forcedVideoCodec\":\"%s\",\"allowTranscoding\":%s}", id,
             codec, allow_transcoding ? "true" : "false");
    assert_int_equal(kit_rest(kit, "POST", "sessions", body, NULL), 200);
}

static void expect_codec(const char *method, size_t nth, const char *codec)
{
    json_t *params = kit_call(kit, method, nth);

    assert_string_equal(string_of(params, "forcedCodec"), codec);
    json_decref(params);
}

/* Who lacks the session's codec publishes in the other one that all can do, and so do those who
 * come after it. */
static void test_other_codec(void **state)
{
    struct peer *a, *b;
    char stream[160];
    json_t *r;

    (void) state;
    make_session("S", "H264", true);
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    r = peer_publish(a, "no-H264");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    json_decref(r);
    expect_codec("publish", 0, "H264");
    expect_codec("publish", 1, "VP8");
    peer_expect(b, "participantPublished", "id", a->id);
    peer_do(b, "receiveVideoFrom", json_pack("{s:s,s:s}", "sender", stream, "sdpOffer", "no-H264"));
    expect_codec("subscribe", 0, "(none)");
    json_decref(peer_publish(b, "offer"));
    expect_codec("publish", 2, "VP8");
    r = peer_call(a, "reconnectStream",
                  json_pack("{s:s,s:s}", "stream", stream, "sdpString", "no-H264"));
    assert_string_equal(string_of(r, "id"), stream);
    json_decref(r);
    expect_codec("publish", 3, "VP8");

    peer_do(a, "unpublishVideo", NULL);
    peer_do(b, "unpublishVideo", NULL);
    r = peer_publish(b, "offer");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    json_decref(r);
    expect_codec("publish", 4, "H264");
    /* it comes back without the codec: a reconnection falls back too */
    peer_do(b, "reconnectStream", json_pack("{s:s,s:s}", "stream", stream, "sdpString", "no-H264"));
    expect_codec("publish", 5, "H264");
    expect_codec("publish", 6, "VP8");
    assert_int_equal(
        peer_fails(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "no-H264 no-VP8"), NULL), 800);
    peer_close(a);
    peer_close(b);
}

static void test_no_other_codec(void **state)
{
    struct peer *a;
    char *text;

    (void) state;
    make_session("S", "H264", false);
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    assert_int_equal(
        peer_fails(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "no-H264"), &text), 800);
    assert_memory_equal(text, "Error forcing codec: 'H264'", 27);
    assert_int_equal(kit_n_calls(kit, "publish"), 1);
    free(text);
    peer_close(a);
}

/* What a client reads when media refuses it names what an operator has to raise. */
static void test_media_is_full(void **state)
{
    struct peer *a, *b;
    char *text;
    json_t *r;

    (void) state;
    make_session("S", "NONE", false);
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    assert_int_equal(peer_fails(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "full"), &text),
                     303);
    assert_non_null(strstr(text, FULL_TEXT));
    free(text);
    r = peer_publish(a, "offer"); /* it is not held against anybody */
    assert_int_equal(
        peer_fails(b, "receiveVideoFrom",
                   json_pack("{s:s,s:s}", "sender", string_of(r, "id"), "sdpOffer", "full"), &text),
        303);
    assert_non_null(strstr(text, FULL_TEXT));
    free(text);
    json_decref(r);
    peer_close(a);
    peer_close(b);
}

static void expect_kbps(const char *method, const char *key, json_int_t kbps)
{
    json_t *params = kit_call(kit, method, 0);

    assert_int_equal(json_integer_value(json_object_get(params, key)), kbps);
    json_decref(params);
}

static void test_bandwidth(void **state)
{
    char *token, stream[160];
    struct peer *a;
    json_t *r;

    (void) state;
    kit_make_session(kit, "S");
    token = kit_make_token(kit, "S",
                           "{\"kurentoOptions\":{\"videoMaxRecvBandwidth\":501,"
                           "\"videoMaxSendBandwidth\":777,\"videoMinSendBandwidth\":0}}");
    a = peer_open(kit);
    peer_do(a, "joinRoom", join_params("S", token, ""));
    r = peer_publish(a, "offer");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    json_decref(r);
    peer_do(a, "receiveVideoFrom", json_pack("{s:s,s:s}", "sender", stream, "sdpOffer", "o"));
    expect_kbps("publish", "maxRecvKbps", 501);
    expect_kbps("publish", "minRecvKbps", 300);
    expect_kbps("subscribe", "maxSendKbps", 777);
    expect_kbps("subscribe", "minSendKbps", 0);
    free(token);
    peer_close(a);
}

/* ---- media.md 11.3 ---- */

/* Away, but not lost yet: nobody comes in, who is in stays. */
static void test_media_is_away(void **state)
{
    struct peer *a, *b = peer_open(kit);
    char *token = NULL, *text;
    json_t *answer = NULL;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    kit_end_media(kit);
    do { /* until the daemon has noticed */
        if (answer)
            peer_do(b, "leaveRoom", NULL);
        json_decref(answer);
        free(token);
        token = kit_make_token(kit, "S", "{}");
        answer = peer_answer(b, peer_send(b, "joinRoom", join_params("S", token, "")));
    } while (json_object_get(answer, "result"));
    json_decref(answer);
    assert_int_equal(peer_fails(b, "joinRoom", join_params("S", token, ""), &text), 204);
    assert_string_equal(
        text, "There is no available Media Node where to initialize session 'S'. Code: 204");
    free(text);
    assert_int_equal(peer_fails(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "o"), NULL), 204);
    peer_do(a, "echo", NULL);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 200);
    free(token);
    peer_close(a);
    peer_close(b);
}

/* Lost: active sessions end as when they are closed by REST (7.5), the others stay. */
static void test_media_is_lost(void **state)
{
    struct peer *a, *b;
    json_t *r;

    (void) state;
    kit_make_session(kit, "S");
    kit_make_session(kit, "waiting");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    json_decref(peer_publish(a, "offer"));
    peer_expect(b, "participantPublished", "id", a->id);
    kit_end_media(kit);
    peer_expect(a, "participantEvicted", "connectionId", a->id);
    peer_expect_silence(a);
    peer_expect(b, "participantLeft", "connectionId", a->id);
    peer_expect(b, "participantEvicted", "connectionId", a->id);
    r = peer_notice(b, "participantEvicted");
    assert_string_equal(string_of(r, "connectionId"), b->id);
    assert_string_equal(string_of(r, "reason"), "nodeCrashed");
    json_decref(r);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 404);
    assert_int_equal(kit_rest(kit, "GET", "sessions/waiting", "", NULL), 200);
    peer_close(a);
    peer_close(b);
}

/* What is too much for one message is told in several, and what is missing is put together. */
static void test_large_inventory(void **state)
{
    enum { N = 50, LONG = 92 };
    struct peer *p[N];
    char body[256], name[LONG + 12], streams[N][160];
    json_t *first, *second, *rooms, *list, *r;
    const char *room;

    (void) state;
    kit_make_session(kit, "S");
    memset(name, 'x', LONG);
    for (int i = 0; i < N; i++) {
        char *token;

        snprintf(name + LONG, sizeof(name) - LONG, "%d", i);
        snprintf(body, sizeof(body),
                 "{\"data\":\"{\\\"openviduCustomConnectionId\\\":\\\"%s\\\"}\"}", name);
        token = kit_make_token(kit, "S", body);
        p[i] = peer_open(kit);
        peer_do(p[i], "joinRoom", join_params("S", token, ""));
        r = peer_publish(p[i], "offer");
        snprintf(streams[i], sizeof(streams[i]), "%s", string_of(r, "id"));
        json_decref(r);
        free(token);
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++)
            peer_do(p[i], "receiveVideoFrom",
                    json_pack("{s:s,s:s}", "sender", streams[j], "sdpOffer", "o"));
    }
    kit_break_link(kit, json_object());
    first = kit_call(kit, "sync", 1);
    assert_true(json_is_true(json_object_get(first, "more")));
    second = kit_call(kit, "sync", 2);
    assert_true(json_is_false(json_object_get(second, "more")));
    rooms = json_object_get(first, "rooms");
    room = json_object_iter_key(json_object_iter(rooms));
    list = json_object_get(json_object_get(rooms, room), "subscribers");
    rooms = json_object_get(second, "rooms");
    assert_int_equal(json_array_size(list) + json_array_size(json_object_get(
                                                 json_object_get(rooms, room), "subscribers")),
                     N * N);
    kit_break_link(kit,
                   json_pack("{s:{s:[s],s:[]}}", room, "streams", streams[N - 1], "subscribers"));
    json_decref(kit_call(kit, "sync", 4));
    peer_expect(p[N - 1], "participantUnpublished", "reason", "mediaServerReconnect");
    peer_expect_silence(p[N - 1]);
    json_decref(first);
    json_decref(second);
    for (int i = 0; i < N; i++)
        peer_close(p[i]);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_secret_joins),
        FLOW(test_ice_servers),
        FLOW(test_nothing_before_the_result),
        FLOW(test_evicted_while_away),
        FLOW(test_close_session),
        FLOW(test_other_codec),
        FLOW(test_no_other_codec),
        FLOW(test_media_is_full),
        FLOW(test_bandwidth),
        FLOW(test_media_is_away),
        cmocka_unit_test_setup_teardown(test_media_is_lost, setup_impatient, teardown),
        FLOW(test_large_inventory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
