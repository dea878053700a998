#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

int addr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct addr *ret)
{
    struct addr a = {0};

    if (len < sizeof(sa->sa_family))
        return -EBADMSG;
    if (len >= sizeof(struct sockaddr_in) && sa->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, sa, sizeof(in));
        a.family = AF_INET;
        a.port = ntohs(in.sin_port);
        memcpy(a.ip, &in.sin_addr, 4);
    } else if (len >= sizeof(struct sockaddr_in6) && sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, sa, sizeof(in6));
        a.port = ntohs(in6.sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            a.family = AF_INET;
            memcpy(a.ip, in6.sin6_addr.s6_addr + 12, 4);
        } else {
            a.family = AF_INET6;
            a.scope = IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr) ? in6.sin6_scope_id : 0;
            memcpy(a.ip, &in6.sin6_addr, 16);
        }
    } else {
        return sa->sa_family == AF_INET || sa->sa_family == AF_INET6 ? -EBADMSG : -EAFNOSUPPORT;
    }
    *ret = a;
    return 0;
}

int addr_of_socket(int fd, struct addr *ret)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);

    if (getsockname(fd, (struct sockaddr *) &sa, &len) < 0)
        return -errno;
    return addr_from_sockaddr((struct sockaddr *) &sa, len, ret);
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ret)
{
    if (a->family == AF_INET6) {
        struct sockaddr_in6 in6 = {
            .sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};

        memcpy(&in6.sin6_addr, a->ip, 16);
        memcpy(ret, &in6, sizeof(in6));
        return sizeof(in6);
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};

    memcpy(&in.sin_addr, a->ip, 4);
    memcpy(ret, &in, sizeof(in));
    return sizeof(in);
}

int addr_parse_ip(const char *text, uint16_t port, struct addr *ret)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        return addr_from_sockaddr((struct sockaddr *) &in, sizeof(in), ret);
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
        return addr_from_sockaddr((struct sockaddr *) &in6, sizeof(in6), ret);
    return -EBADMSG;
}

int addr_parse(const char *text, struct addr *ret)
{
    const char *colon = strrchr(text, ':');
    char ip[ADDR_TEXT_SIZE];
    uint64_t port;
    size_t len;
    bool ipv6;

    if (!colon || bytes_to_u64(bytes_str(colon + 1), 65535, &port) < 0)
        return -EBADMSG;
    len = (size_t) (colon - text);
    ipv6 = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (ipv6) {
        text++;
        len -= 2;
    }
    /* The brackets belong to IPv6, whose colons would be taken for the port's without them. */
    if (len >= sizeof(ip) || ipv6 != (memchr(text, ':', len) != NULL))
        return -EBADMSG;
    memcpy(ip, text, len);
    ip[len] = '\0';
    return addr_parse_ip(ip, (uint16_t) port, ret);
}

const char *addr_format_ip(const struct addr *a, char buf[static ADDR_TEXT_SIZE])
{
    if (a->family == 0 || !inet_ntop(a->family, a->ip, buf, ADDR_TEXT_SIZE))
        memcpy(buf, "none", sizeof("none"));
    return buf;
}

const char *addr_format(const struct addr *a, char buf[static ADDR_TEXT_SIZE])
{
    char ip[ADDR_TEXT_SIZE];

    addr_format_ip(a, ip);
    if (a->family == AF_INET6)
        snprintf(buf, ADDR_TEXT_SIZE, "[%.46s]:%u", ip, a->port);
    else
        snprintf(buf, ADDR_TEXT_SIZE, "%.46s:%u", ip, a->port);
    return buf;
}

bool addr_is_among(const struct addr *a, const struct addr *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (addr_ip_eq(a, &list[i]))
            return true;
    }
    return false;
}

bool addr_in_prefix(const struct addr *a, const struct addr *net, unsigned n_bits)
{
    unsigned whole = n_bits / 8, rest = n_bits % 8;

    if (a->family != net->family || memcmp(a->ip, net->ip, whole) != 0)
        return false;
    return rest == 0 || ((a->ip[whole] ^ net->ip[whole]) >> (8 - rest)) == 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
    int r;

    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    r = memcmp(a->ip, b->ip, sizeof(a->ip));
    if (r != 0)
        return r;
    return (a->port > b->port) - (a->port < b->port);
}

void addr_host_key(const struct addr *a, uint8_t ret[static ADDR_HOST_KEY_SIZE])
{
    memset(ret, 0, ADDR_HOST_KEY_SIZE);
    ret[0] = a->family == AF_INET6 ? 6 : 4;
    memcpy(ret + 1, a->ip, a->family == AF_INET6 ? 8 : 4);
}

bool addr_is_loopback(const struct addr *a)
{
    static const uint8_t loopback6[16] = {[15] = 1};

    if (a->family == AF_INET)
        return a->ip[0] == 127;
    return a->family == AF_INET6 && memcmp(a->ip, loopback6, 16) == 0;
}

bool addr_is_unspecified(const struct addr *a)
{
    static const uint8_t zero[16];

    return memcmp(a->ip, zero, 16) == 0;
}

bool addr_is_link_local(const struct addr *a)
{
    if (a->family == AF_INET)
        return a->ip[0] == 169 && a->ip[1] == 254;
    return a->family == AF_INET6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

bool addr_is_multicast(const struct addr *a)
{
    if (a->family == AF_INET)
        return (a->ip[0] & 0xf0) == 0xe0;
    return a->family == AF_INET6 && a->ip[0] == 0xff;
}

bool addr_is_private(const struct addr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:a.b.c.d */
    const uint8_t *ip = a->ip;

    if (addr_is_loopback(a) || addr_is_link_local(a) || addr_is_unspecified(a))
        return true;
    if (a->family == AF_INET6 && memcmp(ip, mapped, sizeof(mapped)) == 0) {
        struct addr v4 = {.family = AF_INET};

        memcpy(v4.ip, ip + sizeof(mapped), 4);
        return addr_is_private(&v4);
    }
    if (a->family == AF_INET)
        return ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
               (ip[0] == 192 && ip[1] == 168) || (ip[0] == 100 && (ip[1] & 0xc0) == 64);
    return (ip[0] & 0xfe) == 0xfc;
}

int addr_local_list(struct addr *ret, size_t max, char (*names)[16])
{
    struct ifaddrs *all;
    size_t n = 0;

    if (getifaddrs(&all) < 0)
        return -errno;
    for (struct ifaddrs *i = all; i && n < max; i = i->ifa_next) {
        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP))
            continue;
        if (addr_from_sockaddr(i->ifa_addr,
                               i->ifa_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                                  : sizeof(struct sockaddr_in),
                               &ret[n]) < 0)
            continue;
        if (names)
            snprintf(names[n], sizeof(names[n]), "%s", i->ifa_name);
        n++;
    }
    freeifaddrs(all);
    return (int) n;
}

bool addr_is_container_interface(const char *name)
{
    static const char *const prefixes[] = {
        "docker", "br-", "veth", "virbr", "lxc", "podman", "cni", "flannel", "cali", "vnet",
    };

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    }
    return false;
}
