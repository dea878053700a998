/* Many clients of the signaling daemon: 200 in sessions, one among 100 that does not read, and
 * sockets that come for nothing. */
#include "tests/lib/ask.h"
#include "tests/lib/http_load.h"
#include "tests/lib/measure.h"
#include "tests/lib/signaling_crowd.h"
#include "tests/lib/signaling_server.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE 3000 /* rounds of */
#define ROUND_US 20000

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static struct loop *loop;
static struct signaling_server *server;
static struct crowd *crowd;

static void start(const char *settings, size_t n)
{
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(signaling_server_new(loop, settings, false, &server), 0);
    assert_int_equal(crowd_new(loop, signaling_server_api(server), n, &crowd), 0);
}

static int teardown(void **state)
{
    (void) state;
    crowd = crowd_free(crowd);
    server = signaling_server_free(server);
    loop = loop_free(loop);
    return 0;
}

/* Until *value is wanted, or patience ends. */
static void wait_for(const uint64_t *value, uint64_t wanted)
{
    for (int i = 0; i < PATIENCE && *value < wanted; i++)
        assert_int_equal(measure_pause(loop, ROUND_US), 0);
    assert_int_equal(*value, wanted);
}

static bool has_logged(const char *text)
{
    return child_has_logged(signaling_server_child(server), text);
}

/* ---- 200 in 20 sessions ---- */

#define CLIENTS 200
#define PER_SESSION 10

static void all_join_talk_and_leave(void **state)
{
    (void) state;
    start("", CLIENTS);
    assert_int_equal(crowd_make_tokens(crowd, 0, CLIENTS, PER_SESSION), 0);
    assert_int_equal(crowd_join(crowd, 0, CLIENTS, 16), 0);
    assert_int_equal(crowd->n_failed, 0);
    /* of each pair in a session the first has seen the second come */
    wait_for(&crowd->n_notices, CLIENTS * (PER_SESSION - 1) / 2);
    for (size_t s = 0; s < CLIENTS; s += PER_SESSION) {
        uint64_t n = 0;

        for (size_t i = s; i < s + PER_SESSION; i++)
            n += crowd->clients[i].n_notices;
        assert_int_equal(n, PER_SESSION * (PER_SESSION - 1) / 2);
    }
    for (size_t i = 0; i < CLIENTS; i++)
        crowd_signal(crowd, i);
    wait_for(&crowd->n_told, CLIENTS * PER_SESSION);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(crowd->clients[i].n_told, PER_SESSION);
    assert_int_equal(crowd_leave(crowd, 0, CLIENTS), 0);
    assert_int_equal(crowd->n_failed, 0);
}

/* ---- the list of all sessions, longer than one piece ---- */

#define ASKERS 3

static size_t make_list(char text[static HTTP_LOAD_REQUEST_MAX], size_t slot, uint64_t nr,
                        void *arg)
{
    (void) slot, (void) nr, (void) arg;
    return http_load_rest(text, "GET", "sessions?pendingConnections=true", "");
}

static void on_list(size_t slot, uint64_t nr, unsigned status, struct bytes body, void *arg)
{
    json_t *j = json_loadb((const char *) body.p, body.len, 0, NULL), *s;
    json_t *content = json_object_get(j, "content");
    size_t i, n = json_array_size(content);
    size_t *n_lists = arg;

    (void) slot, (void) nr;
    assert_int_equal(status, 200);
    assert_int_equal(n, CLIENTS / PER_SESSION);
    assert_int_equal(json_integer_value(json_object_get(j, "numberOfElements")), n);
    json_array_foreach (content, i, s) {
        json_t *connections = json_object_get(s, "connections");

        assert_int_equal(json_integer_value(json_object_get(connections, "numberOfElements")),
                         PER_SESSION);
    }
    json_decref(j);
    ++*n_lists;
}

static void all_sessions_are_listed(void **state)
{
    static const struct http_load_handlers handlers = {.make = make_list, .answered = on_list};
    struct http_load *h;
    size_t n_lists = 0;

    (void) state;
    start("", CLIENTS);
    assert_int_equal(crowd_make_tokens(crowd, 0, CLIENTS, PER_SESSION), 0);
    assert_int_equal(crowd_join(crowd, 0, CLIENTS / 2, 16), 0);
    assert_int_equal(http_load_new(loop, crowd->api, ASKERS, &handlers, &n_lists, &h), 0);
    assert_int_equal(http_load_run(h, ASKERS), 0);
    assert_int_equal(n_lists, ASKERS);
    http_load_free(h);
}

/* Stopped, or with nobody there to hear it, in the middle of one. */
static void lists_may_break_off(void **state)
{
    static const struct http_load_handlers handlers = {.make = make_list};
    struct http_load *h;

    (void) state;
    start("", CLIENTS);
    assert_int_equal(crowd_make_tokens(crowd, 0, CLIENTS, PER_SESSION), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(http_load_new(loop, crowd->api, ASKERS, &handlers, NULL, &h), 0);
        http_load_start(h, ASKERS);
        if (i == 0)
            http_load_free(h);
    }
    assert_int_equal(signaling_server_stop(server), 0);
    http_load_free(h);
}

/* ---- one of 100 that does not read ---- */

#define LARGE 100
#define SLOW 50
#define TEXT_BYTES 2000
#define ROUNDS 40
#define SENDERS 25
#define UNREAD_KIB 256

/* What it may hold for the slow one is little beside what was said. */
static void one_that_does_not_read(void **state)
{
    static char text[TEXT_BYTES + 1];
    const struct crowd_client *slow;
    struct child_usage before, after;
    uint64_t n = 0;

    (void) state;
    memset(text, 'x', TEXT_BYTES);
    start("max_unread_kib = 256;\nmax_messages_per_s = 10000;\n", LARGE);
    crowd->text = text;
    assert_int_equal(crowd_make_tokens(crowd, 0, LARGE, LARGE), 0);
    assert_int_equal(crowd_join(crowd, 0, LARGE, 1), 0);
    slow = &crowd->clients[SLOW];
    crowd_stall(crowd, SLOW, true);
    assert_int_equal(child_usage(signaling_server_child(server), &before), 0);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < SENDERS; i++)
            crowd_signal(crowd, i);
        wait_for(&crowd->n_told, n += SENDERS * (LARGE - 1));
    }
    assert_int_equal(child_usage(signaling_server_child(server), &after), 0);
    for (size_t i = 0; i < LARGE; i++)
        assert_int_equal(crowd->clients[i].n_told, i == SLOW ? 0 : ROUNDS * SENDERS);
    assert_true(has_logged("it does not read: more than 256 KiB that wait for a client to read "
                           "them (SIGNALING_MAX_UNREAD raises that)"));
    if (!SANITIZED)
        assert_true(after.anonymous_kib < before.anonymous_kib + 16 * UNREAD_KIB);
    /* its participant may come back: nobody hears of it yet */
    assert_int_equal(crowd->clients[0].n_notices, LARGE - 1);
    crowd_stall(crowd, SLOW, false);
    for (int i = 0; i < PATIENCE && slow->socket >= 0; i++)
        assert_int_equal(measure_pause(loop, ROUND_US), 0);
    assert_true(slow->socket < 0);
    assert_true(slow->n_told > 0 && slow->n_told < ROUNDS * SENDERS);
    assert_true(slow->close_code == 0 || slow->close_code == 1008);
}

/* ---- sockets that come for nothing ---- */

#define IDLE 60
#define WAITING 20

static size_t count_closed(size_t first, size_t n, unsigned code)
{
    size_t found = 0;

    for (size_t i = first; i < first + n; i++)
        found += crowd->clients[i].close_code == code;
    return found;
}

/* Those that do not join make way for others; who has a token comes in at once. */
static void sockets_that_never_join(void **state)
{
    (void) state;
    start("max_clients = 60;\nmax_waiting = 20;\n", IDLE + PER_SESSION);
    assert_int_equal(crowd_make_tokens(crowd, IDLE, PER_SESSION, PER_SESSION), 0);
    for (size_t i = 0; i < IDLE; i++)
        assert_int_equal(crowd_open(crowd, i), 0);
    for (int i = 0; i < PATIENCE && count_closed(0, IDLE, 1013) < IDLE - WAITING; i++)
        assert_int_equal(measure_pause(loop, ROUND_US), 0);
    assert_int_equal(count_closed(0, IDLE - WAITING, 1013), IDLE - WAITING);
    assert_int_equal(count_closed(IDLE - WAITING, WAITING, 0), WAITING);
    assert_string_equal(crowd->clients[0].close_reason, "Too many clients");
    assert_true(has_logged("SIGNALING_MAX_WAITING_CLIENTS"));
    assert_int_equal(crowd_join(crowd, IDLE, PER_SESSION, 4), 0);
    assert_int_equal(crowd->n_failed, 0);
}

/* Handshakes that stop halfway are HTTP connections: of one address there are only so many. */
static void halves_of_handshakes(void **state)
{
    static const char half[] = "GET /openvidu HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                               "X-Real-IP: 192.0.2.9\r\n";
    struct ask_answer answer;
    int fds[12], n_open = 0;

    (void) state;
    start("max_http = 10;\n", PER_SESSION);
    for (size_t i = 0; i < 12; i++) {
        fds[i] = ask_connect_unix(signaling_server_api(server));
        assert_true(fds[i] >= 0);
        (void) send(fds[i], half, sizeof(half) - 1, MSG_NOSIGNAL);
    }
    for (int i = 0; i < PATIENCE && !has_logged("SIGNALING_MAX_HTTP_CONNECTIONS"); i++)
        assert_int_equal(measure_pause(loop, ROUND_US), 0);
    assert_true(has_logged("SIGNALING_MAX_HTTP_CONNECTIONS"));
    for (size_t i = 0; i < 12; i++) {
        char c;

        n_open += recv(fds[i], &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
        close(fds[i]);
    }
    assert_int_equal(n_open, 10);
    /* they are gone, and others come in */
    for (int i = 0; i < PATIENCE; i++) {
        int fd = ask_connect_unix(signaling_server_api(server));

        assert_true(fd >= 0);
        if (ask_send(fd, "GET", "/openvidu/api/config", "", NULL) == 0 &&
            ask_receive(fd, &answer) == 401)
            return;
        assert_int_equal(measure_pause(loop, ROUND_US), 0);
    }
    fail_msg("nobody comes in");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(all_join_talk_and_leave, teardown),
        cmocka_unit_test_teardown(all_sessions_are_listed, teardown),
        cmocka_unit_test_teardown(lists_may_break_off, teardown),
        cmocka_unit_test_teardown(one_that_does_not_read, teardown),
        cmocka_unit_test_teardown(sockets_that_never_join, teardown),
        cmocka_unit_test_teardown(halves_of_handshakes, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
