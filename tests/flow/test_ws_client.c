/* The client's end of WebSockets: against our own server, and against one that answers what it
 * likes. */
#include "web_harness.h"

#include "base/blob.h"
#include "web/ws_accept.h"
#include "web/ws_client.h"

#define PATIENCE_US 20000000

static struct {
    struct loop *loop;
    struct http *http;
    struct ws_client *client;
    struct loop_timer deadline;
    struct blob text; /* all messages, a ';' behind each */
    bool open, ended;
    struct ws_client_end end;
    char message[256];
    unsigned stop_after; /* messages; then the loop ends */
    bool free_in_text;
} c;

static void on_open(void *arg)
{
    (void) arg;
    c.open = true;
    loop_quit(c.loop, 0);
}

static void on_text(struct bytes text, void *arg)
{
    (void) arg;
    assert_int_equal(blob_append(&c.text, text), 0);
    assert_int_equal(blob_append(&c.text, bytes_of(";", 1)), 0);
    if (c.free_in_text)
        c.client = ws_client_free(c.client);
    if (c.stop_after > 0 && --c.stop_after == 0)
        loop_quit(c.loop, 0);
}

static void on_end(const struct ws_client_end *end, void *arg)
{
    (void) arg;
    assert_false(c.ended);
    c.ended = true;
    c.end = *end;
    snprintf(c.message, sizeof(c.message), "%s", end->message);
    loop_quit(c.loop, 0);
}

static void on_deadline(struct loop_timer *t)
{
    (void) t;
    fail_msg("nothing happens");
}

static void run(void)
{
    assert_int_equal(loop_timer_start(&c.deadline, c.loop, PATIENCE_US, on_deadline), 0);
    assert_int_equal(loop_run(c.loop), 0);
    loop_timer_stop(&c.deadline);
}

static int setup(void **state)
{
    (void) state;
    memset(&c, 0, sizeof(c));
    c.text = blob_init(1 << 22);
    server_start(NULL);
    assert_int_equal(loop_new(&c.loop), 0);
    assert_int_equal(http_new(c.loop, &c.http), 0);
    return 0;
}

static int teardown(void **state)
{
    ws_client_free(c.client);
    http_free(c.http);
    loop_timer_done(&c.deadline);
    loop_free(c.loop);
    blob_clear(&c.text);
    return server_stop(state);
}

static int start(uint16_t port, const char *path)
{
    static const struct ws_client_handlers handlers = {on_open, on_text, on_end};
    char url[128];
    const struct http_request rq = {.url = url, .timeout_ms = 5000};

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    return ws_client_new(c.loop, c.http, &rq, &handlers, NULL, &c.client);
}

static void open_ws(void)
{
    assert_int_equal(start(server.port, "/ws"), 0);
    run();
    assert_true(c.open && !c.ended);
}

static void expect_texts(const char *wanted)
{
    assert_int_equal(c.text.len, strlen(wanted));
    assert_memory_equal(c.text.p, wanted, c.text.len);
}

/* ---- our own server ---- */

static void says_and_hears(void **state)
{
    (void) state;
    assert_int_equal(start(server.port, "/ws"), 0);
    assert_int_equal(ws_client_send(c.client, bytes_str("too early")), -ENOTCONN);
    run();
    assert_true(c.open);
    assert_int_equal(ws_client_send(c.client, bytes_str("h\303\251llo")), 0);
    assert_int_equal(ws_client_send(c.client, bytes_str("again")), 0);
    c.stop_after = 2;
    run();
    expect_texts("h\303\251llo;again;");
    ws_client_close(c.client, 4102, "Connection closed by client");
    run();
    assert_int_equal(c.end.error, 0);
    assert_int_equal(c.end.code, 4102); /* it came back */
    assert_int_equal(ws_client_send(c.client, bytes_str("too late")), -ENOTCONN);
}

static void long_messages_pass(void **state)
{
    static char text[60000];

    (void) state;
    open_ws();
    memset(text, 'x', sizeof(text));
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(ws_client_send(c.client, bytes_of(text, sizeof(text))), 0);
    c.stop_after = 20;
    run();
    assert_int_equal(c.text.len, 20 * (sizeof(text) + 1));
}

static void too_much_waits(void **state)
{
    int r = 0;

    (void) state;
    open_ws();
    for (unsigned i = 0; i <= WS_CLIENT_UNSENT_MAX && r == 0; i++)
        r = ws_client_send(c.client, bytes_str("x"));
    assert_int_equal(r, -ENOSPC);
}

static void may_be_freed_inside(void **state)
{
    (void) state;
    open_ws();
    assert_int_equal(ws_client_send(c.client, bytes_str("one")), 0);
    c.free_in_text = true;
    c.stop_after = 1;
    run();
    assert_null(c.client);
    assert_false(c.ended);
}

static void a_refusal_has_its_status(void **state)
{
    (void) state;
    assert_int_equal(start(server.port, "/echo"), 0);
    run();
    assert_false(c.open);
    assert_int_equal(c.end.error, -EBADMSG);
    assert_int_equal(c.end.status, 200);
}

static void nobody_listens(void **state)
{
    (void) state;
    assert_int_equal(start(1, "/ws"), 0);
    run();
    assert_int_equal(c.end.error, -ECONNREFUSED);
    assert_true(c.message[0] != '\0');
}

/* ---- a server that answers what it likes ---- */

struct liar {
    int fd;
    const char *answer; /* "@" stands for the right Sec-WebSocket-Accept */
    bool stays;
};

static void say(int fd, const char *text, const char *accept)
{
    const char *at = strchr(text, '@');

    if (!at) {
        assert_true(send(fd, text, strlen(text), MSG_NOSIGNAL) >= 0);
        return;
    }
    assert_true(send(fd, text, (size_t) (at - text), MSG_NOSIGNAL) >= 0);
    assert_true(send(fd, accept, strlen(accept), MSG_NOSIGNAL) >= 0);
    assert_true(send(fd, at + 1, strlen(at + 1), MSG_NOSIGNAL) >= 0);
}

static void *lie(void *arg)
{
    const struct liar *l = arg;
    char head[4096] = "", accept[WS_ACCEPT_SIZE] = "", *key;
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
    size_t len = 0;
    ssize_t n;

    while (!strstr(head, "\r\n\r\n") && (n = recv(fd, head + len, sizeof(head) - 1 - len, 0)) > 0)
        len += (size_t) n;
    key = strstr(head, "Sec-WebSocket-Key: ");
    if (key) {
        key += strlen("Sec-WebSocket-Key: ");
        key[strcspn(key, "\r")] = '\0';
        (void) ws_accept(key, accept);
    }
    say(fd, l->answer, accept);
    if (l->stays)
        (void) recv(fd, head, sizeof(head), 0);
    close(fd);
    return NULL;
}

static void meet(const char *answer, bool stays)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(sa);
    struct liar l = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), answer, stays};
    pthread_t thread;

    assert_int_equal(bind(l.fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
    assert_int_equal(listen(l.fd, 1), 0);
    assert_int_equal(getsockname(l.fd, (struct sockaddr *) &sa, &size), 0);
    assert_int_equal(pthread_create(&thread, NULL, lie, &l), 0);
    assert_int_equal(start(ntohs(sa.sin_port), "/ws"), 0);
    while (!c.ended)
        run();
    c.client = ws_client_free(c.client);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(l.fd);
}

#define UPGRADED                                                                                   \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: @\r\n\r\n"

static void other_answers(void **state)
{
    static const struct {
        const char *answer;
        int error;
        unsigned status;
    } rows[] = {
        {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", -EBADMSG, 502},
        {"HTTP/1.1 101 OK\r\nSec-WebSocket-Accept: wrong\r\n\r\n", -EBADMSG, 101},
        {"HTTP/1.1 101 OK\r\n\r\n", -EBADMSG, 101},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", -EBADMSG, 0},
        {"HTTP/1.1 101", -ECONNRESET, 0},
        {"", -ECONNRESET, 0},
        {UPGRADED, -ECONNRESET, 0},                            /* and ended without a word */
        {UPGRADED "\x83\x01x", -EBADMSG, 0},                   /* no such opcode */
        {UPGRADED "\x81\x7f\xff\xff\xff\xff", -ECONNRESET, 0}, /* too long, and cut */
        {UPGRADED "\x88\x02\x0f\xa1", 0, 0},                   /* a close frame: 4001 */
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        c.ended = c.open = false;
        meet(rows[i].answer, false);
        if (c.end.error != rows[i].error || c.end.status != rows[i].status)
            fail_msg("answer %zu: %d %u %s", i, c.end.error, c.end.status, c.message);
    }
    assert_int_equal(c.end.code, 4001);
}

static void a_head_has_an_end(void **state)
{
    static char head[40000];

    (void) state;
    memset(head, 'x', sizeof(head) - 1);
    memcpy(head, "HTTP/1.1 101 OK\r\nX: ", 20);
    meet(head, true);
    assert_int_equal(c.end.error, -EBADMSG);
}

static void texts_behind_the_head(void **state)
{
    (void) state;
    meet(UPGRADED "\x81\x02hi\x81\x03you", false);
    assert_true(c.open);
    expect_texts("hi;you;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_and_hears, setup, teardown),
        cmocka_unit_test_setup_teardown(long_messages_pass, setup, teardown),
        cmocka_unit_test_setup_teardown(too_much_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(may_be_freed_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_has_its_status, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_listens, setup, teardown),
        cmocka_unit_test_setup_teardown(other_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_head_has_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_behind_the_head, setup, teardown),
    };

    return cmocka_run_group_tests_name("ws_client", tests, NULL, NULL);
}
