#include "web_harness.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct answer a;

static int setup(void **state)
{
    (void) state;
    server_start(NULL);
    return 0;
}

static int setup_small(void **state)
{
    static const struct web_limits limits = {.header_bytes = 4096,
                                             .body_bytes = 1000,
                                             .connections = 3,
                                             .per_address = 2,
                                             .request_s = 30,
                                             .idle_s = 50,
                                             .answer_s = 60};

    (void) state;
    server_start(&limits);
    return 0;
}

/* ---- requests and answers ---- */

static void request_is_taken_apart(void **state)
{
    (void) state;
    ask("GET /echo/b%2Fc/?x=1%2B2+3&y HTTP/1.1\r\nHost: h\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "GET /echo/b%2Fc/ n=2 last=b/c x=1+2 3 body=0 client=127.0.0.1\n");
    assert_non_null(strcasestr(a.head, "\r\nContent-Type: text/plain\r\n"));
}

static void every_method_arrives(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"};
    char text[256], expected[256];

    (void) state;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        snprintf(text, sizeof(text), "%s /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
                 methods[i]);
        snprintf(expected, sizeof(expected),
                 "%s /echo n=1 last=echo x=(none) body=3 client=127.0.0.1\n", methods[i]);
        ask(text, &a);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.body, expected);
    }
}

static void head_has_the_length_without_the_body(void **state)
{
    int fd = dial();

    (void) state;
    puts_to(fd, "HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    get_answer_to(fd, &a, true);
    assert_int_equal(a.status, 200);
    assert_true(a.len > 10);
    puts_to(fd, "GET /empty HTTP/1.1\r\nHost: h\r\n\r\n");
    get_answer(fd, &a);
    assert_int_equal(a.status, 204);
    close(fd);
}

static void bad_paths_are_refused(void **state)
{
    static const char *const paths[] = {"/a%00b", "/a%0Ab", "/a%zz", "/%ff", "/a%"};

    (void) state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        ask_path(paths[i], &a);
        assert_int_equal(a.status, 400);
    }
}

static void connection_is_kept_and_pipelined(void **state)
{
    int fd = dial();

    (void) state;
    for (int i = 0; i < 3; i++) {
        puts_to(fd, "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
        get_answer(fd, &a);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.body, "hi");
        assert_null(strcasestr(a.head, "Connection: close"));
    }
    puts_to(fd, "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
                "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"
                "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nthree");
    get_answer(fd, &a);
    assert_string_equal(a.body, "one");
    get_answer(fd, &a);
    assert_memory_equal(a.body, "GET /echo", 9);
    get_answer(fd, &a);
    assert_string_equal(a.body, "three");
    close(fd);
}

static void body_comes_in_chunks(void **state)
{
    (void) state;
    ask("POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n",
        &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "abcdefgh");
}

static void many_headers_and_no_forged_ones(void **state)
{
    (void) state;
    ask_path("/headers", &a);
    assert_int_equal(a.status, 201);
    assert_string_equal(a.body, "1");
    assert_non_null(strstr(a.head, "X-Many-0: value"));
    assert_non_null(strstr(a.head, "X-Many-99: value"));
    assert_null(strstr(a.head, "Forged"));
}

static void basic_credentials(void **state)
{
    (void) state;
    ask_path("/auth", &a);
    assert_int_equal(a.status, 401);
    ask("GET /auth HTTP/1.1\r\nHost: h\r\nAuthorization: Basic "
        "T1BFTlZJRFVBUFA6TVlfU0VDUkVU\r\n\r\n",
        &a);
    assert_int_equal(a.status, 200);
    ask("GET /auth HTTP/1.1\r\nHost: h\r\nAuthorization: Basic "
        "T1BFTlZJRFVBUFA6TVlfU0VDUkVV\r\n\r\n",
        &a);
    assert_int_equal(a.status, 401);
}

static void big_answer_arrives_whole(void **state)
{
    (void) state;
    ask_path("/big", &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, BIG_SIZE);
}

/* ---- answers that come later ---- */

static void wait_until_kept(void)
{
    do
        ask_path("/is-kept", &a);
    while (strcmp(a.body, "yes") != 0);
}

static void answer_comes_later(void **state)
{
    int fd = dial();

    (void) state;
    for (int i = 0; i < 2; i++) {
        puts_to(fd, "POST /keep HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
        wait_until_kept();
        ask_path("/release", &a);
        assert_string_equal(a.body, "released");
        get_answer(fd, &a);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.body, "kept");
    }
    close(fd);
}

static void client_leaves_before_the_answer(void **state)
{
    int fd = dial();

    (void) state;
    puts_to(fd, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_until_kept();
    close(fd);
    ask_path("/release", &a);
    assert_string_equal(a.body, "released");
    ask_path("/echo", &a);
    assert_int_equal(a.status, 200);
}

static void client_leaves_within_its_request(void **state)
{
    int fd = dial();

    (void) state;
    puts_to(fd, "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhi");
    close(fd);
    fd = dial();
    puts_to(fd, "POST /body HTTP/1.1\r\nHos");
    close(fd);
    fd = dial();
    puts_to(fd, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    close(fd);
    ask_path("/echo", &a);
    assert_int_equal(a.status, 200);
}

static void unanswered_request_gets_504(void **state)
{
    int fd = dial();

    (void) state;
    puts_to(fd, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_until_kept();
    ask_path("/clock?add=61", &a);
    get_answer(fd, &a);
    assert_int_equal(a.status, 504);
    close(fd);
    /* The handler's own answer is too late, and harmless. */
    ask_path("/release", &a);
    assert_string_equal(a.body, "released");
}

static void stopping_answers_503(void **state)
{
    int fd = dial();

    (void) state;
    puts_to(fd, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_until_kept();
    server_stop(NULL);
    get_answer(fd, &a);
    assert_int_equal(a.status, 503);
    close(fd);
}

/* ---- limits ---- */

static void body_over_the_limit(void **state)
{
    static char body[6000];
    char chunk[16];
    int fd = dial();

    (void) state;
    puts_to(fd, "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
    get_answer(fd, &a);
    assert_int_equal(a.status, 413);
    close(fd);

    memset(body, 'x', sizeof(body));
    fd = dial();
    puts_to(fd, "POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    snprintf(chunk, sizeof(chunk), "%x\r\n", 1001);
    puts_to(fd, chunk);
    put(fd, body, 1001);
    puts_to(fd, "\r\n0\r\n\r\n");
    get_answer(fd, &a);
    assert_int_equal(a.status, 413);
    /* The connection can be used again. */
    puts_to(fd, "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
    put(fd, body, 1000);
    get_answer(fd, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 1000);
    close(fd);

    /* Far over the limit nobody reads any more. */
    fd = dial();
    puts_to(fd, "POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1770\r\n");
    put(fd, body, 6000);
    assert_true(at_end(fd));
    close(fd);
}

static void head_over_the_limit(void **state)
{
    static char filler[6000], text[7000];

    (void) state;
    memset(filler, 'a', sizeof(filler) - 1);
    snprintf(text, sizeof(text), "GET /echo HTTP/1.1\r\nHost: h\r\nX: %s\r\n\r\n", filler);
    ask(text, &a);
    assert_int_equal(a.status, 431);
    snprintf(text, sizeof(text), "GET /%s HTTP/1.1\r\nHost: h\r\n\r\n", filler);
    ask(text, &a);
    assert_int_equal(a.status, 414);
}

/* Also on those that no handler has seen. */
static void every_answer_has_the_headers_of_all(void **state)
{
    static const struct {
        const char *text;
        unsigned status;
    } cases[] = {
        {"GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", 200},
        {"GET /empty HTTP/1.1\r\nHost: h\r\n\r\n", 204},
        {"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", 413},
        {"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"
         "\r\n1\r\nx\r\n0\r\n\r\n",
         400},
    };
    static char filler[4096], text[5000];

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(cases[i].text, &a);
        assert_int_equal(a.status, cases[i].status);
        assert_non_null(strcasestr(a.head, "\r\nX-Always: yes\r\n"));
    }
    memset(filler, 'a', sizeof(filler) - 1);
    snprintf(text, sizeof(text), "GET /echo HTTP/1.1\r\nHost: h\r\nX: %s\r\n\r\n", filler);
    ask(text, &a);
    assert_int_equal(a.status, 431);
    assert_non_null(strcasestr(a.head, "\r\nX-Always: yes\r\n"));
    filler[4000] = '\0'; /* with what belongs to it it fits just so */
    snprintf(text, sizeof(text), "GET /echo HTTP/1.1\r\nHost: h\r\nX: %s\r\n\r\n", filler);
    ask(text, &a);
    assert_int_equal(a.status, 200);
    memset(filler, 'a', sizeof(filler) - 1);
    snprintf(text, sizeof(text), "GET /%s0 HTTP/1.1\r\nHost: h\r\n\r\n", filler);
    ask(text, &a);
    assert_int_equal(a.status, 414);
    assert_non_null(strcasestr(a.head, "\r\nX-Always: yes\r\n"));
}

static void connections_over_the_limit_are_closed(void **state)
{
    int fds[3], fd;

    (void) state;
    for (int i = 0; i < 3; i++) {
        fds[i] = dial();
        puts_to(fds[i], "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
        get_answer(fds[i], &a);
        assert_int_equal(a.status, 200);
    }
    fd = dial();
    assert_true(at_end(fd));
    close(fd);
    close(fds[0]);
    do
        ask_path("/echo", &a);
    while (a.status == 0);
    assert_int_equal(a.status, 200);
    close(fds[1]);
    close(fds[2]);
}

/* Behind the proxy, by X-Real-IP; two at a time. */
static void requests_of_one_address_are_limited(void **state)
{
    static const char keep[] =
        "GET /keep HTTP/1.1\r\nHost: h\r\nX-Real-IP: 2001:db8:0:1::%d\r\n\r\n";
    char text[256];
    int fds[3];

    (void) state;
    for (int i = 0; i < 3; i++) {
        fds[i] = dial_proxy();
        snprintf(text, sizeof(text), keep, i + 1);
        puts_to(fds[i], text);
    }
    get_answer(fds[2], &a);
    assert_int_equal(a.status, 429);
    close(fds[2]);
    do {
        fds[2] = dial_proxy();
        puts_to(fds[2], "GET /echo HTTP/1.1\r\nHost: h\r\nX-Real-IP: 2001:db8:0:2::1\r\n\r\n");
        get_answer(fds[2], &a);
        close(fds[2]);
    } while (a.status == 0);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "client=2001:db8:0:2::1\n"));
    close(fds[0]);
    close(fds[1]);
}

static void only_the_proxy_is_believed(void **state)
{
    int fd = dial_proxy();

    (void) state;
    ask("GET /echo HTTP/1.1\r\nHost: h\r\nX-Real-IP: 192.0.2.1\r\n\r\n", &a);
    assert_non_null(strstr(a.body, "client=127.0.0.1\n"));
    puts_to(fd, "GET /echo HTTP/1.1\r\nHost: h\r\nX-Real-IP: 192.0.2.1\r\n\r\n");
    get_answer(fd, &a);
    assert_non_null(strstr(a.body, "client=192.0.2.1\n"));
    puts_to(fd, "GET /echo HTTP/1.1\r\nHost: h\r\nX-Real-IP: somebody\r\n\r\n");
    get_answer(fd, &a);
    assert_non_null(strstr(a.body, "client=none\n"));
    close(fd);
}

static void slow_requests_are_cut(void **state)
{
    static const char *const starts[] = {
        "GET /echo HTTP/1.1\r\nHost: h\r\nX-Sl",
        "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc",
        "G",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        int fd = dial();

        puts_to(fd, starts[i]);
        /* So that the server has seen the start before its clock moves. */
        ask_path("/echo", &a);
        ask_path("/echo", &a);
        ask_path(i < 2 ? "/clock?add=31" : "/clock?add=51", &a);
        assert_true(at_end(fd));
        close(fd);
    }
    ask_path("/echo", &a);
    assert_int_equal(a.status, 200);
}

/* A connection that comes while there are no descriptors is taken when there are. */
static void waits_for_descriptors(void **state)
{
    struct rlimit old, none;
    int fd = dial();
    int next;

    (void) state;
    puts_to(fd, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    get_answer(fd, &a);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    next = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    none = old;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    dial_on(next);
    /* The server goes on with those that it has. */
    for (int i = 0; i < 3; i++) {
        puts_to(fd, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
        get_answer(fd, &a);
        assert_int_equal(a.status, 200);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    puts_to(next, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    get_answer(next, &a);
    assert_int_equal(a.status, 200);
    close(next);
    close(fd);
}

static void reader_that_stops_is_cut(void **state)
{
    static char buf[65536];
    size_t total = 0, n;
    int fd = dial_narrow();

    (void) state;
    puts_to(fd, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    get(fd, buf, 10);
    ask_path("/clock?add=3600", &a);
    ask_path("/clock?add=3600", &a);
    for (int i = 0; i < 2; i++) {
        /* Two sweeps later the server has certainly looked. */
        int idle = dial();

        ask_path("/clock?add=3600", &a);
        assert_true(at_end(idle));
        close(idle);
    }
    while ((n = get(fd, buf, sizeof(buf))) > 0)
        total += n;
    assert_true(total < BIG_SIZE);
    close(fd);
}

/* ---- files ---- */

static void write_file(const char *name, const char *text)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", server.dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int setup_files(void **state)
{
    char path[256];

    setup(state);
    snprintf(server.dir, sizeof(server.dir), "/tmp/visavis-web-XXXXXX");
    assert_non_null(mkdtemp(server.dir));
    write_file("index.html", "<p>index</p>");
    write_file("a b.js", "let a;");
    write_file(".secret", "secret");
    snprintf(path, sizeof(path), "%s/sub", server.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    write_file("sub/index.html", "sub index");
    write_file("sub/data.bin", "");
    snprintf(path, sizeof(path), "%s/link", server.dir);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof(path), "%s/up", server.dir);
    assert_int_equal(symlink("/etc", path), 0);
    snprintf(path, sizeof(path), "%s/fifo", server.dir);
    assert_int_equal(mkfifo(path, 0644), 0);
    return 0;
}

static int teardown_files(void **state)
{
    static const char *const names[] = {"index.html",   "a b.js", ".secret", "sub/index.html",
                                        "sub/data.bin", "link",   "up",      "fifo"};
    char path[256];

    server_stop(state);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", server.dir, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/sub", server.dir);
    rmdir(path);
    return rmdir(server.dir);
}

static void files_are_served(void **state)
{
    (void) state;
    ask_path("/file", &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "<p>index</p>");
    assert_non_null(strcasestr(a.head, "Content-Type: text/html"));
    ask_path("/file/a%20b.js", &a);
    assert_string_equal(a.body, "let a;");
    assert_non_null(strcasestr(a.head, "Content-Type: text/javascript"));
    ask_path("/file/sub/", &a);
    assert_string_equal(a.body, "sub index");
    assert_non_null(strcasestr(a.head, "Content-Type: text/html"));
    ask_path("/file/sub/data.bin", &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 0);
    assert_non_null(strcasestr(a.head, "application/octet-stream"));
}

static void other_names_are_not_found(void **state)
{
    static const char *const paths[] = {
        "/file/none",
        "/file/sub",
        "/file/.secret",
        "/file/link",
        "/file/up/passwd",
        "/file/fifo",
        "/file/../x",
        "/file/%2e%2e/x",
        "/file/sub/../../x",
        "/file//etc/passwd",
        "/file/sub//index.html",
        "/file/index.html/",
        "/file/index.html/x",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        ask_path(paths[i], &a);
        assert_int_equal(a.status, 404);
    }
    ask_path("/file/..%2f..%2fetc%2fpasswd", &a);
    assert_int_equal(a.status, 400);
}

static void file_is_not_sent_twice(void **state)
{
    char text[512], etag[128];
    const char *at;

    (void) state;
    ask_path("/file/index.html", &a);
    at = strcasestr(a.head, "\r\nETag: ");
    assert_non_null(at);
    snprintf(etag, sizeof(etag), "%.*s", (int) strcspn(at + 8, "\r"), at + 8);
    snprintf(text, sizeof(text),
             "GET /file/index.html HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"x\", W/%s\r\n\r\n",
             etag);
    ask(text, &a);
    assert_int_equal(a.status, 304);
    assert_non_null(strstr(a.head, etag));
    write_file("index.html", "<p>other</p>.");
    ask(text, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "<p>other</p>.");
    ask("POST /file/index.html HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", &a);
    assert_int_equal(a.status, 405);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, server_stop)
#define TEST_SMALL(name) cmocka_unit_test_setup_teardown(name, setup_small, server_stop)
#define TEST_FILES(name) cmocka_unit_test_setup_teardown(name, setup_files, teardown_files)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(request_is_taken_apart),
        TEST(every_method_arrives),
        TEST(head_has_the_length_without_the_body),
        TEST(bad_paths_are_refused),
        TEST(connection_is_kept_and_pipelined),
        TEST(body_comes_in_chunks),
        TEST(many_headers_and_no_forged_ones),
        TEST(basic_credentials),
        TEST(big_answer_arrives_whole),
        TEST(answer_comes_later),
        TEST(client_leaves_before_the_answer),
        TEST(client_leaves_within_its_request),
        TEST(unanswered_request_gets_504),
        TEST(stopping_answers_503),
        TEST_SMALL(body_over_the_limit),
        TEST_SMALL(head_over_the_limit),
        TEST_SMALL(every_answer_has_the_headers_of_all),
        TEST_SMALL(connections_over_the_limit_are_closed),
        TEST_SMALL(requests_of_one_address_are_limited),
        TEST(only_the_proxy_is_believed),
        TEST_SMALL(slow_requests_are_cut),
        TEST(waits_for_descriptors),
        TEST(reader_that_stops_is_cut),
        TEST_FILES(files_are_served),
        TEST_FILES(other_names_are_not_found),
        TEST_FILES(file_is_not_sent_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
