#include "base/special_ip.h"

#define V4(a, b, c, d, bits, ...)                                                                  \
    {                                                                                              \
        .net = {.family = AF_INET, .ip = {a, b, c, d}}, .n_bits = (bits), __VA_ARGS__              \
    }
#define PAIR(x) (uint8_t)((x) >> 8), (uint8_t) (x)
#define V6(a, b, c, d, e, f, g, h, bits, ...)                                                      \
    {                                                                                              \
        .net = {.family = AF_INET6,                                                                \
                .ip = {PAIR(a), PAIR(b), PAIR(c), PAIR(d), PAIR(e), PAIR(f), PAIR(g), PAIR(h)}},   \
        .n_bits = (bits), __VA_ARGS__                                                              \
    }
#define IS(text, document) .name = (text), .source = (document)
#define NEVER(text, document) IS(text, document), .never = true

static const struct special_ip table[] = {
    /* IANA IPv4 Special-Purpose Address Registry */
    V4(0, 0, 0, 0, 8, NEVER("\"this network\"", "RFC 791")),
    V4(0, 0, 0, 0, 32, NEVER("\"this host on this network\"", "RFC 1122")),
    V4(10, 0, 0, 0, 8, IS("private use", "RFC 1918")),
    V4(100, 64, 0, 0, 10, IS("shared address space", "RFC 6598")),
    V4(127, 0, 0, 0, 8, NEVER("loopback", "RFC 1122")),
    V4(169, 254, 0, 0, 16, NEVER("link local", "RFC 3927")),
    V4(172, 16, 0, 0, 12, IS("private use", "RFC 1918")),
    V4(192, 0, 0, 0, 24, IS("IETF protocol assignments", "RFC 6890")),
    V4(192, 0, 0, 0, 29, IS("IPv4 service continuity prefix", "RFC 7335")),
    V4(192, 0, 0, 8, 32, IS("IPv4 dummy address", "RFC 7600")),
    V4(192, 0, 0, 9, 32, IS("Port Control Protocol anycast", "RFC 7723")),
    V4(192, 0, 0, 10, 32, IS("TURN anycast", "RFC 8155")),
    V4(192, 0, 0, 170, 32, IS("NAT64/DNS64 discovery", "RFC 8880")),
    V4(192, 0, 0, 171, 32, IS("NAT64/DNS64 discovery", "RFC 8880")),
    V4(192, 0, 2, 0, 24, IS("documentation (TEST-NET-1)", "RFC 5737")),
    V4(192, 31, 196, 0, 24, IS("AS112-v4", "RFC 7535")),
    V4(192, 52, 193, 0, 24, IS("AMT", "RFC 7450")),
    V4(192, 88, 99, 0, 24, IS("6to4 relay anycast", "RFC 7526")),
    V4(192, 88, 99, 2, 32, IS("6a44 relay anycast", "RFC 6751")),
    V4(192, 168, 0, 0, 16, IS("private use", "RFC 1918")),
    V4(192, 175, 48, 0, 24, IS("direct delegation AS112 service", "RFC 7534")),
    V4(198, 18, 0, 0, 15, IS("benchmarking", "RFC 2544")),
    V4(198, 51, 100, 0, 24, IS("documentation (TEST-NET-2)", "RFC 5737")),
    V4(203, 0, 113, 0, 24, IS("documentation (TEST-NET-3)", "RFC 5737")),
    V4(240, 0, 0, 0, 4, IS("reserved", "RFC 1112")),
    V4(255, 255, 255, 255, 32, NEVER("limited broadcast", "RFC 919")),

    /* IANA IPv6 Special-Purpose Address Registry */
    V6(0, 0, 0, 0, 0, 0, 0, 1, 128, NEVER("loopback", "RFC 4291")),
    V6(0, 0, 0, 0, 0, 0, 0, 0, 128, NEVER("unspecified", "RFC 4291")),
    V6(0, 0, 0, 0, 0, 0xffff, 0, 0, 96, IS("IPv4-mapped", "RFC 4291")),
    V6(0x64, 0xff9b, 0, 0, 0, 0, 0, 0, 96, IS("IPv4-IPv6 translation (NAT64)", "RFC 6052")),
    V6(0x64, 0xff9b, 1, 0, 0, 0, 0, 0, 48, IS("local IPv4-IPv6 translation (NAT64)", "RFC 8215")),
    V6(0x100, 0, 0, 0, 0, 0, 0, 0, 64, IS("discard-only", "RFC 6666")),
    V6(0x100, 0, 0, 1, 0, 0, 0, 0, 64, IS("dummy prefix", "RFC 9780")),
    V6(0x2001, 0, 0, 0, 0, 0, 0, 0, 23, IS("IETF protocol assignments", "RFC 2928")),
    V6(0x2001, 0, 0, 0, 0, 0, 0, 0, 32, IS("Teredo", "RFC 4380")),
    V6(0x2001, 1, 0, 0, 0, 0, 0, 1, 128, IS("Port Control Protocol anycast", "RFC 7723")),
    V6(0x2001, 1, 0, 0, 0, 0, 0, 2, 128, IS("TURN anycast", "RFC 8155")),
    V6(0x2001, 1, 0, 0, 0, 0, 0, 3, 128, IS("DNS-SD registration anycast", "RFC 9665")),
    V6(0x2001, 2, 0, 0, 0, 0, 0, 0, 48, IS("benchmarking", "RFC 5180")),
    V6(0x2001, 3, 0, 0, 0, 0, 0, 0, 32, IS("AMT", "RFC 7450")),
    V6(0x2001, 4, 0x112, 0, 0, 0, 0, 0, 48, IS("AS112-v6", "RFC 7535")),
    V6(0x2001, 0x10, 0, 0, 0, 0, 0, 0, 28, IS("ORCHID, deprecated", "RFC 4843")),
    V6(0x2001, 0x20, 0, 0, 0, 0, 0, 0, 28, IS("ORCHIDv2", "RFC 7343")),
    V6(0x2001, 0x30, 0, 0, 0, 0, 0, 0, 28, IS("drone remote ID", "RFC 9374")),
    V6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0, 32, IS("documentation", "RFC 3849")),
    V6(0x2002, 0, 0, 0, 0, 0, 0, 0, 16, IS("6to4", "RFC 3056")),
    V6(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0, 48, IS("direct delegation AS112 service", "RFC 7534")),
    V6(0x3fff, 0, 0, 0, 0, 0, 0, 0, 20, IS("documentation", "RFC 9637")),
    V6(0x5f00, 0, 0, 0, 0, 0, 0, 0, 16, IS("segment routing identifiers", "RFC 9602")),
    V6(0xfc00, 0, 0, 0, 0, 0, 0, 0, 7, IS("unique local", "RFC 4193")),
    V6(0xfe80, 0, 0, 0, 0, 0, 0, 0, 10, NEVER("link local", "RFC 4291")),

    /* Elsewhere */
    V4(224, 0, 0, 0, 4, NEVER("multicast", "RFC 5771")),
    V6(0xff00, 0, 0, 0, 0, 0, 0, 0, 8, NEVER("multicast", "RFC 4291")),
    V6(0, 0, 0, 0, 0, 0, 0, 0, 96, IS("IPv4-compatible, deprecated", "RFC 4291")),
    V6(0, 0, 0, 0, 0xffff, 0, 0, 0, 96, IS("IPv4-translated", "RFC 2765")),
    V6(0xfec0, 0, 0, 0, 0, 0, 0, 0, 10, IS("site local, deprecated", "RFC 3879")),

    /* Of a machine in a cloud: keys and user data for the asking. 169.254.169.254 is link local. */
    V4(168, 63, 129, 16, 32, NEVER("cloud platform service", "Azure")),
    V4(100, 100, 100, 200, 32, NEVER("cloud metadata service", "Alibaba Cloud")),
    V4(192, 0, 0, 192, 32, NEVER("cloud metadata service", "Oracle Cloud")),
    V6(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0, 64, NEVER("cloud platform services", "AWS")),
    V6(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254, 128, NEVER("cloud metadata service", "Google Cloud")),
};

#define N_ROWS (sizeof(table) / sizeof(table[0]))

const struct special_ip *special_ip_row(size_t i)
{
    return i < N_ROWS ? &table[i] : NULL;
}

const struct special_ip *special_ip_find(const struct addr *a)
{
    const struct special_ip *best = NULL;

    for (size_t i = 0; i < N_ROWS; i++) {
        if ((!best || table[i].n_bits > best->n_bits) &&
            addr_in_prefix(a, &table[i].net, table[i].n_bits))
            best = &table[i];
    }
    return best;
}

const struct special_ip *special_ip_find_never(const struct addr *net, unsigned n_bits)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (table[i].never && table[i].n_bits <= n_bits &&
            addr_in_prefix(net, &table[i].net, table[i].n_bits))
            return &table[i];
    }
    return NULL;
}

bool special_ip_is_public(const struct addr *a)
{
    bool unicast = a->family == AF_INET || (a->family == AF_INET6 && (a->ip[0] & 0xe0) == 0x20);

    return unicast && !special_ip_find(a);
}

/* ---- IPv4 within IPv6 ---- */

struct found {
    const struct addr *a;
    struct addr *list;
    size_t n;
};

/* The bytes at the four places; flip: each bit turned over. */
static void add(struct found *f, const uint8_t at[static 4], uint8_t flip)
{
    struct addr *r = &f->list[f->n++];

    *r = (struct addr){.family = AF_INET, .port = f->a->port};
    for (size_t i = 0; i < 4; i++)
        r->ip[i] = f->a->ip[at[i]] ^ flip;
}

static bool in(const struct addr *a, uint16_t first, uint16_t second, uint16_t third, unsigned bits)
{
    const struct addr net = {.family = AF_INET6, .ip = {PAIR(first), PAIR(second), PAIR(third)}};

    return addr_in_prefix(a, &net, bits);
}

/* RFC 6052 section 2.2: byte 8 is left out; where the prefix ends is the network's choice. */
static void add_local_nat64(struct found *f)
{
    static const uint8_t places[][4] = {{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (f->a->ip[places[i][0]] != 0)
            add(f, places[i], 0);
    }
}

static bool is_isatap(const struct addr *a)
{
    return (a->ip[8] & 0xfd) == 0 && a->ip[9] == 0 && a->ip[10] == 0x5e && a->ip[11] == 0xfe;
}

/* ::/96, ::ffff:0:0/96, ::ffff:0:0:0/96 */
static bool ends_in_ipv4(const struct addr *a)
{
    static const uint8_t middles[][4] = {{0, 0, 0, 0}, {0, 0, 0xff, 0xff}, {0xff, 0xff, 0, 0}};
    static const uint8_t zero[8];

    if (memcmp(a->ip, zero, sizeof(zero)) != 0)
        return false;
    for (size_t i = 0; i < sizeof(middles) / sizeof(middles[0]); i++) {
        if (memcmp(a->ip + 8, middles[i], 4) == 0)
            return true;
    }
    return false;
}

size_t special_ip_embedded(const struct addr *a, struct addr ret[static SPECIAL_IP_EMBEDDED_MAX])
{
    static const uint8_t at_2[] = {2, 3, 4, 5}, at_4[] = {4, 5, 6, 7}, at_12[] = {12, 13, 14, 15};
    struct found f = {.a = a, .list = ret};

    if (a->family != AF_INET6)
        return 0;
    if (in(a, 0x2002, 0, 0, 16))
        add(&f, at_2, 0);
    if (in(a, 0x2001, 0, 0, 32)) {
        add(&f, at_4, 0);
        add(&f, at_12, 0xff);
    }
    if (in(a, 0x64, 0xff9b, 1, 48))
        add_local_nat64(&f);
    if (ends_in_ipv4(a) || is_isatap(a) || in(a, 0x64, 0xff9b, 0, 32))
        add(&f, at_12, 0);
    return f.n;
}
