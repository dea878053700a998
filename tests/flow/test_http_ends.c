/* The client against servers that say one thing whatever they are asked: how answers end, what is
 * known of them then, and whose certificate is believed. */
#include "certs/issue.h"
#include "http/fields.h"
#include "http/http.h"
#include "tests/lib/child.h"
#include "tests/lib/script.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct loop *loop;
static struct http *http;
static struct script *server;
static struct tls_identity identity;

static void start_server(const char *text)
{
    script_say(server, text);
    assert_int_equal(script_start(server), 0);
}

static int setup(void **state)
{
    (void) state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(http_new(loop, &http), 0);
    assert_int_equal(script_new(&server), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    server = script_free(server);
    http = http_free(http);
    loop = loop_free(loop);
    tls_identity_done(&identity);
    return 0;
}

/* ---- calls ---- */

struct result {
    int error;
    enum http_tls tls;
    unsigned status, n_many;
    size_t body_len;
    char message[256], first[64], second[64];
    bool has_third;
};

static void on_done(const struct http_response *rs, void *arg)
{
    struct result *r = arg;
    const char *first = http_header(rs, "x-TEST", 0), *second = http_header(rs, "X-Test", 1);

    r->error = rs->error;
    r->tls = rs->tls;
    r->status = rs->status;
    r->body_len = rs->body.len;
    snprintf(r->message, sizeof(r->message), "%s", rs->message);
    snprintf(r->first, sizeof(r->first), "%s", first ? first : "(none)");
    snprintf(r->second, sizeof(r->second), "%s", second ? second : "(none)");
    r->has_third = http_header(rs, "X-Test", 2) != NULL;
    while (http_header(rs, "Many", r->n_many))
        r->n_many++;
    loop_quit(loop, 0);
}

static struct result run(struct http_request rq)
{
    struct result r = {0};

    rq.method = "GET";
    assert_int_equal(http_start(http, &rq, on_done, &r, NULL), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(r.message[0] != '\0', r.error != 0);
    return r;
}

static const char *url(const char *scheme, const char *host)
{
    static char text[128];

    snprintf(text, sizeof(text), "%s://%s:%u/", scheme, host, script_port(server));
    return text;
}

static struct result get(const char *text)
{
    start_server(text);
    return run((struct http_request){.url = url("http", "127.0.0.1")});
}

/* ---- fields ---- */

static void fields_of_the_answer(void **state)
{
    struct result r = get("HTTP/1.1 100 Continue\r\nX-Test: interim\r\n\r\n"
                          "HTTP/1.1 200 OK\r\nx-test:  one \t\r\nX-Tests: no\r\nX-Test:\r\n"
                          "Content-Length: 2\r\n\r\nok");

    (void) state;
    assert_int_equal(r.error, 0);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.first, "one");
    assert_string_equal(r.second, "");
    assert_false(r.has_third);
}

static void trailers_do_not_count(void **state)
{
    struct result r = get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "2\r\nok\r\n0\r\nX-Test: late\r\n\r\n");

    (void) state;
    assert_int_equal(r.error, 0);
    assert_int_equal(r.body_len, 2);
    assert_string_equal(r.first, "(none)");
}

static void fields_have_limits(void **state)
{
    static char text[40000];
    size_t len = (size_t) snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n");
    struct result r;

    (void) state;
    for (int i = 0; i < HTTP_FIELDS_MAX; i++)
        len += (size_t) snprintf(text + len, sizeof(text) - len, "Many: %d\r\n", i);
    snprintf(text + len, sizeof(text) - len, "X-Test: over\r\nContent-Length: 0\r\n\r\n");
    r = get(text);
    assert_int_equal(r.error, 0);
    assert_int_equal(r.n_many, HTTP_FIELDS_MAX);
    assert_string_equal(r.first, "(none)");
}

static void big_fields_are_passed_over(void **state)
{
    static char text[40000];
    struct result r;

    (void) state;
    snprintf(text, sizeof(text),
             "HTTP/1.1 200 OK\r\nMany: %0*d\r\nX-Test: small\r\nContent-Length: 0\r\n\r\n",
             HTTP_FIELDS_SIZE, 0);
    r = get(text);
    assert_int_equal(r.error, 0);
    assert_int_equal(r.n_many, 0);
    assert_string_equal(r.first, "small");
}

/* ---- ends ---- */

static void cut_body(void **state)
{
    struct result r = get("HTTP/1.1 201 Created\r\nX-Test: yes\r\nContent-Length: 5\r\n\r\nabc");

    (void) state;
    assert_int_equal(r.error, -EIO);
    assert_int_equal(r.status, 201);
    assert_string_equal(r.first, "yes");
    assert_int_equal(r.body_len, 0);
}

static void cut_body_by_reset(void **state)
{
    struct result r;

    (void) state;
    script_set_reset(server);
    r = get("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc");
    assert_int_equal(r.error, -EIO);
}

static void no_answer_at_all(void **state)
{
    struct result r = get("");

    (void) state;
    assert_int_equal(r.error, -ECONNRESET);
    assert_int_equal(r.status, 0);
}

static void no_http(void **state)
{
    struct result r = get("220 mail.example.org ESMTP\r\n");

    (void) state;
    assert_int_equal(r.error, -EBADMSG);
    assert_int_equal(r.status, 0);
}

/* libcurl takes such an end for one of the connection alone. */
static void a_used_connection_that_ends(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    (void) state;
    script_set_keep(server);
    script_say(server, text);
    script_say(server, "");
    script_say(server, text);
    script_say(server, "");
    script_say(server, text);
    assert_int_equal(script_start(server), 0);
    assert_int_equal(run((struct http_request){.url = url("http", "127.0.0.1")}).error, 0);
    assert_int_equal(run((struct http_request){.url = url("http", "127.0.0.1")}).error, 0);
    assert_int_equal(script_n_requests(server), 3);
    assert_int_equal(
        run((struct http_request){.url = url("http", "127.0.0.1"), .once = true}).error,
        -ECONNRESET);
    assert_int_equal(script_n_requests(server), 4);
}

/* ---- TLS ---- */

/* A certificate for that name, as it was made so many days ago; its CA in ca.pem. */
static void start_tls(const char *name, int days)
{
    const char *list[] = {name, NULL};
    char *ca;

    assert_int_equal(tls_identity_make(list, days, &identity), 0);
    ca = tls_identity_ca(&identity);
    assert_non_null(ca);
    assert_int_equal(script_write(server, "ca.pem", ca), 0);
    free(ca);
    script_set_tls(server, &identity);
    start_server("HTTP/1.1 200 OK\r\nX-Test: secret\r\nContent-Length: 0\r\n\r\n");
}

static struct result get_tls(struct http_request rq)
{
    char path[CHILD_PATH_SIZE];

    rq.url = url("https", "127.0.0.1");
    rq.ca_file = script_path(server, "ca.pem", path);
    return run(rq);
}

static void believed_by_ca_file(void **state)
{
    struct result r;

    (void) state;
    start_tls("127.0.0.1", 0);
    r = get_tls((struct http_request){0});
    assert_int_equal(r.error, 0);
    assert_int_equal(r.tls, HTTP_TLS_FINE);
    assert_string_equal(r.first, "secret");
}

static void assert_tls(struct result r, enum http_tls tls)
{
    assert_int_equal(r.error, -EPROTO);
    assert_int_equal(r.tls, tls);
    assert_int_equal(r.status, 0);
    assert_string_equal(r.first, "(none)");
}

static void expired(void **state)
{
    (void) state;
    start_tls("127.0.0.1", LEAF_DAYS + 2);
    assert_tls(get_tls((struct http_request){0}), HTTP_TLS_EXPIRED);
}

static void not_yet_valid(void **state)
{
    (void) state;
    start_tls("127.0.0.1", -2);
    assert_tls(get_tls((struct http_request){0}), HTTP_TLS_NOT_YET_VALID);
}

static void for_another_name(void **state)
{
    (void) state;
    start_tls("127.0.0.2", 0);
    assert_tls(get_tls((struct http_request){0}), HTTP_TLS_OTHER_NAME);
}

static void unknown_issuer(void **state)
{
    (void) state;
    start_tls("127.0.0.1", 0);
    assert_tls(run((struct http_request){.url = url("https", "127.0.0.1")}),
               HTTP_TLS_UNKNOWN_ISSUER);
}

static void no_tls_there(void **state)
{
    (void) state;
    start_server("220 mail.example.org ESMTP\r\n");
    assert_tls(run((struct http_request){.url = url("https", "127.0.0.1")}), HTTP_TLS_NO_HANDSHAKE);
}

static void any_certificate_will_do(void **state)
{
    struct result r;

    (void) state;
    start_tls("127.0.0.2", LEAF_DAYS + 2);
    r = run((struct http_request){.url = url("https", "127.0.0.1"), .any_certificate = true});
    assert_int_equal(r.error, 0);
    assert_string_equal(r.first, "secret");
}

static void ca_file_that_is_not_there(void **state)
{
    struct result r;

    (void) state;
    start_tls("127.0.0.1", 0);
    r = run((struct http_request){.url = url("https", "127.0.0.1"), .ca_file = "/nowhere.pem"});
    assert_int_equal(r.error, -ENOENT);
    assert_non_null(strstr(r.message, "/nowhere.pem"));
}

/* ---- another place than the URL says ---- */

static void connect_to(void **state)
{
    char there[64], path[CHILD_PATH_SIZE];
    struct http_request rq = {.url = "https://media.example.test/", .connect_to = there};

    (void) state;
    start_tls("media.example.test", 0);
    snprintf(there, sizeof(there), "127.0.0.1:%u", script_port(server));
    rq.ca_file = script_path(server, "ca.pem", path);
    assert_int_equal(run(rq).error, 0);
    /* The certificate is still the URL's. */
    rq.url = "https://other.example.test/";
    assert_tls(run(rq), HTTP_TLS_OTHER_NAME);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(fields_of_the_answer),
        TEST(trailers_do_not_count),
        TEST(fields_have_limits),
        TEST(big_fields_are_passed_over),
        TEST(cut_body),
        TEST(cut_body_by_reset),
        TEST(no_answer_at_all),
        TEST(no_http),
        TEST(a_used_connection_that_ends),
        TEST(believed_by_ca_file),
        TEST(expired),
        TEST(not_yet_valid),
        TEST(for_another_name),
        TEST(unknown_issuer),
        TEST(no_tls_there),
        TEST(any_certificate_will_do),
        TEST(ca_file_that_is_not_there),
        TEST(connect_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
