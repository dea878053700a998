/* How events are posted to the operator's endpoint: once, in their order, again when nobody
 * answers, and never so that a call waits for it. */
#include "signaling_hook.h"

#include "base/crypto.h"
#include "tests/lib/tls_identity.h"

#include <openssl/ssl.h>

static struct hook *hook;
static struct kit *kit;

static int start(const char *settings)
{
    hook = hook_start();
    kit = kit_start(hook_settings(hook, settings));
    return 0;
}

static int setup(void **state)
{
    (void) state;
    return start("max_messages_per_s = 100000;\n");
}

static int setup_headers(void **state)
{
    (void) state;
    return start(
        "webhook_headers = [\"Authorization: Basic dTpw\", \"X-Of-The-Operator:  1 2 \"];\n");
}

static int setup_content_type(void **state)
{
    (void) state;
    return start("webhook_headers = [\"content-type: application/json; charset=utf-8\"];\n");
}

static int setup_filter(void **state)
{
    (void) state;
    return start("webhook_events = [\"sessionDestroyed\", \"nodeCrashed\"];\n");
}

static int setup_no_events(void **state)
{
    (void) state;
    return start("webhook_events = [];\n");
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    hook_stop(hook);
    return 0;
}

/* Each is one event. */
static void make_sessions(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char id[16];

        snprintf(id, sizeof(id), "S%u", i);
        kit_make_session(kit, id);
    }
}

static void assert_is_session(size_t nth, unsigned number)
{
    char id[16];

    snprintf(id, sizeof(id), "S%u", number);
    assert_string_equal(string_of(hook_event(hook, nth), "sessionId"), id);
}

/* ---- what is sent ---- */

static void test_request(void **state)
{
    const char *head;

    (void) state;
    make_sessions(0, 1);
    head = string_of(hook_request(hook, 0), "head");
    assert_int_equal(strncmp(head, "POST /events?x=y HTTP/1.1\r\n", 27), 0);
    assert_non_null(strstr(head, "\r\nAuthorization: Basic dTpw\r\n"));
    assert_non_null(strstr(head, "\r\nX-Of-The-Operator:  1 2 \r\n"));
    assert_non_null(strstr(head, "\r\nContent-Type: application/json\r\n"));
}

static void test_content_type_of_the_operator(void **state)
{
    const char *head, *at;

    (void) state;
    make_sessions(0, 1);
    head = string_of(hook_request(hook, 0), "head");
    at = strcasestr(head, "\r\ncontent-type: ");
    assert_int_equal(strncmp(at + 16, "application/json; charset=utf-8\r\n", 33), 0);
    assert_null(strcasestr(at + 2, "\r\ncontent-type:"));
}

/* "t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" with the secret>" */
static void assert_signature(size_t nth)
{
    char *given = hook_header(hook, nth, "X-Visavis-Signature"), expected[256], *comma;
    const char *body = string_of(hook_request(hook, nth), "text");
    uint8_t sum[SHA256_SIZE];
    size_t len;

    assert_int_equal(strncmp(given, "t=", 2), 0);
    comma = strchr(given, ',');
    assert_non_null(comma);
    *comma = '\0';
    assert_true(llabs(strtoll(given + 2, NULL, 10) - (long long) time(NULL)) < 60);
    {
        const struct bytes parts[] = {bytes_str(given + 2), bytes_str("."), bytes_str(body)};

        assert_int_equal(hmac_sha256(bytes_str("MY_SECRET"), parts, 3, sum), 0);
    }
    len = (size_t) snprintf(expected, sizeof(expected), "v1=");
    for (size_t i = 0; i < sizeof(sum); i++)
        len += (size_t) snprintf(expected + len, sizeof(expected) - len, "%02x", sum[i]);
    assert_string_equal(comma + 1, expected);
    free(given);
}

static void test_ids_and_signatures(void **state)
{
    char *before = strdup("");

    (void) state;
    make_sessions(0, 5);
    for (size_t i = 0; i < 5; i++) {
        char *id = hook_header(hook, i, "X-Visavis-Event-Id");

        assert_true(strcmp(id, before) > 0);
        free(before);
        before = id;
        assert_signature(i);
        assert_is_session(i, (unsigned) i);
    }
    free(before);
}

static void test_filter(void **state)
{
    (void) state;
    make_sessions(0, 2);
    assert_int_equal(kit_rest(kit, "DELETE", "sessions/S0", "", NULL), 204);
    assert_int_equal(kit_rest(kit, "DELETE", "sessions/S1", "", NULL), 204);
    for (unsigned i = 0; i < 2; i++) {
        assert_is_session(i, i);
        assert_string_equal(string_of(hook_event(hook, i), "event"), "sessionDestroyed");
    }
    assert_int_equal(hook_n_requests(hook), 2);
}

/* An empty list is none, not all. */
static void test_no_events(void **state)
{
    (void) state;
    make_sessions(0, 2);
    kit_write_config(kit, "MY_SECRET", hook_settings(hook, ""));
    assert_int_equal(kill(kit->pid, SIGHUP), 0);
    for (unsigned i = 2; hook_n_requests(hook) == 0 && i < 1000; i++) {
        make_sessions(i, i + 1);
        usleep(10000);
    }
    assert_true(strcmp(string_of(hook_event(hook, 0), "sessionId"), "S1") != 0);
}

/* ---- answers ---- */

/* Any answer is one: the event is not sent again, nor to where it is redirected. */
static void test_other_answers(void **state)
{
    static const unsigned statuses[] = {500, 302, 404, 201, 503};

    (void) state;
    for (unsigned i = 0; i < 5; i++) {
        hook_set(hook, statuses[i], 0, false);
        make_sessions(i, i + 1);
        assert_is_session(i, i);
    }
    hook_set(hook, 200, 0, false);
    make_sessions(5, 6);
    assert_is_session(5, 5);
    assert_int_equal(hook_n_requests(hook), 6);
}

static void test_resets(void **state)
{
    char *ids[5];

    (void) state;
    hook_set(hook, 200, 4, false);
    make_sessions(0, 3);
    for (size_t i = 0; i < 5; i++) {
        ids[i] = hook_header(hook, i, "X-Visavis-Event-Id");
        assert_is_session(i, 0);
        assert_string_equal(ids[i], ids[0]);
        assert_signature(i);
    }
    assert_is_session(5, 1);
    assert_is_session(6, 2);
    for (size_t i = 0; i < 5; i++)
        free(ids[i]);
}

/* Five times and no more; then comes the next. */
static void test_given_up(void **state)
{
    (void) state;
    hook_set(hook, 200, 5, false);
    make_sessions(0, 2);
    for (size_t i = 0; i < 5; i++)
        assert_is_session(i, 0);
    assert_is_session(5, 1);
    assert_int_equal(hook_n_requests(hook), 6);
}

/* Nobody listens, then somebody who hangs up, then it is there. */
static void test_receiver_away(void **state)
{
    (void) state;
    hook_down(hook);
    make_sessions(0, 20);
    hook->ignored = 1;
    hook_listen(hook);
    for (unsigned i = 0; i < 20; i++)
        assert_is_session(i, i);
    assert_int_equal(hook_n_requests(hook), 20);
}

/* A receiver that takes its time holds up nothing but itself. */
static void test_slow(void **state)
{
    struct peer *a;

    (void) state;
    hook_set(hook, 200, 0, true);
    make_sessions(0, 1);
    (void) hook_request(hook, 0);
    a = peer_join(kit, "S0", "PUBLISHER", NULL);
    json_decref(peer_publish(a, "offer"));
    peer_do(a, "leaveRoom", NULL);
    assert_int_equal(hook_n_requests(hook), 1);
    hook_set(hook, 200, 0, false);
    assert_string_equal(string_of(hook_event(hook, 1), "event"), "participantJoined");
    assert_string_equal(string_of(hook_event(hook, 2), "event"), "webrtcConnectionCreated");
    assert_string_equal(string_of(hook_event(hook, 5), "event"), "sessionDestroyed");
    assert_int_equal(hook_n_requests(hook), 6);
    peer_close(a);
}

/* One that never answers is tried again. */
static void test_silent(void **state)
{
    char *first, *second;

    (void) state;
    hook_set(hook, 200, 0, true);
    make_sessions(0, 1);
    (void) hook_request(hook, 0);
    usleep(10500000); /* longer than it waits for an answer */
    hook_set(hook, 200, 0, false);
    first = hook_header(hook, 0, "X-Visavis-Event-Id");
    second = hook_header(hook, 1, "X-Visavis-Event-Id");
    assert_string_equal(first, second);
    free(first);
    free(second);
}

/* ---- TLS ---- */

/* Takes one request over TLS, and answers it. */
static void *serve_tls(void *arg)
{
    static const char *const other_name[] = {"other.example.org", NULL};
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static char got[4096];
    struct tls_identity identity = {.key = NULL};
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(context);
    int fd = accept(*(int *) arg, NULL, NULL), n, len = 0;

    if (fd >= 0 && tls_identity_make(other_name, 1000, &identity) == 0 &&
        SSL_use_certificate(ssl, identity.cert) == 1 &&
        SSL_use_PrivateKey(ssl, identity.key) == 1 && SSL_set_fd(ssl, fd) == 1 &&
        SSL_accept(ssl) == 1) {
        while (!strstr(got, "\"event\":\"sessionCreated\"") &&
               (n = SSL_read(ssl, got + len, (int) sizeof(got) - 1 - len)) > 0)
            len += n;
        (void) SSL_write(ssl, answer, sizeof(answer) - 1);
        (void) SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    tls_identity_done(&identity);
    close(fd);
    return got;
}

/* Out of date, of somebody else, and signed by nobody we know. */
static void test_any_certificate(void **state)
{
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);
    char settings[128];
    pthread_t thread;
    void *got;
    int fd;

    (void) state;
    fd = hook_bind(0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sin, &len), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve_tls, &fd), 0);
    hook = hook_start();
    snprintf(settings, sizeof(settings), "webhook_endpoint = \"https://127.0.0.1:%u/\";\n",
             ntohs(sin.sin_port));
    kit = kit_start(settings);
    make_sessions(0, 1);
    pthread_join(thread, &got);
    assert_non_null(strstr(got, "\"sessionId\":\"S0\""));
    close(fd);
}

/* ---- limits ---- */

#define LONG_DATA 50000
#define MANY 800 /* more than 32 MiB of them */
#define KEPT 500 /* the latest, at least */

/* The oldest are given up, not that which is under way; the order stays; RPC goes on. */
static void test_too_many(void **state)
{
    char *message = malloc(LONG_DATA + 64);
    struct peer *a;
    size_t n, i_request = 2;
    int before = -1;

    (void) state;
    make_sessions(0, 1);
    a = peer_join(kit, "S0", "PUBLISHER", NULL);
    hook_await_answers(hook, 2);
    hook_set(hook, 200, 0, true);
    for (int i = 0; i < MANY; i++) {
        snprintf(message, 64, "{\"type\":\"%d\",\"data\":\"", i);
        n = strlen(message);
        memset(message + n, 'x', LONG_DATA);
        strcpy(message + n + LONG_DATA, "\"}");
        peer_do(a, "sendMessage", json_pack("{s:s}", "message", message));
        json_array_clear(a->notices);
        if (i == 0)
            (void) hook_request(hook, 2);
        if (i % 20 == 0)
            peer_do(a, "ping", NULL); /* or a slow machine would take it for dead */
    }
    hook_set(hook, 200, 0, false);
    for (n = 0; before != MANY - 1; i_request++) {
        int number = atoi(string_of(hook_event(hook, i_request), "type"));

        if (number == before) /* a slow machine: it was held for longer than it is waited for */
            continue;
        assert_true(number > before);
        assert_true(n != 0 || number == 0);
        assert_true(number <= MANY - KEPT || number == before + 1);
        before = number;
        n++;
    }
    assert_true(n > KEPT && n < MANY);
    free(message);
    peer_close(a);
}

/* ---- settings ---- */

static void test_another_endpoint(void **state)
{
    struct hook *other = hook_start();

    (void) state;
    hook_set(hook, 200, 0, true);
    make_sessions(0, 3);
    (void) hook_request(hook, 0);
    kit_write_config(kit, "MY_SECRET", hook_settings(other, ""));
    assert_int_equal(kill(kit->pid, SIGHUP), 0);
    make_sessions(3, 4);
    usleep(100000); /* what is under way stays where it is */
    hook_set(hook, 200, 0, false);
    for (size_t i = 0; i < 3; i++) {
        char id[16];

        snprintf(id, sizeof(id), "S%zu", i + 1);
        assert_string_equal(string_of(hook_event(other, i), "sessionId"), id);
    }
    assert_int_equal(hook_n_requests(hook), 1);
    hook_stop(other);
}

/* What waits is dropped with it. */
static void test_switched_off(void **state)
{
    (void) state;
    hook_set(hook, 200, 0, true);
    make_sessions(0, 3);
    (void) hook_request(hook, 0);
    kit_write_config(kit, "OTHER", "");
    assert_int_equal(kill(kit->pid, SIGHUP), 0);
    for (int i = 0; kit_rest(kit, "GET", "config", "", NULL) != 401 && i < 1000; i++)
        usleep(10000);
    hook_set(hook, 200, 0, false);
    kit_write_config(kit, "MY_SECRET", hook_settings(hook, ""));
    assert_int_equal(kill(kit->pid, SIGHUP), 0);
    for (int i = 0; kit_rest(kit, "GET", "config", "", NULL) != 200 && i < 1000; i++)
        usleep(10000);
    make_sessions(3, 4);
    assert_is_session(1, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_request, setup_headers, teardown),
        cmocka_unit_test_setup_teardown(test_content_type_of_the_operator, setup_content_type,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_ids_and_signatures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter, setup_filter, teardown),
        cmocka_unit_test_setup_teardown(test_no_events, setup_no_events, teardown),
        cmocka_unit_test_setup_teardown(test_other_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_given_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receiver_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
        cmocka_unit_test_teardown(test_any_certificate, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_endpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(test_switched_off, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
