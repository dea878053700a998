/* Restarts of the signaling daemon, ordered and by SIGKILL, with its state in a Redis server. */
#include "signaling_store.h"

static struct redis redis;
static struct kit *kit;

static int setup(void **state)
{
    (void) state;
    redis_start(&redis);
    kit = kit_start_stored(&redis, "coturn_ip = \"203.0.113.5\";\nturn_secret = \"shared\";\n");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    redis_stop(&redis);
    return 0;
}

static void expect_picture(const char *before)
{
    char *after = kit_picture(kit);

    assert_string_equal(after, before);
    free(after);
}

/* Sessions that use every option there is. */
static void make_rich_sessions(void)
{
    assert_int_equal(
        kit_rest(kit, "POST", "sessions",
                 "{\"customSessionId\":\"S\",\"mediaMode\":\"ROUTED\",\"recordingMode\":\"ALWAYS\","
                 "\"forcedVideoCodec\":\"H264\",\"allowTranscoding\":true,"
                 "\"mediaNode\":{\"id\":\"m\"},"
                 "\"defaultRecordingProperties\":{\"name\":\"n\",\"hasAudio\":false,"
                 "\"outputMode\":\"COMPOSED\",\"recordingLayout\":\"CUSTOM\","
                 "\"customLayout\":\"c\",\"resolution\":\"640x480\",\"frameRate\":30}}",
                 NULL),
        200);
    assert_int_equal(kit_rest(kit, "POST", "sessions", "{}", NULL), 200);
    assert_int_equal(
        kit_rest(kit, "POST", "sessions/S/connection",
                 "{\"type\":\"WEBRTC\",\"data\":\"d\\u00e9j\\u00e0 \\\"vu\\\"\\n\","
                 "\"record\":false,\"role\":\"MODERATOR\","
                 "\"kurentoOptions\":{\"videoMaxRecvBandwidth\":333,\"videoMinRecvBandwidth\":22,"
                 "\"allowedFilters\":[\"GStreamerFilter\"]},"
                 "\"customIceServers\":[{\"url\":\"turn:turn.example.org:3478\",\"username\":\"u\","
                 "\"credential\":\"c\"},{\"url\":\"stun:stun.example.org\"}]}",
                 NULL),
        200);
    assert_int_equal(kit_rest(kit, "POST", "sessions/S/connection",
                              "{\"data\":\"{\\\"openviduCustomConnectionId\\\":\\\"mine\\\"}\"}",
                              NULL),
                     200);
}

static void everything_is_there(int signo)
{
    struct peer *a, *b, *c;
    json_t *r, *sync, *room;
    char *token, *before, stream[160];
    const char *name;

    make_rich_sessions();
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    r = peer_publish(a, "offer");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    json_decref(r);
    json_decref(peer_notice(b, "participantPublished"));
    peer_do(b, "receiveVideoFrom", json_pack("{s:s,s:s}", "sender", stream, "sdpOffer", "o"));
    peer_do(a, "streamPropertyChanged",
            json_pack("{s:s,s:s,s:b,s:s}", "streamId", stream, "property", "videoActive",
                      "newValue", 0, "reason", "publishVideo"));
    peer_do(a, "streamPropertyChanged",
            json_pack("{s:s,s:s,s:s,s:s}", "streamId", stream, "property", "videoDimensions",
                      "newValue", "{\"width\":1,\"height\":2}", "reason", "deviceRotated"));
    json_decref(peer_notice(b, "streamPropertyChanged"));
    json_decref(peer_notice(b, "streamPropertyChanged"));
    token = kit_make_token(kit, "S", "{\"role\":\"MODERATOR\"}");
    before = kit_picture(kit);

    kit_end(kit, signo);
    if (signo == SIGTERM) {
        assert_null(peer_read(a));
        assert_int_equal(a->close_code, 1012);
    }
    kit_begin(kit);
    expect_picture(before);
    sync = kit_call(kit, "sync", 1);
    name = json_object_iter_key(json_object_iter(json_object_get(sync, "rooms")));
    assert_int_equal(strncmp(name, "S_", 2), 0);
    assert_int_equal(json_object_size(json_object_get(sync, "rooms")), 1);
    room = json_object_get(json_object_get(sync, "rooms"), name);
    assert_string_equal(json_string_value(json_array_get(json_object_get(room, "streams"), 0)),
                        stream);
    assert_int_equal(json_array_size(json_object_get(room, "subscribers")), 1);
    json_decref(sync);

    /* all are where they were, and the token that waited is good for one */
    peer_come_back(b);
    peer_come_back(a);
    expect_picture(before);
    c = peer_open(kit);
    r = peer_call(c, "joinRoom", join_params("S", token, "data"));
    assert_string_equal(string_of(r, "role"), "MODERATOR");
    assert_string_not_equal(string_of(r, "turnUsername"), "(none)");
    assert_int_equal(json_array_size(json_object_get(r, "value")), 2);
    name = string_of(json_array_get(json_object_get(r, "value"), 0), "id");
    assert_string_equal(name, a->id);
    json_decref(r);
    json_decref(peer_notice(a, "participantJoined"));
    json_decref(peer_notice(b, "participantJoined"));
    peer_close(c);
    c = peer_open(kit);
    assert_int_equal(peer_fails(c, "joinRoom", join_params("S", token, ""), NULL), 401);
    peer_do(b, "unsubscribeFromVideo", json_pack("{s:s}", "sender", a->id));
    peer_do(a, "unpublishVideo", NULL);
    json_decref(peer_notice(b, "participantUnpublished"));
    peer_expect_silence(a);
    peer_expect_silence(b);
    free(token);
    free(before);
    peer_close(a);
    peer_close(b);
    peer_close(c);
}

static void test_ordered_restart(void **state)
{
    (void) state;
    everything_is_there(SIGTERM);
}

static void test_kill(void **state)
{
    (void) state;
    everything_is_there(SIGKILL);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_ordered_restart),
        FLOW(test_kill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
