/* The app as a daemon on a socket that it inherits: who may come in, by what, and what happens to
 * those who guess; and its configuration read again. The video server is away: a guest who was let
 * in is told so (503). */
#include "tests/lib/ask.h"
#include "tests/lib/child.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000
#define JSON "Content-Type: application/json\r\n"
#define ROOM "{\"sessionId\":\"Room-1\"}"
#define RIGHT "{\"username\":\"boss\",\"password\":\"pass\"}"
#define WRONG "{\"username\":\"boss\",\"password\":\"Pass\"}"
#define BASIC "Authorization: Basic Ym9zczpwYXNz\r\n"       /* boss:pass */
#define BASIC_WRONG "Authorization: Basic Ym9zczpQYXNz\r\n" /* boss:Pass */

static struct child *daemon_;
static uint16_t port;
static struct ask_answer answer;

static void write_config(const char *more)
{
    assert_int_equal(child_write(daemon_, "config",
                                 "listen = [\"tcp:127.0.0.1:1\"];\n" /* not to be had */
                                 "openvidu_url = \"http://127.0.0.1:1\";\n"
                                 "openvidu_secret = \"server\";\npages = \"/nonexistent\";\n%s",
                                 more),
                     0);
}

static void start(const char *more)
{
    int fd = ask_listen_tcp(&port);

    assert_true(fd >= 0);
    assert_int_equal(child_new("visavis-call", &daemon_), 0);
    write_config(more);
    assert_int_equal(child_give_socket(daemon_, fd, "call"), 0);
    assert_int_equal(child_start_daemon(daemon_, "visavis-call"), 0);
    close(fd);
}

static int setup(void **state)
{
    (void) state;
    start("private_access = true; user = \"boss\"; secret = \"pass\"; admin_secret = \"adm\";\n");
    return 0;
}

static int teardown(void **state)
{
    int r = child_stop(daemon_);

    (void) state;
    daemon_ = child_free(daemon_);
    return r;
}

static unsigned ask(const char *method, const char *path, const char *headers, const char *body)
{
    int fd = ask_connect_tcp(port);

    assert_true(fd >= 0);
    assert_int_equal(ask_send(fd, method, path, headers, body), 0);
    return ask_receive(fd, &answer);
}

/* The cookie that the last answer set, as a request's header. */
static void keep_cookie(char ret[static 512])
{
    const char *cookie = strstr(answer.head, "Set-Cookie: ");

    assert_non_null(cookie);
    cookie += strlen("Set-Cookie: ");
    snprintf(ret, 512, "Cookie: other=1; %.*s\r\n" JSON, (int) strcspn(cookie, ";"), cookie);
}

static void strangers_stay_out(void **state)
{
    (void) state;
    assert_int_equal(ask("GET", "/call/config", "", NULL), 200);
    assert_string_equal(answer.body, "{\"isPrivate\":true,\"isLoggedIn\":false}");
    assert_int_equal(ask("POST", "/sessions", JSON, ROOM), 401);
    assert_null(strstr(answer.head, "Basic"));
    assert_int_equal(ask("POST", "/sessions", JSON BASIC_WRONG, ROOM), 401);
    assert_int_equal(
        ask("POST", "/sessions", JSON "Cookie: ovCallUserToken=9999999999.AAAA\r\n", ROOM), 401);
    assert_int_equal(ask("POST", "/sessions", JSON BASIC, ROOM), 503);
}

static void a_cookie_lets_in(void **state)
{
    char cookie[512];

    (void) state;
    assert_int_equal(ask("POST", "/auth/login", JSON, WRONG), 401);
    assert_null(strstr(answer.head, "Set-Cookie"));
    assert_non_null(strstr(answer.body, "Authentication failed. Try again."));
    assert_int_equal(ask("POST", "/auth/login", JSON, "{\"password\":\"pass\"}"), 401);
    assert_int_equal(ask("POST", "/auth/login", JSON, "nonsense"), 401);

    assert_int_equal(ask("POST", "/auth/login", JSON, RIGHT), 200);
    assert_non_null(strstr(answer.head, "; HttpOnly; SameSite=Strict\r\n"));
    keep_cookie(cookie);
    assert_int_equal(ask("POST", "/sessions", cookie, ROOM), 503);
    assert_int_equal(ask("GET", "/call/config", cookie, NULL), 200);
    assert_string_equal(answer.body, "{\"isPrivate\":true,\"isLoggedIn\":true,\"user\":\"boss\"}");

    assert_int_equal(ask("POST", "/auth/logout", cookie, NULL), 200);
    assert_non_null(strstr(answer.head, "Set-Cookie: ovCallUserToken=; Path=/; Max-Age=0;"));
    assert_int_equal(ask("POST", "/auth/login", JSON "X-Forwarded-Proto: https\r\n", RIGHT), 200);
    assert_non_null(strstr(answer.head, "; SameSite=Strict; Secure\r\n"));
}

static void the_admin_has_another_password(void **state)
{
    (void) state;
    assert_int_equal(ask("POST", "/auth/admin/login", JSON, "{\"password\":\"pass\"}"), 403);
    assert_null(strstr(answer.head, "Set-Cookie"));
    assert_int_equal(ask("POST", "/auth/admin/login", JSON, "{\"password\":\"adm\"}"), 200);
    assert_non_null(strstr(answer.head, "Set-Cookie: ovCallAdminToken="));
    assert_string_equal(answer.body, ""); /* no recording here */
    assert_int_equal(ask("POST", "/auth/admin/logout", "", NULL), 200);
    assert_non_null(strstr(answer.head, "Set-Cookie: ovCallAdminToken=; Path=/; Max-Age=0;"));
}

static void guessing_is_slow(void **state)
{
    static const char guesser[] = JSON "X-Real-IP: 203.0.113.5\r\n";
    static const char from_there[] = JSON "X-Real-IP: 203.0.113.5\r\n" BASIC;
    unsigned n_busy = 0, n_right = 0, n_wrong = 0;
    int held[4], fd;

    (void) state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask("POST", "/auth/login", guesser, WRONG), 401);
    for (int i = 0; i < 4; i++) {
        held[i] = ask_connect_tcp(port);
        assert_true(held[i] >= 0);
        assert_int_equal(ask_send(held[i], "POST", "/auth/login", guesser, i % 2 ? RIGHT : WRONG),
                         0);
    }
    /* A fifth at a time is too many, a right one as well. Requests of several connections are not
     * read in order, so that one of the four may be the one. */
    fd = ask_connect_tcp(port);
    assert_int_equal(ask_send(fd, "POST", "/sessions", from_there, ROOM), 0);
    for (int i = 0; i < 5; i++) {
        unsigned status = ask_receive(i < 4 ? held[i] : fd, &answer);

        if (status == 429)
            assert_non_null(strstr(answer.head, "Retry-After: 1"));
        n_busy += status == 429;
        n_wrong += status == 401;
        n_right += status == 200 || status == 503;
    }
    assert_int_equal(n_busy, 1);
    assert_int_equal(n_busy + n_right + n_wrong, 5);
    assert_int_equal(ask("POST", "/sessions", from_there, ROOM), 503); /* a little later */
    assert_true(child_has_logged(daemon_, "several wrong passwords from 203.0.113.5"));
    assert_false(child_has_logged(daemon_, "Pass"));
}

/* More wrong ones than any limit, and none of them waits: 429 would come otherwise. */
static void programs_of_this_machine_are_not_slowed(void **state)
{
    int fds[20];

    (void) state;
    for (int i = 0; i < 6; i++)
        assert_int_equal(ask("POST", "/auth/login", JSON, WRONG), 401);
    for (int i = 0; i < 20; i++) {
        fds[i] = ask_connect_tcp(port);
        assert_true(fds[i] >= 0);
        assert_int_equal(ask_send(fds[i], "POST", "/auth/login", JSON, WRONG), 0);
    }
    for (int i = 0; i < 20; i++)
        assert_int_equal(ask_receive(fds[i], &answer), 401);
}

static void reload(const char *more)
{
    write_config(more);
    assert_int_equal(kill(child_pid(daemon_), SIGHUP), 0);
    assert_int_equal(child_wait_ready(daemon_, PATIENCE_MS), 0);
}

static void a_new_secret_ends_old_logins(void **state)
{
    char cookie[512];

    (void) state;
    assert_int_equal(ask("POST", "/auth/login", JSON, RIGHT), 200);
    keep_cookie(cookie);
    reload("private_access = true; user = \"boss\"; secret = \"other\";\n");
    assert_int_equal(ask("POST", "/sessions", cookie, ROOM), 401);
    assert_int_equal(ask("POST", "/auth/login", JSON, RIGHT), 401);
    /* "": as the server's */
    reload("private_access = true; user = \"boss\";\n");
    assert_int_equal(
        ask("POST", "/auth/login", JSON, "{\"username\":\"boss\",\"password\":\"server\"}"), 200);
    reload("");
    assert_int_equal(ask("POST", "/sessions", JSON, ROOM), 503);
    for (int i = 0; i < 20; i++)
        reload(i % 2 ? "log_level = \"debug\";\n" : "user = \"somebody\";\n");
}

static void a_wrong_file_changes_nothing(void **state)
{
    (void) state;
    write_config("private_access = maybe;\n");
    assert_int_equal(kill(child_pid(daemon_), SIGHUP), 0);
    assert_int_equal(child_wait_told(daemon_, "the new configuration is not in use", PATIENCE_MS),
                     0);
    assert_int_equal(child_wait_ready(daemon_, PATIENCE_MS), 0);
    assert_int_equal(ask("POST", "/sessions", JSON, ROOM), 401);
    assert_int_equal(ask("POST", "/sessions", JSON BASIC, ROOM), 503);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(strangers_stay_out),
        TEST(a_cookie_lets_in),
        TEST(the_admin_has_another_password),
        TEST(guessing_is_slow),
        TEST(programs_of_this_machine_are_not_slowed),
        TEST(a_new_secret_ends_old_logins),
        TEST(a_wrong_file_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
