#include "firewall/fw_logic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

bool fw_in_network(const struct addr *a, const struct addr *network, unsigned len)
{
    size_t bytes = len / 8;
    unsigned rest = len % 8;

    if (a->family != network->family || len > addr_ip_len(a) * 8)
        return false;
    if (memcmp(a->ip, network->ip, bytes) != 0)
        return false;
    return rest == 0 || ((a->ip[bytes] ^ network->ip[bytes]) >> (8 - rest)) == 0;
}

/* "255.255.0.0" as a number of bits; -EBADMSG when the ones are not all in front. */
static int mask_len(const struct addr *mask)
{
    unsigned len = 0;
    size_t bits = addr_ip_len(mask) * 8;

    while (len < bits && mask->ip[len / 8] & 0x80u >> len % 8)
        len++;
    for (size_t i = len; i < bits; i++)
        if (mask->ip[i / 8] & 0x80u >> i % 8)
            return -EBADMSG;
    return (int) len;
}

int fw_parse_network(const char *text, struct addr *ret, unsigned *ret_len)
{
    char ip[ADDR_TEXT_SIZE];
    size_t len = strcspn(text, "/");
    struct addr a, mask;
    uint64_t bits;

    if (len >= sizeof(ip))
        return -EBADMSG;
    memcpy(ip, text, len);
    ip[len] = '\0';
    if (addr_parse_ip(ip, 0, &a) < 0)
        return -EBADMSG;
    bits = addr_ip_len(&a) * 8;
    if (text[len] && addr_parse_ip(text + len + 1, 0, &mask) == 0) {
        int n = mask.family == a.family ? mask_len(&mask) : -EBADMSG;

        if (n < 0)
            return n;
        bits = (uint64_t) n;
    } else if (text[len] && bytes_to_u64(bytes_str(text + len + 1), bits, &bits) < 0) {
        return -EBADMSG;
    }
    *ret = a;
    *ret_len = (unsigned) bits;
    return 0;
}

bool fw_interface_matches(const char *pattern, char wildcard, const char *name)
{
    size_t len = strlen(pattern);

    if (len > 0 && pattern[len - 1] == wildcard)
        return strncmp(pattern, name, len - 1) == 0;
    return strcmp(pattern, name) == 0;
}

struct fw_answer fw_both(const struct fw_answer *a, const struct fw_answer *b)
{
    struct fw_answer both = a->may == FW_ACCEPT ? *b : *a;

    if (a->may == FW_DROP || b->may == FW_DROP)
        return a->may == FW_DROP ? *a : *b;
    both.may = (a->may | b->may) & ~(unsigned) FW_ACCEPT;
    if (a->may & FW_ACCEPT && b->may & FW_ACCEPT)
        both.may |= FW_ACCEPT;
    return both;
}

unsigned fw_tcp_flag(const char *name)
{
    static const char *const names[] = {"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(names[i], name) == 0)
            return 1u << i;
    if (strcasecmp(name, "ece") == 0)
        return 1u << 6;
    return strcasecmp(name, "all") == 0 ? 0xff : 0;
}
