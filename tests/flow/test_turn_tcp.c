/* TURN over TCP on loopback: messages in a stream, slow clients, limits. */
#include "turn_stream.h"

static struct server_under_test server;
static struct stream_client a;

static int setup(void **state)
{
    struct turn_config config = stream_config(TRANSPORT_TCP, "127.0.0.1");

    (void) state;
    server_start(&server, &config);
    stream_connect(&a, &server, "127.0.0.1", 0);
    return 0;
}

static int setup_v6(void **state)
{
    struct turn_config config = stream_config(TRANSPORT_TCP, "::1");

    (void) state;
    server_start(&server, &config);
    stream_connect(&a, &server, "::1", 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    stream_close(&a);
    server_end(&server);
    return 0;
}

static size_t n_connections(void)
{
    return conns_count(server.worker.conns);
}

static void test_binding(void **state)
{
    struct wr w = client_request(&a.c, STUN_BINDING);

    (void) state;
    assert_int_equal(client_exchange_unsigned(&a.c, &w), 0);
    assert_true(addr_eq(&a.c.reply.xor_mapped, &a.c.addr));
    assert_int_equal(counted(&server, STAT_CONNECTIONS_MADE + TRANSPORT_TCP), 1);
}

static void test_data_v4(void **state)
{
    (void) state;
    stream_exchange_data(&a, "127.0.0.1", AF_INET);
}

static void test_data_v6(void **state)
{
    (void) state;
    stream_exchange_data(&a, "::1", AF_INET6);
}

static void test_allocation_ends_with_connection(void **state)
{
    (void) state;
    assert_int_equal(client_allocate(&a.c), 0);
    assert_int_equal(n_allocations(&server), 1);
    assert_int_equal(shutdown(a.c.fd, SHUT_WR), 0);
    stream_await_end(&a);
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(n_connections(), 0);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_DROPPED), 0);
}

/* Several messages, written as one, arrive at each place where they can be cut. */
static void test_cut_and_glued(void **state)
{
    static const char *const texts[] = {"a", "bcd", "efgh", "ijklm"};
    uint8_t stream[512];
    struct wr w = wr_init(stream, sizeof(stream));
    struct addr peer, relayed, from;
    char buf[64];
    int fd = stream_with_channel(&a, "127.0.0.1", &peer, &relayed);

    (void) state;
    for (size_t i = 0; i < 4; i++) {
        wr_u16(&w, 0x4001);
        wr_u16(&w, (uint16_t) strlen(texts[i]));
        wr_str(&w, texts[i]);
        wr_zero(&w, -strlen(texts[i]) & 3);
    }
    for (size_t cut = 0; cut <= wr_len(&w); cut++) {
        a.write(&a, bytes_of(stream, cut));
        let_run(&server);
        a.write(&a, bytes_of(stream + cut, wr_len(&w) - cut));
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), strlen(texts[i]));
            assert_string_equal(buf, texts[i]);
        }
    }
    close(fd);
}

static void test_requests_byte_by_byte(void **state)
{
    struct wr w = client_request(&a.c, STUN_BINDING);
    size_t len;

    (void) state;
    assert_int_equal(stun_finish(&w, &len), 0);
    for (size_t i = 0; i < len; i++) {
        a.write(&a, bytes_of(a.c.tx + i, 1));
        let_run(&server);
    }
    assert_int_equal(client_await(&a.c, STUN_BINDING), 0);
}

/* The largest of all: more than a datagram of UDP can take is lost, and the stream goes on. */
static void test_large_messages(void **state)
{
    static uint8_t big[4 + 65535 + 1];
    static char buf[70000];
    struct addr peer, relayed, from;
    int fd = stream_with_channel(&a, "127.0.0.1", &peer, &relayed);

    (void) state;
    big[0] = 0x40;
    big[1] = 0x01;
    big[2] = big[3] = 0xff;
    a.write(&a, bytes_of(big, sizeof(big)));
    client_send_channel(&a.c, 0x4001, "after");
    assert_int_equal(peer_receive(&server, fd, buf, sizeof(buf), &from), 5);
    client_expect_silence(&a.c);
    close(fd);
}

static void expect_refused(struct bytes b)
{
    struct stream_client other;

    stream_connect(&other, &server, "127.0.0.1", 0);
    other.write(&other, b);
    stream_await_end(&other);
    assert_int_equal(other.rx_len, 0);
    stream_close(&other);
}

static void test_malformed(void **state)
{
    static const struct bytes wrong[] = {
        {(const uint8_t *) "GET / HTTP/1.1\r\n\r\n", 18},
        {(const uint8_t *) "\x16\x03\x01\x02\x00\x01\x00\x01", 8}, /* TLS */
        {(const uint8_t *) "\x00\x01\x00\x02\x21\x12\xa4\x42", 8}, /* length */
        {(const uint8_t *) "\x00\x01\x00\x00\x21\x12\xa4\x43", 8}, /* cookie */
        {(const uint8_t *) "\x00\x01\x10\x00\x21\x12\xa4\x42", 8}, /* large for a stranger */
        {(const uint8_t *) "\x40\x01\xff\xff", 4},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        expect_refused(wrong[i]);
    assert_int_equal(counted(&server, STAT_MALFORMED), sizeof(wrong) / sizeof(wrong[0]));
    assert_int_equal(n_connections(), 1);
    client_expect_silence(&a.c);
}

/* A client that does not read loses packets, whole ones, and goes on when it reads. */
static void test_slow_reader(void **state)
{
    static char text[1001];
    struct addr peer, relayed;
    struct bytes message, data;
    uint16_t channel;
    size_t n = 0;
    int fd;

    (void) state;
    stream_close(&a);
    stream_connect(&a, &server, "127.0.0.1", 4096);
    fd = stream_with_channel(&a, "127.0.0.1", &peer, &relayed);
    memset(text, 'x', sizeof(text) - 1);
    while (counted(&server, STAT_PACKETS_LOST) == 0) {
        for (int i = 0; i < 20; i++)
            send_to(fd, &relayed, text);
        let_run(&server);
    }
    client_send_channel(&a.c, 0x4001, "and the other way"); /* still works */
    let_run(&server);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_DROPPED), 0);
    while (n_allocations(&server) == 1) {
        message = client_receive(&a.c);
        assert_int_equal(chandata_decode(message, &channel, &data), 0);
        if (bytes_eq_str(data, "last"))
            break;
        assert_true(bytes_eq_str(data, text));
        if (++n == 40)
            send_to(fd, &relayed, "last");
    }
    assert_true(n >= 40);
    client_expect_silence(&a.c);
    close(fd);
}

/* Whoever asks on and on and never listens is dropped. */
static void test_never_reads(void **state)
{
    struct wr w;
    size_t len, at = 0;

    (void) state;
    client_expect_silence(&a.c);
    w = client_request(&a.c, STUN_BINDING);
    assert_int_equal(stun_finish(&w, &len), 0);
    while (n_connections() > 0) {
        ssize_t n = send(a.c.fd, a.c.tx + at, len - at, MSG_NOSIGNAL);

        if (n < 0)
            let_run(&server);
        else
            at = (at + (size_t) n) % len;
    }
    assert_int_equal(counted(&server, STAT_CONNECTIONS_DROPPED), 1);
}

static void test_no_allocation_in_time(void **state)
{
    (void) state;
    client_expect_silence(&a.c);
    at_s(29);
    conns_sweep(server.worker.conns);
    client_expect_silence(&a.c);
    at_s(30);
    conns_sweep(server.worker.conns);
    stream_await_end(&a);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_DROPPED), 1);
}

/* Served as long as the allocation lasts, and dropped when that is over for a while. */
static void test_allocation_over(void **state)
{
    (void) state;
    assert_int_equal(client_allocate(&a.c), 0);
    at_s(599);
    conns_sweep(server.worker.conns);
    assert_false(stream_has_ended(&a));
    at_s(601);
    conns_sweep(server.worker.conns);
    assert_int_equal(n_allocations(&server), 0);
    at_s(630);
    conns_sweep(server.worker.conns);
    assert_false(stream_has_ended(&a));
    at_s(631);
    conns_sweep(server.worker.conns);
    stream_await_end(&a);
    assert_int_equal(n_connections(), 0);
}

static void test_allocates_again(void **state)
{
    (void) state;
    assert_int_equal(client_allocate(&a.c), 0);
    assert_int_equal(client_refresh(&a.c, 0), 0);
    conns_sweep(server.worker.conns);
    at_s(20);
    assert_int_equal(client_allocate(&a.c), 0);
    at_s(60);
    conns_sweep(server.worker.conns);
    assert_false(stream_has_ended(&a));
}

static void test_partial_message(void **state)
{
    (void) state;
    assert_int_equal(client_allocate(&a.c), 0);
    a.write(&a, bytes_of("\x40\x01\x00\x10", 4));
    let_run(&server);
    at_s(19);
    a.write(&a, bytes_of("x", 1)); /* a little more does not help */
    let_run(&server);
    conns_sweep(server.worker.conns);
    assert_false(stream_has_ended(&a));
    at_s(20);
    conns_sweep(server.worker.conns);
    stream_await_end(&a);
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_DROPPED), 1);
}

static void test_stalled(void **state)
{
    static char text[1001];
    struct addr peer, relayed;
    int fd;

    (void) state;
    stream_close(&a);
    stream_connect(&a, &server, "127.0.0.1", 4096);
    fd = stream_with_channel(&a, "127.0.0.1", &peer, &relayed);
    memset(text, 'x', sizeof(text) - 1);
    while (counted(&server, STAT_PACKETS_LOST) == 0) {
        send_to(fd, &relayed, text);
        let_run(&server);
    }
    at_s(29);
    conns_sweep(server.worker.conns);
    assert_int_equal(n_connections(), 1);
    at_s(30);
    conns_sweep(server.worker.conns);
    let_run(&server);
    assert_int_equal(n_connections(), 0);
    assert_int_equal(n_allocations(&server), 0);
    close(fd);
}

/* So many of one host without allocations, and no more; those with one do not count. */
static void test_strangers_of_one_host(void **state)
{
    int fds[CONN_STRANGERS_PER_HOST + 1];
    struct stream_client other;
    char byte;

    (void) state;
    assert_int_equal(client_allocate(&a.c), 0);
    for (size_t i = 0; i < CONN_STRANGERS_PER_HOST; i++)
        fds[i] = tcp_connect(&a.c.target, 0);
    let_run(&server);
    while (n_connections() < CONN_STRANGERS_PER_HOST + 1)
        let_run(&server);
    fds[CONN_STRANGERS_PER_HOST] = tcp_connect(&a.c.target, 0);
    await_readable(&server, fds[CONN_STRANGERS_PER_HOST]);
    assert_true(recv(fds[CONN_STRANGERS_PER_HOST], &byte, 1, 0) <= 0);
    assert_int_equal(counted(&server, STAT_CONNECTIONS_REFUSED), 1);
    close(fds[0]);
    let_run(&server);
    stream_connect(&other, &server, "127.0.0.1", 0);
    client_expect_silence(&other.c);
    stream_close(&other);
    for (size_t i = 1; i < sizeof(fds) / sizeof(fds[0]); i++)
        close(fds[i]);
    client_expect_silence(&a.c);
}

/* Of many hosts together, the oldest makes room. */
static void test_strangers_in_all(void **state)
{
    const size_t n = CONN_STRANGERS_MAX + 1;
    int *fds = calloc(n, sizeof(*fds));
    struct addr client, local;
    int pair[2];
    char byte;

    (void) state;
    assert_non_null(fds);
    assert_int_equal(client_allocate(&a.c), 0);
    local = a.c.target;
    for (size_t i = 0; i < n; i++) {
        client = ip("10.0.0.1", 1000);
        client.ip[2] = (uint8_t) (i / 64);
        client.port = (uint16_t) (1000 + i);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                         0);
        fds[i] = pair[0];
        conns_add(server.worker.conns, TRANSPORT_TCP, pair[1], &client, &local);
    }
    let_run(&server);
    assert_int_equal(n_connections(), CONN_STRANGERS_MAX + 1);
    assert_int_equal(recv(fds[0], &byte, 1, 0), 0);
    assert_int_equal(recv(fds[1], &byte, 1, 0), -1);
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
    free(fds);
    client_expect_silence(&a.c);
}

static void test_ends_of_all_kinds(void **state)
{
    struct linger reset = {.l_onoff = 1};
    struct stream_client other;

    (void) state;
    stream_connect(&other, &server, "127.0.0.1", 0);
    assert_int_equal(client_allocate(&other.c), 0);
    assert_int_equal(setsockopt(other.c.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    stream_close(&other);
    while (n_connections() > 1)
        let_run(&server);
    assert_int_equal(n_allocations(&server), 0);
    /* The server ends with a connection in the middle of things: teardown. */
    assert_int_equal(client_allocate(&a.c), 0);
    a.write(&a, bytes_of("\x40\x01", 2));
    let_run(&server);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_binding),
        TEST(test_data_v4),
        cmocka_unit_test_setup_teardown(test_data_v6, setup_v6, teardown),
        TEST(test_allocation_ends_with_connection),
        TEST(test_cut_and_glued),
        TEST(test_requests_byte_by_byte),
        TEST(test_large_messages),
        TEST(test_malformed),
        TEST(test_slow_reader),
        TEST(test_never_reads),
        TEST(test_no_allocation_in_time),
        TEST(test_allocation_over),
        TEST(test_allocates_again),
        TEST(test_partial_message),
        TEST(test_stalled),
        TEST(test_strangers_of_one_host),
        TEST(test_strangers_in_all),
        TEST(test_ends_of_all_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
