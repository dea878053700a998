/* The signaling daemon as a service manager runs it: inherited sockets, what it tells the manager,
 * and what its web server has beside the API. There is no media daemon. */
#include "tests/lib/ask.h"
#include "tests/lib/child.h"
#include "tests/lib/free_port.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000
#define AUTH "Authorization: Basic T1BFTlZJRFVBUFA6TVlfU0VDUkVU\r\n"
#define AUTH_WRONG "Authorization: Basic T1BFTlZJRFVBUFA6bXlfc2VjcmV0\r\n"
static struct child *daemon_;
static char proxy[CHILD_PATH_SIZE], files[CHILD_PATH_SIZE];
static uint16_t port;
static struct ask_answer answer;

static void write_config(const char *more)
{
    char media[CHILD_PATH_SIZE];

    assert_int_equal(child_write(daemon_, "config",
                                 "public_url = \"https://calls.example.org\";\n"
                                 "secret = \"MY_SECRET\";\nmedia_control = \"%s\";\n%s",
                                 child_path(daemon_, "media", media), more),
                     0);
}

static void make(void)
{
    assert_int_equal(child_new("visavis-signaling", &daemon_), 0);
    child_path(daemon_, "proxy", proxy);
    snprintf(files, sizeof(files), "/tmp/visavis-files-XXXXXX");
    assert_non_null(mkdtemp(files));
}

static void give(int fd, const char *name)
{
    assert_true(fd >= 0);
    assert_int_equal(child_give_socket(daemon_, fd, name), 0);
}

static void start_on_both(const char *more)
{
    char text[4096];
    int unix_fd, tcp_fd;

    make();
    unix_fd = ask_listen_unix(proxy);
    tcp_fd = ask_listen_tcp(&port);
    give(unix_fd, "signaling-proxy");
    give(tcp_fd, "signaling");
    /* What is configured cannot be had, and is not needed. */
    snprintf(text, sizeof(text), "listen = [\"unix:/nonexistent/x\", \"tcp:127.0.0.1:1\"];\n%s",
             more);
    write_config(text);
    assert_int_equal(child_start_daemon(daemon_, "visavis-signaling"), 0);
    close(unix_fd);
    close(tcp_fd);
}

static int teardown(void **state)
{
    int r = child_stop(daemon_);

    (void) state;
    daemon_ = child_free(daemon_);
    (void) rmdir(files);
    return r;
}

static unsigned ask_on(int fd, const char *path, const char *headers)
{
    assert_true(fd >= 0);
    assert_int_equal(ask_send(fd, "GET", path, headers, NULL), 0);
    return ask_receive(fd, &answer);
}

static unsigned ask(const char *path, const char *headers)
{
    return ask_on(ask_connect_unix(proxy), path, headers);
}

/* 101, or the status that came instead. */
static unsigned handshake(int fd)
{
    static const char request[] =
        "GET /openvidu HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "X-Real-IP: 203.0.113.9\r\n\r\n";
    char text[16] = "";

    assert_true(fd >= 0);
    assert_int_equal(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL), sizeof(request) - 1);
    assert_int_equal(recv(fd, text, 12, MSG_WAITALL), 12);
    return (unsigned) strtoul(text + 9, NULL, 10);
}

/* ---- sockets ---- */

/* Two of one address are one too many; whose word is taken for the address? */
static void only_the_proxy_is_believed(void **state)
{
    int fds[4];

    (void) state;
    start_on_both("max_per_address = 1;\n");
    for (int i = 0; i < 4; i++)
        fds[i] = i < 2 ? ask_connect_unix(proxy) : ask_connect_tcp(port);
    assert_int_equal(handshake(fds[0]), 101);
    assert_int_equal(handshake(fds[1]), 429);
    assert_int_equal(handshake(fds[2]), 101);
    assert_int_equal(handshake(fds[3]), 101);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void a_kind_that_is_not_inherited_is_configured(void **state)
{
    uint16_t at = free_port();
    char text[256];
    int fd;

    (void) state;
    make();
    fd = ask_listen_unix(proxy);
    give(fd, "signaling-proxy");
    snprintf(text, sizeof(text), "listen = [\"unix:/nonexistent/x\", \"tcp:127.0.0.1:%u\"];\n",
             at);
    write_config(text);
    assert_int_equal(child_start_daemon(daemon_, "visavis-signaling"), 0);
    close(fd);
    assert_int_equal(ask("/openvidu/api/config", AUTH), 200);
    assert_int_equal(ask_on(ask_connect_tcp(at), "/openvidu/api/config", AUTH), 200);
}

/* Anybody could write X-Real-IP there. */
static void the_proxys_socket_is_no_tcp_socket(void **state)
{
    int fd;

    (void) state;
    make();
    fd = ask_listen_tcp(&port);
    give(fd, "signaling-proxy");
    write_config("listen = [];\n");
    assert_int_not_equal(child_start_daemon(daemon_, "visavis-signaling"), 0);
    close(fd);
    assert_true(child_has_logged(daemon_, "\"signaling-proxy\""));
}

/* ---- what the manager is told ---- */

static void status_and_reload(void **state)
{
    (void) state;
    start_on_both("");
    assert_int_equal(kill(child_pid(daemon_), SIGHUP), 0);
    assert_int_equal(child_wait_told(daemon_, "RELOADING=1\nMONOTONIC_USEC=", PATIENCE_MS), 0);
    assert_int_equal(child_wait_ready(daemon_, PATIENCE_MS), 0);
    assert_true(child_has_logged(daemon_, "has been read again"));

    write_config("listen = [];\nsecret = 5;\nmax_participants = 0;\n");
    assert_int_equal(kill(child_pid(daemon_), SIGHUP), 0);
    assert_int_equal(child_wait_told(daemon_,
                                     "STATUS=0 sessions, 0 participants; waiting for the media "
                                     "daemon; the new configuration is not in use: ",
                                     PATIENCE_MS),
                     0);
    assert_int_equal(child_wait_ready(daemon_, PATIENCE_MS), 0);
    assert_int_equal(ask("/openvidu/api/config", AUTH), 200);

    write_config("listen = [\"tcp:127.0.0.1:0\"];\nmax_sessions = 5;\nlog_level = \"error\";\n");
    assert_int_equal(kill(child_pid(daemon_), SIGHUP), 0);
    assert_int_equal(child_wait_told(daemon_,
                                     "STATUS=0 sessions, 0 participants; waiting for the media "
                                     "daemon",
                                     PATIENCE_MS),
                     0);
    assert_int_equal(child_wait_ready(daemon_, PATIENCE_MS), 0);
    assert_true(child_has_logged(daemon_, "max_sessions has changed"));
    assert_true(child_has_logged(daemon_, "listen has changed"));
    assert_false(child_has_logged(daemon_, "public_url has changed"));
    assert_false(child_has_logged(daemon_, "MY_SECRET"));
}

/* ---- guessing ---- */

static void guessing_is_slow(void **state)
{
    static const char from_there[] = "X-Real-IP: 203.0.113.5\r\n" AUTH;
    unsigned n_busy = 0, n_ok = 0;
    int fds[5];

    (void) state;
    start_on_both("");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ask("/openvidu/api/config", "X-Real-IP: 203.0.113.5\r\n" AUTH_WRONG), 401);
        assert_non_null(strstr(answer.head, "WWW-Authenticate: Basic realm="));
        assert_int_equal(ask("/openvidu/api/config", "X-Real-IP: 203.0.113.5\r\n"), 401);
    }
    for (int i = 0; i < 5; i++) {
        fds[i] = ask_connect_unix(proxy);
        assert_true(fds[i] >= 0);
        assert_int_equal(ask_send(fds[i], "GET", "/openvidu/api/config", from_there, NULL), 0);
    }
    for (int i = 0; i < 5; i++) {
        unsigned status = ask_receive(fds[i], &answer);

        if (status == 429)
            assert_non_null(strstr(answer.head, "Retry-After: 1"));
        n_busy += status == 429;
        n_ok += status == 200;
    }
    assert_int_equal(n_busy, 1);
    assert_int_equal(n_ok, 4);
    assert_true(child_has_logged(daemon_, "several wrong secrets from 203.0.113.5"));
    /* A proxy of this machine that comes by TCP slows the one that it names, own programs go free.
     */
    for (int i = 0; i < 10; i++)
        assert_int_equal(ask_on(ask_connect_tcp(port), "/openvidu/api/config", AUTH_WRONG), 401);
    for (int i = 0; i < 5; i++) {
        fds[i] = ask_connect_tcp(port);
        assert_int_equal(ask_send(fds[i], "GET", "/openvidu/api/config",
                                  "X-Forwarded-For: 198.51.100.1, 203.0.113.5\r\n" AUTH, NULL),
                         0);
    }
    n_busy = 0;
    for (int i = 0; i < 5; i++)
        n_busy += ask_receive(fds[i], &answer) == 429;
    assert_int_equal(n_busy, 1);
    for (int i = 0; i < 5; i++)
        fds[i] = ask_connect_tcp(port);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask_on(fds[i], "/openvidu/api/config", AUTH), 200);
}

/* ---- pages and files ---- */

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", files, folder);
    (void) mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/%s/%s", files, folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void remove_file(const char *folder, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s/%s", files, folder, name);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/%s", files, folder);
    (void) rmdir(path);
}

static void start_with_files(const char *more)
{
    char text[1024];

    start_on_both("");
    snprintf(text, sizeof(text),
             "listen = [];\nrecordings_path = \"%s\";\nlayouts_path = \"%s\";\n%s", files, files,
             more);
    write_config(text);
    assert_int_equal(kill(child_pid(daemon_), SIGHUP), 0);
    assert_int_equal(child_wait_told(daemon_, "RELOADING", PATIENCE_MS), 0);
    assert_int_equal(child_wait_ready(daemon_, PATIENCE_MS), 0);
}

static void recordings_are_sent(void **state)
{
    static const char *const not_there[] = {
        "/openvidu/recordings",
        "/openvidu/recordings/ses",
        "/openvidu/recordings/ses/",
        "/openvidu/recordings/ses/none",
        "/openvidu/recordings/ses/.recording.ses",
        "/openvidu/recordings/ses/../../etc/passwd",
        "/openvidu/recordings/ses/%2e%2e",
        "/openvidu/recordings/..%2fses/a b.mp4",
        "/recordings/ses/a%20b.mp4",
    };

    (void) state;
    start_with_files("");
    write_file("ses", "a b.mp4", "film");
    write_file("ses", ".recording.ses", "{}");
    assert_int_equal(ask("/openvidu/recordings/ses/a%20b.mp4", ""), 401);
    assert_int_equal(ask("/openvidu/recordings/ses/a%20b.mp4", AUTH), 200);
    assert_string_equal(answer.body, "film");
    assert_non_null(strstr(answer.head, "Content-Type: video/mp4"));
    for (size_t i = 0; i < sizeof(not_there) / sizeof(not_there[0]); i++) {
        unsigned status = ask(not_there[i], AUTH);

        if (status != 404 && status != 400)
            fail_msg("%s: %u", not_there[i], status);
    }
    remove_file("ses", ".recording.ses");
    remove_file("ses", "a b.mp4");
}

static void recordings_are_the_proxys_to_send(void **state)
{
    (void) state;
    start_with_files("accel = true;\nrecordings_public = true;\ndeprecated_api = true;\n");
    assert_int_equal(ask("/openvidu/recordings/s~1/a%20%25%C3%A9%0Ab.mp4", ""), 400);
    assert_int_equal(ask("/openvidu/recordings/s~1/a%20%25%C3%A9%3Fb.mp4", ""), 200);
    assert_non_null(strstr(answer.head,
                           "\r\nX-Accel-Redirect: /_visavis/recordings/s~1/a%20%25%C3%A9%3Fb.mp4"));
    assert_null(strstr(answer.head, "Content-Type"));
    assert_int_equal(ask("/recordings/s/f.mp4", ""), 200);
    assert_non_null(strstr(answer.head, "X-Accel-Redirect: /_visavis/recordings/s/f.mp4"));
    assert_int_equal(ask("/openvidu/recordings/s/.recording.s", ""), 404);
    assert_int_equal(ask("/openvidu/recordings/s/a%2fb", ""), 404);
    assert_int_equal(ask("/openvidu/recordings/%2e%2e/b", ""), 404);
    assert_int_equal(ask("/openvidu/recordings/a/b/c", ""), 404);
    assert_null(strstr(answer.head, "X-Accel-Redirect"));
}

static void layouts_are_for_all(void **state)
{
    (void) state;
    start_with_files("");
    write_file("mine", "index.html", "<p>layout");
    assert_int_equal(ask("/openvidu/layouts/mine/index.html", ""), 200);
    assert_string_equal(answer.body, "<p>layout");
    assert_int_equal(ask("/openvidu/layouts/mine/", ""), 200);
    assert_int_equal(ask("/openvidu/layouts/other/index.html", ""), 404);
    assert_int_equal(ask("/layouts/custom/mine/index.html", ""), 404);
    remove_file("mine", "index.html");
}

static void small_pages(void **state)
{
    (void) state;
    start_on_both("");
    assert_int_equal(ask("/openvidu/accept-certificate", ""), 200);
    assert_non_null(strstr(answer.body, "history.back()"));
    assert_non_null(strstr(answer.head, "Content-Type: text/html"));
    assert_int_equal(ask("/dashboard/", AUTH), 404); /* no folder */
    assert_int_equal(ask("/accept-certificate", ""), 404);
    assert_int_equal(ask("/openvidu/recordings/a/b", AUTH), 404); /* no folder */
    assert_int_equal(ask("/openvidu/layouts/a/b", ""), 404);
    assert_int_equal(ask("/openvidu/cdr", AUTH), 404);
    assert_int_equal(ask("/api/config", AUTH), 404);
    /* with the old API */
    write_config("listen = [];\ndeprecated_api = true;\n");
    assert_int_equal(kill(child_pid(daemon_), SIGHUP), 0);
    assert_int_equal(child_wait_told(daemon_, "RELOADING", PATIENCE_MS), 0);
    assert_int_equal(child_wait_ready(daemon_, PATIENCE_MS), 0);
    assert_int_equal(ask("/accept-certificate", ""), 200);
    assert_int_equal(ask("/api/sessions", AUTH), 200);
    assert_int_equal(ask("/api/sessions", ""), 401);
    assert_int_equal(ask("/config", AUTH), 200);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_the_proxy_is_believed),
        TEST(a_kind_that_is_not_inherited_is_configured),
        TEST(the_proxys_socket_is_no_tcp_socket),
        TEST(status_and_reload),
        TEST(guessing_is_slow),
        TEST(recordings_are_sent),
        TEST(recordings_are_the_proxys_to_send),
        TEST(layouts_are_for_all),
        TEST(small_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
