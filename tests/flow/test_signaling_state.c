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

/* Killed right after each answer: what was answered is so. */
static void test_kill_after_each_step(void **state)
{
    struct peer *a, *b;
    char *picture, stream[160];
    json_t *r;

    (void) state;
#define STEP()                                                                                     \
    do {                                                                                           \
        picture = kit_picture(kit);                                                                \
        kit_restart(kit, SIGKILL);                                                                 \
        expect_picture(picture);                                                                   \
        free(picture);                                                                             \
    } while (0)
    kit_make_session(kit, "S");
    STEP();
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    STEP();
    peer_come_back(a);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    STEP();
    peer_come_back(a);
    peer_come_back(b);
    r = peer_publish(a, "no-audio");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    json_decref(r);
    json_decref(peer_notice(b, "participantPublished"));
    STEP();
    peer_come_back(b);
    peer_do(b, "receiveVideoFrom", json_pack("{s:s,s:s}", "sender", stream, "sdpOffer", "o"));
    STEP();
    peer_come_back(b);
    peer_come_back(a);
    peer_do(b, "unsubscribeFromVideo", json_pack("{s:s}", "sender", a->id));
    STEP();
    peer_come_back(b);
    peer_come_back(a);
    peer_do(a, "unpublishVideo", NULL);
    json_decref(peer_notice(b, "participantUnpublished"));
    STEP();
    peer_come_back(b);
    peer_come_back(a);
    peer_do(b, "leaveRoom", NULL);
    STEP();
    peer_come_back(a);
    assert_int_equal(kit_rest(kit, "DELETE", "sessions/S", "", NULL), 204);
    STEP();
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 404);
#undef STEP
    peer_close(a);
    peer_close(b);
}

#define CROWD 8

/* Killed while a crowd comes in: who has its answer is in, who has none is either in or can still
 * come in, and nobody is there twice. */
static void kill_while_joining(useconds_t after_us)
{
    struct peer *p[CROWD];
    char *token[CROWD];
    size_t n_answered = 0;

    for (size_t i = 0; i < CROWD; i++) {
        token[i] = kit_make_token(kit, "S", "{}");
        p[i] = peer_open(kit);
    }
    kill(kit->pid, SIGSTOP);
    for (size_t i = 0; i < CROWD; i++)
        (void) peer_send(p[i], "joinRoom", join_params("S", token[i], ""));
    kill(kit->pid, SIGCONT);
    usleep(after_us);
    kit_restart(kit, SIGKILL);
    for (size_t i = 0; i < CROWD; i++) {
        struct peer *again = peer_open(kit);
        int id = peer_send(again, "joinRoom", join_params("S", token[i], ""));
        json_t *answer = peer_answer(again, id);
        bool came_in = json_object_get(answer, "result") != NULL;
        uint8_t head[2];
        bool was_in = kit_read(p[i]->fd, head, 2, 0);

        n_answered += was_in;
        assert_false(came_in && was_in);
        json_decref(answer);
        peer_do(again, came_in ? "leaveRoom" : "ping", NULL);
        peer_close(again);
        peer_close(p[i]);
        free(token[i]);
    }
    print_message("%zu of %d had their answers\n", n_answered, CROWD);
}

static void test_kill_while_joining(void **state)
{
    struct peer *stays;
    char *before, *after;

    (void) state;
    kit_make_session(kit, "S");
    stays = peer_join(kit, "S", "PUBLISHER", NULL);
    for (useconds_t us = 0; us < 2000; us += 100) {
        kill_while_joining(us);
        peer_come_back(stays);
    }
    before = kit_picture(kit);
    kit_restart(kit, SIGKILL);
    after = kit_picture(kit);
    assert_string_equal(after, before);
    free(before);
    free(after);
    peer_close(stays);
}

/* The grace period begins with the daemon, also for those who were lost before; who comes back in
 * time was never away for the others, and hears what happened meanwhile. */
static void test_grace(void **state)
{
    struct peer *a, *b, *gone;
    char id[128];

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    gone = peer_join(kit, "S", "PUBLISHER", NULL);
    for (int i = 0; i < 2; i++)
        json_decref(peer_notice(a, "participantJoined"));
    json_decref(peer_notice(b, "participantJoined"));
    shutdown(b->fd, SHUT_RDWR);
    sleep(6);
    kit_restart(kit, SIGKILL);
    peer_come_back(a);
    json_decref(peer_publish(a, "offer"));
    sleep(6);
    peer_expect_silence(a);
    peer_come_back(b);
    peer_expect(b, "participantPublished", "id", a->id);
    strcpy(id, gone->id);
    peer_expect(a, "participantLeft", "connectionId", id);
    peer_expect(a, "participantEvicted", "reason", "networkDisconnect");
    peer_expect(b, "participantLeft", "reason", "networkDisconnect");
    peer_expect(b, "participantEvicted", "connectionId", id);
    peer_close(a);
    peer_close(b);
    peer_close(gone);
}

/* Nobody comes back at all: the session ends as others do. */
static void test_deserted(void **state)
{
    struct peer *a;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    peer_close(a);
    kit_restart(kit, SIGTERM);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 200);
    sleep(5); /* half of the grace period */
    json_decref(kit_call(kit, "closeRoom", 0));
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 404);
    redis_expect(&redis, "S", "session", false);
}

/* A recorder is back in its place, seen by nobody. */
static void test_recorder(void **state)
{
    struct peer *a, *rec = peer_open(kit);
    json_t *join = join_params("S", "ws://x?sessionId=S&secret=MY_SECRET&recorder=true", ""), *r;

    (void) state;
    json_object_set_new(join, "secret", json_string("MY_SECRET"));
    json_object_set_new(join, "recorder", json_true());
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    r = peer_call(rec, "joinRoom", join);
    snprintf(rec->rpc_id, sizeof(rec->rpc_id), "%s", string_of(r, "sessionId"));
    json_decref(r);
    kit_restart(kit, SIGKILL);
    peer_come_back(rec);
    peer_come_back(a);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S/connection", "", &r), 200);
    assert_int_equal(json_integer_value(json_object_get(r, "numberOfElements")), 1);
    json_decref(r);
    peer_do(a, "leaveRoom", NULL);
    peer_expect(rec, "participantLeft", "reason", "disconnect");
    peer_expect(rec, "participantEvicted", "connectionId", "RECORDER");
    peer_close(a);
    peer_close(rec);
}

/* Clients are faster than the media daemon: they wait, for a moment. */
static void test_media_comes_late(void **state)
{
    struct peer *a, *b;
    char *token;
    int published, joined;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    token = kit_make_token(kit, "S", "{}");
    kit_end(kit, SIGKILL);
    pthread_mutex_lock(&kit->lock); /* it answers nothing */
    unlink(kit->api);
    kit->pid = fork();
    if (kit->pid == 0)
        kit_exec(kit);
    assert_true(kit_is_up(kit));
    peer_come_back(a);
    b = peer_open(kit);
    published = peer_send(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "offer"));
    joined = peer_send(b, "joinRoom", join_params("S", token, ""));
    peer_expect_silence(a);
    peer_expect_silence(b);
    pthread_mutex_unlock(&kit->lock);
    json_decref(peer_answer(a, published));
    json_decref(peer_answer(b, joined));
    free(token);
    peer_close(a);
    peer_close(b);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_ordered_restart),
        FLOW(test_kill),
        FLOW(test_kill_after_each_step),
        FLOW(test_kill_while_joining),
        FLOW(test_grace),
        FLOW(test_deserted),
        FLOW(test_recorder),
        FLOW(test_media_comes_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
