/* net_kit.h: sockets of loopback, and what waits at them. */
#pragma once

#include "net/udp_socket.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define DATAGRAM_MAX 65536

static inline struct addr ip(const char *text, uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, port, &a), 0);
    return a;
}

static inline int open_at(const char *text, unsigned flags, struct addr *ret_bound)
{
    struct addr any = ip(text, 0);
    int fd = udp_socket_open(&any, flags);

    assert_true(fd >= 0);
    assert_int_equal(addr_of_socket(fd, ret_bound), 0);
    return fd;
}

/* So many bytes that begin with a number. */
static inline struct bytes numbered(uint8_t *buf, size_t len, uint8_t nr)
{
    memset(buf, 'x', len);
    if (len > 0)
        buf[0] = nr;
    return bytes_of(buf, len);
}

static inline bool is_numbered(struct bytes b, size_t len, uint8_t nr)
{
    for (size_t i = 1; i < b.len; i++) {
        if (b.p[i] != 'x')
            return false;
    }
    return b.len == len && (len == 0 || b.p[0] == nr);
}

static inline void await(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&p, 1, 20000), 1);
}

/* The next datagram is this one, from there. */
static inline void expect_numbered(int fd, const struct addr *from, size_t len, uint8_t nr)
{
    static uint8_t buf[DATAGRAM_MAX];
    struct sockaddr_storage sa;
    socklen_t sa_len = sizeof(sa);
    struct addr a;
    ssize_t n;

    await(fd);
    n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *) &sa, &sa_len);
    assert_int_equal(n, len);
    assert_true(is_numbered(bytes_of(buf, (size_t) n), len, nr));
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, sa_len, &a), 0);
    assert_true(addr_eq(&a, from));
}

static inline void expect_nothing(int fd)
{
    uint8_t byte;

    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
}
