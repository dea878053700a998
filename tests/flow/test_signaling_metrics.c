/* What the daemon shows those who watch it: figures that move with what happens, and whether it is
 * well. */
#include "signaling_kit.h"

#include "tests/lib/ask.h"
#include "tests/lib/free_port.h"

static uint16_t port;
static struct ask_answer answer;

static unsigned look(const char *path)
{
    int fd = ask_connect_tcp(port);

    assert_true(fd >= 0);
    assert_int_equal(ask_send(fd, "GET", path, "Host: anything\r\nConnection: close\r\n", NULL), 0);
    return ask_receive(fd, &answer);
}

static struct kit *start(const char *more)
{
    char settings[256];
    struct kit *k;

    port = free_port();
    snprintf(settings, sizeof(settings), "metrics_listen = [\"tcp:127.0.0.1:%u\"];\n%s", port,
             more);
    k = kit_start(settings);
    for (int i = 0; i < KIT_PATIENCE_MS / 10 && look("/ready") != 200; i++)
        usleep(10000);
    return k;
}

/* Of one line of the figures. */
static long long figure(const char *name)
{
    char line[256];
    const char *at;

    assert_int_equal(look("/metrics"), 200);
    snprintf(line, sizeof(line), "\nvisavis_signaling_%s ", name);
    at = strstr(answer.body, line);
    if (!at)
        fail_msg("no %s in:\n%s", name, answer.body);
    return atoll(at + strlen(line));
}

static void expect_figure(const char *name, long long value)
{
    long long is = 0;

    for (int i = 0; i < KIT_PATIENCE_MS / 20; i++) {
        is = figure(name);
        if (is == value)
            return;
        usleep(20000);
    }
    fail_msg("%s is %lld, not %lld", name, is, value);
}

static void test_a_call(void **state)
{
    struct kit *k = start("");
    struct peer *a, *b;
    json_t *r;

    (void) state;
    kit_make_session(k, "S");
    expect_figure("sessions{state=\"waiting\"}", 1);
    a = peer_join(k, "S", "PUBLISHER", NULL);
    b = peer_join(k, "S", "PUBLISHER", NULL);
    free(kit_make_token(k, "S", "{}"));
    r = peer_publish(a, "OFFER");
    peer_do(b, "receiveVideoFrom",
            json_pack("{s:s,s:s}", "sender", string_of(r, "id"), "sdpOffer", "OFFER"));
    assert_int_equal(peer_fails(b, "noSuchMethod", NULL, NULL), -32601);
    assert_int_equal(kit_rest(k, "GET", "sessions/none", "", NULL), 404);
    expect_figure("sessions{state=\"active\"}", 1);
    expect_figure("sessions{state=\"waiting\"}", 0);
    expect_figure("participants", 2);
    expect_figure("pending_connections", 1);
    expect_figure("streams", 1);
    expect_figure("subscriptions", 1);
    expect_figure("clients", 2);
    expect_figure("rpc_requests_total{method=\"joinRoom\",outcome=\"result\"}", 2);
    expect_figure("rpc_requests_total{method=\"unknown\",outcome=\"error\"}", 1);
    expect_figure("rest_requests_total{method=\"GET\",route=\"sessions/*\",status=\"4xx\"}", 1);
    expect_figure("rest_requests_total{method=\"any\",route=\"other\",status=\"1xx\"}", 2);
    expect_figure("join_seconds_count", 2);
    expect_figure("media_call_seconds_count{method=\"publish\"}", 1);
    expect_figure("media_call_seconds_count{method=\"subscribe\"}", 1);
    expect_figure("media_calls_pending", 0);
    peer_do(b, "leaveRoom", NULL);
    peer_close(a);
    expect_figure("participants_left_total{reason=\"disconnect\"}", 1);
    expect_figure("events_total{event=\"participantJoined\"}", 2);
    expect_figure("store_up", 1);
    assert_true(figure("store_commits_total") > 0);
    expect_figure("clients_in_grace", 1);
    expect_figure("websockets_ended_total{cause=\"lost\"}", 1);
    json_decref(r);
    peer_close(b);
    kit_stop(k);
}

static void test_calls_that_wait_or_fail(void **state)
{
    struct kit *k = start("max_participants = 1;\nmax_sessions = 1;\nmax_queued_requests = 2;\n");
    struct peer *a, *b;
    char *token;
    int id;

    (void) state;
    kit_make_session(k, "S");
    assert_int_equal(kit_rest(k, "POST", "sessions", "{}", NULL), 500);
    expect_figure("refused_total{limit=\"max_sessions\"}", 1);
    a = peer_join(k, "S", "PUBLISHER", NULL);
    id = peer_send(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "slow"));
    expect_figure("media_calls_pending", 1);
    kit_release(k);
    json_decref(peer_answer(a, id));
    expect_figure("media_calls_pending", 0);
    b = peer_open(k);
    token = kit_make_token(k, "S", "{}");
    assert_int_equal(peer_fails(b, "joinRoom", join_params("S", token, ""), NULL), 201);
    expect_figure("refused_total{limit=\"max_participants\"}", 1);
    expect_figure("rpc_requests_total{method=\"joinRoom\",outcome=\"error\"}", 1);
    peer_do(a, "unpublishVideo", NULL);
    assert_int_equal(peer_fails(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "bad"), NULL),
                     302);
    expect_figure("media_calls_failed_total{method=\"publish\"}", 1);
    (void) peer_send(a, "publishVideo", json_pack("{s:s}", "sdpOffer", "slow"));
    for (int i = 0; i < 3; i++)
        (void) peer_send(a, "leaveRoom", NULL);
    expect_figure("websockets_ended_total{cause=\"flood\"}", 1);
    peer_send_frame(b, 2, "x", 1);
    expect_figure("websockets_ended_total{cause=\"protocol\"}", 1);
    free(token);
    peer_close(a);
    peer_close(b);
    kit_stop(k);
}

static void test_pages(void **state)
{
    struct kit *k = start("");
    int fd;

    (void) state;
    assert_int_equal(look("/live"), 200);
    assert_int_equal(look("/health"), 200);
    assert_non_null(strstr(answer.head, "application/json"));
    assert_non_null(strstr(answer.body, "\"status\":\"ok\""));
    assert_int_equal(look("/metrics"), 200);
    assert_non_null(strstr(answer.head, "text/plain; version=0.0.4"));
    assert_non_null(strstr(answer.body, "\nprocess_resident_memory_bytes "));
    assert_int_equal(look("/"), 404);
    assert_int_equal(look("/openvidu/api/sessions"), 404);
    fd = ask_connect_tcp(port);
    assert_int_equal(ask_send(fd, "POST", "/metrics", "Host: x\r\nConnection: close\r\n", ""), 0);
    assert_int_equal(ask_receive(fd, &answer), 405);
    kit_stop(k);
}

/* Newcomers are sent elsewhere at once; that somebody is woken takes media_lost_s. */
static void test_without_media(void **state)
{
    struct kit *k = start("media_lost_s = 2;\n");

    (void) state;
    kit_end_media(k);
    while (look("/ready") == 200)
        usleep(10000);
    assert_int_equal(answer.status, 503);
    expect_figure("media_up", 0);
    assert_int_equal(look("/live"), 200);
    while (look("/health") == 200) {
        assert_non_null(strstr(answer.body, "\"status\":\"degraded\",\"media\":false"));
        usleep(50000);
    }
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.body, "\"status\":\"failed\",\"media\":false"));
    assert_int_equal(look("/live"), 200);
    kit_stop(k);
}

/* A port that somebody else has costs the figures, not the calls. */
static void test_taken_port(void **state)
{
    uint16_t taken;
    int fd = ask_listen_tcp(&taken);
    char settings[128];
    struct kit *k;

    (void) state;
    snprintf(settings, sizeof(settings), "metrics_listen = [\"tcp:127.0.0.1:%u\"];\n", taken);
    k = kit_start(settings);
    assert_int_equal(kit_rest(k, "GET", "sessions", "", NULL), 200);
    kit_stop(k);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call),     cmocka_unit_test(test_calls_that_wait_or_fail),
        cmocka_unit_test(test_pages),      cmocka_unit_test(test_without_media),
        cmocka_unit_test(test_taken_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
