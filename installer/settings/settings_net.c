/* The checks of names and addresses. */
#include "settings/settings_check.h"

#include "codec/ice_server.h"
#include "settings/allow_list.h"
#include "settings/punycode.h"
#include "store/store_address.h"
#include "text/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST_MAX 253
#define LABEL_MAX 63
#define NETWORKS_MAX 100 /* both lists and what is added fit into an allow_list */

/* ---- host names ---- */

static bool is_all_digits(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

/* Letters, digits and '-', no label empty or too long (RFC 1123). A last label of digits alone
 * would be an address, and a wrong one. */
static int check_name(const char *text, struct setting_verdict *v)
{
    const char *label = text;

    if (strlen(text) > HOST_MAX)
        return setting_refuse(v, "is longer than %d characters", HOST_MAX);
    for (;;) {
        size_t len = strcspn(label, ".");

        if (len == 0)
            return setting_refuse(v, "is no host name: there is nothing between two dots");
        if (len > LABEL_MAX)
            return setting_refuse(v, "is no host name: a part is longer than %d characters",
                                  LABEL_MAX);
        for (size_t i = 0; i < len; i++)
            if (!isalnum((unsigned char) label[i]) && label[i] != '-')
                return setting_refuse(v, "is no host name: only letters, digits, '-' and '.' are");
        if (label[0] == '-' || label[len - 1] == '-')
            return setting_refuse(v, "is no host name: a part begins or ends with '-'");
        if (!label[len])
            break;
        label += len + 1;
    }
    if (is_all_digits(label))
        return setting_refuse(v, "is neither an IP address nor a host name");
    return 0;
}

static bool is_name(const char *text)
{
    struct setting_verdict v = {0};

    return check_name(text, &v) == 0;
}

static bool is_ip(const char *text, struct addr *ret)
{
    return addr_parse_ip(text, 0, ret) == 0;
}

static bool is_host(const char *text)
{
    struct addr a;

    return is_ip(text, &a) || is_name(text);
}

/* The host within what is a bit more than that, as an example; none when it is none. */
static void suggest_host(struct setting_verdict *v, const char *start, size_t len)
{
    char host[HOST_MAX + 1], ascii[HOST_MAX + 1];

    if (len >= sizeof(host))
        return;
    memcpy(host, start, len);
    host[len] = '\0';
    if (is_host(host))
        snprintf(v->example, sizeof(v->example), "%s", host);
    else if (punycode_host(host, ascii, sizeof(ascii)) == 0 && is_name(ascii))
        snprintf(v->example, sizeof(v->example), "%s", ascii);
}

/* host[:port] of a URL, whose path and all may follow. */
static int refuse_url(const char *text, struct setting_verdict *v)
{
    const char *host = strstr(text, "://") + 3;
    bool brackets = *host == '[';
    size_t len = brackets ? strcspn(++host, "]") : strcspn(host, "/:?#"), digits;
    const char *port = host + len + (brackets && host[len]);

    suggest_host(v, host, len);
    digits = *port == ':' ? strspn(port + 1, "0123456789") : 0;
    if (digits > 0 && digits <= 5)
        return setting_refuse(v,
                              "is a URL: write the host name alone, and the port into HTTPS_PORT "
                              "(HTTPS_PORT=%.*s)",
                              (int) digits, port + 1);
    return setting_refuse(v, "is a URL: write the host name alone");
}

static int refuse_port(const char *text, const char *colon, struct setting_verdict *v)
{
    suggest_host(v, text, (size_t) (colon - text));
    if (is_all_digits(colon + 1) && strlen(colon + 1) <= 5)
        return setting_refuse(v, "has a port in it: put the port into HTTPS_PORT (HTTPS_PORT=%s)",
                              colon + 1);
    return setting_refuse(v, "has a colon in it, and is no IPv6 address");
}

static int refuse_idn(const char *text, struct setting_verdict *v)
{
    suggest_host(v, text, strlen(text));
    return setting_refuse(v, "has letters beyond ASCII: write the name as DNS has it (punycode)");
}

/* What is usual, and not quite a host name, gets a sentence of its own. */
static int check_host(const char *text, struct setting_verdict *v)
{
    const char *colon = strrchr(text, ':');
    size_t len = strlen(text);
    struct addr a;

    if (is_ip(text, &a))
        return 0;
    if (strstr(text, "://"))
        return refuse_url(text, v);
    if (text[0] == '[') {
        suggest_host(v, text + 1, strcspn(text + 1, "]"));
        return setting_refuse(v, "has brackets: write an IPv6 address without them, a port into "
                                 "HTTPS_PORT");
    }
    if (strpbrk(text, ",; \t")) {
        suggest_host(v, text, strcspn(text, ",; \t"));
        return setting_refuse(v, "is more than one name: there is one, and no list");
    }
    if (strchr(text, '%') && colon)
        return setting_refuse(v, "has a zone in it, which only this machine knows");
    if (strchr(text, '/')) {
        suggest_host(v, text, strcspn(text, "/:"));
        return setting_refuse(v, "has a path in it: write the host name alone");
    }
    if (colon)
        return refuse_port(text, colon, v);
    if (text[len - 1] == '.') {
        suggest_host(v, text, len - 1);
        return setting_refuse(v, "ends in a dot: leave that out");
    }
    for (const char *c = text; *c; c++)
        if ((unsigned char) *c >= 0x80)
            return refuse_idn(text, v);
    return check_name(text, v);
}

int setting_check_domain(const char *text, struct setting_verdict *v)
{
    struct addr a;
    int r = check_host(text, v);

    if (r < 0)
        return r;
    if (is_ip(text, &a)) {
        if (addr_is_unspecified(&a) || addr_is_multicast(&a))
            return setting_refuse(v, "is no address of a machine");
        if (addr_is_link_local(&a))
            return setting_refuse(v, "is a link-local address, which browsers cannot be sent to");
    }
    return 0;
}

int setting_check_address(const char *text, struct setting_verdict *v)
{
    if (strcmp(text, "auto-ipv4") == 0 || strcmp(text, "auto-ipv6") == 0)
        return 0;
    if (strncmp(text, "auto", 4) == 0 && !strchr(text, '.'))
        return setting_refuse(v, "is neither auto-ipv4 nor auto-ipv6");
    return setting_check_domain(text, v);
}

int setting_check_email(const char *text, struct setting_verdict *v)
{
    const char *at = strchr(text, '@');
    size_t local = at ? (size_t) (at - text) : 0;

    if (!at || local == 0 || local > 64 || text[strcspn(text, " \t\"'<>()[],;:\\")] ||
        strchr(at + 1, '@') || !strchr(at + 1, '.') || !is_name(at + 1))
        return setting_refuse(v, "is no e-mail address");
    return 0;
}

/* ---- URLs ---- */

static int check_port(const char *text, size_t len, struct setting_verdict *v)
{
    uint64_t port;

    if (len > 0 && (bytes_to_u64(bytes_of(text, len), 65535, &port) < 0 || port == 0))
        return setting_refuse(v, "has a wrong port: it is 1 to 65535");
    return 0;
}

/* [userinfo@]host[:port] */
static int check_authority(struct bytes text, struct setting_verdict *v)
{
    char authority[512], *host = authority, *colon;
    char *at;

    if (text.len >= sizeof(authority))
        return setting_refuse(v, "has too long a host name");
    memcpy(authority, text.p, text.len);
    authority[text.len] = '\0';
    at = strrchr(authority, '@');
    if (at)
        host = at + 1;
    if (*host == '[') {
        char *end = strchr(++host, ']');

        if (!end || (end[1] && end[1] != ':'))
            return setting_refuse(v, "has a wrong IPv6 address: it stands in brackets");
        *end = '\0';
        colon = end[1] ? end + 1 : NULL;
    } else {
        colon = strchr(host, ':');
        if (colon)
            *colon = '\0';
    }
    if (!*host)
        return setting_refuse(v, "has no host name");
    if (!is_host(host))
        return setting_refuse(v, "has a wrong host name");
    return colon ? check_port(colon + 1, strlen(colon + 1), v) : 0;
}

int setting_check_url(const char *text, const char *const *schemes, struct setting_verdict *v)
{
    if (text[strcspn(text, " \"'<>\\^`{|}")])
        return setting_refuse(v, "has a character in it that a URL has not");
    for (; *schemes; schemes++) {
        size_t len = strlen(*schemes);
        const char *rest = text + len;

        if (strncmp(text, *schemes, len) != 0)
            continue;
        if (strcmp(*schemes, "unix://") == 0)
            return *rest == '/' ? 0 : setting_refuse(v, "has no absolute path of a socket");
        return check_authority(bytes_of(rest, strcspn(rest, "/?#")), v);
    }
    return setting_refuse(v, "does not begin as it has to");
}

int setting_check_redis(const char *text, struct setting_verdict *v)
{
    static const char *const schemes[] = {"redis://", "unix://", NULL};
    char why[160];
    int r;

    if (strncmp(text, "rediss://", 9) == 0)
        return setting_refuse(v, "asks for TLS, which is not spoken with Redis; a tunnel (stunnel) "
                                 "on this machine can do that");
    r = setting_check_url(text, schemes, v);
    if (r == 0 && !store_address_check(text, why, sizeof(why)))
        return setting_refuse(v, "%s", why);
    return r;
}

/* ---- lists of addresses ---- */

/* Whether the address itself was given, not just its network. */
static bool has_host_bits(const char *item, const struct allow_net *net)
{
    size_t len = strcspn(item, "/");
    char ip[INET6_ADDRSTRLEN];
    struct addr a;

    if (len >= sizeof(ip))
        return false;
    memcpy(ip, item, len);
    ip[len] = '\0';
    return is_ip(ip, &a) && !addr_ip_eq(&a, &net->addr);
}

int setting_check_networks(const struct setting_list *l, struct setting_verdict *v)
{
    char shown[80];

    if (l->n > NETWORKS_MAX)
        return setting_refuse(v, "has more than %d items", NETWORKS_MAX);
    for (size_t i = 0; i < l->n; i++) {
        struct allow_net net;

        text_printable(bytes_str(l->items[i]), shown, sizeof(shown));
        if (allow_net_parse(bytes_str(l->items[i]), &net) < 0)
            return setting_refuse(v, "has an item that is no address and no network: %s", shown);
        if (has_host_bits(l->items[i], &net))
            setting_warn(v, "has a network with bits beyond its prefix, which do not count: %s",
                         shown);
    }
    return 0;
}

/* "10.0.0.5" or "[fd00::5]" up to a ':' or the end; steps over it. */
static int read_pair_ip(const char **p, struct addr *ret)
{
    bool brackets = **p == '[';
    const char *start = *p + brackets;
    size_t len = strcspn(start, brackets ? "]" : ":");
    char ip[INET6_ADDRSTRLEN];

    if (len >= sizeof(ip) || (brackets && !start[len]))
        return -EBADMSG;
    memcpy(ip, start, len);
    ip[len] = '\0';
    *p = start + len + brackets;
    return addr_parse_ip(ip, 0, ret);
}

int setting_pair_parse(const char *item, struct addr *ret_private, struct addr *ret_public)
{
    struct addr inside, outside;

    if (read_pair_ip(&item, &inside) < 0 || *item++ != ':' || read_pair_ip(&item, &outside) < 0 ||
        *item)
        return -EBADMSG;
    *ret_private = inside;
    *ret_public = outside;
    return 0;
}

int setting_check_pairs(const struct setting_list *l, struct setting_verdict *v)
{
    char shown[120];

    for (size_t i = 0; i < l->n; i++) {
        struct addr inside, outside;

        text_printable(bytes_str(l->items[i]), shown, sizeof(shown));
        if (setting_pair_parse(l->items[i], &inside, &outside) < 0)
            return setting_refuse(v, "has an item that is no pair of addresses: %s", shown);
        if (inside.family != outside.family)
            return setting_refuse(v, "has a pair of an IPv4 and an IPv6 address: %s", shown);
    }
    return 0;
}

/* ---- ICE servers ---- */

int setting_check_ice(const struct setting_list *l, struct setting_verdict *v)
{
    static const char *const parts[] = {"username=", "credential=", "staticAuthSecret="};

    for (size_t i = 1; i < l->n; i++)
        for (size_t k = 0; k < 3; k++)
            if (strncmp(l->items[i], parts[k], strlen(parts[k])) == 0)
                return setting_refuse(v, "is cut at its commas: put each server into double "
                                         "quotes");
    for (size_t i = 0; i < l->n; i++) {
        struct ice_server server;
        const char *reason;

        if (ice_server_parse(l->items[i], &server, &reason) < 0)
            return setting_refuse(v, "has a server (number %zu) that %s", i + 1, reason);
    }
    return 0;
}
