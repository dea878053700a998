#include "base/ip_rule.h"

#include "base/buf.h"
#include "base/special_ip.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 64 /* longer than any rule */

__attribute__((format(printf, 2, 3))) static int wrong(char why[static IP_RULE_WHY_SIZE],
                                                       const char *fmt, ...);

static int wrong(char why[static IP_RULE_WHY_SIZE], const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, IP_RULE_WHY_SIZE, fmt, args);
    va_end(args);
    return -EBADMSG;
}

static int parse_ports(struct bytes text, struct ip_rule *ret)
{
    const uint8_t *dash = memchr(text.p, '-', text.len);
    struct bytes first = text, last = text;
    uint64_t min, max;

    if (dash) {
        first = bytes_of(text.p, (size_t) (dash - text.p));
        last = bytes_of(dash + 1, text.len - first.len - 1);
    }
    if (bytes_to_u64(first, 65535, &min) < 0 || bytes_to_u64(last, 65535, &max) < 0)
        return -EBADMSG;
    if (min == 0 || min > max)
        return -EBADMSG;
    ret->port_min = (uint16_t) min;
    ret->port_max = (uint16_t) max;
    return 0;
}

/* Zeroes what is behind the prefix; false when something was there. */
static bool cut(struct addr *net, unsigned n_bits)
{
    bool clean = true;

    for (unsigned i = 0; i < addr_ip_len(net); i++) {
        unsigned kept = n_bits > 8 * i ? n_bits - 8 * i : 0;
        uint8_t mask = kept >= 8 ? 0xff : (uint8_t) (0xff00 >> kept);

        clean = clean && (net->ip[i] & ~mask) == 0;
        net->ip[i] &= mask;
    }
    return clean;
}

/* text: "IP" or "IP/bits", ends in a NUL */
static int parse_net(char *text, struct ip_rule *ret, char why[static IP_RULE_WHY_SIZE])
{
    char *slash = strchr(text, '/'), right[ADDR_TEXT_SIZE];
    unsigned most;
    uint64_t bits;

    if (slash)
        *slash = '\0';
    if (addr_parse_ip(text, 0, &ret->net) < 0)
        return wrong(why, "must be an IP address, or a range with its prefix length, each with a "
                          "port or ports if wished: " IP_RULE_EXAMPLES);
    if (ret->net.family == AF_INET && strchr(text, ':'))
        return wrong(why, "must name IPv4 as IPv4: %s", addr_format_ip(&ret->net, right));
    most = 8 * (unsigned) addr_ip_len(&ret->net);
    if (!slash)
        bits = most;
    else if (bytes_to_u64(bytes_str(slash + 1), most, &bits) < 0)
        return wrong(why, "must have a prefix length of 0 to %u behind the slash, as in %s", most,
                     most == 32 ? "10.0.0.0/8" : "2001:db8::/32");
    ret->n_bits = (uint8_t) bits;
    if (!cut(&ret->net, ret->n_bits))
        return wrong(why,
                     "has bits behind its prefix: %s/%u is the range, without /%u it is one "
                     "address",
                     addr_format_ip(&ret->net, right), ret->n_bits, ret->n_bits);
    return 0;
}

/* Where the port begins, behind its colon; NULL when there is none. IPv6 without brackets has
 * many colons. */
static char *find_ports(char *text, char **ret_net)
{
    char *end, *colon;

    *ret_net = text;
    if (*text == '[') {
        end = strchr(text, ']');
        if (!end || (end[1] != ':' && end[1] != '\0'))
            return NULL; /* no IP begins so: parse_net() will say it */
        *end = '\0';
        *ret_net = text + 1;
        return end[1] == ':' ? end + 2 : NULL;
    }
    colon = strchr(text, ':');
    if (!colon || strchr(colon + 1, ':'))
        return NULL;
    *colon = '\0';
    return colon + 1;
}

static int parse(struct bytes text, bool allowed, struct ip_rule *ret,
                 char why[static IP_RULE_WHY_SIZE])
{
    struct ip_rule rule = {.port_min = 0, .port_max = 65535};
    const struct special_ip *never;
    char copy[TEXT_MAX] = "", *net, *ports;
    int r;

    if (text.len > 0 && text.len < sizeof(copy) && !memchr(text.p, '\0', text.len))
        memcpy(copy, text.p, text.len);
    ports = find_ports(copy, &net);
    r = parse_net(net, &rule, why);
    if (r < 0)
        return r;
    if (ports && parse_ports(bytes_str(ports), &rule) < 0)
        return wrong(why, "must have a port, or two with a dash between, behind the colon, 1 to "
                          "65535, the lower first, as in 10.1.2.3:5000-5999");
    never = allowed ? special_ip_find_never(&rule.net, rule.n_bits) : NULL;
    if (never)
        return wrong(why,
                     "is %s (%s), where relays never go; other servers can be allowed, as in "
                     "10.1.2.3:5000-5999",
                     never->name, never->source);
    *ret = rule;
    return 0;
}

/* The reason, with the text in front. */
static int parse_named(struct bytes text, bool allowed, struct ip_rule *ret,
                       char why[static IP_RULE_WHY_SIZE])
{
    char reason[IP_RULE_WHY_SIZE];
    int r = parse(text, allowed, ret, reason);

    if (r < 0)
        wrong(why, "\"%.*s\" %s", (int) (text.len < TEXT_MAX ? text.len : TEXT_MAX),
              text.p ? (const char *) text.p : "", reason);
    return r;
}

int ip_rule_parse(struct bytes text, struct ip_rule *ret, char why[static IP_RULE_WHY_SIZE])
{
    return parse_named(text, false, ret, why);
}

int ip_rule_parse_allowed(struct bytes text, struct ip_rule *ret, char why[static IP_RULE_WHY_SIZE])
{
    return parse_named(text, true, ret, why);
}

static struct bytes trim(struct bytes b)
{
    while (b.len > 0 && (b.p[0] == ' ' || b.p[0] == '\t'))
        b = bytes_of(b.p + 1, b.len - 1);
    while (b.len > 0 && (b.p[b.len - 1] == ' ' || b.p[b.len - 1] == '\t'))
        b.len--;
    return b;
}

int ip_rule_parse_list(const char *text, bool allowed, struct ip_rule *ret, size_t max,
                       size_t *ret_n, char why[static IP_RULE_WHY_SIZE])
{
    struct bytes left = trim(bytes_str(text));
    size_t n = 0;

    for (bool more = left.len > 0; more; n++) {
        const uint8_t *comma = memchr(left.p, ',', left.len);
        struct bytes item = comma ? bytes_of(left.p, (size_t) (comma - left.p)) : left;
        int r;

        if (n == max) {
            wrong(why, "must have at most %zu entries", max);
            return -ENOSPC;
        }
        more = comma != NULL;
        if (comma)
            left = bytes_of(comma + 1, left.len - item.len - 1);
        r = parse_named(trim(item), allowed, &ret[n], why);
        if (r < 0)
            return r;
    }
    *ret_n = n;
    return 0;
}

bool ip_rule_has_every_port(const struct ip_rule *r)
{
    return r->port_min == 0 && r->port_max == 65535;
}

const char *ip_rule_format(const struct ip_rule *r, char buf[static IP_RULE_TEXT_SIZE])
{
    bool v6 = r->net.family == AF_INET6, ports = !ip_rule_has_every_port(r);
    struct wr w = wr_init(buf, IP_RULE_TEXT_SIZE);
    char ip[ADDR_TEXT_SIZE];

    wr_fmt(&w, "%s%s", v6 && ports ? "[" : "", addr_format_ip(&r->net, ip));
    if (r->n_bits != 8 * addr_ip_len(&r->net))
        wr_fmt(&w, "/%u", r->n_bits);
    if (ports)
        wr_fmt(&w, "%s:%u", v6 ? "]" : "", r->port_min);
    if (ports && r->port_max != r->port_min)
        wr_fmt(&w, "-%u", r->port_max);
    wr_u8(&w, '\0');
    return buf;
}

bool ip_rule_matches_ip(const struct ip_rule *r, const struct addr *a)
{
    return addr_in_prefix(a, &r->net, r->n_bits);
}

bool ip_rule_matches(const struct ip_rule *r, const struct addr *a)
{
    return ip_rule_matches_ip(r, a) && a->port >= r->port_min && a->port <= r->port_max;
}
