#include "ws_client.h"

#include <sys/resource.h>

/* ---- the handshake ---- */

static void handshake(void **state)
{
    int fd = ws_dial();

    (void) state;
    /* The example of section 1.3. */
    assert_non_null(strstr(a.head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_non_null(strcasestr(a.head, "\r\nUpgrade: websocket\r\n"));
    assert_non_null(strcasestr(a.head, "\r\nConnection: Upgrade\r\n"));
    put_text(fd, "h\303\251llo");
    expect_text(fd, "h\303\251llo");
    close(fd);
    expect_told("1006 ;");
}

static void bad_handshakes_are_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
    } bad[] = {
        {"GET /ws HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"POST /ws HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: Upgrade\r\n"
         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
         400},
        {"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n"
         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
         400},
        {"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
         400},
        {"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
         400},
        {"GET /ws HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\n"
         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
         400},
        {"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
         "Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
         426},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ask(bad[i].text, &a);
        assert_int_equal(a.status, bad[i].status);
    }
    assert_non_null(strstr(a.head, "Sec-WebSocket-Version: 13\r\n"));
}

static void handshake_may_be_answered_later(void **state)
{
    int fd = dial();

    (void) state;
    puts_to(fd, HANDSHAKE("/keep") "\r\n");
    do
        ask_path("/is-kept", &a);
    while (strcmp(a.body, "yes") != 0);
    ask_path("/upgrade", &a);
    get_answer(fd, &a);
    assert_int_equal(a.status, 101);
    put_text(fd, "hi");
    expect_text(fd, "hi");
    /* The deadline of the request's answer has nothing to do with the WebSocket. */
    ask_path("/clock?add=3600", &a);
    put_text(fd, "still there");
    expect_text(fd, "still there");
    close(fd);
}

static void frames_behind_the_handshake(void **state)
{
    uint8_t buf[1024];
    int fd = dial();
    size_t n = (size_t) snprintf((char *) buf, sizeof(buf), "%s", HANDSHAKE("/ws") "\r\n");

    (void) state;
    n += make_frame(buf + n, FIN | TEXT, "early", 5);
    n += make_frame(buf + n, FIN | TEXT, "bird", 4);
    put(fd, buf, n);
    get_answer(fd, &a);
    assert_int_equal(a.status, 101);
    expect_text(fd, "early");
    expect_text(fd, "bird");
    close(fd);
}

static void server_talks_first_and_closes(void **state)
{
    int fd = dial();

    (void) state;
    puts_to(fd, HANDSHAKE("/greet") "\r\n");
    get_answer(fd, &a);
    assert_int_equal(a.status, 101);
    expect_text(fd, "welcome");
    get_frame(fd);
    assert_int_equal(f.code, 1000);
    assert_string_equal(f.data + 2, "and good bye");
    close(fd);
}

static void sockets_over_the_limit_get_503(void **state)
{
    int first = ws_dial(), second = ws_dial();

    (void) state;
    ask(HANDSHAKE("/ws") "\r\n", &a);
    assert_int_equal(a.status, 503);
    close(first);
    expect_told("1006 ;");
    first = ws_dial();
    close(first);
    close(second);
}

/* Behind the proxy; open WebSockets count. */
static void sockets_of_one_address_are_limited(void **state)
{
    int fds[3];

    (void) state;
    for (int i = 0; i < 2; i++) {
        fds[i] = dial_proxy();
        shake_hands(fds[i], "X-Real-IP: 192.0.2.7\r\n");
        assert_int_equal(a.status, 101);
    }
    fds[2] = dial_proxy();
    shake_hands(fds[2], "X-Real-IP: 192.0.2.7\r\n");
    assert_int_equal(a.status, 429);
    close(fds[2]);
    close(fds[0]);
    expect_told("1006 ;");
    fds[2] = dial_proxy();
    shake_hands(fds[2], "X-Real-IP: 192.0.2.7\r\n");
    assert_int_equal(a.status, 101);
    close(fds[2]);
    close(fds[1]);
}

/* ---- messages ---- */

static void messages_come_in_fragments(void **state)
{
    int fd = ws_dial();

    (void) state;
    put_frame(fd, TEXT, "one ", 4);
    put_frame(fd, FIN | PING, "ping", 4);
    put_frame(fd, CONT, "\303", 1);
    put_frame(fd, FIN | CONT, "\251", 1);
    get_frame(fd);
    assert_int_equal(f.opcode, PONG);
    assert_string_equal(f.data, "ping");
    expect_text(fd, "one \303\251");
    put_text(fd, "");
    expect_text(fd, "");
    close(fd);
}

static void frames_come_byte_by_byte(void **state)
{
    uint8_t buf[400];
    size_t n;
    int fd = ws_dial();

    (void) state;
    memset(f.data, 'q', 300);
    n = make_frame(buf, FIN | TEXT, f.data, 300);
    for (size_t i = 0; i < n; i++)
        put(fd, buf + i, 1);
    get_frame(fd);
    assert_int_equal(f.len, 300);
    close(fd);
}

static void biggest_message_passes(void **state)
{
    static char text[1001];
    int fd = ws_dial();

    (void) state;
    memset(text, 'x', sizeof(text));
    put_frame(fd, FIN | TEXT, text, 1000);
    get_frame(fd);
    assert_int_equal(f.opcode, TEXT);
    assert_int_equal(f.len, 1000);
    put_frame(fd, FIN | TEXT, text, 1001);
    expect_close(fd, 1009);
    close(fd);
    expect_told("1009 ;");
    /* Also when it comes in pieces. */
    fd = ws_dial();
    put_frame(fd, TEXT, text, 600);
    put_frame(fd, FIN | CONT, text, 600);
    expect_close(fd, 1009);
    close(fd);
}

static void fragments_are_counted(void **state)
{
    int fd = ws_dial();

    (void) state;
    for (int i = 0; i < 64; i++)
        put_frame(fd, i == 63 ? FIN | CONT : i ? CONT : TEXT, "x", 1);
    get_frame(fd);
    assert_int_equal(f.opcode, TEXT);
    assert_int_equal(f.len, 64);
    for (int i = 0; i < 65; i++)
        put_frame(fd, i ? CONT : TEXT, "x", 1);
    expect_close(fd, 1008);
    close(fd);
    expect_told("1008 ;");
}

static void broken_frames_end_with_their_code(void **state)
{
    static const struct {
        unsigned code; /* for the owner; the wire has it too, or a close without a code */
        size_t len;
        const char *bytes;
    } bad[] = {
        {1002, 4, "\x81\x02hi"},                         /* not masked */
        {1002, 6, "\x83\x80\0\0\0\0"},                   /* an opcode that does not exist */
        {1002, 6, "\xc1\x80\0\0\0\0"},                   /* a reserved bit */
        {1002, 6, "\x80\x80\0\0\0\0"},                   /* nothing to continue */
        {1002, 6, "\x09\x80\0\0\0\0"},                   /* a control frame in fragments */
        {1002, 8, "\x89\xfe\0\x80\0\0\0\0"},             /* a control frame of 128 bytes */
        {1002, 7, "\x88\x81\0\0\0\0x"},                  /* half a close code */
        {1002, 8, "\x88\x82\0\0\0\0\x03\xe7"},           /* close code 999 */
        {1002, 8, "\x88\x82\0\0\0\0\x03\xed"},           /* close code 1005 */
        {1007, 7, "\x81\x81\0\0\0\0\xff"},               /* not UTF-8 */
        {1007, 7, "\x81\x81\0\0\0\0\xc3"},               /* half a character */
        {1007, 9, "\x88\x83\0\0\0\0\x03\xe8\xff"},       /* a close reason that is not UTF-8 */
        {1003, 7, "\x82\x81\0\0\0\0x"},                  /* binary */
        {1009, 15, "\x81\xff\0\0\0\1\0\0\0\0\0\0\0\0x"}, /* 4 GiB */
    };
    char told[512] = "";

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int fd = ws_dial();

        put(fd, bad[i].bytes, bad[i].len);
        f.code = 0;
        get_frame(fd);
        assert_int_equal(f.opcode, CLOSE);
        assert_true(f.code == bad[i].code || (f.len == 0 && bad[i].code == 1002));
        assert_true(at_end(fd));
        close(fd);
        snprintf(told + strlen(told), sizeof(told) - strlen(told), "%u ;", bad[i].code);
        expect_told(told);
    }
}

/* ---- closing ---- */

static void peer_closes(void **state)
{
    int fd = ws_dial();

    (void) state;
    put_close(fd, 4102, "Connection closed by client");
    get_frame(fd);
    assert_int_equal(f.opcode, CLOSE);
    assert_int_equal(f.code, 4102);
    assert_true(at_end(fd));
    close(fd);
    expect_told("4102 Connection closed by client;");
    fd = ws_dial();
    put_frame(fd, FIN | CLOSE, "", 0);
    get_frame(fd);
    assert_int_equal(f.opcode, CLOSE);
    close(fd);
    expect_told("4102 Connection closed by client;1005 ;");
}

/* What is queued before the close comes before it, and the peer's answer ends it. */
static void server_closes(void **state)
{
    int fd = ws_dial();

    (void) state;
    put_text(fd, "close");
    put_text(fd, "not echoed any more");
    expect_text(fd, "first");
    expect_text(fd, "second");
    get_frame(fd);
    assert_int_equal(f.opcode, CLOSE);
    assert_int_equal(f.code, 4000);
    assert_string_equal(f.data + 2, "asked");
    ask_path("/closed", &a);
    assert_string_equal(a.body, "");
    put_close(fd, 4000, "asked");
    expect_told("4000 asked;");
    assert_true(at_end(fd));
    close(fd);
}

static void peer_that_does_not_answer_is_dropped(void **state)
{
    int fd = ws_dial();

    (void) state;
    put_text(fd, "close");
    expect_text(fd, "first");
    expect_text(fd, "second");
    get_frame(fd);
    assert_int_equal(f.opcode, CLOSE);
    ask_path("/clock?add=3", &a);
    assert_true(at_end(fd));
    close(fd);
    expect_told("1006 ;");
}

/* After an error the line is drained, so that the close frame is not lost to a reset; but not for
 * ever. */
static void drained_line_is_cut(void **state)
{
    static char text[1000];
    ssize_t n;
    int fd = ws_dial();

    (void) state;
    put(fd, "\x83\x80\0\0\0\0", 6);
    for (int i = 0; i < 100; i++)
        put(fd, text, sizeof(text));
    expect_close(fd, 1002);
    ask_path("/clock?add=3", &a);
    do
        n = send(fd, text, sizeof(text), MSG_NOSIGNAL);
    while (n > 0);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    close(fd);
    expect_told("1002 ;");
}

static void stopping_says_1001(void **state)
{
    int fd = ws_dial();

    (void) state;
    put_text(fd, "hi");
    expect_text(fd, "hi");
    server_stop(NULL);
    expect_close(fd, 1001);
    close(fd);
    assert_string_equal(server.closed, "1006 ;");
}

/* ---- peers that do not read, many peers ---- */

static void slow_reader_is_dropped(void **state)
{
    int fd = ws_dial();

    (void) state;
    put_text(fd, "flood");
    expect_told("1006 ;");
    close(fd);
    assert_int_equal(server.overflow_error, -ENOBUFS);
}

/* Who reads again in time is told why: what was under way, then the close frame. */
static void slow_reader_is_told(void **state)
{
    int fd = ws_dial();

    (void) state;
    put_text(fd, "flood");
    do
        ask_path("/closed", &a);
    while (server.overflow_error == 0);
    do
        get_frame(fd);
    while (f.opcode == TEXT);
    assert_int_equal(f.opcode, CLOSE);
    assert_int_equal(f.code, 1008);
    assert_string_equal(f.data + 2, WS_TOO_SLOW);
    put_close(fd, 1008, WS_TOO_SLOW);
    expect_told("1008 " WS_TOO_SLOW ";");
    close(fd);
}

static void pings_without_reading_pongs(void **state)
{
    static uint8_t pings[131 * 500];
    char data[125] = "";
    size_t len = 0;
    ssize_t n;
    int fd = dial_narrow();

    (void) state;
    shake_hands(fd, "");
    assert_int_equal(a.status, 101);
    for (int i = 0; i < 500; i++)
        len += make_frame(pings + len, FIN | PING, data, sizeof(data));
    /* The kernel takes some megabytes of pongs; then ours are counted. */
    do
        n = send(fd, pings, len, MSG_NOSIGNAL);
    while (n > 0);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    close(fd);
    expect_told("1006 ;");
}

static void broadcast_reaches_a_thousand(void **state)
{
    struct rlimit limit;
    static int fds[1000];
    int n = 1000;

    (void) state;
    /* Both ends are ours. */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 2 * 1000 + 100)
        n = ((int) limit.rlim_cur - 100) / 2;
    for (int i = 0; i < n; i++)
        fds[i] = ws_dial();
    for (int round = 0; round < 3; round++) {
        ask_path("/broadcast", &a);
        for (int i = 0; i < n; i++) {
            get_frame(fds[i]);
            assert_int_equal(f.opcode, TEXT);
            assert_int_equal(f.len, 100);
        }
    }
    for (int i = 0; i < n; i++)
        put_text(fds[i], "to you");
    for (int i = 0; i < n; i++) {
        expect_text(fds[i], "to you");
        close(fds[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, server_stop)
#define TEST_SMALL(name) cmocka_unit_test_setup_teardown(name, setup_small, server_stop)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(handshake),
        TEST(bad_handshakes_are_refused),
        TEST(handshake_may_be_answered_later),
        TEST(frames_behind_the_handshake),
        TEST(server_talks_first_and_closes),
        TEST_SMALL(sockets_over_the_limit_get_503),
        TEST(messages_come_in_fragments),
        TEST(frames_come_byte_by_byte),
        TEST_SMALL(biggest_message_passes),
        TEST(fragments_are_counted),
        TEST(broken_frames_end_with_their_code),
        TEST(peer_closes),
        TEST(server_closes),
        TEST(peer_that_does_not_answer_is_dropped),
        TEST(drained_line_is_cut),
        TEST(stopping_says_1001),
        TEST_SMALL(slow_reader_is_dropped),
        TEST_SMALL(slow_reader_is_told),
        TEST_SMALL(pings_without_reading_pongs),
        TEST(broadcast_reaches_a_thousand),
        TEST_SMALL(sockets_of_one_address_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
