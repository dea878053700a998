#include "codec/proxy_header.h"

#include <netinet/in.h>

#define V1_WORDS_MAX 6

static const uint8_t v2_signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                         0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

/* ---- version 1: "PROXY TCP4 SOURCE DESTINATION SOURCE-PORT DESTINATION-PORT\r\n" ---- */

static size_t split(char *line, char *words[static V1_WORDS_MAX])
{
    size_t n = 0;

    for (char *save, *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        if (n == V1_WORDS_MAX)
            return 0;
        words[n++] = w;
    }
    return n;
}

static int parse_v1_line(char *line, struct proxy_header *ret)
{
    char *words[V1_WORDS_MAX];
    size_t n = split(line, words);
    struct addr source, target;
    uint64_t port;

    if (n >= 2 && strcmp(words[1], "UNKNOWN") == 0)
        return 0; /* whatever follows */
    if (n != V1_WORDS_MAX || bytes_to_u64(bytes_str(words[4]), 65535, &port) < 0 ||
        addr_parse_ip(words[2], (uint16_t) port, &source) < 0 ||
        bytes_to_u64(bytes_str(words[5]), 65535, &port) < 0 ||
        addr_parse_ip(words[3], (uint16_t) port, &target) < 0)
        return -EBADMSG;
    if (strcmp(words[1], "TCP4") != 0 && strcmp(words[1], "TCP6") != 0)
        return -EBADMSG;
    ret->client = source;
    ret->server = target;
    return 0;
}

static int parse_v1(struct bytes in, struct proxy_header *ret)
{
    const uint8_t *end =
        memmem(in.p, in.len < PROXY_HEADER_V1_MAX ? in.len : PROXY_HEADER_V1_MAX, "\r\n", 2);
    struct proxy_header h = {0};
    char line[PROXY_HEADER_V1_MAX + 1];

    if (!end)
        return in.len < PROXY_HEADER_V1_MAX ? -EAGAIN : -EBADMSG;
    h.len = (size_t) (end - in.p) + 2;
    if (memchr(in.p, '\0', h.len))
        return -EBADMSG;
    memcpy(line, in.p, h.len - 2);
    line[h.len - 2] = '\0';
    if (parse_v1_line(line, &h) < 0)
        return -EBADMSG;
    *ret = h;
    return 0;
}

/* ---- version 2 ----
 *
 *    12 bytes     1 byte             1 byte                2 bytes   len bytes
 *   +------------+---------+--------+----------+----------+---------+-----------------------+
 *   | signature  | version | LOCAL/ | family   | protocol | len     | addresses, ports, TLVs|
 *   |            | 2       | PROXY  |          |          |         |                       |
 *   +------------+---------+--------+----------+----------+---------+-----------------------+ */

/* As an address of the kernel's would be: an IPv4-mapped one is IPv4. */
static struct addr address_of(struct bytes ip, uint16_t port)
{
    struct sockaddr_storage sa;
    struct addr a = {.family = ip.len == 4 ? AF_INET : AF_INET6, .port = port};
    socklen_t len;

    memcpy(a.ip, ip.p, ip.len);
    len = addr_to_sockaddr(&a, &sa);
    (void) addr_from_sockaddr((struct sockaddr *) &sa, len, &a);
    return a;
}

static void read_addresses(struct rd *r, uint8_t family, struct proxy_header *ret)
{
    size_t ip_len = family == 1 ? 4 : 16;
    uint16_t client_port, server_port;
    struct bytes client, server;

    if (family != 1 && family != 2)
        return; /* a Unix socket, or unspecified */
    client = rd_bytes(r, ip_len);
    server = rd_bytes(r, ip_len);
    client_port = rd_u16(r);
    server_port = rd_u16(r);
    if (rd_finish(r) < 0)
        return;
    ret->client = address_of(client, client_port);
    ret->server = address_of(server, server_port);
}

static int parse_v2(struct bytes in, struct proxy_header *ret)
{
    struct rd r = rd_init(in);
    struct proxy_header h = {0};
    uint8_t command, family;
    size_t len;

    if (in.len < sizeof(v2_signature) + 4)
        return -EAGAIN;
    rd_skip(&r, sizeof(v2_signature));
    command = rd_u8(&r);
    family = rd_u8(&r) >> 4;
    len = rd_u16(&r);
    h.len = sizeof(v2_signature) + 4 + len;
    if (command >> 4 != 2 || (command & 15) > 1 || h.len > PROXY_HEADER_MAX)
        return -EBADMSG;
    if (in.len < h.len)
        return -EAGAIN;
    r = rd_init(rd_bytes(&r, len));
    if ((command & 15) == 1) /* PROXY; LOCAL is a check of the proxy's own */
        read_addresses(&r, family, &h);
    if (rd_finish(&r) < 0)
        return -EBADMSG;
    *ret = h;
    return 0;
}

int proxy_header_parse(struct bytes in, struct proxy_header *ret)
{
    static const char v1_start[] = "PROXY ";
    size_t n1 = in.len < strlen(v1_start) ? in.len : strlen(v1_start);
    size_t n2 = in.len < sizeof(v2_signature) ? in.len : sizeof(v2_signature);

    if (in.len == 0)
        return -EAGAIN;
    if (memcmp(in.p, v1_start, n1) == 0)
        return n1 < strlen(v1_start) ? -EAGAIN : parse_v1(in, ret);
    if (memcmp(in.p, v2_signature, n2) == 0)
        return n2 < sizeof(v2_signature) ? -EAGAIN : parse_v2(in, ret);
    return -EBADMSG;
}

int proxy_header_write(struct wr *w, const struct addr *client, const struct addr *server,
                       size_t *ret_len)
{
    const struct addr *target = server->family != 0 ? server : client;
    char from[ADDR_TEXT_SIZE], to[ADDR_TEXT_SIZE];

    if (client->family == 0 || client->family != target->family)
        return -EAFNOSUPPORT;
    wr_fmt(w, "PROXY TCP%d %s %s %u %u\r\n", client->family == AF_INET6 ? 6 : 4,
           addr_format_ip(client, from), addr_format_ip(target, to), client->port, target->port);
    return wr_finish(w, ret_len);
}
