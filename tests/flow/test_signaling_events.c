/* What the operator's application is told of sessions: which events, with which keys, in which
 * order, and why things ended. */
#include "signaling_hook.h"

#define KEYS_BASE "event sessionId uniqueSessionId timestamp"
#define KEYS_END KEYS_BASE " startTime duration reason"
#define KEYS_PERSON " participantId connectionId location ip platform clientData serverData"
#define KEYS_OUT                                                                                   \
    " streamId participantId connectionId connection videoSource videoFramerate videoDimensions"   \
    " audioEnabled videoEnabled"
#define KEYS_IN                                                                                    \
    " streamId participantId connectionId connection receivingFrom videoSource videoFramerate"     \
    " videoDimensions audioEnabled videoEnabled"

static struct hook *hook;
static struct kit *kit;
static size_t next; /* event to be looked at */

static int setup(void **state)
{
    (void) state;
    hook = hook_start();
    kit = kit_start(hook_settings(hook, ""));
    next = 0;
    return 0;
}

static int setup_mediasoup(void **state)
{
    (void) state;
    hook = hook_start();
    kit = kit_start(hook_settings(hook, "media_server = \"mediasoup\";\n"));
    next = 0;
    return 0;
}

static int setup_impatient(void **state)
{
    (void) state;
    hook = hook_start();
    kit = kit_start(hook_settings(hook, "media_lost_s = 1;\n"));
    next = 0;
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    if (kit)
        kit_stop(kit);
    hook_stop(hook);
    return 0;
}

/* ---- what comes next ---- */

static json_t *event(const char *name)
{
    json_t *j = hook_event(hook, next++);

    assert_string_equal(string_of(j, "event"), name);
    return j;
}

/* An event by connection ("OUTBOUND", "INBOUND", or "-" for none of these), whose, and why. */
static void expect(const char *name, const char *connection, const struct peer *whose,
                   const char *reason)
{
    json_t *j = event(name);

    assert_string_equal(*connection == '-' ? "-" : string_of(j, "connection"), connection);
    if (whose)
        assert_string_equal(string_of(j, "connectionId"), whose->id);
    if (reason)
        assert_string_equal(string_of(j, "reason"), reason);
    else
        assert_null(json_object_get(j, "reason"));
}

static void expect_destroyed(const char *connection, const struct peer *whose, const char *reason)
{
    expect("webrtcConnectionDestroyed", connection, whose, reason);
}

/* Nothing else was told before this moment: the next event is that of a session made now. */
static void expect_nothing_more(void)
{
    static unsigned n;
    char id[32];

    snprintf(id, sizeof(id), "marker%u", n++);
    kit_make_session(kit, id);
    assert_string_equal(string_of(event("sessionCreated"), "sessionId"), id);
}

/* ---- people ---- */

static struct peer *join(const char *role)
{
    struct peer *p = peer_join(kit, "S", role, NULL);

    expect("participantJoined", "-", p, NULL);
    return p;
}

static void publish(struct peer *p, char ret_stream[static 160])
{
    json_t *r = peer_publish(p, "offer");

    snprintf(ret_stream, 160, "%s", string_of(r, "id"));
    json_decref(r);
    expect("webrtcConnectionCreated", "OUTBOUND", p, NULL);
}

static void subscribe(struct peer *p, const char *stream)
{
    peer_do(p, "receiveVideoFrom", json_pack("{s:s,s:s}", "sender", stream, "sdpOffer", "offer"));
}

static void watch(struct peer *p, const char *stream)
{
    subscribe(p, stream);
    expect("webrtcConnectionCreated", "INBOUND", p, NULL);
}

/* Two who publish and watch each other. */
struct pair {
    struct peer *a, *b;
    char stream_a[160], stream_b[160];
};

static struct pair make_pair(const char *role_of_a)
{
    struct pair p;

    kit_make_session(kit, "S");
    event("sessionCreated");
    p.a = join(role_of_a);
    p.b = join("PUBLISHER");
    publish(p.a, p.stream_a);
    publish(p.b, p.stream_b);
    watch(p.a, p.stream_b);
    watch(p.b, p.stream_a);
    return p;
}

static void pair_close(struct pair *p)
{
    peer_close(p->a);
    peer_close(p->b);
}

/* The first of the pair goes: three, and itself. */
static void expect_first_leaves(const struct peer *who, const struct peer *other,
                                const char *reason)
{
    expect_destroyed("INBOUND", other, reason);
    expect_destroyed("INBOUND", who, reason);
    expect_destroyed("OUTBOUND", who, reason);
    expect("participantLeft", "-", who, reason);
}

static void expect_last_leaves(const struct peer *who, const char *reason, const char *of_session)
{
    expect_destroyed("OUTBOUND", who, reason);
    expect("participantLeft", "-", who, reason);
    expect("sessionDestroyed", "-", NULL, of_session);
}

/* ---- shapes ---- */

static void assert_span(json_t *ended, json_t *began)
{
    json_int_t start = json_integer_value(json_object_get(ended, "startTime"));
    json_int_t end = json_integer_value(json_object_get(ended, "timestamp"));

    assert_int_equal(start, json_integer_value(json_object_get(began, "timestamp")));
    assert_true(end >= start);
    assert_int_equal(json_integer_value(json_object_get(ended, "duration")), (end - start) / 1000);
}

static void test_shapes(void **state)
{
    struct peer *a, *b;
    json_t *r, *created, *joined, *out, *in, *j;
    char *token, stream[160], unique[160];

    (void) state;
    kit_make_session(kit, "S");
    created = event("sessionCreated");
    expect_keys(created, KEYS_BASE);
    snprintf(unique, sizeof(unique), "S_%lld",
             json_integer_value(json_object_get(created, "timestamp")));
    assert_string_equal(string_of(created, "uniqueSessionId"), unique);

    a = peer_open(kit);
    token = kit_make_token(kit, "S", "{\"data\":\"of the server\"}");
    r = peer_call(a, "joinRoom", join_params("S", token, "of the client"));
    snprintf(a->id, sizeof(a->id), "%s", string_of(r, "id"));
    joined = event("participantJoined");
    expect_keys(joined, KEYS_BASE KEYS_PERSON);
    assert_string_equal(string_of(joined, "sessionId"), "S");
    assert_string_equal(string_of(joined, "uniqueSessionId"), unique);
    assert_string_equal(string_of(joined, "participantId"), a->id);
    assert_string_equal(string_of(joined, "connectionId"), a->id);
    assert_string_equal(string_of(joined, "location"), "unknown");
    assert_string_equal(string_of(joined, "ip"), "203.0.113.9");
    assert_string_equal(string_of(joined, "platform"), "Test 1.0");
    assert_string_equal(string_of(joined, "clientData"), "of the client");
    assert_string_equal(string_of(joined, "serverData"), "of the server");
    assert_int_equal(json_integer_value(json_object_get(joined, "timestamp")),
                     json_integer_value(json_object_get(r, "createdAt")));
    json_decref(r);
    free(token);

    r = peer_publish(a, "offer");
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    out = event("webrtcConnectionCreated");
    expect_keys(out, KEYS_BASE KEYS_OUT);
    assert_string_equal(string_of(out, "streamId"), stream);
    assert_string_equal(string_of(out, "connectionId"), a->id);
    assert_string_equal(string_of(out, "videoSource"), "CAMERA");
    assert_string_equal(string_of(out, "videoDimensions"), "{\"width\":640,\"height\":480}");
    assert_int_equal(json_integer_value(json_object_get(out, "videoFramerate")), 30);
    assert_true(json_is_true(json_object_get(out, "audioEnabled")));
    assert_true(json_is_true(json_object_get(out, "videoEnabled")));
    assert_int_equal(json_integer_value(json_object_get(out, "timestamp")),
                     json_integer_value(json_object_get(r, "createdAt")));
    json_decref(r);

    b = join("SUBSCRIBER");
    watch(b, stream);
    in = hook_event(hook, next - 1);
    expect_keys(in, KEYS_BASE KEYS_IN);
    assert_string_equal(string_of(in, "receivingFrom"), a->id);
    assert_string_equal(string_of(in, "streamId"), stream);

    peer_do(b, "leaveRoom", NULL);
    j = event("webrtcConnectionDestroyed");
    expect_keys(j, KEYS_END KEYS_IN);
    assert_span(j, in);
    event("participantLeft");
    peer_do(a, "leaveRoom", NULL);
    j = event("webrtcConnectionDestroyed");
    expect_keys(j, KEYS_END KEYS_OUT);
    assert_span(j, out);
    j = event("participantLeft");
    expect_keys(j, KEYS_END KEYS_PERSON);
    assert_span(j, joined);
    j = event("sessionDestroyed");
    expect_keys(j, KEYS_END);
    assert_span(j, created);
    assert_string_equal(string_of(j, "reason"), "lastParticipantLeft");
    assert_string_equal(string_of(j, "uniqueSessionId"), unique);
    expect_nothing_more();
    peer_close(a);
    peer_close(b);
}

/* Without video the keys of video are left out; what the client did not say is null. */
static void test_shapes_of_little(void **state)
{
    struct peer *a;
    json_t *j;

    (void) state;
    kit_make_session(kit, "S");
    event("sessionCreated");
    a = join("PUBLISHER");
    json_decref(peer_publish(a, "no-video"));
    j = event("webrtcConnectionCreated");
    expect_keys(j, KEYS_BASE " streamId participantId connectionId connection audioEnabled"
                             " videoEnabled");
    assert_true(json_is_false(json_object_get(j, "videoEnabled")));
    peer_do(a, "unpublishVideo", NULL);
    expect_destroyed("OUTBOUND", a, "unpublish");
    peer_do(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "no-audio"));
    j = event("webrtcConnectionCreated");
    expect_keys(j, KEYS_BASE KEYS_OUT);
    assert_true(json_is_null(json_object_get(j, "videoFramerate")));
    assert_true(json_is_null(json_object_get(j, "videoDimensions")));
    assert_true(json_is_false(json_object_get(j, "audioEnabled")));
    peer_close(a);
}

/* ---- reasons ---- */

static void test_unsubscribe_and_unpublish(void **state)
{
    struct pair p;

    (void) state;
    p = make_pair("PUBLISHER");
    peer_do(p.b, "unsubscribeFromVideo", json_pack("{s:s}", "sender", p.a->id));
    expect_destroyed("INBOUND", p.b, "unsubscribe");
    /* once more is nothing */
    peer_do(p.b, "unsubscribeFromVideo", json_pack("{s:s}", "sender", p.a->id));
    watch(p.b, p.stream_a);
    /* as it is already, and anew after a lost network: nothing either */
    subscribe(p.b, p.stream_a);
    peer_do(p.b, "reconnectStream",
            json_pack("{s:s,s:s}", "stream", p.stream_a, "sdpString", "offer"));
    peer_do(p.a, "reconnectStream",
            json_pack("{s:s,s:s}", "stream", p.stream_a, "sdpString", "offer"));
    peer_do(p.a, "unpublishVideo", NULL);
    expect_destroyed("OUTBOUND", p.a, "unpublish");
    expect_destroyed("INBOUND", p.b, "unpublish");
    expect_nothing_more();
    pair_close(&p);
}

/* Who watches itself has two connections, and each ends once. */
static void test_watching_itself(void **state)
{
    struct peer *a;
    char stream[160];

    (void) state;
    kit_make_session(kit, "S");
    event("sessionCreated");
    a = join("PUBLISHER");
    publish(a, stream);
    watch(a, stream);
    peer_do(a, "leaveRoom", NULL);
    expect_destroyed("INBOUND", a, "disconnect");
    expect_destroyed("OUTBOUND", a, "disconnect");
    expect("participantLeft", "-", a, "disconnect");
    event("sessionDestroyed");
    expect_nothing_more();
    peer_close(a);
}

static void test_leaving(void **state)
{
    struct pair p;

    (void) state;
    p = make_pair("PUBLISHER");
    peer_do(p.a, "leaveRoom", NULL);
    expect_first_leaves(p.a, p.b, "disconnect");
    peer_do(p.b, "leaveRoom", NULL);
    expect_last_leaves(p.b, "disconnect", "lastParticipantLeft");
    expect_nothing_more();
    pair_close(&p);
}

static void test_closed_by_rest(void **state)
{
    struct pair p;

    (void) state;
    p = make_pair("PUBLISHER");
    assert_int_equal(kit_rest(kit, "DELETE", "sessions/S", "", NULL), 204);
    expect_first_leaves(p.a, p.b, "sessionClosedByServer");
    expect_last_leaves(p.b, "sessionClosedByServer", "sessionClosedByServer");
    expect_nothing_more();
    pair_close(&p);
}

static void test_forced_by_user(void **state)
{
    struct pair p;

    (void) state;
    p = make_pair("MODERATOR");
    peer_do(p.a, "forceUnpublish", json_pack("{s:s}", "streamId", p.stream_b));
    expect_destroyed("OUTBOUND", p.b, "forceUnpublishByUser");
    expect_destroyed("INBOUND", p.a, "forceUnpublishByUser");
    publish(p.b, p.stream_b);
    watch(p.a, p.stream_b);
    peer_do(p.a, "forceDisconnect", json_pack("{s:s}", "connectionId", p.b->id));
    expect_first_leaves(p.b, p.a, "forceDisconnectByUser");
    peer_do(p.a, "forceDisconnect", json_pack("{s:s}", "connectionId", p.a->id));
    expect_last_leaves(p.a, "forceDisconnectByUser", "lastParticipantLeft");
    expect_nothing_more();
    pair_close(&p);
}

static void test_forced_by_server(void **state)
{
    char path[256];
    struct pair p;

    (void) state;
    p = make_pair("PUBLISHER");
    snprintf(path, sizeof(path), "sessions/S/stream/%s", p.stream_a);
    assert_int_equal(kit_rest(kit, "DELETE", path, "", NULL), 204);
    expect_destroyed("OUTBOUND", p.a, "forceUnpublishByServer");
    expect_destroyed("INBOUND", p.b, "forceUnpublishByServer");
    publish(p.a, p.stream_a);
    watch(p.b, p.stream_a);
    snprintf(path, sizeof(path), "sessions/S/connection/%s", p.b->id);
    assert_int_equal(kit_rest(kit, "DELETE", path, "", NULL), 204);
    expect_first_leaves(p.b, p.a, "forceDisconnectByServer");
    snprintf(path, sizeof(path), "sessions/S/connection/%s", p.a->id);
    assert_int_equal(kit_rest(kit, "DELETE", path, "", NULL), 204);
    expect_last_leaves(p.a, "forceDisconnectByServer", "lastParticipantLeft");
    expect_nothing_more();
    pair_close(&p);
}

/* The sockets break; nobody comes back within the grace period. */
static void test_network_lost(void **state)
{
    struct pair p;

    (void) state;
    p = make_pair("PUBLISHER");
    shutdown(p.a->fd, SHUT_RDWR);
    expect_first_leaves(p.a, p.b, "networkDisconnect");
    shutdown(p.b->fd, SHUT_RDWR);
    expect_last_leaves(p.b, "networkDisconnect", "lastParticipantLeft");
    expect_nothing_more();
    pair_close(&p);
}

/* A media daemon that has lost everything: the streams end, the people stay. One that has lost a
 * subscriber alone: so does that. */
static void test_media_restarted(void **state)
{
    struct pair p;
    json_t *unique;
    char name[320], room[160];

    (void) state;
    p = make_pair("PUBLISHER");
    unique = json_object_get(hook_event(hook, 0), "uniqueSessionId");
    snprintf(room, sizeof(room), "%s", json_string_value(unique));
    snprintf(name, sizeof(name), "%s_%s", p.b->id, p.stream_a);
    kit_break_link(kit, json_pack("{s:{s:[],s:[s]}}", room, "streams", "subscribers", name));
    expect_destroyed("INBOUND", p.b, "mediaServerReconnect");
    watch(p.b, p.stream_a);
    kit_break_link(kit, json_pack("{s:{s:[s,s],s:[]}}", room, "streams", p.stream_a, p.stream_b,
                                  "subscribers"));
    expect_destroyed("OUTBOUND", p.a, "mediaServerReconnect");
    expect_destroyed("INBOUND", p.b, "mediaServerReconnect");
    expect_destroyed("OUTBOUND", p.b, "mediaServerReconnect");
    expect_destroyed("INBOUND", p.a, "mediaServerReconnect");
    expect_nothing_more();
    pair_close(&p);
}

static void test_media_lost(void **state)
{
    struct pair p;

    (void) state;
    p = make_pair("PUBLISHER");
    kit_end_media(kit);
    expect_first_leaves(p.a, p.b, "nodeCrashed");
    expect_last_leaves(p.b, "nodeCrashed", "nodeCrashed");
    pair_close(&p);
}

/* Everything is told before the daemon ends. */
static void test_server_stopped(void **state)
{
    struct pair p;

    (void) state;
    p = make_pair("PUBLISHER");
    hook_set(hook, 200, 0, true);
    kill(kit->pid, SIGTERM);
    (void) hook_request(hook, next);
    hook_set(hook, 200, 0, false);
    kit_stop(kit);
    kit = NULL;
    expect_first_leaves(p.a, p.b, "openviduServerStopped");
    expect_last_leaves(p.b, "openviduServerStopped", "openviduServerStopped");
    assert_int_equal(hook_n_requests(hook), next);
    pair_close(&p);
}

/* Where the server offers, one watches from the answer on, and not from the offer. */
static void test_server_offers(void **state)
{
    struct peer *a, *b;
    char stream[160];

    (void) state;
    kit_make_session(kit, "S");
    event("sessionCreated");
    a = join("PUBLISHER");
    b = join("SUBSCRIBER");
    publish(a, stream);
    peer_do(b, "prepareReceiveVideoFrom", json_pack("{s:s,s:b}", "sender", stream, "reconnect", 0));
    peer_do(b, "leaveRoom", NULL);
    expect("participantLeft", "-", b, "disconnect");
    peer_close(b);
    b = join("SUBSCRIBER");
    peer_do(b, "prepareReceiveVideoFrom", json_pack("{s:s,s:b}", "sender", stream, "reconnect", 0));
    peer_do(b, "receiveVideoFrom", json_pack("{s:s,s:s}", "sender", stream, "sdpAnswer", "x"));
    expect("webrtcConnectionCreated", "INBOUND", b, NULL);
    peer_do(b, "prepareReceiveVideoFrom", json_pack("{s:s,s:b}", "sender", stream, "reconnect", 1));
    peer_do(b, "reconnectStream", json_pack("{s:s,s:s}", "stream", stream, "sdpString", "x"));
    peer_do(b, "unsubscribeFromVideo", json_pack("{s:s}", "sender", a->id));
    expect_destroyed("INBOUND", b, "unsubscribe");
    expect_nothing_more();
    peer_close(a);
    peer_close(b);
}

/* A recorder comes, watches and goes unseen. */
static void test_unseen(void **state)
{
    struct peer *a, *recorder;
    json_t *params;
    char stream[160];

    (void) state;
    kit_make_session(kit, "S");
    event("sessionCreated");
    a = join("PUBLISHER");
    publish(a, stream);
    recorder = peer_open(kit);
    params = join_params("S", "", "");
    json_object_set_new(params, "secret", json_string("MY_SECRET"));
    json_object_set_new(params, "recorder", json_true());
    peer_do(recorder, "joinRoom", params);
    subscribe(recorder, stream);
    peer_do(a, "sendMessage", json_pack("{s:s}", "message", "{\"to\":[],\"type\":\"signal:x\"}"));
    assert_int_equal(json_array_size(json_object_get(event("signalSent"), "to")), 1);
    peer_do(a, "unpublishVideo", NULL);
    expect_destroyed("OUTBOUND", a, "unpublish");
    peer_do(a, "leaveRoom", NULL);
    expect("participantLeft", "-", a, "disconnect");
    expect("sessionDestroyed", "-", NULL, "lastParticipantLeft");
    expect_nothing_more();
    peer_close(recorder);
    peer_close(a);
}

/* ---- signals ---- */

static void expect_signal(const char *from, const char *to, const char *type, const char *data)
{
    json_t *j = event("signalSent"), *id;
    char text[1024] = "";
    size_t i;

    expect_keys(j, KEYS_BASE " from to type data");
    assert_string_equal(string_of(j, "from"), from ? from : "(none)");
    assert_string_equal(string_of(j, "type"), type ? type : "(none)");
    assert_string_equal(string_of(j, "data"), data ? data : "(none)");
    assert_true(from || json_is_null(json_object_get(j, "from")));
    assert_true(type || json_is_null(json_object_get(j, "type")));
    assert_true(data || json_is_null(json_object_get(j, "data")));
    json_array_foreach (json_object_get(j, "to"), i, id)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", json_string_value(id));
    assert_string_equal(text, to);
}

static void test_signals(void **state)
{
    char all[300], one[300], text[512];
    struct peer *a, *b;

    (void) state;
    kit_make_session(kit, "S");
    event("sessionCreated");
    a = join("PUBLISHER");
    b = join("PUBLISHER");
    snprintf(all, sizeof(all), "%s %s ", a->id, b->id);
    snprintf(one, sizeof(one), "%s ", b->id);

    peer_do(a, "sendMessage",
            json_pack("{s:s}", "message", "{\"to\":[],\"type\":\"signal:chat\",\"data\":\"hi\"}"));
    expect_signal(a->id, all, "chat", "hi");
    peer_do(a, "sendMessage", json_pack("{s:s}", "message", "{\"type\":\"signal\",\"data\":\"\"}"));
    expect_signal(a->id, all, "signal", "");
    peer_do(a, "sendMessage", json_pack("{s:s}", "message", "{}"));
    expect_signal(a->id, all, NULL, NULL);
    snprintf(text, sizeof(text), "{\"to\":[\"%s\",\"%s\"],\"type\":\"signal:signal:x\"}", b->id,
             b->id);
    peer_do(a, "sendMessage", json_pack("{s:s}", "message", text));
    expect_signal(a->id, one, "signal:x", NULL);

    snprintf(text, sizeof(text),
             "{\"session\":\"S\",\"to\":[\"%s\"],\"type\":\"chat\","
             "\"data\":\"d\"}",
             b->id);
    assert_int_equal(kit_rest(kit, "POST", "signal", text, NULL), 200);
    expect_signal(NULL, one, "chat", "d");
    assert_int_equal(
        kit_rest(kit, "POST", "signal", "{\"session\":\"S\",\"type\":\"signal:chat\"}", NULL), 200);
    expect_signal(NULL, all, "signal:chat", NULL);
    peer_close(a);
    peer_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shapes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shapes_of_little, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsubscribe_and_unpublish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watching_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaving, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed_by_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forced_by_user, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forced_by_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_network_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_media_restarted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_media_lost, setup_impatient, teardown),
        cmocka_unit_test_setup_teardown(test_server_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_server_offers, setup_mediasoup, teardown),
        cmocka_unit_test_setup_teardown(test_unseen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signals, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
