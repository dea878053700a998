/* TURN over TLS on loopback: versions, protocols, certificates that change, and clients that do not
 * finish their handshake. */
#include "turn_tls.h"

static struct server_under_test server;
static struct stream_client a;
static struct tls_files files;
static SSL_CTX *ctx;

static int start(const char *own_ip)
{
    struct turn_config config = stream_config(TRANSPORT_TLS, own_ip);

    tls_files_make(&files);
    tls_files_write(&files, "one.example");
    server_start(&server, &config);
    server_take_certificate(&server, &files);
    ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    tls_connect(&a, &server, ctx, own_ip, 0);
    return 0;
}

static int setup(void **state)
{
    (void) state;
    return start("127.0.0.1");
}

static int setup_v6(void **state)
{
    (void) state;
    return start("::1");
}

static int teardown(void **state)
{
    (void) state;
    tls_close(&a);
    SSL_CTX_free(ctx);
    server_end(&server);
    tls_files_remove(&files);
    return 0;
}

static size_t n_connections(void)
{
    return conns_count(server.worker.conns);
}

/* Another connection of the same client. */
static void reconnect(void)
{
    tls_close(&a);
    tls_connect(&a, &server, ctx, "127.0.0.1", 0);
}

static void test_data_v4(void **state)
{
    (void) state;
    assert_true(tls_handshake(&a, 0));
    assert_string_equal(SSL_get_version(a.tls), "TLSv1.3");
    stream_exchange_data(&a, "127.0.0.1", AF_INET);
}

static void test_data_v6(void **state)
{
    (void) state;
    assert_true(tls_handshake(&a, 0));
    stream_exchange_data(&a, "::1", AF_INET6);
}

static void test_versions(void **state)
{
    static const struct {
        int version;
        bool served;
    } rows[] = {
        {TLS1_VERSION, false},
        {TLS1_1_VERSION, false},
        {TLS1_2_VERSION, true},
        {TLS1_3_VERSION, true},
    };

    (void) state;
    SSL_CTX_set_security_level(ctx, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(SSL_CTX_set_min_proto_version(ctx, 0), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(ctx, rows[i].version), 1);
        assert_int_equal(SSL_CTX_set_min_proto_version(ctx, rows[i].version), 1);
        reconnect();
        assert_int_equal(tls_handshake(&a, 0), rows[i].served);
        if (rows[i].served)
            stream_exchange_data(&a, "127.0.0.1", AF_INET);
    }
}

static void test_protocols(void **state)
{
    static const struct {
        const char *offered, *selected; /* NULL: refused */
    } rows[] = {
        {"\x09stun.turn", "stun.turn"},
        {"\x12stun.nat-discovery", "stun.nat-discovery"},
        {"\x02h2\x09stun.turn\x08http/1.1", "stun.turn"},
        {"\x02h2\x08http/1.1", NULL},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const unsigned char *selected;
        unsigned len;

        reconnect();
        assert_int_equal(SSL_set_alpn_protos(a.tls, (const unsigned char *) rows[i].offered,
                                             (unsigned) strlen(rows[i].offered)),
                         0);
        assert_int_equal(tls_handshake(&a, 0), rows[i].selected != NULL);
        SSL_get0_alpn_selected(a.tls, &selected, &len);
        assert_true(bytes_eq_str(bytes_of(selected, len), rows[i].selected));
    }
}

static void test_handshake_byte_by_byte(void **state)
{
    struct wr w;
    size_t len;

    (void) state;
    assert_true(tls_handshake(&a, 1));
    w = client_request(&a.c, STUN_BINDING);
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(SSL_write(a.tls, a.c.tx, (int) len), len);
    tls_push(&a, 1);
    assert_int_equal(client_await(&a.c, STUN_BINDING), 0);
}

/* Messages do not care about records: some in one, and one in some. */
static void test_records(void **state)
{
    struct addr peer, relayed, from;
    uint8_t stream[64];
    struct wr w = wr_init(stream, sizeof(stream));
    char buf[64];
    int fd;

    (void) state;
    assert_true(tls_handshake(&a, 0));
    fd = stream_with_channel(&a, "127.0.0.1", &peer, &relayed);
    wr_bytes(&w, bytes_of("\x40\x01\x00\x03"
                          "abc\0"
                          "\x40\x01\x00\x04"
                          "defg",
                          16));
    a.write(&a, bytes_of(stream, wr_len(&w)));
    assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), 3);
    assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), 4);
    for (size_t i = 0; i < wr_len(&w); i++)
        a.write(&a, bytes_of(stream + i, 1));
    assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), 3);
    assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), 4);
    assert_string_equal(buf, "defg");
    close(fd);
}

/* Many packets to a client that reads when it likes: those that are not lost come whole. */
static void test_slow_reader(void **state)
{
    static char text[1001];
    struct addr peer, relayed;
    struct bytes data;
    uint16_t channel;
    size_t n = 0;
    int fd;

    (void) state;
    tls_close(&a);
    tls_connect(&a, &server, ctx, "127.0.0.1", 4096);
    assert_true(tls_handshake(&a, 0));
    fd = stream_with_channel(&a, "127.0.0.1", &peer, &relayed);
    memset(text, 'x', sizeof(text) - 1);
    while (counted(&server, STAT_PACKETS_LOST) == 0) {
        for (int i = 0; i < 20; i++)
            send_to(fd, &relayed, text);
        let_run(&server);
    }
    for (;;) {
        assert_int_equal(chandata_decode(client_receive(&a.c), &channel, &data), 0);
        if (bytes_eq_str(data, "last"))
            break;
        assert_true(bytes_eq_str(data, text));
        if (++n == 40)
            send_to(fd, &relayed, "last");
    }
    client_expect_silence(&a.c);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_DROPPED), 0);
    close(fd);
}

static void test_ends(void **state)
{
    (void) state;
    assert_true(tls_handshake(&a, 0));
    assert_int_equal(client_allocate(&a.c), 0);
    assert_int_equal(SSL_shutdown(a.tls), 0);
    tls_push(&a, 0);
    stream_await_end(&a);
    assert_int_equal(SSL_get_shutdown(a.tls), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(n_connections(), 0);
}

static void test_not_tls(void **state)
{
    static const char *const texts[] = {"GET / HTTP/1.1\r\n\r\n",
                                        "\x16\x03\x01\x00\x04\xff\xff\xff\xff"};

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct stream_client other;

        stream_connect(&other, &server, "127.0.0.1", 0);
        stream_put_raw(&other, bytes_of(texts[i], i == 0 ? 18 : 9));
        stream_await_end(&other);
        stream_close(&other);
    }
    /* Wrong after the handshake, too. */
    assert_true(tls_handshake(&a, 0));
    assert_int_equal(client_allocate(&a.c), 0);
    stream_put_raw(&a, bytes_of("\x17\x03\x03\x00\x20"
                                "0123456789abcdef0123456789abcdef",
                                37));
    stream_await_end(&a);
    assert_int_equal(n_allocations(&server), 0);
}

/* TLS 1.2's way to have the server compute on and on. */
static void test_no_renegotiation(void **state)
{
    (void) state;
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), 1);
    reconnect();
    assert_true(tls_handshake(&a, 0));
    client_expect_silence(&a.c);
    assert_int_equal(SSL_renegotiate(a.tls), 1);
    assert_false(tls_handshake(&a, 0));
}

/* And TLS 1.3's: new keys are asked for, and nobody listens to the answers. */
static void test_key_updates(void **state)
{
    (void) state;
    assert_true(tls_handshake(&a, 0));
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(SSL_key_update(a.tls, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(a.tls), 1);
        tls_push(&a, 0);
    }
    client_expect_silence(&a.c);
}

static void test_session_is_resumed(void **state)
{
    SSL_SESSION *session;

    (void) state;
    assert_true(tls_handshake(&a, 0));
    client_expect_silence(&a.c); /* the ticket has come */
    session = SSL_get1_session(a.tls);
    assert_true(SSL_SESSION_is_resumable(session));
    SSL_set_shutdown(a.tls, SSL_SENT_SHUTDOWN); /* a cut one is not resumed */
    reconnect();
    assert_int_equal(SSL_set_session(a.tls, session), 1);
    SSL_SESSION_free(session);
    assert_true(tls_handshake(&a, 0));
    assert_true(SSL_session_reused(a.tls));
    client_expect_silence(&a.c);
}

static void expect_name(const struct stream_client *sc, const char *name)
{
    X509 *cert = SSL_get1_peer_certificate(sc->tls);

    assert_non_null(cert);
    assert_int_equal(X509_check_host(cert, name, 0, 0, NULL), 1);
    X509_free(cert);
}

/* New connections get the new certificate, those that run go on. */
static void test_certificate_changes(void **state)
{
    struct addr peer, relayed, from;
    struct stream_client b;
    char buf[64];
    int fd;

    (void) state;
    assert_true(tls_handshake(&a, 0));
    expect_name(&a, "one.example");
    fd = stream_with_channel(&a, "127.0.0.1", &peer, &relayed);
    tls_files_write(&files, "two.example");
    server_take_certificate(&server, &files);
    client_send_channel(&a.c, 0x4001, "still");
    assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), 5);
    tls_connect(&b, &server, ctx, "127.0.0.1", 0);
    assert_true(tls_handshake(&b, 0));
    expect_name(&b, "two.example");
    client_expect_silence(&b.c);
    tls_close(&b);
    close(fd);
}

static void test_without_certificate(void **state)
{
    (void) state;
    worker_set_tls(&server.worker, NULL);
    assert_false(tls_handshake(&a, 0));
    assert_int_equal(counted(&server, STAT_CONNECTIONS_REFUSED), 1);
    server_take_certificate(&server, &files);
    reconnect();
    assert_true(tls_handshake(&a, 0));
}

static void test_handshake_takes_too_long(void **state)
{
    (void) state;
    SSL_do_handshake(a.tls);
    tls_push(&a, 0);
    await_readable(&server, a.c.fd); /* the server has answered, and waits */
    at_s(9);
    conns_sweep(server.worker.conns);
    let_run(&server);
    assert_int_equal(n_connections(), 1);
    at_s(10);
    conns_sweep(server.worker.conns);
    let_run(&server);
    assert_int_equal(n_connections(), 0);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_DROPPED), 1);
}

/* Half-open ones of many addresses: the oldest makes room, and whoever finishes is served. */
static void test_handshake_flood(void **state)
{
    const size_t n = CONN_HANDSHAKES_MAX + 1;
    int *fds = calloc(n, sizeof(*fds)), pair[2];
    char byte;

    (void) state;
    assert_non_null(fds);
    assert_true(tls_handshake(&a, 0));
    client_expect_silence(&a.c);
    for (size_t i = 0; i < n; i++) {
        struct addr client = ip("10.0.0.1", (uint16_t) (1000 + i));

        client.ip[2] = (uint8_t) (i / 64);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                         0);
        fds[i] = pair[0];
        conns_add(server.worker.conns, TRANSPORT_TLS, pair[1], &client, &a.c.target);
    }
    let_run(&server);
    assert_int_equal(n_connections(), CONN_HANDSHAKES_MAX + 1);
    assert_int_equal(recv(fds[0], &byte, 1, 0), 0);
    assert_int_equal(recv(fds[1], &byte, 1, 0), -1);
    client_expect_silence(&a.c);
    at_s(1);
    reconnect();
    assert_true(tls_handshake(&a, 0));
    client_expect_silence(&a.c);
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
    free(fds);
}

/* More handshakes than a thread should compute in a row wait. */
static void test_handshakes_in_a_window(void **state)
{
    int fds[HANDSHAKES_PER_WINDOW + 5];

    (void) state;
    assert_true(tls_handshake(&a, 0));
    at_s(1);
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        fds[i] = tcp_connect(&a.c.target, 0);
    for (int i = 0; i < 50; i++)
        let_run(&server);
    assert_int_equal(n_connections(), 1 + HANDSHAKES_PER_WINDOW);
    client_expect_silence(&a.c);
    at_s(2);
    while (n_connections() < 1 + sizeof(fds) / sizeof(fds[0]))
        let_run(&server);
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        close(fds[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_data_v4),
        cmocka_unit_test_setup_teardown(test_data_v6, setup_v6, teardown),
        TEST(test_versions),
        TEST(test_protocols),
        TEST(test_handshake_byte_by_byte),
        TEST(test_records),
        TEST(test_slow_reader),
        TEST(test_ends),
        TEST(test_not_tls),
        TEST(test_no_renegotiation),
        TEST(test_key_updates),
        TEST(test_session_is_resumed),
        TEST(test_certificate_changes),
        TEST(test_without_certificate),
        TEST(test_handshake_takes_too_long),
        TEST(test_handshake_flood),
        TEST(test_handshakes_in_a_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
