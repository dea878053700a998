/* How calls, sessions and connections to the signaling daemon end, break off and come back. */
#include "signaling_kit.h"

static struct kit *kit;

static int setup(void **state)
{
    (void) state;
    kit = kit_start("coturn_ip = \"203.0.113.5\";\nturn_secret = \"shared\";\n"
                    "max_data_bytes = 200;\nmax_participants = 4;\nmax_connections = 6;\n");
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

/* The publisher is gone, or thrown out, before the media daemon answers. */
static void test_late_answers(void **state)
{
    struct peer *a, *m;
    json_t *params;
    int id;

    (void) state;
    kit_make_session(kit, "S");
    m = peer_join(kit, "S", "MODERATOR", NULL);
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(m, "participantJoined"));
    id = peer_send(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "slow"));
    params = kit_call(kit, "publish", 0);
    /* a ping overtakes the request that waits, an echo does not */
    json_decref(peer_answer(a, peer_send(a, "ping", NULL)));
    (void) peer_send(a, "echo", NULL);
    peer_do(m, "forceDisconnect", json_pack("{s:s}", "connectionId", a->id));
    peer_expect(m, "participantLeft", "connectionId", a->id);
    peer_expect(m, "participantEvicted", "connectionId", a->id);
    kit_release(kit);
    json_decref(params);
    params = kit_call(kit, "unpublish", 0);
    json_decref(params);
    params = peer_answer(a, id);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(params, "error"), "code")),
                     803);
    json_decref(params);
    json_decref(peer_answer(a, id + 2));
    peer_expect(a, "participantEvicted", "reason", "forceDisconnectByUser");
    peer_expect_silence(m);
    peer_close(a);

    a = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(m, "participantJoined"));
    (void) peer_send(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "slow"));
    json_decref(kit_call(kit, "publish", 1));
    (void) peer_send(a, "closeSession", NULL);
    peer_expect(m, "participantLeft", "reason", "disconnect");
    kit_release(kit);
    json_decref(kit_call(kit, "unpublish", 1));
    peer_expect_silence(m);
    peer_close(a);
    peer_close(m);
}

static void test_moderation(void **state)
{
    struct peer *a, *b, *m;
    json_t *r;
    char stream[160];

    (void) state;
    kit_make_session(kit, "S");
    m = peer_join(kit, "S", "MODERATOR", NULL);
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    json_decref(peer_notice(m, "participantJoined"));
    json_decref(peer_notice(m, "participantJoined"));
    json_decref(peer_notice(a, "participantJoined"));
    r = peer_publish(a, "offer");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    json_decref(r);
    json_decref(peer_notice(m, "participantPublished"));
    json_decref(peer_notice(b, "participantPublished"));

    assert_int_equal(
        peer_fails(a, "forceDisconnect", json_pack("{s:s}", "connectionId", b->id), NULL), 401);
    assert_int_equal(peer_fails(b, "forceUnpublish", json_pack("{s:s}", "streamId", stream), NULL),
                     401);
    assert_int_equal(
        peer_fails(m, "forceDisconnect", json_pack("{s:s}", "connectionId", "con_x"), NULL), 102);
    assert_int_equal(peer_fails(m, "forceUnpublish", json_pack("{s:s}", "streamId", "str_x"), NULL),
                     102);

    /* the moderator has its answer before anybody hears of it, itself included */
    peer_do(m, "forceUnpublish", json_pack("{s:s}", "streamId", stream));
    assert_int_equal(json_array_size(m->notices), 0);
    peer_expect(m, "participantUnpublished", "reason", "forceUnpublishByUser");
    peer_expect(a, "participantUnpublished", "connectionId", a->id);
    peer_expect(b, "participantUnpublished", "connectionId", a->id);
    json_decref(peer_publish(a, "offer"));
    json_decref(peer_notice(m, "participantPublished"));
    json_decref(peer_notice(b, "participantPublished"));

    /* participantLeft, the answer, participantEvicted */
    peer_do(m, "forceDisconnect", json_pack("{s:s}", "connectionId", a->id));
    assert_int_equal(json_array_size(m->notices), 1);
    peer_expect(m, "participantLeft", "reason", "forceDisconnectByUser");
    peer_expect(m, "participantEvicted", "reason", "forceDisconnectByUser");
    peer_expect(b, "participantLeft", "connectionId", a->id);
    peer_expect(b, "participantEvicted", "connectionId", a->id);
    peer_expect(a, "participantEvicted", "connectionId", a->id);
    peer_expect_silence(a);

    /* by REST: the same without an answer */
    assert_int_equal(kit_rest(kit, "DELETE", "sessions/S/connection/none", "", NULL), 404);
    {
        char path[256];

        snprintf(path, sizeof(path), "sessions/S/connection/%s", b->id);
        assert_int_equal(kit_rest(kit, "DELETE", path, "", NULL), 204);
    }
    peer_expect(m, "participantLeft", "reason", "forceDisconnectByServer");
    peer_expect(m, "participantEvicted", "reason", "forceDisconnectByServer");
    peer_expect(b, "participantEvicted", "reason", "forceDisconnectByServer");

    /* itself, the last one */
    peer_do(m, "forceDisconnect", json_pack("{s:s}", "connectionId", m->id));
    peer_expect(m, "participantEvicted", "connectionId", m->id);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 404);
    peer_close(a);
    peer_close(b);
    peer_close(m);
}

static void test_session_closed(void **state)
{
    struct peer *a, *b;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    assert_int_equal(kit_rest(kit, "DELETE", "sessions/S", "", NULL), 204);
    /* one after the other, in the order in which they came */
    peer_expect(a, "participantEvicted", "connectionId", a->id);
    peer_expect(b, "participantLeft", "connectionId", a->id);
    peer_expect(b, "participantEvicted", "connectionId", a->id);
    peer_expect(b, "participantEvicted", "connectionId", b->id);
    peer_expect_silence(a);
    peer_expect_silence(b);
    assert_int_equal(kit_rest(kit, "DELETE", "sessions/S", "", NULL), 404);
    json_decref(kit_call(kit, "closeRoom", 0));
    peer_close(a);
    peer_close(b);
}

static void test_coming_back(void **state)
{
    struct peer *a, *b, *again;
    json_t *r;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    shutdown(b->fd, SHUT_RDWR);

    again = peer_open(kit);
    assert_int_equal(peer_fails(again, "connect",
                                json_pack("{s:s}", "sessionId", "abcdefghijklmnopqrstuvwxyz"),
                                NULL),
                     40007);
    r = peer_call(again, "connect", json_pack("{s:s,s:b}", "sessionId", b->rpc_id, "reconnect", 1));
    assert_string_equal(string_of(r, "value"), "reconnection successful");
    assert_string_equal(string_of(r, "sessionId"), b->rpc_id);
    json_decref(r);
    json_decref(peer_publish(again, "offer"));
    peer_expect(a, "participantPublished", "id", b->id);
    peer_close(again);
    peer_close(b);

    /* a second socket takes the place of the first, which the server closes */
    again = peer_open(kit);
    peer_do(again, "connect", json_pack("{s:s}", "sessionId", a->rpc_id));
    assert_null(peer_read(a));
    assert_int_equal(a->close_code, 1000);
    peer_close(again);
    peer_close(a);
}

static void test_strange_frames(void **state)
{
    static const char *const texts[] = {
        "",   "[]",         "nonsense",
        "{}", "{\"id\":1}", "{\"jsonrpc\":\"1.0\",\"method\":\"ping\",\"id\":1}"};
    struct peer *p = peer_open(kit);
    char *big = malloc(70000);
    json_t *r;

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        peer_send_text(p, texts[i]);
        r = peer_read(p);
        assert_non_null(json_object_get(r, "error"));
        json_decref(r);
    }
    peer_send_text(p, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}");
    peer_expect_silence(p);
    r = peer_call(p, "ping", json_pack("{s:i}", "interval", 5000));
    expect_keys(r, "value");
    assert_string_equal(string_of(r, "value"), "pong");
    json_decref(r);
    memset(big, ' ', 70000);
    peer_send_frame(p, 1, big, 70000);
    free(big);
    assert_null(peer_read(p));
    assert_int_equal(p->close_code, 1009);
    peer_close(p);
}

static void test_too_many_requests(void **state)
{
    struct peer *p;

    (void) state;
    kit_make_session(kit, "S");
    p = peer_join(kit, "S", "PUBLISHER", NULL);
    (void) peer_send(p, "publishVideo", json_pack("{s:s}", "sdpOffer", "slow"));
    for (int i = 0; i < 257; i++)
        (void) peer_send(p, "echo", NULL);
    assert_null(peer_read(p));
    assert_int_equal(p->close_code, 1008);
    peer_close(p);
    json_decref(kit_call(kit, "publish", 0));
    kit_release(kit);
}

/* The media daemon was restarted: streams are gone, participants stay. */
static void test_media_restarts(void **state)
{
    struct peer *a, *b, *late;
    json_t *r, *rooms, *room, *list;
    char stream[160];
    const char *name;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    r = peer_publish(a, "offer");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    json_decref(r);
    json_decref(peer_notice(b, "participantPublished"));
    peer_do(b, "receiveVideoFrom", json_pack("{s:s,s:s}", "sender", stream, "sdpOffer", "o"));

    /* a short break: what is there is named, and nobody notices */
    kit_break_link(kit, json_object());
    r = kit_call(kit, "sync", 1);
    rooms = json_object_get(r, "rooms");
    name = json_object_iter_key(json_object_iter(rooms));
    room = json_object_get(rooms, name);
    assert_string_equal(json_string_value(json_array_get(json_object_get(room, "streams"), 0)),
                        stream);
    assert_int_equal(json_array_size(json_object_get(room, "subscribers")), 1);
    peer_expect_silence(a);
    peer_expect_silence(b);

    list = json_pack("{s:{s:[s],s:[]}}", name, "streams", stream, "subscribers");
    kit_break_link(kit, list);
    json_decref(kit_call(kit, "sync", 2));
    json_decref(r);
    peer_expect(a, "participantUnpublished", "reason", "mediaServerReconnect");
    peer_expect(b, "participantUnpublished", "reason", "mediaServerReconnect");
    late = peer_join(kit, "S", "SUBSCRIBER", &r);
    assert_null(json_object_get(json_array_get(json_object_get(r, "value"), 0), "streams"));
    json_decref(r);
    json_decref(peer_notice(a, "participantJoined"));
    json_decref(peer_publish(a, "offer"));
    peer_close(a);
    peer_close(b);
    peer_close(late);
}

/* The media daemon stays away for media_lost_s: nobody can come in, and running sessions end. */
static void test_media_is_lost(void **state)
{
    struct peer *a, *b = peer_open(kit);
    char *token, *text;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_publish(a, "offer"));
    kit_end_media(kit);
    peer_expect(a, "participantEvicted", "reason", "nodeCrashed");
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 404);
    kit_make_session(kit, "S");
    token = kit_make_token(kit, "S", "{}");
    assert_int_equal(peer_fails(b, "joinRoom", join_params("S", token, ""), &text), 204);
    assert_string_equal(
        text, "There is no available Media Node where to initialize session 'S'. Code: 204");
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 200);
    free(text);
    free(token);
    peer_close(a);
    peer_close(b);
}

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
    assert_string_equal(string_of(r, "id"), "RECORDER");
    assert_string_equal(string_of(r, "role"), "SUBSCRIBER");
    assert_int_equal(json_array_size(json_object_get(r, "value")), 1);
    json_decref(r);
    peer_expect_silence(a);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S/connection", "", &r), 200);
    assert_int_equal(json_integer_value(json_object_get(r, "numberOfElements")), 1);
    json_decref(r);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S/connection/RECORDER", "", NULL), 404);
    /* without users, the recorder does not keep the session */
    peer_do(a, "leaveRoom", NULL);
    peer_expect(rec, "participantLeft", "reason", "disconnect");
    peer_expect(rec, "participantEvicted", "connectionId", "RECORDER");
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 404);
    peer_close(a);
    peer_close(rec);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_late_answers),
        FLOW(test_moderation),
        FLOW(test_session_closed),
        FLOW(test_coming_back),
        FLOW(test_strange_frames),
        FLOW(test_too_many_requests),
        FLOW(test_media_restarts),
        FLOW(test_recorder),
        cmocka_unit_test_setup_teardown(test_media_is_lost, setup_impatient, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
