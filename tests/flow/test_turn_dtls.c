/* TURN over DTLS on loopback (RFC 7350): data, lost datagrams, sessions that begin anew,
 * certificates that change, and hellos without end. */
#include "turn_dtls.h"

#include "turn/dtls_hello.h"

static struct server_under_test server;
static struct dtls_client a;
static struct tls_files files;
static SSL_CTX *ctx;

static int start(const char *own_ip)
{
    struct turn_config config = dtls_config(own_ip);

    tls_files_make(&files);
    tls_files_write(&files, "one.example");
    server_start(&server, &config);
    server_take_certificate(&server, &files);
    ctx = SSL_CTX_new(DTLS_client_method());
    assert_non_null(ctx);
    dtls_open(&a, &server, ctx, own_ip);
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
    dtls_close(&a);
    SSL_CTX_free(ctx);
    server_end(&server);
    tls_files_remove(&files);
    return 0;
}

static size_t n_sessions(void)
{
    return dtls_server_count(server.worker.dtls);
}

static size_t n_handshakes(void)
{
    return dtls_server_handshakes(server.worker.dtls);
}

static void sweep_at_s(uint64_t s)
{
    at_s(s);
    dtls_server_sweep(server.worker.dtls);
}

/* What waits at the client is lost; how many datagrams. */
static unsigned lose_all(int fd)
{
    char buf[2048];
    unsigned n = 0;

    while (recv(fd, buf, sizeof(buf), 0) > 0)
        n++;
    return n;
}

/* Both ways, by indications and a channel, without padding as over UDP. */
static void exchange_data(const char *peer_ip, int family)
{
    struct addr peer, relayed, from;
    struct bytes data, message;
    uint16_t channel;
    char buf[2048];
    int fd = open_socket(peer_ip, &peer);

    set_peers(&server, &peer, 1);
    client_get_nonce(&a.c);
    struct wr w = client_request(&a.c, STUN_ALLOCATE);

    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    stun_put_family(&w, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
                    family == AF_INET6 ? STUN_FAMILY_IPV6 : STUN_FAMILY_IPV4);
    assert_int_equal(client_exchange(&a.c, &w), 0);
    relayed = a.c.reply.xor_relayed;
    assert_int_equal(client_permit(&a.c, &peer), 0);
    client_send_indication(&a.c, &peer, "one");
    assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), 3);
    assert_true(addr_eq(&from, &relayed));
    send_to(fd, &relayed, "two22");
    assert_int_equal(stun_decode(client_receive(&a.c), &a.c.reply), 0);
    assert_true(bytes_eq_str(a.c.reply.data, "two22"));
    assert_int_equal(client_bind(&a.c, 0x4001, &peer), 0);
    for (size_t len = 1; len < 6; len++) {
        char text[] = "123456";

        text[len] = '\0';
        client_send_channel(&a.c, 0x4001, text);
        assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), len);
        assert_string_equal(buf, text);
        send_to(fd, &relayed, text);
        message = client_receive(&a.c);
        assert_int_equal(message.len, 4 + len);
        assert_int_equal(chandata_decode(message, &channel, &data), 0);
        assert_true(bytes_eq_str(data, text));
    }
    client_expect_silence(&a.c);
    close(fd);
}

static void test_data_v4(void **state)
{
    (void) state;
    dtls_handshake(&a);
    assert_string_equal(SSL_get_version(a.ssl), "DTLSv1.2");
    exchange_data("127.0.0.1", AF_INET);
    assert_int_equal(counted(&server, STAT_ALLOCATIONS_MADE + TRANSPORT_DTLS), 1);
    assert_int_equal(counted(&server, STAT_PACKETS_LOST), 0);
}

static void test_data_v6(void **state)
{
    (void) state;
    dtls_handshake(&a);
    exchange_data("::1", AF_INET6);
}

/* Another's client: it knows our certificate by the name in it. */
static void test_openssl_client(void **state)
{
    static char said[65536];
    char command[512], text[ADDR_TEXT_SIZE];
    size_t len = 0;
    ssize_t n;
    FILE *f;

    (void) state;
    snprintf(command, sizeof(command),
             "openssl s_client -dtls1_2 -connect %s -CAfile %s -partial_chain -verify_return_error "
             "-verify_hostname one.example </dev/null 2>&1",
             addr_format(&server.config.listen[0].addr, text), files.certificate);
    f = popen(command, "r"); // NOLINT(cert-env33-c): a test's own command
    assert_non_null(f);
    do {
        await_readable(&server, fileno(f));
        n = read(fileno(f), said + len, sizeof(said) - 1 - len);
        assert_true(n >= 0);
        len += (size_t) n;
    } while (n > 0);
    if (pclose(f) != 0)
        fail_msg("openssl: %s", said);
    assert_non_null(strstr(said, "Verification: OK"));
    assert_non_null(strstr(said, "DTLSv1.2"));
    let_run(&server);
    assert_int_equal(n_sessions(), 0); /* it said goodbye */
    assert_int_equal(counted(&server, STAT_CONNECTIONS_MADE + TRANSPORT_DTLS), 1);
}

/* Many records between two flushes, more than the memory for them at a time. */
static void test_bursts(void **state)
{
    static char text[1200];
    struct addr peer, relayed;
    char buf[2048];
    int fd = open_socket("127.0.0.1", &peer);
    unsigned n = 0;

    (void) state;
    memset(text, 'x', sizeof(text) - 1);
    dtls_handshake(&a);
    set_peers(&server, &peer, 1);
    assert_int_equal(client_allocate(&a.c), 0);
    relayed = a.c.reply.xor_relayed;
    assert_int_equal(client_bind(&a.c, 0x4001, &peer), 0);
    for (unsigned i = 0; i < 100; i++) {
        text[0] = (char) ('A' + i % 26);
        client_send_channel(&a.c, 0x4001, text);
    }
    while (n < 100) {
        struct addr from;

        assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), sizeof(text) - 1);
        assert_int_equal(buf[0], 'A' + n++ % 26);
    }
    for (unsigned i = 0; i < 50; i++)
        send_to(fd, &relayed, text);
    for (n = 0; n < 50; n++)
        assert_int_equal(client_receive(&a.c).len, 4 + sizeof(text) - 1);
    close(fd);
}

/* The server's first flight does not arrive: it comes again, without a word of the client. */
static void test_lost_flight(void **state)
{
    (void) state;
    assert_false(dtls_step(&a));
    await_readable(&server, a.c.fd); /* HelloVerifyRequest */
    assert_false(dtls_step(&a));
    await_readable(&server, a.c.fd);
    let_run(&server);
    assert_true(lose_all(a.c.fd) > 0);
    assert_int_equal(n_handshakes(), 1);
    dtls_handshake(&a);
    assert_int_equal(client_allocate(&a.c), 0);
    assert_int_equal(n_handshakes(), 0);
    assert_int_equal(n_sessions(), 1);
}

/* The server's last flight does not arrive: the client says its own again, and gets it. */
static void test_lost_last_flight(void **state)
{
    (void) state;
    for (unsigned i = 0; i < 2; i++) {
        assert_false(dtls_step(&a));
        await_readable(&server, a.c.fd);
    }
    let_run(&server);
    while (n_handshakes() == 1) { /* until the server has the client's */
        (void) dtls_step(&a);
        let_run(&server);
    }
    assert_true(lose_all(a.c.fd) > 0);
    assert_false(SSL_is_init_finished(a.ssl));
    while (DTLSv1_handle_timeout(a.ssl) == 0)
        let_run(&server);
    dtls_handshake(&a);
    assert_int_equal(client_allocate(&a.c), 0);
}

/* The client ends the session: its allocation goes with it. */
static void test_close(void **state)
{
    (void) state;
    dtls_handshake(&a);
    assert_int_equal(client_allocate(&a.c), 0);
    assert_int_equal(n_allocations(&server), 1);
    assert_int_equal(SSL_shutdown(a.ssl), 0);
    await_readable(&server, a.c.fd); /* close_notify of the server */
    assert_int_equal(SSL_shutdown(a.ssl), 1);
    assert_int_equal(n_sessions(), 0);
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_MADE + TRANSPORT_DTLS),
                     counted(&server, STAT_CONNECTIONS_ENDED + TRANSPORT_DTLS));
}

/* The client has forgotten its session, and begins another from the same port: the old one goes on
 * until the new handshake is done, since anybody could have written the hello. */
static void test_begun_anew(void **state)
{
    struct dtls_client old = {.ssl = NULL};

    (void) state;
    dtls_handshake(&a);
    assert_int_equal(client_allocate(&a.c), 0);
    old.ssl = a.ssl;
    a.ssl = NULL;
    dtls_again(&a, ctx);
    for (unsigned i = 0; i < 2; i++) {
        assert_false(dtls_step(&a));
        await_readable(&server, a.c.fd);
    }
    assert_int_equal(n_sessions(), 2);
    assert_int_equal(n_allocations(&server), 1);
    dtls_handshake(&a);
    let_run(&server);
    assert_int_equal(n_sessions(), 1);
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(client_allocate(&a.c), 0);
    SSL_free(old.ssl);
}

static void expect_name(const char *name)
{
    X509 *cert = SSL_get1_peer_certificate(a.ssl);

    assert_non_null(cert);
    assert_int_equal(X509_check_host(cert, name, 0, 0, NULL), 1);
    X509_free(cert);
}

static void test_certificate_changes(void **state)
{
    struct dtls_client first;

    (void) state;
    dtls_handshake(&a);
    expect_name("one.example");
    assert_int_equal(client_allocate(&a.c), 0);
    tls_files_write(&files, "two.example");
    server_take_certificate(&server, &files);
    assert_int_equal(client_refresh(&a.c, 600), 0);

    first = a;
    dtls_open(&a, &server, ctx, "127.0.0.1");
    dtls_handshake(&a);
    expect_name("two.example");
    assert_int_equal(client_allocate(&a.c), 0);
    dtls_close(&a);
    a = first;
    assert_int_equal(client_refresh(&a.c, 600), 0);
}

static void test_no_certificate(void **state)
{
    (void) state;
    worker_set_tls(&server.worker, NULL);
    assert_false(dtls_step(&a));
    await_readable(&server, a.c.fd);
    assert_false(dtls_step(&a));
    let_run(&server);
    assert_int_equal(n_sessions(), 0);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_REFUSED), 1);
}

/* ---- limits ---- */

/* The client's next datagram, as bytes. */
static size_t capture_hello(uint8_t *buf, size_t size)
{
    struct addr any = ip("127.0.0.1", 0), bound;
    int fd = udp_socket_open(&any, 0);
    struct dtls_client c = {.ssl = NULL};
    ssize_t n;

    assert_true(fd >= 0);
    assert_int_equal(addr_of_socket(fd, &bound), 0);
    c.c.target = bound;
    c.c.fd = connected_udp(&any, &bound);
    dtls_again(&c, ctx);
    assert_false(dtls_step(&c));
    n = recv(fd, buf, size, 0);
    assert_true(n > 0);
    dtls_close(&c);
    close(fd);
    return (size_t) n;
}

/* Nothing is kept for hellos without a cookie, and the answers are smaller than they. */
static void test_hellos_without_cookie(void **state)
{
    uint8_t hello[2048], answer[2048];
    size_t len = capture_hello(hello, sizeof(hello));
    unsigned n_answers = 0;
    ssize_t n;

    (void) state;
    for (unsigned i = 0; i < 3000; i++) {
        hello[30] = (uint8_t) i; /* in its random bytes */
        assert_int_equal(send(a.c.fd, hello, len, 0), len);
        if (i % 50 != 49)
            continue;
        let_run(&server);
        while ((n = recv(a.c.fd, answer, sizeof(answer), 0)) > 0) {
            assert_int_equal(n, DTLS_VERIFY_SIZE);
            assert_true((size_t) n <= len);
            n_answers++;
        }
    }
    assert_true(n_answers > 0);
    assert_int_equal(n_sessions(), 0);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_MADE + TRANSPORT_DTLS), 0);
}

/* From many networks: the client says both hellos and nothing more. */
static void begin_handshake(unsigned i)
{
    struct dtls_client c;
    char own[32];

    snprintf(own, sizeof(own), "127.%u.%u.1", 1 + i / 200, i % 200);
    dtls_open(&c, &server, ctx, own);
    assert_false(dtls_step(&c));
    await_readable(&server, c.c.fd);
    assert_false(dtls_step(&c));
    let_run(&server);
    dtls_close(&c);
}

static void test_half_open_handshakes(void **state)
{
    unsigned n = 0;

    (void) state;
    for (; n < HANDSHAKES_PER_WINDOW + 5; n++)
        begin_handshake(n);
    assert_int_equal(n_handshakes(), HANDSHAKES_PER_WINDOW);
    for (; n < CONN_HANDSHAKES_MAX + 40; n++) {
        clock_fake(START_S * UINT64_C(1000000) + n * UINT64_C(10000));
        begin_handshake(n);
        assert_true(n_handshakes() <= CONN_HANDSHAKES_MAX);
    }
    assert_int_equal(n_handshakes(), CONN_HANDSHAKES_MAX);
    assert_int_equal(n_sessions(), CONN_HANDSHAKES_MAX);
    dtls_handshake(&a); /* whoever goes on comes through all the same */
    assert_int_equal(client_allocate(&a.c), 0);
    sweep_at_s(30);
    assert_int_equal(n_handshakes(), 0);
    assert_int_equal(n_sessions(), 1);
}

/* Sessions without an allocation end, with a word; others stay. */
static void test_strangers(void **state)
{
    struct dtls_client b;

    (void) state;
    dtls_open(&b, &server, ctx, "127.0.0.1");
    dtls_handshake(&a);
    dtls_handshake(&b);
    assert_int_equal(client_allocate(&a.c), 0);
    sweep_at_s(29);
    assert_int_equal(n_sessions(), 2);
    sweep_at_s(32);
    assert_int_equal(n_sessions(), 1);
    await_readable(&server, b.c.fd);
    assert_int_equal(dtls_receive_now(&b).len, 0);
    assert_true(b.ended);
    assert_int_equal(client_refresh(&a.c, 0), 0);
    sweep_at_s(35);
    assert_int_equal(n_sessions(), 1);
    sweep_at_s(70);
    assert_int_equal(n_sessions(), 0);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_DROPPED), 2);
    dtls_close(&b);
}

/* Bytes that are no DTLS, that are cut, that nobody has signed. */
static void test_junk(void **state)
{
    uint8_t hello[2048];
    size_t len = capture_hello(hello, sizeof(hello));

    (void) state;
    dtls_handshake(&a);
    for (size_t n = 1; n < len; n += 7)
        assert_int_equal(send(a.c.fd, hello, n, 0), n);
    let_run(&server);
    assert_true(counted(&server, STAT_MALFORMED) > 0);
    hello[0] = 23; /* data */
    hello[4] = 1;  /* of the epoch that is in force */
    assert_int_equal(send(a.c.fd, hello, len, 0), len);
    hello[0] = 21; /* an alert in the clear */
    hello[4] = 0;
    assert_int_equal(send(a.c.fd, hello, len, 0), len);
    let_run(&server);
    assert_int_equal(n_sessions(), 1);
    assert_int_equal(client_allocate(&a.c), 0);
}

/* Records that are shorter than what encryption adds: OpenSSL would end the session. */
static void test_short_records(void **state)
{
    uint8_t record[13 + 32] = {23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, 0};

    (void) state;
    dtls_handshake(&a);
    for (uint8_t len = 0; len <= 32; len++) {
        record[12] = len;
        assert_int_equal(send(a.c.fd, record, 13u + len, 0), 13 + len);
    }
    let_run(&server);
    assert_int_equal(n_sessions(), 1);
    assert_int_equal(client_allocate(&a.c), 0);
}

#define dtls_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        dtls_test(test_data_v4),
        cmocka_unit_test_setup_teardown(test_data_v6, setup_v6, teardown),
        dtls_test(test_openssl_client),
        dtls_test(test_bursts),
        dtls_test(test_lost_flight),
        dtls_test(test_lost_last_flight),
        dtls_test(test_close),
        dtls_test(test_begun_anew),
        dtls_test(test_certificate_changes),
        dtls_test(test_no_certificate),
        dtls_test(test_hellos_without_cookie),
        dtls_test(test_half_open_handshakes),
        dtls_test(test_strangers),
        dtls_test(test_junk),
        dtls_test(test_short_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
