#include "tests/lib/loopback.h"

#include <errno.h>
#include <unistd.h>

#define BUFFER_SIZE (1 << 20)
#define BATCH 32
#define DATAGRAM_MAX 2048

static int bind_to(int fd, const struct addr *at, struct addr *ret_addr)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(at, &sa);

    if (bind(fd, (struct sockaddr *) &sa, len) < 0)
        return -errno;
    len = sizeof(sa);
    if (getsockname(fd, (struct sockaddr *) &sa, &len) < 0)
        return -errno;
    return addr_from_sockaddr((struct sockaddr *) &sa, len, ret_addr);
}

static int connect_to(int fd, const struct addr *to)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(to, &sa);

    return connect(fd, (struct sockaddr *) &sa, len) < 0 ? -errno : 0;
}

int loopback_open_to(const struct addr *at, const struct addr *to, struct addr *ret_addr)
{
    int fd = socket(at->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int size = BUFFER_SIZE;
    int r;

    if (fd < 0)
        return -errno;
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
    r = bind_to(fd, at, ret_addr);
    if (r == 0 && to)
        r = connect_to(fd, to);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

int loopback_open(const struct addr *to, struct addr *ret_addr)
{
    struct addr any = {.family = AF_INET, .ip = {127, 0, 0, 1}};

    return loopback_open_to(&any, to, ret_addr);
}

int loopback_open_at(const struct addr *at)
{
    struct addr bound;

    return loopback_open_to(at, NULL, &bound);
}

unsigned loopback_drain(int fd)
{
    static uint8_t data[BATCH][DATAGRAM_MAX];
    struct mmsghdr m[BATCH];
    struct iovec iov[BATCH];
    int n;

    memset(m, 0, sizeof(m));
    for (unsigned i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){data[i], sizeof(data[i])};
        m[i].msg_hdr.msg_iov = &iov[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    n = recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL);
    return n > 0 ? (unsigned) n : 0;
}
