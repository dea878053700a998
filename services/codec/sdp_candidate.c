#include "codec/sdp_candidate.h"

#define N_FIXED 6 /* foundation to port; then come pairs of a name and a value */
#define WORDS_MAX 40

static const char *const type_names[] = {
    [SDP_HOST] = "host", [SDP_SRFLX] = "srflx", [SDP_PRFLX] = "prflx", [SDP_RELAY] = "relay"};
#define N_TYPES (sizeof(type_names) / sizeof(type_names[0]))

static const char *const tcp_types[] = {
    [SDP_TCP_ACTIVE] = "active", [SDP_TCP_PASSIVE] = "passive", [SDP_TCP_SO] = "so"};
#define N_TCP_TYPES (sizeof(tcp_types) / sizeof(tcp_types[0]))

const char *sdp_candidate_type_name(enum sdp_candidate_type type)
{
    return type_names[type];
}

/* ---- reading ---- */

/* Views of the words, which single spaces part. 0: too many, or an empty one. */
static size_t split(struct bytes text, struct bytes words[static WORDS_MAX])
{
    size_t n = 0, at = 0;

    while (at <= text.len) {
        const uint8_t *space = memchr(text.p + at, ' ', text.len - at);
        size_t end = space ? (size_t) (space - text.p) : text.len;

        if (n == WORDS_MAX || end == at)
            return 0;
        words[n++] = bytes_of(text.p + at, end - at);
        at = end + 1;
    }
    return n;
}

static bool is_ice_char(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

static int take_foundation(struct bytes word, char ret[static SDP_FOUNDATION_SIZE])
{
    if (word.len >= SDP_FOUNDATION_SIZE)
        return -EBADMSG;
    for (size_t i = 0; i < word.len; i++) {
        if (!is_ice_char(word.p[i]))
            return -EBADMSG;
        ret[i] = (char) word.p[i];
    }
    ret[word.len] = '\0';
    return 0;
}

/* -EAFNOSUPPORT: a name. */
static int take_address(struct bytes ip, struct bytes port, struct addr *ret)
{
    char text[ADDR_TEXT_SIZE];
    uint64_t number;

    if (bytes_to_u64(port, 65535, &number) < 0)
        return -EBADMSG;
    if (memchr(ip.p, '\0', ip.len))
        return -EBADMSG;
    if (ip.len >= sizeof(text))
        return -EAFNOSUPPORT;
    memcpy(text, ip.p, ip.len);
    text[ip.len] = '\0';
    return addr_parse_ip(text, (uint16_t) number, ret) < 0 ? -EAFNOSUPPORT : 0;
}

static int name_index(struct bytes word, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i] && bytes_caseeq_str(word, names[i]))
            return (int) i;
    }
    return -EAFNOSUPPORT;
}

/* The value of an extension; p == NULL when it is not there. */
static struct bytes find(const struct bytes *words, size_t n, const char *name)
{
    for (size_t i = N_FIXED; i + 1 < n; i += 2) {
        if (bytes_eq_str(words[i], name))
            return words[i + 1];
    }
    return bytes_of(NULL, 0);
}

static int take_protocol(const struct bytes *words, size_t n, enum sdp_protocol *ret)
{
    struct bytes tcp_type = find(words, n, "tcptype");
    int i;

    if (bytes_caseeq_str(words[2], "udp")) {
        *ret = SDP_UDP;
        return 0;
    }
    if (!bytes_caseeq_str(words[2], "tcp"))
        return -EAFNOSUPPORT;
    i = tcp_type.p ? name_index(tcp_type, tcp_types, N_TCP_TYPES) : -EBADMSG;
    if (i < 0)
        return i;
    *ret = (enum sdp_protocol) i;
    return 0;
}

static int take_type(const struct bytes *words, size_t n, enum sdp_candidate_type *ret)
{
    struct bytes word = find(words, n, "typ");
    int i = word.p ? name_index(word, type_names, N_TYPES) : -EBADMSG;

    if (i < 0)
        return i;
    *ret = (enum sdp_candidate_type) i;
    return 0;
}

/* Left out when it is no address: nothing but a person needs it. */
static int take_related(const struct bytes *words, size_t n, struct addr *ret)
{
    struct bytes ip = find(words, n, "raddr"), port = find(words, n, "rport");

    if (!ip.p || !port.p)
        return 0;
    return take_address(ip, port, ret) == -EBADMSG ? -EBADMSG : 0;
}

int sdp_candidate_decode(struct bytes text, struct sdp_candidate *ret)
{
    struct sdp_candidate c = {.component = 0};
    struct bytes words[WORDS_MAX];
    uint64_t component, priority;
    size_t n = text.len > 0 ? split(text, words) : 0;
    int r;

    if (n < N_FIXED || n % 2 != 0 || take_foundation(words[0], c.foundation) < 0 ||
        bytes_to_u64(words[1], 255, &component) < 0 ||
        bytes_to_u64(words[3], UINT32_MAX, &priority) < 0)
        return -EBADMSG;
    c.component = (uint8_t) component;
    c.priority = (uint32_t) priority;
    c.ufrag = find(words, n, "ufrag");
    r = take_protocol(words, n, &c.protocol);
    if (r == 0)
        r = take_type(words, n, &c.type);
    if (r == 0)
        r = take_address(words[4], words[5], &c.addr);
    if (r == 0)
        r = take_related(words, n, &c.related);
    if (r == 0)
        *ret = c;
    return r;
}

/* ---- writing ---- */

void sdp_candidate_put(const struct sdp_candidate *c, struct wr *w)
{
    char ip[ADDR_TEXT_SIZE];

    wr_fmt(w, "%s %u %s %u %s %u typ %s", c->foundation, c->component,
           c->protocol == SDP_UDP ? "udp" : "tcp", c->priority, addr_format_ip(&c->addr, ip),
           c->addr.port, type_names[c->type]);
    if (c->related.family != 0)
        wr_fmt(w, " raddr %s rport %u", addr_format_ip(&c->related, ip), c->related.port);
    if (c->protocol != SDP_UDP)
        wr_fmt(w, " tcptype %s", tcp_types[c->protocol]);
    if (c->ufrag.len > 0) {
        wr_str(w, " ufrag ");
        wr_bytes(w, c->ufrag);
    }
}
