#include "acme/proxy_header.h"

#include "base/buf.h"

#include <netinet/in.h>

#define V1_MAX 107 /* with CR LF */
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

static int parse_v1_line(char *line, struct addr *ret)
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
    *ret = source;
    return 0;
}

static int parse_v1(struct bytes in, struct proxy_header *ret)
{
    const uint8_t *end = memmem(in.p, in.len < V1_MAX ? in.len : V1_MAX, "\r\n", 2);
    struct proxy_header h = {0};
    char line[V1_MAX + 1];

    if (!end)
        return in.len < V1_MAX ? -EAGAIN : -EBADMSG;
    h.len = (size_t) (end - in.p) + 2;
    if (memchr(in.p, '\0', h.len))
        return -EBADMSG;
    memcpy(line, in.p, h.len - 2);
    line[h.len - 2] = '\0';
    if (parse_v1_line(line, &h.client) < 0)
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

static void read_source(struct rd *r, uint8_t family, struct addr *ret)
{
    size_t ip_len = family == 1 ? 4 : 16;
    struct bytes ip;

    if (family != 1 && family != 2)
        return; /* a Unix socket, or unspecified */
    ip = rd_bytes(r, ip_len);
    rd_skip(r, ip_len); /* the destination */
    ret->port = rd_u16(r);
    rd_skip(r, 2);
    if (rd_finish(r) < 0)
        return;
    ret->family = family == 1 ? AF_INET : AF_INET6;
    memcpy(ret->ip, ip.p, ip.len);
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
        read_source(&r, family, &h.client);
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
