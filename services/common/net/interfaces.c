#include "net/interfaces.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct interfaces {
    struct loop_io io;
    int fd;
    interfaces_fn *fn;
    void *arg;
};

/* What the messages say does not matter; that some were lost (ENOBUFS) is a reason to look as
 * well. */
static void on_messages(struct loop_io *io, uint32_t revents)
{
    struct interfaces *i = container_of(io, struct interfaces, io);
    uint8_t buf[8192];

    (void) revents;
    while (recv(i->fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0 || errno == ENOBUFS || errno == EINTR)
        ;
    i->fn(i->arg);
}

static int open_socket(void)
{
    struct sockaddr_nl sa = {.nl_family = AF_NETLINK,
                             .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE), r;

    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

int interfaces_watch(struct loop *l, interfaces_fn *fn, void *arg, struct interfaces **ret_i)
{
    struct interfaces *i = calloc(1, sizeof(*i));
    int r;

    if (!i)
        return -ENOMEM;
    i->fn = fn;
    i->arg = arg;
    i->fd = open_socket();
    r = i->fd < 0 ? i->fd : loop_io_start(&i->io, l, i->fd, EPOLLIN, on_messages);
    if (r < 0) {
        interfaces_free(i);
        return r;
    }
    *ret_i = i;
    return 0;
}

struct interfaces *interfaces_free(struct interfaces *i)
{
    if (!i)
        return NULL;
    loop_io_stop(&i->io);
    if (i->fd >= 0)
        close(i->fd);
    free(i);
    return NULL;
}

static void add(const struct sockaddr *sa, struct addr *list, size_t *n)
{
    if (sa && addr_from_sockaddr(sa,
                                 sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                           : sizeof(struct sockaddr_in),
                                 &list[*n]) == 0)
        ++*n;
}

int interfaces_own(struct addr **ret_list, size_t *ret_n)
{
    struct ifaddrs *all;
    struct addr *list;
    size_t n = 0;

    if (getifaddrs(&all) < 0)
        return -errno;
    for (struct ifaddrs *i = all; i; i = i->ifa_next)
        n += 2;
    list = calloc(n ? n : 1, sizeof(*list));
    n = 0;
    for (struct ifaddrs *i = all; list && i; i = i->ifa_next) {
        if (!(i->ifa_flags & IFF_UP))
            continue;
        add(i->ifa_addr, list, &n);
        if (i->ifa_flags & IFF_BROADCAST)
            add(i->ifa_broadaddr, list, &n);
    }
    freeifaddrs(all);
    if (!list)
        return -ENOMEM;
    *ret_list = list;
    *ret_n = n;
    return 0;
}
