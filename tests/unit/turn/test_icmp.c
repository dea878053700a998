#include "turn/icmp.h"

#include "net/udp_socket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int open_at(const char *text, struct addr *ret)
{
    struct addr any;
    int fd;

    assert_int_equal(addr_parse_ip(text, 0, &any), 0);
    fd = udp_socket_open(&any, 0);
    assert_true(fd >= 0);
    assert_int_equal(addr_of_socket(fd, ret), 0);
    return fd;
}

static ssize_t send_to(int fd, const struct addr *to)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(to, &sa);

    return sendto(fd, "x", 1, 0, (struct sockaddr *) &sa, len);
}

static void expect_refused(const char *text, int family, unsigned type, unsigned code)
{
    struct addr own, closed;
    struct icmp_error e;
    int fd = open_at(text, &own);

    close(open_at(text, &closed));
    assert_int_equal(icmp_enable(fd, family), 0);
    assert_false(icmp_next(fd, &e));
    assert_int_equal(send_to(fd, &closed), 1);
    assert_true(icmp_next(fd, &e));
    assert_int_equal(e.type, type);
    assert_int_equal(e.code, code);
    assert_int_equal(e.data, 0);
    assert_true(addr_eq(&e.peer, &closed));
    assert_false(icmp_next(fd, &e));
    assert_int_equal(send_to(fd, &own), 1); /* nothing is pending */
    close(fd);
}

static void test_port_unreachable(void **state)
{
    (void) state;
    expect_refused("127.0.0.1", AF_INET, 3, 3);
    expect_refused("::1", AF_INET6, 1, 4);
}

static void test_without_asking(void **state)
{
    struct addr own, closed;
    struct icmp_error e;
    int fd = open_at("127.0.0.1", &own);

    (void) state;
    close(open_at("127.0.0.1", &closed));
    assert_int_equal(send_to(fd, &closed), 1);
    assert_false(icmp_next(fd, &e));
    close(fd);
}

static uint16_t checksum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i += 2)
        sum += (uint32_t) p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~sum;
}

/* An ICMP message about a datagram from own to peer, both on loopback. */
static void tell(int raw, uint8_t type, uint8_t code, uint16_t mtu, const struct addr *own,
                 const struct addr *peer)
{
    static const struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {0x0100007f}};
    uint8_t p[8 + 20 + 8] = {type, code, 0, 0, 0, 0, (uint8_t) (mtu >> 8), (uint8_t) mtu};
    uint8_t *inner = p + 8, *udp = inner + 20;
    uint16_t sum;

    inner[0] = 0x45;
    inner[3] = 28;
    inner[8] = 64;
    inner[9] = IPPROTO_UDP;
    memcpy(inner + 12, own->ip, 4);
    memcpy(inner + 16, peer->ip, 4);
    sum = checksum(inner, 20);
    inner[10] = (uint8_t) (sum >> 8);
    inner[11] = (uint8_t) sum;
    udp[0] = (uint8_t) (own->port >> 8);
    udp[1] = (uint8_t) own->port;
    udp[2] = (uint8_t) (peer->port >> 8);
    udp[3] = (uint8_t) peer->port;
    udp[5] = 8;
    sum = checksum(p, sizeof(p));
    p[2] = (uint8_t) (sum >> 8);
    p[3] = (uint8_t) sum;
    assert_int_equal(sendto(raw, p, sizeof(p), 0, (const struct sockaddr *) &self, sizeof(self)),
                     sizeof(p));
}

static void test_other_types(void **state)
{
    static const struct {
        uint8_t type, code;
        uint16_t mtu;
        bool told;
    } rows[] = {
        {3, 0, 0, true},  {3, 1, 0, true},   {3, 3, 0, true},  {3, 13, 0, true},
        {11, 0, 0, true}, {12, 0, 0, false}, {4, 0, 0, false}, {3, 3, 99, true},
    };
    int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    struct addr own, peer;
    struct icmp_error e;
    int fd, peer_fd;

    (void) state;
    if (raw < 0)
        skip();
    fd = open_at("127.0.0.1", &own);
    peer_fd = open_at("127.0.0.1", &peer);
    assert_int_equal(icmp_enable(fd, AF_INET), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tell(raw, rows[i].type, rows[i].code, rows[i].mtu, &own, &peer);
        assert_int_equal(icmp_next(fd, &e), rows[i].told);
        if (!rows[i].told)
            continue;
        assert_int_equal(e.type, rows[i].type);
        assert_int_equal(e.code, rows[i].code);
        assert_int_equal(e.data, 0); /* of these there is none, whatever the message has there */
        assert_true(addr_eq(&e.peer, &peer));
    }
    close(raw);
    close(fd);
    close(peer_fd);
}

static void test_too_big(void **state)
{
    int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    int mode = IP_PMTUDISC_OMIT; /* of which the kernel tells, see relay.c */
    struct addr own, peer;
    struct icmp_error e;
    int fd, peer_fd;

    (void) state;
    if (raw < 0)
        skip();
    fd = open_at("127.0.0.1", &own);
    peer_fd = open_at("127.0.0.1", &peer);
    assert_int_equal(icmp_enable(fd, AF_INET), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &mode, sizeof(mode)), 0);
    tell(raw, 3, 4, 1200, &own, &peer);
    assert_true(icmp_next(fd, &e));
    assert_int_equal(e.type, 3);
    assert_int_equal(e.code, 4);
    assert_int_equal(e.data, 1200);
    close(raw);
    close(fd);
    close(peer_fd);
}

static void test_no_socket(void **state)
{
    struct icmp_error e;

    (void) state;
    assert_int_equal(icmp_enable(-1, AF_INET), -EBADF);
    assert_false(icmp_next(-1, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_unreachable), cmocka_unit_test(test_without_asking),
        cmocka_unit_test(test_other_types),      cmocka_unit_test(test_too_big),
        cmocka_unit_test(test_no_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
