#include "host/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

int port_check(const struct addr *a, int socket_type)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(a, &sa);
    int fd = socket(a->family, socket_type | SOCK_CLOEXEC, 0);
    int one = 1;
    int r = 0;

    if (fd < 0)
        return -errno;
    if (a->family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (socket_type == SOCK_STREAM) /* connections in TIME_WAIT do not count */
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *) &sa, len) < 0)
        r = -errno;
    close(fd);
    return r;
}

int port_find(const struct addr *addrs, size_t n_addrs, int socket_type, uint16_t first, unsigned n)
{
    for (unsigned port = first; port < first + n && port <= 65535; port++) {
        int r = 0;

        for (size_t i = 0; i < n_addrs && r == 0; i++) {
            struct addr a = addrs[i];

            a.port = (uint16_t) port;
            r = port_check(&a, socket_type);
        }
        if (r == 0)
            return (int) port;
        if (r != -EADDRINUSE)
            return r;
    }
    return -EADDRINUSE;
}
