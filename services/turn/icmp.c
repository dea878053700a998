#include "turn/icmp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>

#define SKIP_MAX 16 /* errors of other kinds in one call */

int icmp_enable(int fd, int family)
{
    int on = 1;
    int r = family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on))
                               : setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));

    return r < 0 ? -errno : 0;
}

/* What our own link does not carry is told as its router would. */
static bool from_here(const struct sock_extended_err *e, bool v6, struct icmp_error *ret)
{
    if (e->ee_errno != EMSGSIZE)
        return false;
    ret->type = v6 ? ICMPV6_PKT_TOOBIG : ICMP_DEST_UNREACH;
    ret->code = v6 ? 0 : ICMP_FRAG_NEEDED;
    ret->data = e->ee_info;
    return true;
}

static bool from_network(const struct sock_extended_err *e, struct icmp_error *ret)
{
    bool v6 = e->ee_origin == SO_EE_ORIGIN_ICMP6;
    bool too_big = v6 ? e->ee_type == ICMPV6_PKT_TOOBIG
                      : e->ee_type == ICMP_DEST_UNREACH && e->ee_code == ICMP_FRAG_NEEDED;

    ret->type = e->ee_type;
    ret->code = e->ee_code;
    ret->data = too_big ? e->ee_info : 0;
    if (v6)
        return e->ee_type == ICMPV6_DEST_UNREACH || too_big || e->ee_type == ICMPV6_TIME_EXCEED;
    return e->ee_type == ICMP_DEST_UNREACH || e->ee_type == ICMP_TIME_EXCEEDED;
}

static bool translate(const struct cmsghdr *c, struct icmp_error *ret)
{
    bool v6 = c->cmsg_level == IPPROTO_IPV6;
    struct sock_extended_err e;

    if (!(v6 && c->cmsg_type == IPV6_RECVERR) &&
        !(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR))
        return false;
    memcpy(&e, CMSG_DATA(c), sizeof(e));
    if (e.ee_origin == SO_EE_ORIGIN_LOCAL)
        return from_here(&e, v6, ret);
    if (e.ee_origin == SO_EE_ORIGIN_ICMP || e.ee_origin == SO_EE_ORIGIN_ICMP6)
        return from_network(&e, ret);
    return false;
}

/* -EAGAIN: none; -ENOMSG: one of no interest. */
static int read_one(int fd, struct icmp_error *ret)
{
    _Alignas(struct cmsghdr) uint8_t control[512];
    struct sockaddr_storage peer;
    struct msghdr h = {
        .msg_name = &peer,
        .msg_namelen = sizeof(peer),
        .msg_control = control,
        .msg_controllen = sizeof(control),
    };

    if (recvmsg(fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return -EAGAIN;
    if (addr_from_sockaddr((struct sockaddr *) &peer, h.msg_namelen, &ret->peer) < 0)
        return -ENOMSG;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
        if (translate(c, ret))
            return 0;
    }
    return -ENOMSG;
}

bool icmp_next(int fd, struct icmp_error *ret)
{
    struct icmp_error e;

    for (int i = 0; i < SKIP_MAX; i++) {
        int r = read_one(fd, &e);

        if (r == 0)
            *ret = e;
        if (r != -ENOMSG)
            return r == 0;
    }
    return false;
}
