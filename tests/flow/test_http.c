/* The client against the server, both on one loop. */
#include "base/clock.h"
#include "http/http.h"
#include "web/web.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static struct web *web;
static struct http *http;
static struct web_request *kept;
static char base[64], seen[1024];

/* ---- the server ---- */

static const char *or_none(const char *s)
{
    return s ? s : "(none)";
}

static void on_request(struct web_request *rq, void *arg)
{
    const char *first = web_segment(rq, 0);

    (void) arg;
    snprintf(seen, sizeof(seen), "%s %s type=%s x=%s expect=%s body=%.*s", web_method(rq),
             web_path(rq), or_none(web_header(rq, "Content-Type")),
             or_none(web_header(rq, "X-Test")), or_none(web_header(rq, "Expect")),
             (int) web_body(rq).len, (const char *) web_body(rq).p);
    if (first && strcmp(first, "keep") == 0) {
        kept = rq;
    } else if (first && strcmp(first, "auth") == 0) {
        web_reply(rq, web_basic_auth_matches(rq, "user", "pass:word") ? 200 : 401, NULL,
                  bytes_of(NULL, 0));
    } else if (first && strcmp(first, "redirect") == 0) {
        (void) web_reply_header(rq, "Location", "/elsewhere");
        web_reply(rq, 302, NULL, bytes_of(NULL, 0));
    } else {
        web_reply(rq, 200, "text/plain", bytes_str("0123456789"));
    }
}

static int setup(void **state)
{
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);
    struct addr a;
    int fd;

    (void) state;
    signal(SIGPIPE, SIG_IGN);
    seen[0] = '\0';
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(web_new(loop, NULL, on_request, NULL, &web), 0);
    assert_int_equal(http_new(loop, &http), 0);
    assert_int_equal(addr_parse_ip("127.0.0.1", 0, &a), 0);
    fd = web_listen_tcp(&a);
    assert_true(fd >= 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sin, &len), 0);
    assert_int_equal(web_add_listener(web, fd, false), 0);
    snprintf(base, sizeof(base), "http://127.0.0.1:%d", ntohs(sin.sin_port));
    /* A proxy of the environment would be asked, and is not there. */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    http = http_free(http);
    web = web_free(web);
    loop = loop_free(loop);
    clock_fake(UINT64_MAX);
    return 0;
}

/* ---- calls ---- */

struct result {
    int n;
    int error;
    bool has_message;
    unsigned status;
    char body[64];
};

static void note(const struct http_response *rs, struct result *result)
{
    result->n++;
    result->error = rs->error;
    result->has_message = rs->message[0] != '\0';
    result->status = rs->status;
    snprintf(result->body, sizeof(result->body), "%.*s", (int) rs->body.len,
             (const char *) rs->body.p);
}

static void on_done(const struct http_response *rs, void *arg)
{
    note(rs, arg);
    loop_quit(loop, 0);
}

static const char *url(const char *path)
{
    static char text[128];

    snprintf(text, sizeof(text), "%s%s", base, path);
    return text;
}

static struct result run(struct http_request rq)
{
    struct result result = {0};

    assert_int_equal(http_start(http, &rq, on_done, &result, NULL), 0);
    assert_int_equal(result.n, 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(result.n, 1);
    assert_int_equal(result.has_message, result.error != 0);
    return result;
}

static void get_and_post(void **state)
{
    static const char *const headers[] = {"X-Test: yes", NULL};
    struct result r = run((struct http_request){.method = "GET", .url = url("/a")});

    (void) state;
    assert_int_equal(r.error, 0);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "0123456789");
    assert_string_equal(seen, "GET /a type=(none) x=(none) expect=(none) body=");
    r = run((struct http_request){.method = "POST",
                                  .url = url("/b"),
                                  .headers = headers,
                                  .body = bytes_str("{\"a\":1}"),
                                  .content_type = "application/json"});
    assert_int_equal(r.status, 200);
    assert_string_equal(seen, "POST /b type=application/json x=yes expect=(none) body={\"a\":1}");
}

static void every_method(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
    char expected[128];

    (void) state;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        (void) run((struct http_request){.method = methods[i], .url = url("/m")});
        snprintf(expected, sizeof(expected),
                 "%s /m type=(none) x=(none) expect=(none) body=", methods[i]);
        assert_string_equal(seen, expected);
    }
    assert_string_equal(run((struct http_request){.method = "HEAD", .url = url("/m")}).body, "");
    assert_memory_equal(seen, "HEAD /m", 7);
}

static void credentials(void **state)
{
    struct http_request rq = {.method = "GET", .url = url("/auth"), .user = "user"};

    (void) state;
    rq.password = "pass:word";
    assert_int_equal(run(rq).status, 200);
    rq.password = "other";
    assert_int_equal(run(rq).status, 401);
}

static void redirects_are_not_followed(void **state)
{
    struct result r = run((struct http_request){.method = "GET", .url = url("/redirect")});

    (void) state;
    assert_int_equal(r.error, 0);
    assert_int_equal(r.status, 302);
    assert_memory_equal(seen, "GET /redirect", 13);
}

static void big_answer_is_refused(void **state)
{
    struct http_request rq = {.method = "GET", .url = url("/"), .max_body = 10};

    (void) state;
    assert_int_equal(run(rq).error, 0);
    rq.max_body = 9;
    assert_int_equal(run(rq).error, -EFBIG);
}

static void nobody_answers(void **state)
{
    (void) state;
    assert_int_equal(
        run((struct http_request){.method = "GET", .url = url("/keep"), .timeout_ms = 50}).error,
        -ETIMEDOUT);
    assert_non_null(kept);
    web_reply(kept, 200, NULL, bytes_of(NULL, 0));
}

static void nobody_listens(void **state)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sin);
    char text[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void) state;
    /* Bound, so that it is nobody else's; not listening. */
    assert_int_equal(bind(fd, (struct sockaddr *) &sin, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sin, &len), 0);
    snprintf(text, sizeof(text), "http://127.0.0.1:%d/", ntohs(sin.sin_port));
    assert_int_equal(run((struct http_request){.method = "GET", .url = text}).error, -ECONNREFUSED);
    close(fd);
}

static void other_protocols_are_refused(void **state)
{
    (void) state;
    assert_int_equal(run((struct http_request){.method = "GET", .url = "file:///etc/passwd"}).error,
                     -EINVAL);
    assert_int_equal(run((struct http_request){.method = "GET", .url = "http://"}).error, -EINVAL);
}

static void forged_headers_are_refused(void **state)
{
    static const char *const headers[] = {"X-Test: a\r\nX-Forged: b", NULL};
    struct http_request rq = {.method = "GET", .url = url("/"), .headers = headers};
    struct result result = {0};

    (void) state;
    assert_int_equal(http_start(http, &rq, on_done, &result, NULL), -EINVAL);
    rq.headers = NULL;
    rq.content_type = "text/plain\nX-Forged: b";
    assert_int_equal(http_start(http, &rq, on_done, &result, NULL), -EINVAL);
    rq.content_type = NULL;
    rq.method = "GET / HTTP/1.1\r\nX-Forged: b";
    assert_int_equal(http_start(http, &rq, on_done, &result, NULL), -EINVAL);
    assert_int_equal(result.n, 0);
}

static void cancelled_call_is_silent(void **state)
{
    struct http_request rq = {.method = "GET", .url = url("/keep")};
    struct result result = {0};
    struct http_call *c;

    (void) state;
    assert_int_equal(http_start(http, &rq, on_done, &result, &c), 0);
    http_cancel(c);
    assert_int_equal(http_start(http, &rq, on_done, &result, &c), 0);
    (void) run((struct http_request){.method = "GET", .url = base});
    http_cancel(c);
    (void) run((struct http_request){.method = "GET", .url = base});
    assert_int_equal(result.n, 0);
}

static int left;

static void on_one_of_many(const struct http_response *rs, void *arg)
{
    note(rs, arg);
    if (--left == 0)
        loop_quit(loop, 0);
}

/* More than there may be connections. */
static void many_at_once(void **state)
{
    static struct result results[200];
    struct http_request rq = {.method = "POST", .url = url("/"), .body = bytes_str("x")};

    (void) state;
    memset(results, 0, sizeof(results));
    left = 200;
    for (int i = 0; i < 200; i++)
        assert_int_equal(http_start(http, &rq, on_one_of_many, &results[i], NULL), 0);
    assert_int_equal(loop_run(loop), 0);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(results[i].n, 1);
        assert_int_equal(results[i].status, 200);
    }
}

static void on_done_free(const struct http_response *rs, void *arg)
{
    note(rs, arg);
    http = http_free(http);
    loop_quit(loop, 0);
}

static void client_may_be_freed_by_a_continuation(void **state)
{
    struct result first = {0}, second = {0};
    struct http_request rq = {.method = "GET", .url = url("/")};

    (void) state;
    assert_int_equal(http_start(http, &rq, on_done_free, &first, NULL), 0);
    rq.url = url("/keep");
    assert_int_equal(http_start(http, &rq, on_done, &second, NULL), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(first.n, 1);
    assert_int_equal(first.status, 200);
    assert_string_equal(first.body, "0123456789");
    assert_int_equal(second.n, 0);
}

static void on_done_again(const struct http_response *rs, void *arg)
{
    struct http_request rq = {.method = "GET", .url = url("/again")};

    (void) rs;
    assert_int_equal(http_start(http, &rq, on_done, arg, NULL), 0);
}

static void continuation_may_start_another(void **state)
{
    struct result result = {0};
    struct http_request rq = {.method = "GET", .url = url("/")};

    (void) state;
    assert_int_equal(http_start(http, &rq, on_done_again, &result, NULL), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(result.n, 1);
    assert_memory_equal(seen, "GET /again", 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(get_and_post),
        TEST(every_method),
        TEST(credentials),
        TEST(redirects_are_not_followed),
        TEST(big_answer_is_refused),
        TEST(nobody_answers),
        TEST(nobody_listens),
        TEST(other_protocols_are_refused),
        TEST(forged_headers_are_refused),
        TEST(cancelled_call_is_silent),
        TEST(many_at_once),
        TEST(client_may_be_freed_by_a_continuation),
        TEST(continuation_may_start_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
