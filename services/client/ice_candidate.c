#include "client/ice_candidate.h"

#include <errno.h>

#define WORDS_MAX 32

enum { FOUNDATION, COMPONENT, PROTOCOL, PRIORITY, IP, PORT, TYP, TYPE, FIXED };

static unsigned split(const char *text, struct bytes words[static WORDS_MAX])
{
    unsigned n = 0;

    while (n < WORDS_MAX && *text) {
        size_t len = strcspn(text, " ");

        if (len > 0)
            words[n++] = bytes_of(text, len);
        text += len;
        text += *text == ' ';
    }
    return n;
}

/* Extensions come in pairs behind the type. */
static bool is_passive(const struct bytes *words, unsigned n)
{
    for (unsigned i = FIXED; i + 1 < n; i += 2)
        if (bytes_eq_str(words[i], "tcptype"))
            return bytes_eq_str(words[i + 1], "passive");
    return false;
}

int ice_candidate_parse(const char *text, struct ice_candidate *ret)
{
    struct bytes words[WORDS_MAX];
    unsigned n = split(text, words);
    struct ice_candidate c = {0};
    char ip[ADDR_TEXT_SIZE];
    uint64_t port;

    if (n < FIXED || words[IP].len >= sizeof(ip) ||
        bytes_to_u64(words[PORT], UINT16_MAX, &port) < 0)
        return -EBADMSG;
    c.tcp = bytes_caseeq_str(words[PROTOCOL], "tcp");
    if (c.tcp ? !is_passive(words, n) : !bytes_caseeq_str(words[PROTOCOL], "udp"))
        return -ENOTSUP;
    memcpy(ip, words[IP].p, words[IP].len);
    ip[words[IP].len] = '\0';
    if (addr_parse_ip(ip, (uint16_t) port, &c.addr) < 0)
        return -ENOTSUP;
    *ret = c;
    return 0;
}
