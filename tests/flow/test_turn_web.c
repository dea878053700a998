/* The web port: behind a proxy's header and TLS there is TURN, or HTTP that is handed to the site.
 */
#include "turn_tls.h"

#include <sys/un.h>

#define CLIENT "203.0.113.5:40000"
#define HEADER "PROXY TCP4 203.0.113.5 127.0.0.1 40000 443\r\n"
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static struct server_under_test server;
static struct stream_client a;
static struct tls_files files;
static SSL_CTX *ctx;
static char site_path[96];
static int site_listener;
static int site; /* the connection that it accepted */

static int listen_unix(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

/* What nginx would connect for us; its TLS client is ready for tls_handshake(). */
static void web_connect(struct stream_client *sc, const char *header)
{
    int pair[2];

    memset(sc, 0, sizeof(*sc));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    worker_add_web(&server.worker, pair[1]);
    sc->c.server = &server;
    sc->c.fd = pair[0];
    assert_int_equal(addr_parse(CLIENT, &sc->c.addr), 0);
    sc->c.send = stream_send;
    sc->c.receive = stream_receive;
    client_set_user_of_today(&sc->c);
    stream_put_raw(sc, bytes_str(header));
    tls_begin(sc, ctx);
}

static int setup(void **state)
{
    struct turn_config config = default_config("127.0.0.1");

    (void) state;
    tls_files_make(&files);
    tls_files_write(&files, "one.example");
    snprintf(site_path, sizeof(site_path), "%s/site.sock", files.folder);
    site_listener = listen_unix(site_path);
    site = -1;
    config.web_backend = site_path;
    server_start(&server, &config);
    server_take_certificate(&server, &files);
    ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    web_connect(&a, HEADER);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    if (site >= 0)
        close(site);
    if (site_listener >= 0)
        close(site_listener);
    (void) unlink(site_path);
    tls_close(&a);
    SSL_CTX_free(ctx);
    server_end(&server);
    tls_files_remove(&files);
    return 0;
}

/* What comes next at the site: exactly this. */
static void site_expect(const char *text)
{
    char buf[4096];
    size_t len = 0;

    while (len < strlen(text)) {
        ssize_t n;

        await_readable(&server, site);
        n = recv(site, buf + len, strlen(text) - len, 0);
        assert_true(n > 0);
        len += (size_t) n;
    }
    assert_memory_equal(buf, text, len);
}

static void site_expect_end(void)
{
    char byte;

    await_readable(&server, site);
    assert_int_equal(recv(site, &byte, 1, 0), 0);
}

static void site_accept(void)
{
    await_readable(&server, site_listener);
    site = accept4(site_listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(site >= 0);
}

static void site_say(const char *text)
{
    assert_int_equal(send(site, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void client_expect(struct stream_client *sc, const char *text)
{
    while (sc->rx_len < strlen(text)) {
        assert_false(sc->ended);
        await_readable(&server, sc->c.fd);
        sc->read(sc);
    }
    assert_int_equal(sc->rx_len, strlen(text));
    assert_memory_equal(sc->rx, text, sc->rx_len);
    sc->rx_len = 0;
}

/* A request that has come to the site. */
static void begin_http(void)
{
    assert_true(tls_handshake(&a, 0));
    a.write(&a, bytes_str(GET));
    site_accept();
    site_expect(HEADER GET);
}

static void await_no_pass(void)
{
    for (int i = 0; i < 5000 && passes_count(server.worker.passes) > 0; i++)
        let_run(&server);
    assert_int_equal(passes_count(server.worker.passes), 0);
}

static void test_turn(void **state)
{
    struct wr w;

    (void) state;
    assert_true(tls_handshake(&a, 0));
    w = client_request(&a.c, STUN_BINDING);
    assert_int_equal(client_exchange_unsigned(&a.c, &w), 0);
    assert_true(addr_eq(&a.c.reply.xor_mapped, &a.c.addr));
    stream_exchange_data(&a, "127.0.0.1", AF_INET);
    assert_int_equal(counted(&server, STAT_ALLOCATIONS_MADE + TRANSPORT_TLS), 1);
    assert_int_equal(passes_count(server.worker.passes), 0);
}

static void test_header_byte_by_byte(void **state)
{
    (void) state;
    tls_close(&a);
    web_connect(&a, "");
    for (size_t i = 0; i < strlen(HEADER); i++) {
        stream_put_raw(&a, bytes_of(&HEADER[i], 1));
        let_run(&server);
    }
    assert_true(tls_handshake(&a, 1));
    client_expect_silence(&a.c);
}

/* Header, hello and what follows come as they like. */
static void test_header_and_hello_at_once(void **state)
{
    uint8_t buf[4096];
    int n;

    (void) state;
    tls_close(&a);
    web_connect(&a, "");
    memcpy(buf, HEADER, strlen(HEADER));
    assert_int_equal(SSL_do_handshake(a.tls), -1);
    n = BIO_read(SSL_get_wbio(a.tls), buf + strlen(HEADER), (int) (sizeof(buf) - strlen(HEADER)));
    assert_true(n > 0);
    stream_put_raw(&a, bytes_of(buf, strlen(HEADER) + (size_t) n));
    assert_true(tls_handshake(&a, 0));
    client_expect_silence(&a.c);
}

static void test_wrong_headers(void **state)
{
    static const char *const headers[] = {"GET / HTTP/1.1\r\n\r\n", "PROXY UNKNOWN\r\n",
                                          "PROXY TCP4 a b c d\r\n", "\x16\x03\x01"};

    (void) state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct stream_client other;

        web_connect(&other, headers[i]);
        assert_false(tls_handshake(&other, 0));
        assert_true(other.ended);
        tls_close(&other);
    }
    assert_true(tls_handshake(&a, 0));
    client_expect_silence(&a.c);
}

static void test_header_takes_too_long(void **state)
{
    (void) state;
    tls_close(&a);
    let_run(&server);
    web_connect(&a, "PROXY TCP4 ");
    let_run(&server);
    at_s(10);
    conns_sweep(server.worker.conns);
    assert_true(stream_has_ended(&a));
    assert_int_equal(counted(&server, STAT_CONNECTIONS_DROPPED), 1);
}

static void test_http(void **state)
{
    (void) state;
    begin_http();
    let_run(&server);
    assert_int_equal(passes_count(server.worker.passes), 1);
    assert_int_equal(conns_count(server.worker.conns), 0);
    site_say("HTTP/1.1 200 OK\r\n\r\n");
    client_expect(&a, "HTTP/1.1 200 OK\r\n\r\n");
    a.write(&a, bytes_str("more")); /* as a WebSocket's frames: both ways, again and again */
    site_expect("more");
    site_say("and more");
    client_expect(&a, "and more");
    close(site);
    site = -1;
    stream_await_end(&a);
    assert_int_equal(SSL_get_shutdown(a.tls), SSL_RECEIVED_SHUTDOWN);
    assert_int_equal(a.rx_len, 0);
    tls_close(&a);
    await_no_pass();
    web_connect(&a, HEADER);
}

/* The client has nothing more to say, the site has. */
static void test_half_close(void **state)
{
    (void) state;
    begin_http();
    assert_int_equal(SSL_shutdown(a.tls), 0);
    tls_push(&a, 0);
    site_expect_end();
    site_say("late");
    while (a.rx_len < 4) {
        await_readable(&server, a.c.fd);
        a.read(&a);
    }
    assert_memory_equal(a.rx, "late", 4);
    close(site);
    site = -1;
    stream_await_end(&a);
    await_no_pass();
}

/* All at once: the request, and that there will be no more. */
static void test_request_and_end_at_once(void **state)
{
    (void) state;
    assert_true(tls_handshake(&a, 0));
    assert_int_equal(SSL_write(a.tls, GET, (int) strlen(GET)), strlen(GET));
    assert_int_equal(SSL_shutdown(a.tls), 0);
    tls_push(&a, 0);
    site_accept();
    site_expect(HEADER GET);
    site_expect_end();
    site_say("x");
    close(site);
    site = -1;
    stream_await_end(&a);
    await_no_pass();
}

static void test_client_is_gone(void **state)
{
    (void) state;
    begin_http();
    tls_close(&a);
    site_expect_end();
    (void) send(site, "x", 1, MSG_NOSIGNAL); /* for nobody */
    await_no_pass();
    web_connect(&a, HEADER);
}

static void test_no_site(void **state)
{
    static const char start[] = "HTTP/1.1 502 Bad Gateway\r\n";

    (void) state;
    close(site_listener);
    site_listener = -1;
    assert_true(tls_handshake(&a, 0));
    log_set_level((enum log_level) 0);
    a.write(&a, bytes_str(GET));
    stream_await_end(&a);
    assert_true(a.rx_len > strlen(start));
    assert_memory_equal(a.rx, start, strlen(start));
    assert_int_equal(passes_count(server.worker.passes), 1); /* the client may still be sending */
    at_s(5);
    passes_sweep(server.worker.passes);
    assert_int_equal(passes_count(server.worker.passes), 0);
}

static void test_too_many_of_a_host(void **state)
{
    static const char start[] = "HTTP/1.1 503 Service Unavailable\r\n";
    const struct addr client = a.c.addr;
    int fds[PASS_PER_HOST], pair[2];

    (void) state;
    for (size_t i = 0; i < PASS_PER_HOST; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                         0);
        fds[i] = pair[0];
        passes_add(server.worker.passes, (struct wire){.fd = pair[1]}, &client, &client,
                   bytes_str(GET), false);
        let_run(&server);
        close(accept4(site_listener, NULL, NULL, SOCK_CLOEXEC));
    }
    assert_true(tls_handshake(&a, 0));
    a.write(&a, bytes_str(GET));
    stream_await_end(&a);
    assert_memory_equal(a.rx, start, strlen(start));
    assert_int_equal(counted(&server, STAT_CONNECTIONS_REFUSED), 1);
    for (size_t i = 0; i < PASS_PER_HOST; i++)
        close(fds[i]);
}

/* What the n-th byte of a long transfer is. */
static uint8_t nth(size_t n)
{
    return (uint8_t) (n * 7 + n / 251);
}

#define MUCH (3 * 1024 * 1024 + 17)

/* Nobody reads for a while: what is sent is not taken any more; then all of it arrives. */
static void test_much_to_the_site(void **state)
{
    static uint8_t chunk[8192], buf[65536];
    size_t sent = 0, received = 0, stuck = 0;

    (void) state;
    begin_http();
    while (received < MUCH) {
        if (sent < MUCH && stuck < 20) {
            size_t n = MUCH - sent < sizeof(chunk) ? MUCH - sent : sizeof(chunk);
            uint8_t out[sizeof(chunk) + 512];
            int len;

            for (size_t i = 0; i < n; i++)
                chunk[i] = nth(sent + i);
            assert_int_equal(SSL_write(a.tls, chunk, (int) n), n);
            sent += n;
            while ((len = BIO_read(SSL_get_wbio(a.tls), out, sizeof(out))) > 0) {
                for (ssize_t at = 0, m; at < len; at += m) {
                    m = send(a.c.fd, out + at, (size_t) (len - at), MSG_NOSIGNAL);
                    if (m >= 0)
                        continue;
                    m = 0;
                    let_run(&server);
                    stuck++;
                    if (stuck >= 20 && received == 0)
                        assert_true(sent < MUCH); /* not all of it is kept by us */
                    if (stuck >= 20) {
                        ssize_t got = recv(site, buf, sizeof(buf), 0);

                        for (ssize_t i = 0; i < got; i++)
                            assert_int_equal(buf[i], nth(received++));
                    }
                }
            }
            continue;
        }
        stuck = sent < MUCH ? 0 : stuck;
        await_readable(&server, site);
        {
            ssize_t got = recv(site, buf, sizeof(buf), 0);

            assert_true(got > 0);
            for (ssize_t i = 0; i < got; i++)
                assert_int_equal(buf[i], nth(received++));
        }
    }
    assert_int_equal(received, MUCH);
}

static void test_much_to_the_client(void **state)
{
    static uint8_t chunk[65536];
    size_t sent = 0, received = 0, at_stop = 0;

    (void) state;
    begin_http();
    for (int stuck = 0; stuck < 20;) {
        size_t n = MUCH - sent < sizeof(chunk) ? MUCH - sent : sizeof(chunk);
        ssize_t m;

        for (size_t i = 0; i < n; i++)
            chunk[i] = nth(sent + i);
        m = send(site, chunk, n, MSG_NOSIGNAL);
        if (m > 0)
            sent += (size_t) m;
        let_run(&server);
        stuck = m > 0 ? 0 : stuck + 1;
    }
    at_stop = sent;
    assert_true(at_stop < MUCH);
    while (received < MUCH) {
        size_t n = MUCH - sent < sizeof(chunk) ? MUCH - sent : sizeof(chunk);
        ssize_t m;

        for (size_t i = 0; i < n; i++)
            chunk[i] = nth(sent + i);
        m = n > 0 ? send(site, chunk, n, MSG_NOSIGNAL) : 0;
        if (m > 0)
            sent += (size_t) m;
        if (sent == MUCH && site >= 0) {
            close(site); /* behind all that */
            site = -1;
        }
        await_readable(&server, a.c.fd);
        a.read(&a);
        for (size_t i = 0; i < a.rx_len; i++)
            assert_int_equal(a.rx[i], nth(received++));
        a.rx_len = 0;
    }
    stream_await_end(&a);
    assert_int_equal(received, MUCH);
}

/* The site ends without having read all: its answer arrives. */
static void test_early_answer(void **state)
{
    static const uint8_t body[16384];

    (void) state;
    begin_http();
    for (int i = 0; i < 4; i++)
        a.write(&a, bytes_of(body, sizeof(body)));
    let_run(&server);
    site_say("HTTP/1.1 413 Too Large\r\n\r\n");
    close(site);
    site = -1;
    for (int i = 0; i < 4; i++)
        a.write(&a, bytes_of(body, sizeof(body)));
    stream_await_end(&a);
    assert_int_equal(a.rx_len, strlen("HTTP/1.1 413 Too Large\r\n\r\n"));
    assert_memory_equal(a.rx, "HTTP/1.1 413 Too Large\r\n\r\n", a.rx_len);
}

static void test_stalled(void **state)
{
    static uint8_t chunk[65536];
    ssize_t m = 1;

    (void) state;
    begin_http();
    for (int stuck = 0; stuck<20; stuck = m> 0 ? 0 : stuck + 1) {
        m = send(site, chunk, sizeof(chunk), MSG_NOSIGNAL);
        let_run(&server);
    }
    at_s(59);
    passes_sweep(server.worker.passes);
    assert_int_equal(passes_count(server.worker.passes), 1);
    at_s(60);
    passes_sweep(server.worker.passes);
    assert_int_equal(passes_count(server.worker.passes), 0);
}

/* TURN that turns into something else is no HTTP. */
static void test_http_after_turn(void **state)
{
    (void) state;
    assert_true(tls_handshake(&a, 0));
    client_expect_silence(&a.c);
    a.write(&a, bytes_str(GET));
    stream_await_end(&a);
    assert_int_equal(passes_count(server.worker.passes), 0);
}

static void test_server_ends(void **state)
{
    (void) state;
    begin_http();
    site_say("some");
    assert_int_equal(passes_count(server.worker.passes), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_turn),
        TEST(test_header_byte_by_byte),
        TEST(test_header_and_hello_at_once),
        TEST(test_wrong_headers),
        TEST(test_header_takes_too_long),
        TEST(test_http),
        TEST(test_half_close),
        TEST(test_request_and_end_at_once),
        TEST(test_client_is_gone),
        TEST(test_no_site),
        TEST(test_too_many_of_a_host),
        TEST(test_much_to_the_site),
        TEST(test_much_to_the_client),
        TEST(test_early_answer),
        TEST(test_stalled),
        TEST(test_http_after_turn),
        TEST(test_server_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
