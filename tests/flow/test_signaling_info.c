/* The WebSocket of the dashboard, and its pages: who may have them, and what is told. */
#include "signaling_kit.h"

#define ORIGIN_OWN "Origin: https://calls.example.org:4443\r\n"
#define LISTENERS 32

static struct kit *kit;

/* The status of the handshake; *ret_fd is the socket after 101. */
static unsigned shake(const char *path, const char *headers, int *ret_fd)
{
    char request[1024], head[2048] = "";
    size_t n = 0;
    int fd = kit_connect(kit->api);
    int len = snprintf(request, sizeof(request),
                       "GET %s HTTP/1.1\r\nHost: calls.example.org\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                       path, headers);

    assert_true(fd >= 0 && kit_write(fd, request, (size_t) len));
    while (!strstr(head, "\r\n\r\n") && n < sizeof(head) - 1)
        assert_true(kit_read(fd, head + n++, 1, KIT_PATIENCE_MS));
    *ret_fd = fd;
    return (unsigned) strtoul(head + strlen("HTTP/1.1 "), NULL, 10);
}

static unsigned status_of(const char *path, const char *headers)
{
    int fd;
    unsigned status = shake(path, headers, &fd);

    close(fd);
    return status;
}

static int listen_in(void)
{
    int fd;

    assert_int_equal(shake("/openvidu/info", KIT_AUTH ORIGIN_OWN, &fd), 101);
    return fd;
}

/* The next line, without its time. */
static void expect_line(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void expect_line(int fd, const char *fmt, ...)
{
    char wanted[512], text[65536];
    uint8_t head[4];
    size_t len;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(wanted, sizeof(wanted), fmt, ap);
    va_end(ap);
    assert_true(kit_read(fd, head, 2, KIT_PATIENCE_MS));
    assert_int_equal(head[0], 0x81);
    len = head[1];
    if (len == 126) {
        assert_true(kit_read(fd, head + 2, 2, KIT_PATIENCE_MS));
        len = (size_t) head[2] << 8 | head[3];
    }
    assert_true(kit_read(fd, text, len, KIT_PATIENCE_MS));
    text[len] = '\0';
    assert_true(len > 9 && text[2] == ':' && text[5] == ':' && text[8] == ' ');
    assert_string_equal(text + 9, wanted);
}

static int setup(void **state)
{
    (void) state;
    kit = kit_start("");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    return 0;
}

/* Neither addresses nor tokens are among it. */
static void test_lines(void **state)
{
    int fd = listen_in(), another = listen_in();
    struct peer *p;
    json_t *r;

    (void) state;
    kit_make_session(kit, "S");
    p = peer_join(kit, "S", "PUBLISHER", NULL);
    r = peer_publish(p, "OFFER");
    peer_do(p, "unpublishVideo", NULL);
    peer_do(p, "leaveRoom", NULL);
    expect_line(fd, "[session S] created");
    expect_line(fd, "[session S connection %s] joined", p->id);
    expect_line(fd, "[session S connection %s stream %s] published", p->id, string_of(r, "id"));
    expect_line(fd, "[session S connection %s stream %s] is not published any more (unpublish)",
                p->id, string_of(r, "id"));
    expect_line(fd, "[session S connection %s] left (disconnect)", p->id);
    expect_line(fd, "[session S] destroyed (lastParticipantLeft)");
    expect_line(another, "[session S] created");
    json_decref(r);
    peer_close(p);
    close(fd);
    close(another);
}

static void test_who_may(void **state)
{
    (void) state;
    assert_int_equal(status_of("/openvidu/info", ""), 401);
    assert_int_equal(status_of("/openvidu/info", "Authorization: Basic eDp5\r\n"), 401);
    assert_int_equal(status_of("/openvidu/info", KIT_AUTH), 101); /* a program */
    assert_int_equal(status_of("/openvidu/info", KIT_AUTH ORIGIN_OWN), 101);
    assert_int_equal(status_of("/openvidu/info", KIT_AUTH "Origin: http://calls.example.org\r\n"),
                     101);
    assert_int_equal(status_of("/openvidu/info", KIT_AUTH "Origin: https://evil.example\r\n"), 403);
    assert_int_equal(status_of("/openvidu/info", KIT_AUTH "Origin: null\r\n"), 403);
    assert_int_equal(status_of("/info", KIT_AUTH), 404);
}

static void test_not_too_many(void **state)
{
    int fds[LISTENERS];

    (void) state;
    for (size_t i = 0; i < LISTENERS; i++)
        fds[i] = listen_in();
    assert_int_equal(status_of("/openvidu/info", KIT_AUTH), 503);
    close(fds[0]);
    for (int i = 0; i < KIT_PATIENCE_MS / 10 && (fds[0] = -1) < 0; i++) {
        if (shake("/openvidu/info", KIT_AUTH, &fds[0]) == 101)
            break;
        close(fds[0]);
        fds[0] = -1;
        usleep(10000);
    }
    assert_true(fds[0] >= 0);
    kit_make_session(kit, "S");
    for (size_t i = 0; i < LISTENERS; i++) {
        expect_line(fds[i], "[session S] created");
        close(fds[i]);
    }
}

/* What a listener says is not heard. */
static void test_talker(void **state)
{
    struct peer p = {.kit = kit, .fd = listen_in()};

    (void) state;
    peer_send_text(&p, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}");
    peer_send_text(&p, "hello");
    kit_make_session(kit, "S");
    expect_line(p.fd, "[session S] created");
    close(p.fd);
}

static void test_old_path(void **state)
{
    (void) state;
    kit_stop(kit);
    kit = kit_start("deprecated_api = true;\n");
    assert_int_equal(status_of("/info", KIT_AUTH), 101);
    assert_int_equal(status_of("/info", ""), 401);
}

static void test_pages(void **state)
{
    char folder[] = "/tmp/visavis-dashboard-XXXXXX", path[64], settings[128], head[2048];
    FILE *f;

    (void) state;
    assert_int_equal(kit_request(kit, "GET", "/dashboard/", KIT_AUTH, "", NULL, head), 404);
    kit_stop(kit);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/index.html", folder);
    f = fopen(path, "w");
    assert_true(f && fputs("hello", f) >= 0 && fclose(f) == 0);
    snprintf(settings, sizeof(settings), "dashboard_path = \"%s\";\n", folder);
    kit = kit_start(settings);
    assert_int_equal(kit_request(kit, "GET", "/dashboard", "", "", NULL, head), 302);
    assert_non_null(strstr(head, "\r\nLocation: /dashboard/"));
    assert_int_equal(kit_request(kit, "GET", "/dashboard/", "", "", NULL, head), 401);
    assert_non_null(strstr(head, "\r\nWWW-Authenticate: Basic"));
    assert_int_equal(kit_request(kit, "GET", "/dashboard/", KIT_AUTH, "", NULL, head), 200);
    assert_non_null(strstr(head, "script-src 'self'"));
    assert_null(strstr(head, "unsafe"));
    assert_int_equal(kit_request(kit, "GET", "/dashboard/index.html", KIT_AUTH, "", NULL, head),
                     200);
    assert_int_equal(kit_request(kit, "GET", "/dashboard/none", KIT_AUTH, "", NULL, head), 404);
    assert_int_equal(
        kit_request(kit, "GET", "/dashboard/../openvidu/api/sessions", "", "", NULL, head), 401);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_may, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_talker, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
