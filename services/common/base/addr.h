/* addr.h: a transport address (IP and port) as a value without padding, so that it can be hashed
 * and compared as bytes. IPv4-mapped IPv6 addresses become IPv4 on the way in. */
#pragma once

#include "base/bytes.h"

#include <sys/socket.h>

#define ADDR_TEXT_SIZE 56 /* "[IPv6]:port" with its NUL */

struct addr {
    uint16_t family; /* AF_INET, AF_INET6; 0: none */
    uint16_t port;   /* host order */
    uint32_t scope;  /* of a link-local IPv6 address */
    uint8_t ip[16];  /* network order; IPv4 takes the first four, the rest is 0 */
};

/* -EAFNOSUPPORT for other families, -EBADMSG when len is too short. */
int addr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct addr *ret);

/* Which address a socket of any kind is bound to, with the port that the kernel chose; or a
 * negative errno. */
int addr_of_socket(int fd, struct addr *ret);

/* Returns the length to give to the kernel. a must have a family. */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ret);

/* The numeric text of an IP without port ("::1", not "[::1]"). -EBADMSG. No name look-ups. */
int addr_parse_ip(const char *text, uint16_t port, struct addr *ret);

/* "1.2.3.4:80", "[::1]:80". -EBADMSG. */
int addr_parse(const char *text, struct addr *ret);

/* "1.2.3.4:80" or "[::1]:80"; returns buf. */
const char *addr_format(const struct addr *a, char buf[static ADDR_TEXT_SIZE]);

/* The IP alone, without brackets; returns buf. */
const char *addr_format_ip(const struct addr *a, char buf[static ADDR_TEXT_SIZE]);

static inline size_t addr_ip_len(const struct addr *a)
{
    return a->family == AF_INET6 ? 16 : 4;
}

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* Same IP, whatever the ports are. */
static inline bool addr_ip_eq(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

/* Is one of the n with this IP? */
bool addr_is_among(const struct addr *a, const struct addr *list, size_t n);

/* Are the first n_bits of both IPs the same? Those of another family are not. */
bool addr_in_prefix(const struct addr *a, const struct addr *net, unsigned n_bits);

/* By IP, then by port: the ports of one IP are neighbours. As memcmp() does. */
int addr_compare(const struct addr *a, const struct addr *b);

/* The whole address as a key of a map. */
static inline struct bytes addr_key(const struct addr *a)
{
    return bytes_of(a, sizeof(*a));
}

/* Who is behind an address, to count by: the whole IPv4 address, of an IPv6 one the /64, which is
 * what one customer gets. */
#define ADDR_HOST_KEY_SIZE 9
void addr_host_key(const struct addr *a, uint8_t ret[static ADDR_HOST_KEY_SIZE]);

bool addr_is_loopback(const struct addr *a);
bool addr_is_unspecified(const struct addr *a);
bool addr_is_link_local(const struct addr *a);
bool addr_is_multicast(const struct addr *a);

/* Private use, carrier NAT, loopback, link-local: not reachable from the Internet. */
bool addr_is_private(const struct addr *a);

/* The addresses of this machine's interfaces that are up, loopback included, with port 0.
 * At most max; returns how many, or a negative errno. names (may be NULL) gets the interface name
 * of each. */
int addr_local_list(struct addr *ret, size_t max, char (*names)[16]);

/* Is this the name of a bridge or tunnel end of containers or virtual machines? */
bool addr_is_container_interface(const char *name);
