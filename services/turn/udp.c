#include "turn/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#define CONTROL_SIZE CMSG_SPACE(sizeof(struct in6_pktinfo))

struct slot {
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE];
    struct sockaddr_in6 name; /* large enough for IPv4 */
    uint8_t data[UDP_DATA_MAX];
};

struct udp_batch {
    struct mmsghdr headers[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    struct slot slots[UDP_BATCH];
};

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* IP_PMTUDISC_DONT: we keep no path MTU for our clients and peers, so what is too large for a link
 * may be fragmented (RFC 8656 section 15). */
static int set_options(int fd, int family, unsigned flags)
{
    bool v6 = family == AF_INET6;
    int r = 0;

    if (flags & UDP_REUSE_PORT)
        r = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (r == 0 && v6)
        r = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (r == 0 && flags & UDP_TELL_LOCAL)
        r = v6 ? set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
               : set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
    if (r < 0)
        return r;
    return v6 ? set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT)
              : set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

int udp_open(const struct addr *bind_to, unsigned flags)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(bind_to, &sa);
    int fd = socket(bind_to->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r;

    if (fd < 0)
        return -errno;
    r = set_options(fd, bind_to->family, flags);
    if (r == 0 && bind(fd, (struct sockaddr *) &sa, len) < 0)
        r = -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

int udp_bound_addr(int fd, struct addr *ret)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);

    if (getsockname(fd, (struct sockaddr *) &sa, &len) < 0)
        return -errno;
    return addr_from_sockaddr((struct sockaddr *) &sa, len, ret);
}

int udp_batch_new(struct udp_batch **ret_batch)
{
    struct udp_batch *b = calloc(1, sizeof(*b));

    if (!b)
        return -ENOMEM;
    for (int i = 0; i < UDP_BATCH; i++) {
        struct slot *s = &b->slots[i];

        b->parts[i] = (struct iovec){s->data, UDP_DATA_MAX};
        b->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &s->name,
            .msg_iov = &b->parts[i],
            .msg_iovlen = 1,
            .msg_control = s->control,
        };
    }
    *ret_batch = b;
    return 0;
}

struct udp_batch *udp_batch_free(struct udp_batch *b)
{
    free(b);
    return NULL;
}

int udp_receive(struct udp_batch *b, int fd)
{
    int n;

    for (int i = 0; i < UDP_BATCH; i++) {
        b->headers[i].msg_hdr.msg_namelen = sizeof(b->slots[i].name);
        b->headers[i].msg_hdr.msg_controllen = sizeof(b->slots[i].control);
    }
    do {
        n = recvmmsg(fd, b->headers, UDP_BATCH, 0, NULL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    return n;
}

static void read_local(const struct msghdr *h, struct addr *ret)
{
    *ret = (struct addr){0};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR((struct msghdr *) h, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof(info));
            ret->family = AF_INET;
            memcpy(ret->ip, &info.ipi_spec_dst, 4);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof(info));
            ret->family = AF_INET6;
            memcpy(ret->ip, &info.ipi6_addr, 16);
            ret->scope = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
        }
    }
}

bool udp_datagram(const struct udp_batch *b, int i, struct udp_datagram *ret)
{
    const struct msghdr *h = &b->headers[i].msg_hdr;

    if (h->msg_flags & MSG_TRUNC || addr_from_sockaddr(h->msg_name, h->msg_namelen, &ret->from) < 0)
        return false;
    read_local(h, &ret->local);
    ret->data = h->msg_iov->iov_base;
    ret->len = b->headers[i].msg_len;
    return true;
}

/* Makes the datagram leave with this source address. */
static void put_local(struct msghdr *h, const struct addr *from)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(h);

    if (from->family == AF_INET6) {
        struct in6_pktinfo info = {.ipi6_ifindex = from->scope};

        memcpy(&info.ipi6_addr, from->ip, 16);
        c->cmsg_level = IPPROTO_IPV6;
        c->cmsg_type = IPV6_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(c), &info, sizeof(info));
        h->msg_controllen = CMSG_SPACE(sizeof(info));
    } else {
        struct in_pktinfo info = {.ipi_ifindex = 0};

        memcpy(&info.ipi_spec_dst, from->ip, 4);
        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(c), &info, sizeof(info));
        h->msg_controllen = CMSG_SPACE(sizeof(info));
    }
}

int udp_send(int fd, const struct addr *to, const struct addr *from, struct bytes head,
             struct bytes body)
{
    struct sockaddr_storage sa;
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE] = {0};
    struct iovec parts[] = {{(void *) head.p, head.len}, {(void *) body.p, body.len}};
    struct msghdr h = {
        .msg_name = &sa,
        .msg_namelen = addr_to_sockaddr(to, &sa),
        .msg_iov = parts,
        .msg_iovlen = 2,
    };

    if (from && from->family != 0) {
        h.msg_control = control;
        h.msg_controllen = sizeof(control);
        put_local(&h, from);
    }
    return sendmsg(fd, &h, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
