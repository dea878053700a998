/* Bursts of packets of all sizes through a relay, both ways: over loopback, and over a link; sent
 * one by one, and as segments of few messages. What arrives is all that was sent, as it was sent,
 * in its order. */
#include "turn_client.h"

#include "tests/lib/veth_net.h"

#define CHANNEL 0x4001
#define N_CLIENTS 3
#define BODY_MAX 32768

static bool has_link; /* between two networks */

static const struct path {
    const char *server_ip, *far_ip;
    bool far; /* clients and peers are at the other end of the link */
} loopback = {"127.0.0.1", "127.0.0.1", false}, loopback6 = {"::1", "::1", false},
  link4 = {VETH_HERE, VETH_THERE, true}, link6 = {VETH_HERE6, VETH_THERE6, true};

/* Empty ones, one byte, odd ones, runs of one size with a shorter end, just below the MTU and just
 * above it, with the header of channel data and without, and far above it. */
static const uint16_t sizes[] = {
    0,    1,    2,    3,    0,    1200, 1200, 1200, 1200, 1200, 1200, 1200,  1200, 1199, 1200,
    1200, 1201, 1468, 1468, 1469, 1472, 1473, 1476, 1477, 1448, 1449, 1452,  1453, 5,    4,
    3,    2000, 2000, 2000, 1,    1,    1,    1,    0,    0,    20,   20000, 100,  100,  100,
    100,  100,  100,  100,  100,  100,  100,  100,  100,  100,  100,  100,   100,  100,  99};
#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static struct server_under_test server;
static struct client clients[N_CLIENTS];
static struct addr relayed[N_CLIENTS], peer;
static int peer_fd;
static uint8_t bodies[N_SIZES][BODY_MAX];

static void open_all(const struct path *path)
{
    struct turn_config config = default_config(path->server_ip);

    server_start(&server, &config);
    if (path->far)
        veth_net_go(true);
    peer_fd = open_socket(path->far_ip, &peer);
    udp_socket_ask_buffers(peer_fd, 1 << 20, 0);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        client_open(&clients[i], &server, path->far_ip, path->server_ip);
        udp_socket_ask_buffers(clients[i].fd, 1 << 20, 0);
    }
    if (path->far)
        veth_net_go(false);
    set_peers(&server, &peer, 1);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        struct wr w;

        client_get_nonce(&clients[i]);
        w = client_request(&clients[i], STUN_ALLOCATE);
        stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
        if (peer.family == AF_INET6)
            stun_put_u32(&w, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2u << 24);
        assert_int_equal(client_exchange(&clients[i], &w), 0);
        relayed[i] = clients[i].reply.xor_relayed;
        assert_int_equal(client_bind(&clients[i], CHANNEL, &peer), 0);
    }
}

static void close_all(void)
{
    for (size_t i = 0; i < N_CLIENTS; i++)
        client_close(&clients[i]);
    close(peer_fd);
    server_end(&server);
}

/* Each has its own bytes. */
static struct bytes body(size_t client, size_t nr)
{
    for (size_t i = 0; i < sizes[nr]; i++)
        bodies[nr][i] = (uint8_t) (client + nr + i / 7);
    return bytes_of(bodies[nr], sizes[nr]);
}

static struct bytes head_of(uint8_t head[static CHANDATA_HEADER_SIZE], size_t len)
{
    struct wr w = wr_init(head, CHANDATA_HEADER_SIZE);

    wr_u16(&w, CHANNEL);
    wr_u16(&w, (uint16_t) len);
    return bytes_of(head, CHANDATA_HEADER_SIZE);
}

static void send_burst(struct udp_out *out, int fd, const struct addr *to, bool header,
                       size_t client, size_t from, size_t n, bool segments)
{
    struct udp_out_socket s;

    udp_out_socket_init(&s, fd);
    if (!segments)
        s.gso_max = 0;
    for (size_t i = from; i < from + n; i++) {
        uint8_t head[CHANDATA_HEADER_SIZE];
        struct bytes b = body(client, i);

        udp_out_send(out, &s, to, NULL, header ? head_of(head, b.len) : bytes_of(NULL, 0), b);
    }
    udp_out_flush(out);
}

static void expect_packet(int fd, const struct addr *from, bool header, size_t client, size_t nr)
{
    static char buf[UINT16_MAX + 1];
    struct bytes want = body(client, nr);
    struct bytes got;
    struct addr sender;
    uint16_t channel;
    ssize_t n;

    await_readable(&server, fd);
    n = receive_now(fd, buf, sizeof(buf), &sender);
    assert_true(n >= 0);
    assert_true(addr_eq(&sender, from));
    got = bytes_of(buf, (size_t) n);
    if (header) {
        assert_int_equal(chandata_decode(got, &channel, &got), 0);
        assert_int_equal(channel, CHANNEL);
    }
    assert_int_equal(got.len, want.len);
    if (want.len > 0)
        assert_memory_equal(got.p, want.p, want.len);
}

/* As many at a time as the relays' buffers surely take. */
#define AT_ONCE 15

static void check(const struct path *path, bool segments)
{
    struct udp_out *out;

    if (path->far && !has_link)
        skip();
    assert_int_equal(udp_out_new(&out), 0);
    open_all(path);
    for (size_t from = 0; from < N_SIZES; from += AT_ONCE) {
        size_t n = N_SIZES - from < AT_ONCE ? N_SIZES - from : AT_ONCE;

        for (size_t k = 0; k < N_CLIENTS; k++) {
            send_burst(out, clients[k].fd, &clients[k].target, true, k, from, n, segments);
            for (size_t i = from; i < from + n; i++)
                expect_packet(peer_fd, &relayed[k], false, k, i);
        }
        for (size_t k = 0; k < N_CLIENTS; k++)
            send_burst(out, peer_fd, &relayed[k], false, k, from, n, segments);
        for (size_t k = 0; k < N_CLIENTS; k++) {
            for (size_t i = from; i < from + n; i++)
                expect_packet(clients[k].fd, &clients[k].target, true, k, i);
        }
    }
    assert_int_equal(counted(&server, STAT_PACKETS_LOST), 0);
    assert_int_equal(counted(&server, STAT_PACKETS_TO_PEERS), N_CLIENTS * N_SIZES);
    assert_int_equal(counted(&server, STAT_PACKETS_TO_CLIENTS), N_CLIENTS * N_SIZES);
    close_all();
    udp_out_free(out);
}

static void test_one_by_one(void **state)
{
    check(*state, false);
}

static void test_segments(void **state)
{
    check(*state, true);
}

#define burst_test(f, path)                                                                        \
    {                                                                                              \
#f ", " #path, f, NULL, NULL, (void *) &(path)                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        burst_test(test_one_by_one, loopback), burst_test(test_one_by_one, loopback6),
        burst_test(test_one_by_one, link4),    burst_test(test_one_by_one, link6),
        burst_test(test_segments, loopback),   burst_test(test_segments, loopback6),
        burst_test(test_segments, link4),      burst_test(test_segments, link6),
    };

    has_link = veth_net_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
