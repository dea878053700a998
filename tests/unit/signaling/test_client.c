/* RPC sessions over time: watchdog, grace, eviction, coming back, the queue. Time is moved by hand.
 */
#include "app_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static uint64_t now_ms;

static void move(uint64_t ms)
{
    now_ms += ms;
    clock_fake(now_ms * 1000);
    clients_sweep(&app.clients);
}

static int setup(void **state)
{
    (void) state;
    now_ms = 1000000;
    clock_fake(now_ms * 1000);
    app_kit_start();
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    app_kit_stop();
    return 0;
}

static void say(struct channel *c, const char *text)
{
    client_receive(&c->base, bytes_str(text));
}

static void join(struct channel *c, struct session *s)
{
    struct connection *pending = app_kit_connection(s);
    char text[512];

    channel_open(c);
    snprintf(text, sizeof(text),
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"joinRoom\",\"params\":{\"token\":\"%s\","
             "\"session\":\"%s\",\"platform\":\"p\",\"metadata\":\"\",\"secret\":\"\"}}",
             pending->token, s->id);
    say(c, text);
    assert_non_null(c->base.client->participant);
    json_array_clear(c->got);
}

/* The nth thing that was sent: its method, and one string of its params. */
static void expect(const struct channel *c, size_t n, const char *method, const char *key,
                   const char *value)
{
    json_t *j = json_array_get(c->got, n);

    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(j, "method")), method);
    assert_string_equal(json_string_value(json_object_get(json_object_get(j, "params"), key)),
                        value);
}

#define PING "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\",\"params\":{\"interval\":5000}}"

static void test_watchdog(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel a, b;
    char id[CONNECTION_ID_SIZE];

    (void) state;
    join(&a, s);
    join(&b, s);
    memcpy(id, b.base.client->participant->id, sizeof(id));
    say(&a, PING);
    say(&b, PING);
    move(14999);
    assert_int_equal(b.close_code, 0);
    say(&a, PING);
    move(1);
    assert_int_equal(b.close_code, 1000);
    assert_string_equal(b.close_reason, "Close for not receive ping from client");
    assert_null(b.base.client);
    json_array_clear(a.got);
    move(9999);
    assert_int_equal(json_array_size(a.got), 0);
    move(1);
    expect(&a, 0, "participantLeft", "reason", "networkDisconnect");
    expect(&a, 1, "participantEvicted", "connectionId", id);
    assert_null(session_connection(s, id));
    channel_done(&b);
    channel_done(&a);
}

static void test_ping_interval_is_clamped(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel a;

    (void) state;
    join(&a, s);
    say(&a, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"interval\":1e308}}");
    say(&a,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"interval\":900000000}}");
    move(179999);
    assert_int_equal(a.close_code, 0);
    move(1);
    assert_int_equal(a.close_code, 1000);
    channel_done(&a);
}

static void test_silent_socket_is_closed(void **state)
{
    struct channel a;

    (void) state;
    channel_open(&a);
    move(29999);
    assert_int_equal(a.close_code, 0);
    move(1);
    assert_int_equal(a.close_code, 1000);
    move(10000);
    assert_int_equal(map_count(app.clients.by_id), 0);
    channel_done(&a);
}

static void lose(struct channel *a, struct channel *b, const char *reason, const char *expected)
{
    say(a, PING);
    json_array_clear(a->got);
    client_socket_closed(&b->base, reason);
    move(9999);
    assert_int_equal(json_array_size(a->got), 0);
    move(1);
    expect(a, 0, "participantLeft", "reason", expected);
    json_array_clear(a->got);
    json_decref(b->got);
}

static void test_grace(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel a, b;

    (void) state;
    join(&a, s);
    join(&b, s);
    lose(&a, &b, "", "networkDisconnect");
    join(&b, s);
    lose(&a, &b, "Connection closed for reconnection", "networkDisconnect");
    join(&b, s);
    lose(&a, &b, "Connection closed by client", "disconnect");
    /* the last one: the session goes with it */
    client_socket_closed(&a.base, "");
    move(10000);
    assert_null(sessions_find(&app.sessions, "S"));
    assert_int_equal(map_count(app.clients.by_id), 0);
    json_decref(a.got);
}

static void connect_as(struct channel *c, const char *id)
{
    char text[256];

    snprintf(
        text, sizeof(text),
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"connect\",\"params\":{\"sessionId\":\"%s\"}}",
        id);
    say(c, text);
}

static void test_coming_back_in_time(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel a, again, never;
    struct client *client;
    char id[RPC_ID_SIZE];

    (void) state;
    join(&a, s);
    client = a.base.client;
    memcpy(id, client->id, sizeof(id));
    client_socket_closed(&a.base, "");
    move(9000);
    channel_open(&again);
    connect_as(&again, id);
    assert_ptr_equal(again.base.client, client);
    assert_int_equal(map_count(app.clients.by_id), 1);
    move(10000);
    assert_non_null(client->participant);
    /* its watchdog runs anew */
    move(5000);
    assert_int_equal(again.close_code, 1000);
    move(10000);
    channel_open(&never);
    connect_as(&never, id);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(json_array_get(never.got, 0), "error"), "code")),
                     40007);
    json_decref(a.got);
    channel_done(&again);
    channel_done(&never);
}

/* What happens while a client is away waits for it, behind the answer, up to a limit. */
static void test_mail(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel a, b, again;
    char rpc_id[RPC_ID_SIZE], id[CONNECTION_ID_SIZE], text[1001];
    struct client *away;
    size_t n;

    (void) state;
    join(&a, s);
    away = a.base.client;
    memcpy(rpc_id, away->id, sizeof(rpc_id));
    client_socket_closed(&a.base, "");
    join(&b, s);
    memcpy(id, b.base.client->participant->id, sizeof(id));
    say(&b, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"leaveRoom\"}");
    client_send(away, "{\"an answer\":\"to nobody\"}");
    channel_open(&again);
    connect_as(&again, rpc_id);
    assert_int_equal(json_array_size(again.got), 3);
    assert_non_null(json_object_get(json_array_get(again.got, 0), "result"));
    expect(&again, 1, "participantJoined", "id", id);
    expect(&again, 2, "participantLeft", "connectionId", id);
    assert_int_equal(app.clients.mail_bytes, 0);
    json_decref(a.got);

    client_socket_closed(&again.base, "");
    json_decref(again.got);
    memset(text, ' ', 1000);
    memcpy(text, "{}", 2);
    text[1000] = '\0';
    for (int i = 0; i < 100; i++)
        client_tell(away, text);
    assert_in_range(app.clients.mail_bytes, 60000, CLIENT_MAIL_BYTES);
    channel_open(&again);
    connect_as(&again, rpc_id);
    n = json_array_size(again.got);
    assert_in_range(n, 60, CLIENT_MAIL_BYTES / 1001 + 1);

    /* all of them together have a limit, too */
    client_socket_closed(&again.base, "");
    json_decref(again.got);
    app.clients.mail_bytes = CLIENTS_MAIL_BYTES - 100;
    client_tell(away, text);
    assert_int_equal(app.clients.mail_bytes, CLIENTS_MAIL_BYTES - 100);
    assert_int_equal(away->mail.len, 0);
    app.clients.mail_bytes = 0;
    client_tell(away, text);
    move(10000);
    assert_int_equal(app.clients.mail_bytes, 0);
    channel_done(&b);
}

static void test_leaving_closes_later(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel a, b;

    (void) state;
    join(&a, s);
    join(&b, s);
    say(&b, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"leaveRoom\"}");
    move(9999);
    assert_int_equal(b.close_code, 0);
    move(1);
    assert_int_equal(b.close_code, 1000);
    assert_int_equal(map_count(app.clients.by_id), 1);
    lifecycle_close(&app, s, "sessionClosedByServer");
    move(10000);
    assert_int_equal(a.close_code, 1000);
    channel_done(&a);
    channel_done(&b);
}

#define PUBLISH                                                                                    \
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"publishVideo\",\"params\":{\"sdpOffer\":\"o\"}}"
#define ECHO "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"echo\"}"

/* Requests wait for the one before; an answer to a lost socket's request does not reach the next
 * socket. */
static void test_queue(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel a, again;
    char id[RPC_ID_SIZE];

    (void) state;
    join(&a, s);
    memcpy(id, a.base.client->id, sizeof(id));
    say(&a, PUBLISH);
    say(&a, ECHO);
    assert_int_equal(json_array_size(a.got), 0);
    kit_answer_all(0, 0);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(a.got, 0), "id")), 5);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(a.got, 1), "id")), 6);

    say(&a, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"unpublishVideo\"}");
    kit_answer_all(0, 0);
    say(&a, PUBLISH);
    client_socket_closed(&a.base, "");
    channel_open(&again);
    connect_as(&again, id);
    json_array_clear(again.got);
    kit_answer_all(0, 0);
    assert_int_equal(json_array_size(again.got), 0);
    assert_non_null(again.base.client->participant->stream);

    /* more than max_queued_requests */
    say(&again, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"reconnectStream\",\"params\":{}}");
    kit_answer_all(0, 0);
    say(&again, "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"unpublishVideo\"}");
    kit_answer_all(0, 0);
    say(&again, PUBLISH);
    for (int i = 0; i < 4; i++)
        say(&again, ECHO);
    assert_int_equal(again.close_code, 0);
    say(&again, ECHO);
    assert_int_equal(again.close_code, 1008);
    json_decref(a.got);
    channel_done(&again);
}

static void test_media_away(void **state)
{
    struct session *s = app_kit_session("S");
    struct connection *pending = app_kit_connection(s);
    struct channel a;
    char text[512];
    size_t n;
    const char *message;

    (void) state;
    kit_media_ready = false;
    channel_open(&a);
    snprintf(text, sizeof(text),
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"joinRoom\",\"params\":{\"token\":\"%s\","
             "\"session\":\"S\",\"platform\":\"p\",\"metadata\":\"\",\"secret\":\"\"}}",
             pending->token);
    say(&a, text);
    message = json_string_value(
        json_object_get(json_object_get(json_array_get(a.got, 0), "error"), "message"));
    assert_string_equal(message,
                        "There is no available Media Node where to initialize session 'S'. "
                        "Code: 204");
    /* the token is still good */
    kit_media_ready = true;
    say(&a, text);
    assert_non_null(a.base.client->participant);
    kit_media_ready = false;
    say(&a, PUBLISH);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(json_array_get(a.got, 2), "error"), "code")),
                     204);
    kit_media_ready = true;
    /* more than the media daemon takes */
    json_decref(a.base.client->participant->options.kurento);
    a.base.client->participant->options.kurento =
        json_pack("{s:i}", "videoMaxRecvBandwidth", 5000000);
    n = kit_n_calls;
    say(&a, PUBLISH);
    assert_int_equal(json_integer_value(json_object_get(kit_calls[n].params, "maxRecvKbps")),
                     MEDIA_KBPS_MAX);
    kit_answer_all(-ETIMEDOUT, 0);
    assert_string_equal(kit_calls[n + 1].method, "unpublish"); /* it may be done yet */
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(json_array_get(a.got, 3), "error"), "code")),
                     303);
    channel_done(&a);
}

static void test_garbage(void **state)
{
    struct session *active = app_kit_session("active");
    struct channel a;

    (void) state;
    join(&a, active);
    app_kit_session("old");
    move(5000);
    app_kit_session("young");
    lifecycle_collect_garbage(&app, 5000);
    assert_null(sessions_find(&app.sessions, "old"));
    assert_non_null(sessions_find(&app.sessions, "young"));
    assert_non_null(sessions_find(&app.sessions, "active"));
    channel_done(&a);
}

/* ---- limits ---- */

static int error_code(const struct channel *c, size_t n)
{
    json_t *error = json_object_get(json_array_get(c->got, n), "error");

    return (int) json_integer_value(json_object_get(error, "code"));
}

static void try_to_join(struct channel *c, struct session *s)
{
    struct connection *pending = app_kit_connection(s);
    char text[512];

    snprintf(text, sizeof(text),
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"joinRoom\",\"params\":{\"token\":\"%s\","
             "\"session\":\"%s\",\"platform\":\"p\",\"metadata\":\"\",\"secret\":\"\"}}",
             pending->token, s->id);
    say(c, text);
}

/* Newcomers take the places of those who have not joined, never of those who have. */
static void test_too_many_clients(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel c[12];

    (void) state;
    app.config.max_waiting = 100;
    for (size_t i = 0; i < 11; i++) {
        channel_open(&c[i]);
        assert_int_equal(map_count(app.clients.by_id), i < 10 ? i + 1 : 10);
    }
    assert_int_equal(c[0].close_code, 1013);
    assert_null(c[0].base.client);
    assert_int_equal(c[1].close_code, 0);
    for (size_t i = 1; i < 11; i++)
        try_to_join(&c[i], s);
    assert_int_equal(app.clients.n_waiting, 0);
    c[11] = (struct channel){.base = {.send = channel_send, .close = channel_close}};
    assert_int_equal(client_open(&app.clients, &c[11].base, ""), -ENOSPC);
    assert_int_equal(app.stats.refused[STATS_MAX_CLIENTS], 1);
    for (size_t i = 0; i < 11; i++)
        channel_done(&c[i]);
}

static void test_waiting_clients_are_few(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel c[4];

    (void) state;
    app.config.max_waiting = 2;
    for (size_t i = 0; i < 2; i++)
        channel_open(&c[i]);
    try_to_join(&c[0], s);
    channel_open(&c[2]);
    assert_int_equal(c[1].close_code, 0);
    channel_open(&c[3]);
    assert_int_equal(c[1].close_code, 1013);
    assert_string_equal(c[1].close_reason, "Too many clients");
    assert_int_equal(c[0].close_code, 0);
    assert_int_equal(app.clients.n_waiting, 2);
    assert_int_equal(app.stats.refused[STATS_MAX_WAITING], 1);
    assert_int_equal(app.stats.dropped[STATS_WAITING], 1);
    for (size_t i = 0; i < 4; i++)
        channel_done(&c[i]);
    assert_int_equal(app.clients.n_waiting, 0);
}

/* It says that it is alive, and nothing else. */
static void test_waiting_has_an_end(void **state)
{
    struct channel a;

    (void) state;
    channel_open(&a);
    for (int i = 0; i < 2; i++) {
        say(&a, PING);
        move(14000);
    }
    say(&a, PING);
    move(1999);
    assert_int_equal(a.close_code, 0);
    move(1);
    assert_int_equal(a.close_code, 1000);
    assert_int_equal(map_count(app.clients.by_id), 0);
    channel_done(&a);
}

/* Who may still come back has a place, who has left has none. */
static void test_participants_of_an_address(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel a, b, c;

    (void) state;
    app.config.max_participants_per_address = 2;
    join(&a, s);
    join(&b, s);
    channel_open(&c);
    try_to_join(&c, s);
    assert_int_equal(error_code(&c, 0), 201);
    client_socket_closed(&a.base, "");
    json_decref(a.got);
    try_to_join(&c, s);
    assert_int_equal(error_code(&c, 1), 201);
    assert_int_equal(app.stats.refused[STATS_MAX_PARTICIPANTS_PER_ADDRESS], 2);
    say(&b, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"leaveRoom\"}");
    try_to_join(&c, s);
    assert_non_null(c.base.client->participant);
    channel_done(&b);
    channel_done(&c);
}

static void test_too_many_messages(void **state)
{
    struct channel a;

    (void) state;
    channel_open(&a);
    for (int i = 0; i < 500; i++) /* 50 a second, over ten seconds */
        say(&a, PING);
    assert_int_equal(a.close_code, 0);
    move(1000);
    for (int i = 0; i < 50; i++)
        say(&a, PING);
    assert_int_equal(a.close_code, 0);
    say(&a, PING);
    assert_int_equal(a.close_code, 1008);
    assert_string_equal(a.close_reason, "Too many messages");
    assert_int_equal(json_array_size(a.got), 550);
    assert_int_equal(app.stats.refused[STATS_MAX_MESSAGES], 1);
    channel_done(&a);
}

/* Of 60,000 bytes: as eight. */
static void test_long_messages(void **state)
{
    char *text = malloc(60001);
    struct channel a;

    (void) state;
    memset(text, ' ', 60000);
    text[60000] = '\0';
    memcpy(text, PING, strlen(PING));
    channel_open(&a);
    for (int i = 0; i < 62; i++)
        say(&a, text);
    assert_int_equal(a.close_code, 0);
    say(&a, text);
    assert_int_equal(a.close_code, 1008);
    free(text);
    channel_done(&a);
}

/* After a restart all are away, and all come back as sockets that have not joined. */
static void test_many_come_back(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel gone[5], back[4];

    (void) state;
    for (size_t i = 0; i < 5; i++) {
        join(&gone[i], s);
        client_socket_closed(&gone[i].base, "");
        json_decref(gone[i].got);
    }
    assert_int_equal(app.clients.n_sockets, 0);
    app.config.max_clients = 5;
    app.config.max_waiting = 1;
    for (size_t i = 0; i < 4; i++)
        channel_open(&back[i]);
    assert_int_equal(app.clients.n_sockets, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(back[i].close_code, 0);
        channel_done(&back[i]);
    }
}

static int send_to_a_full_queue(struct client_socket *base, struct bytes text)
{
    (void) base, (void) text;
    return -ENOBUFS;
}

/* Its socket goes, its participant has the time to come back; the others hear everything. */
static void test_not_reading(void **state)
{
    struct session *s = app_kit_session("S");
    struct channel a, b, slow;

    (void) state;
    join(&a, s);
    join(&slow, s);
    join(&b, s);
    slow.base.send = send_to_a_full_queue;
    say(&a, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"sendMessage\",\"params\":{\"message\":"
            "\"{\\\"data\\\":\\\"x\\\"}\"}}");
    assert_int_equal(slow.close_code, 1008);
    assert_string_equal(slow.close_reason, "Reads too slowly");
    assert_null(slow.base.client);
    expect(&b, 0, "sendMessage", "data", "x");
    assert_int_equal(app.stats.refused[STATS_MAX_UNREAD], 1);
    assert_int_equal(session_n_participants(s), 3);
    say(&a, PING);
    say(&b, PING);
    move(9999);
    assert_int_equal(session_n_participants(s), 3);
    move(1);
    assert_int_equal(session_n_participants(s), 2);
    expect(&b, 2, "participantLeft", "reason", "networkDisconnect");
    channel_done(&a);
    channel_done(&b);
    channel_done(&slow);
}

#define TIMED(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TIMED(test_watchdog),
        TIMED(test_ping_interval_is_clamped),
        TIMED(test_silent_socket_is_closed),
        TIMED(test_grace),
        TIMED(test_coming_back_in_time),
        TIMED(test_mail),
        TIMED(test_leaving_closes_later),
        TIMED(test_queue),
        TIMED(test_media_away),
        TIMED(test_garbage),
        TIMED(test_too_many_clients),
        TIMED(test_waiting_clients_are_few),
        TIMED(test_waiting_has_an_end),
        TIMED(test_participants_of_an_address),
        TIMED(test_too_many_messages),
        TIMED(test_long_messages),
        TIMED(test_many_come_back),
        TIMED(test_not_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
