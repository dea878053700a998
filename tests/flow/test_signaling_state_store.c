/* The signaling daemon's state while its Redis server is away, hangs, loses all, or has what nobody
 * can read. */
#include "signaling_store.h"

static struct redis redis;
static struct kit *kit;

static int setup(void **state)
{
    (void) state;
    redis_start(&redis);
    kit = kit_start_stored(&redis, "max_sessions = 5;\n");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    redis_stop(&redis);
    return 0;
}

static void restart_and_compare(int signo)
{
    char *before = kit_picture(kit), *after;

    kit_restart(kit, signo);
    after = kit_picture(kit);
    assert_string_equal(after, before);
    free(before);
    free(after);
}

/* Calls go on without Redis, and all of it is there when Redis is. */
static void test_redis_loses_all(void **state)
{
    struct peer *a, *b;
    json_t *r;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    redis_kill(&redis);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    json_decref(peer_publish(b, "offer"));
    peer_expect(a, "participantPublished", "id", b->id);
    kit_make_session(kit, "T");
    redis_run(&redis);
    redis_expect_peer(&redis, "S", b);
    restart_and_compare(SIGKILL);
    peer_come_back(a);
    peer_come_back(b);
    r = kit_call(kit, "sync", 1);
    assert_int_equal(json_object_size(json_object_get(r, "rooms")), 1);
    json_decref(r);
    assert_int_equal(kit_rest(kit, "GET", "sessions/T", "", NULL), 200);
    peer_expect_silence(a);
    peer_close(a);
    peer_close(b);
}

/* It is back with what it had: what has ended meanwhile does not come to life again. */
static void test_redis_hangs(void **state)
{
    struct peer *a, *b, *c;
    char field[160];

    (void) state;
    kit_make_session(kit, "S");
    kit_make_session(kit, "T");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    redis_expect_peer(&redis, "S", b);
    kill(redis.pid, SIGSTOP);
    c = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    peer_do(b, "leaveRoom", NULL);
    peer_expect(a, "participantLeft", "connectionId", b->id);
    assert_int_equal(kit_rest(kit, "DELETE", "sessions/T", "", NULL), 204);
    kill(redis.pid, SIGCONT);
    redis_expect_peer(&redis, "S", c);
    snprintf(field, sizeof(field), "c:%s", b->id);
    redis_expect(&redis, "S", field, false);
    restart_and_compare(SIGKILL);
    assert_int_equal(kit_rest(kit, "GET", "sessions/T", "", NULL), 404);
    peer_close(a);
    peer_close(b);
    peer_close(c);
}

/* Nobody could come back to what is not stored: so it ends, and they are told. */
static void test_stopped_without_redis(void **state)
{
    struct peer *a;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    redis_kill(&redis);
    peer_do(a, "echo", NULL); /* it has seen that by now */
    kill(kit->pid, SIGTERM);
    peer_expect(a, "participantEvicted", "reason", "openviduServerStopped");
    peer_close(a);
    redis_run(&redis);
}

/* The daemon starts without it, empty; what is made then is there when it comes. */
static void test_redis_comes_last(void **state)
{
    struct peer *a;

    (void) state;
    kit_make_session(kit, "S");
    redis_kill(&redis);
    unlink(redis.socket);
    kit_end(kit, SIGKILL);
    unlink(kit->api);
    kit->pid = fork();
    if (kit->pid == 0)
        kit_exec(kit);
    while (!kit_is_up(kit)) /* it waits for Redis for as long as our patience */
        ;
    assert_int_equal(kit_rest(kit, "GET", "sessions/S", "", NULL), 404);
    kit_make_session(kit, "T");
    a = peer_join(kit, "T", "PUBLISHER", NULL);
    redis_run(&redis);
    redis_expect_peer(&redis, "T", a);
    restart_and_compare(SIGTERM);
    peer_close(a);
}

static void put(const char *hash, const char *field, const char *value)
{
    char key[256];

    snprintf(key, sizeof(key), "visavis:%s", hash);
    assert_non_null(strstr(REDIS(&redis, "HSET", key, field, value), ":"));
    assert_non_null(strstr(REDIS(&redis, "SADD", "visavis:hashes", hash), ":"));
}

#define SESSION                                                                                    \
    "\"active\":false,\"customId\":\"\",\"mediaMode\":\"ROUTED\",\"recordingMode\":\"MANUAL\","    \
    "\"forcedCodec\":\"NONE\",\"unforced\":false,\"allowTranscoding\":false,"                      \
    "\"mediasoup\":false,\"recording\":{}}"

/* What is no record of ours, of half a session, of another version, or too much, is left out; the
 * rest is there. */
static void test_garbage(void **state)
{
    struct peer *a;
    char *big = malloc(700000), key[256], hash[256], *before, *after;
    const char *keys;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    json_decref(peer_publish(a, "offer"));
    before = kit_picture(kit);
    keys = strstr(REDIS(&redis, "KEYS", "visavis:s:S_*"), "visavis:");
    snprintf(key, sizeof(key), "%.*s", (int) strcspn(keys, "\r"), keys);
    snprintf(hash, sizeof(hash), "%s", key + strlen("visavis:"));
    kit_end(kit, SIGTERM);
    memset(big, 'x', 699999);
    big[699999] = '\0';
    put("foreign", "f", "v");
    put("s:nosession_5", "c:con_x", "{}");
    put("s:V_7", "session", "{\"version\":2,\"created\":7,\"order\":1,\"id\":\"V\"," SESSION);
    put("s:V_8", "session", "{\"version\":1,\"created\":9,\"order\":1,\"id\":\"V\"," SESSION);
    put("s:../../x_8", "session",
        "{\"version\":1,\"created\":8,\"order\":1,\"id\":\"../../x\"," SESSION);
    put("s:W_8", "session", "{\"version\":1,\"created\":8,\"order\":-1,\"id\":\"W\"," SESSION);
    put(hash, "c:con_x", "nonsense");
    put(hash, "c:con_y", "{\"kind\":\"WEBRTC\"}");
    put(hash, "p:str_CAM_ABCD_con_none",
        "{\"connection\":\"con_none\",\"created\":1,"
        "\"hasAudio\":true,\"hasVideo\":true,"
        "\"audioActive\":true,\"videoActive\":true,"
        "\"loopback\":false,\"otherCodec\":false,\"filter\":{}}");
    put(hash, "v:x", "[]");
    put(hash, "x:y", "{}");
    put(hash, "", "{}");
    put(hash, "c: \n", "{}");
    put(hash, "c:con_z", big);
    for (int i = 0; i < 6; i++) {
        char name[16], record[512];

        snprintf(name, sizeof(name), "s:O_%d", i);
        snprintf(record, sizeof(record),
                 "{\"version\":1,\"created\":%d,\"order\":1000,\"id\":\"O\"," SESSION, i);
        put(name, "session", record);
    }
    kit_begin(kit);
    assert_int_equal(kit_rest(kit, "DELETE", "sessions/O", "", NULL), 204);
    after = kit_picture(kit);
    assert_string_equal(after, before);
    peer_come_back(a);
    peer_do(a, "unpublishVideo", NULL);
    redis_expect(&redis, "nosession", "c:con_x", false);
    assert_non_null(strstr(REDIS(&redis, "EXISTS", "visavis:foreign"), ":0"));
    assert_non_null(strstr(REDIS(&redis, "EXISTS", "visavis:s:V_7"), ":0"));
    assert_non_null(strstr(REDIS(&redis, "HEXISTS", key, "c:con_y"), ":0"));
    assert_non_null(strstr(REDIS(&redis, "HEXISTS", key, "session"), ":1"));
    restart_and_compare(SIGKILL);
    free(before);
    free(after);
    free(big);
    peer_close(a);
}

/* Limits that are lower than before hold; nothing else of it is lost. */
static void test_lower_limits(void **state)
{
    char id[16];

    (void) state;
    for (int i = 0; i < 5; i++) {
        snprintf(id, sizeof(id), "S%d", i);
        kit_make_session(kit, id);
    }
    kit_end(kit, SIGTERM);
    {
        char settings[256];

        snprintf(settings, sizeof(settings), "store = \"unix:%s\";\nmax_sessions = 3;\n",
                 redis.socket);
        kit_write_config(kit, "MY_SECRET", settings);
    }
    kit_begin(kit);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S2", "", NULL), 200);
    assert_int_equal(kit_rest(kit, "GET", "sessions/S3", "", NULL), 404);
    assert_int_equal(kit_rest(kit, "POST", "sessions", "{}", NULL), 500);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_redis_loses_all),       FLOW(test_redis_hangs), FLOW(test_redis_comes_last),
        FLOW(test_stopped_without_redis), FLOW(test_garbage),     FLOW(test_lower_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
