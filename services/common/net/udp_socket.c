#include "net/udp_socket.h"

#include <errno.h>
#include <netinet/udp.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_options_of_family(int fd, bool v6, unsigned flags)
{
    int r = 0;

    if (v6)
        r = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !(flags & UDP_SOCKET_BOTH_FAMILIES));
    if (r == 0 && flags & UDP_SOCKET_TELL_LOCAL)
        r = v6 ? set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
               : set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
    if (r == 0 && flags & UDP_SOCKET_FRAGMENT)
        r = v6 ? set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT)
               : set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    return r;
}

static int set_options(int fd, bool v6, unsigned flags)
{
    int r = 0;

    if (flags & UDP_SOCKET_REUSE_PORT)
        r = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (r == 0)
        r = set_options_of_family(fd, v6, flags);
    if (r == 0 && flags & UDP_SOCKET_COALESCE)
        (void) set_option(fd, SOL_UDP, UDP_GRO, 1); /* since Linux 5.0; does without */
    return r;
}

int udp_socket_open(const struct addr *bind_to, unsigned flags)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(bind_to, &sa);
    int fd = socket(bind_to->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r;

    if (fd < 0)
        return -errno;
    r = set_options(fd, bind_to->family == AF_INET6, flags);
    if (r == 0 && bind(fd, (struct sockaddr *) &sa, len) < 0)
        r = -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

/* The forced form goes past net.core.*mem_max, and needs CAP_NET_ADMIN. */
static void ask_buffer(int fd, int forced_name, int name, int size)
{
    if (size > 0 && set_option(fd, SOL_SOCKET, forced_name, size) < 0)
        (void) set_option(fd, SOL_SOCKET, name, size);
}

void udp_socket_ask_buffers(int fd, int receive, int send)
{
    ask_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, receive);
    ask_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, send);
}

/* Setting a segment size of 0 changes nothing and fails where the kernel has no GSO. */
bool udp_socket_has_gso(int fd)
{
    return set_option(fd, SOL_UDP, UDP_SEGMENT, 0) == 0;
}

/* ---- control messages ---- */

static void read_pktinfo4(const struct cmsghdr *c, struct addr *ret)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    struct in_pktinfo info;

    memcpy(&info, CMSG_DATA(c), sizeof(info));
    sa.sin_addr = info.ipi_spec_dst;
    (void) addr_from_sockaddr((struct sockaddr *) &sa, sizeof(sa), ret);
}

static void read_pktinfo6(const struct cmsghdr *c, struct addr *ret)
{
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6};
    struct in6_pktinfo info;

    memcpy(&info, CMSG_DATA(c), sizeof(info));
    sa.sin6_addr = info.ipi6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
        sa.sin6_scope_id = info.ipi6_ifindex;
    (void) addr_from_sockaddr((struct sockaddr *) &sa, sizeof(sa), ret);
}

void udp_control_read(const struct msghdr *h, struct addr *ret_local, size_t *ret_segment)
{
    *ret_local = (struct addr){0};
    *ret_segment = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR((struct msghdr *) h, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            read_pktinfo4(c, ret_local);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            read_pktinfo6(c, ret_local);
        } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            int size;

            memcpy(&size, CMSG_DATA(c), sizeof(size));
            *ret_segment = size > 0 ? (size_t) size : 0;
        }
    }
}

static size_t put_control(struct udp_control *control, size_t at, int level, int type,
                          struct bytes data)
{
    struct cmsghdr *c = (struct cmsghdr *) (void *) (control->bytes + at);

    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(data.len);
    memcpy(CMSG_DATA(c), data.p, data.len);
    return at + CMSG_SPACE(data.len);
}

size_t udp_control_put_local(struct udp_control *c, size_t at, const struct addr *local, bool v6)
{
    struct in6_pktinfo info6 = {.ipi6_ifindex = local->scope};
    struct in_pktinfo info4 = {.ipi_ifindex = 0};

    if (local->family == 0)
        return at;
    if (!v6) {
        memcpy(&info4.ipi_spec_dst, local->ip, 4);
        return put_control(c, at, IPPROTO_IP, IP_PKTINFO, bytes_of(&info4, sizeof(info4)));
    }
    if (local->family == AF_INET6) {
        memcpy(&info6.ipi6_addr, local->ip, 16);
    } else {
        memset(info6.ipi6_addr.s6_addr + 10, 0xff, 2);
        memcpy(info6.ipi6_addr.s6_addr + 12, local->ip, 4);
    }
    return put_control(c, at, IPPROTO_IPV6, IPV6_PKTINFO, bytes_of(&info6, sizeof(info6)));
}

size_t udp_control_put_segment(struct udp_control *c, size_t at, uint16_t size)
{
    return put_control(c, at, SOL_UDP, UDP_SEGMENT, bytes_of(&size, sizeof(size)));
}

/* ---- errors ---- */

enum udp_send_error udp_send_error_of(int error)
{
    switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
        return UDP_SEND_FULL;
    case EIO: /* the device cannot compute checksums */
    case EOPNOTSUPP:
        return UDP_SEND_NO_GSO;
    case EMSGSIZE:
    case EINVAL: /* what the kernel says of segments above the MTU */
        return UDP_SEND_TOO_LARGE;
    default:
        return UDP_SEND_REFUSED;
    }
}
