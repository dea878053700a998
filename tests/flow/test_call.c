/* The app between a browser (our HTTP client) and an OpenVidu server that the test plays with our
 * web server: one process, three sockets, one loop. */
#include "base/log.h"
#include "call/app.h"
#include "http/http.h"
#include "web/web.h"
#include "web/web_listen.h"

#include <jansson.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET "s3cret"

struct bed {
    struct loop *loop;
    struct web *openvidu;
    struct app *app;
    struct http *browser;
    struct call_config config;
    char *listen_text[1];
    char url[64], dir[32];

    /* what the played server does and saw */
    unsigned session_status, connection_status;
    unsigned n_connections; /* that it says are in the session */
    char role[32];
    unsigned n_tokens;

    unsigned status;
    char body[4096];
};

static void openvidu(struct web_request *rq, void *arg)
{
    struct bed *b = arg;
    const char *path = web_path(rq);
    char text[256];
    struct bytes body = web_body(rq);
    json_t *in;

    if (!web_basic_auth_matches(rq, "OPENVIDUAPP", SECRET)) {
        web_reply(rq, 401, NULL, bytes_str(NULL));
    } else if (strcmp(path, "/openvidu/api/sessions") == 0) {
        web_reply(rq, b->session_status, "application/json", bytes_str("{}"));
    } else if (strcmp(path, "/openvidu/api/sessions/Room-1") == 0) {
        snprintf(text, sizeof(text), "{\"connections\":{\"numberOfElements\":%u,\"content\":[]}}",
                 b->n_connections);
        web_reply(rq, 200, "application/json", bytes_str(text));
    } else if (strcmp(path, "/openvidu/api/sessions/Room-1/connection") == 0) {
        in = json_loadb((const char *) body.p, body.len, 0, NULL);
        snprintf(b->role, sizeof(b->role), "%s", json_string_value(json_object_get(in, "role")));
        json_decref(in);
        snprintf(text, sizeof(text), "{\"token\":\"wss://x?sessionId=Room-1&token=tok_%u\"}",
                 b->n_tokens++);
        web_reply(rq, b->connection_status, "application/json", bytes_str(text));
    } else {
        web_reply(rq, 404, NULL, bytes_str(NULL));
    }
}

/* A listening socket on a port of the kernel's choice. */
static int listen_anywhere(uint16_t *ret_port)
{
    struct addr a;
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    int fd;

    assert_int_equal(addr_parse_ip("127.0.0.1", 0, &a), 0);
    fd = web_listen_tcp(&a);
    assert_true(fd >= 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &len), 0);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, len, &a), 0);
    *ret_port = a.port;
    return fd;
}

static void write_page(const struct bed *b, const char *name, const char *text)
{
    char path[64];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", b->dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void set_up(struct bed *b, const char *secret)
{
    static char listen_text[32], openvidu_url[64], user[] = "admin", none[] = "";
    uint16_t port, app_port;
    int fd;

    memset(b, 0, sizeof(*b));
    b->session_status = b->connection_status = 200;
    snprintf(b->dir, sizeof(b->dir), "/tmp/call-test-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    write_page(b, "index.html", "<p>hello");
    assert_int_equal(loop_new(&b->loop), 0);
    assert_int_equal(web_new(b->loop, &(struct web_limits){0}, openvidu, b, &b->openvidu), 0);
    fd = listen_anywhere(&port);
    assert_int_equal(web_add_listener(b->openvidu, fd, false), 0);
    fd = listen_anywhere(&app_port);
    close(fd);
    snprintf(openvidu_url, sizeof(openvidu_url), "http://127.0.0.1:%u", port);
    snprintf(listen_text, sizeof(listen_text), "tcp:127.0.0.1:%u", app_port);
    snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%u", app_port);
    b->listen_text[0] = listen_text;
    b->config = (struct call_config){
        .listen = {b->listen_text, 1},
        .openvidu_url = openvidu_url,
        .openvidu_secret = (char *) secret,
        .pages = b->dir,
        .user = user,
        .secret = none,
        .admin_secret = none,
    };
    assert_int_equal(app_new(b->loop, &b->config, &b->app), 0);
    assert_int_equal(http_new(b->loop, &b->browser), 0);
}

static void tear_down(struct bed *b)
{
    char path[64];

    app_free(b->app);
    web_free(b->openvidu);
    http_free(b->browser);
    loop_free(b->loop);
    snprintf(path, sizeof(path), "%s/index.html", b->dir);
    unlink(path);
    rmdir(b->dir);
}

static void on_answer(const struct http_response *rs, void *arg)
{
    struct bed *b = arg;

    assert_int_equal(rs->error, 0);
    assert_true(rs->body.len < sizeof(b->body));
    b->status = rs->status;
    if (rs->body.len)
        memcpy(b->body, rs->body.p, rs->body.len);
    b->body[rs->body.len] = '\0';
    loop_quit(b->loop, 0);
}

static unsigned ask(struct bed *b, const char *method, const char *path, const char *body)
{
    char url[256];
    struct http_request rq = {
        .method = method,
        .url = url,
        .body = bytes_str(body),
        .content_type = body ? "application/json" : NULL,
    };

    snprintf(url, sizeof(url), "%s%s", b->url, path);
    assert_int_equal(http_start(b->browser, &rq, on_answer, b, NULL), 0);
    assert_int_equal(loop_run(b->loop), 0);
    return b->status;
}

static void test_the_first_is_moderator_the_next_a_publisher(void **state)
{
    struct bed b;
    json_t *answer;

    (void) state;
    set_up(&b, SECRET);
    assert_int_equal(ask(&b, "POST", "/sessions", "{\"sessionId\":\"Room-1\",\"nickname\":\"a\"}"),
                     200);
    assert_string_equal(b.role, "MODERATOR");
    answer = json_loads(b.body, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(answer, "cameraToken")),
                        "wss://x?sessionId=Room-1&token=tok_0");
    assert_string_equal(json_string_value(json_object_get(answer, "screenToken")),
                        "wss://x?sessionId=Room-1&token=tok_1");
    assert_int_equal(json_object_size(answer), 7);
    json_decref(answer);

    b.session_status = 409;
    b.n_connections = 1;
    assert_int_equal(ask(&b, "POST", "/sessions", "{\"sessionId\":\"Room-1\"}"), 200);
    assert_string_equal(b.role, "PUBLISHER");
    tear_down(&b);
}

static void test_bad_requests(void **state)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"sessionId\":5}",
        "{\"sessionId\":\"\"}",
        "{\"sessionId\":\"a/../b\"}",
        "{\"sessionId\":\"a\",\"sessionId\":\"b\"}",
    };
    struct bed b;

    (void) state;
    set_up(&b, SECRET);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_int_equal(ask(&b, "POST", "/sessions", bodies[i]), 400);
    assert_int_equal(b.n_tokens, 0);
    assert_int_equal(ask(&b, "DELETE", "/sessions", NULL), 405);
    assert_int_equal(ask(&b, "POST", "/index.html", "{}"), 405);
    tear_down(&b);
}

static void test_the_server_refuses_or_is_away(void **state)
{
    struct bed b;

    (void) state;
    set_up(&b, "wrong");
    assert_int_equal(ask(&b, "POST", "/sessions", "{\"sessionId\":\"Room-1\"}"), 502);
    assert_non_null(strstr(b.body, "secret"));
    assert_null(strstr(b.body, "wrong"));
    tear_down(&b);

    set_up(&b, SECRET);
    b.connection_status = 500;
    assert_int_equal(ask(&b, "POST", "/sessions", "{\"sessionId\":\"Room-1\"}"), 503);
    b.openvidu = web_free(b.openvidu);
    assert_int_equal(ask(&b, "POST", "/sessions", "{\"sessionId\":\"Room-1\"}"), 503);
    assert_non_null(strstr(b.body, "cannot be reached"));
    tear_down(&b);
}

/* Guests may ask as often as they like; the log does not grow with them. */
static void test_refusals_do_not_fill_the_log(void **state)
{
    FILE *log = tmpfile();
    int saved = dup(STDERR_FILENO), lines = 0;
    struct bed b;

    (void) state;
    assert_non_null(log);
    set_up(&b, "wrong");
    assert_int_equal(dup2(fileno(log), STDERR_FILENO), STDERR_FILENO);
    for (int i = 0; i < 100; i++)
        (void) ask(&b, "POST", "/sessions", "{\"sessionId\":\"Room-1\"}");
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    close(saved);
    rewind(log);
    for (int c; (c = getc(log)) != EOF;)
        lines += c == '\n';
    fclose(log);
    tear_down(&b);
    assert_in_range(lines, 1, 50);
}

static void test_pages_and_config(void **state)
{
    struct bed b;

    (void) state;
    set_up(&b, SECRET);
    assert_int_equal(ask(&b, "GET", "/", NULL), 200);
    assert_string_equal(b.body, "<p>hello");
    assert_int_equal(ask(&b, "GET", "/nothing", NULL), 404);
    assert_int_equal(ask(&b, "GET", "/%2e%2e/etc/passwd", NULL), 404);
    assert_int_equal(ask(&b, "GET", "/call/config", NULL), 200);
    assert_string_equal(b.body, "{\"isPrivate\":false,\"isLoggedIn\":true}");
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_is_moderator_the_next_a_publisher),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_the_server_refuses_or_is_away),
        cmocka_unit_test(test_refusals_do_not_fill_the_log),
        cmocka_unit_test(test_pages_and_config),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
