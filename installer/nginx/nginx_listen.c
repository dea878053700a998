#include "nginx/nginx_listen.h"

#include <errno.h>
#include <netinet/in.h>

#define HTTP_DEFAULT_PORT 80

/* "443", or "8000-8010". */
static bool parse_ports(struct bytes text, struct nginx_listen *ret)
{
    const uint8_t *dash = text.len ? memchr(text.p, '-', text.len) : NULL;
    struct bytes first = bytes_of(text.p, dash ? (size_t) (dash - text.p) : text.len);
    uint64_t low, high;

    if (bytes_to_u64(first, 65535, &low) < 0)
        return false;
    high = low;
    if (dash && bytes_to_u64(bytes_of(dash + 1, text.len - first.len - 1), 65535, &high) < 0)
        return false;
    if (low == 0 || high < low)
        return false;
    ret->addr.port = (uint16_t) low;
    ret->last_port = (uint16_t) high;
    return true;
}

/* Without a port: *ret_ports is empty. */
static bool split(const char *word, struct bytes *ret_host, struct bytes *ret_ports)
{
    const char *end = *word == '[' ? strchr(word, ']') : NULL;
    const char *colon;

    if (*word == '[' && !end)
        return false;
    colon = strchr(end ? end : word, ':');
    *ret_host = bytes_of(word, colon ? (size_t) (colon - word) : strlen(word));
    *ret_ports = bytes_str(colon ? colon + 1 : "");
    return !colon || colon[1];
}

/* A name stays family 0. */
static bool parse_host(struct bytes host, struct addr *a)
{
    uint16_t port = a->port;
    char text[ADDR_TEXT_SIZE];

    if (host.len == 0 || bytes_eq_str(host, "*")) {
        a->family = AF_INET;
        return true;
    }
    if (host.p[0] == '[') {
        host = bytes_of(host.p + 1, host.len - 2);
        if (host.len >= sizeof(text))
            return false;
    }
    if (host.len >= sizeof(text))
        return true;
    memcpy(text, host.p, host.len);
    text[host.len] = '\0';
    if (strcmp(text, "localhost") == 0)
        memcpy(text, "127.0.0.1", sizeof("127.0.0.1"));
    if (addr_parse_ip(text, port, a) < 0)
        *a = (struct addr){.port = port};
    return true;
}

static bool parse_address(const char *word, bool in_stream, struct nginx_listen *ret)
{
    struct bytes host, ports;

    if (strncmp(word, "unix:", 5) == 0) {
        ret->is_unix = true;
        return true;
    }
    if (!split(word, &host, &ports))
        return false;
    if (ports.len == 0 && parse_ports(host, ret)) {
        ret->addr.family = AF_INET;
        return true;
    }
    if (ports.len == 0) {
        if (in_stream)
            return false;
        ret->addr.port = ret->last_port = HTTP_DEFAULT_PORT;
    } else if (!parse_ports(ports, ret)) {
        return false;
    }
    return parse_host(host, &ret->addr);
}

int nginx_listen_parse(const struct nginx_statement *st, bool in_stream, struct nginx_listen *ret)
{
    struct nginx_listen l = {.is_unix = false};

    if (st->n_words < 2 || !parse_address(st->words[1], in_stream, &l))
        return -EBADMSG;
    for (size_t i = 2; i < st->n_words; i++) {
        const char *w = st->words[i];

        l.is_default |= strcmp(w, "default_server") == 0 || strcmp(w, "default") == 0;
        l.is_udp |= strcmp(w, "udp") == 0;
        l.http2 |= strcmp(w, "http2") == 0;
    }
    *ret = l;
    return 0;
}

struct nginx_listen nginx_listen_default(void)
{
    return (struct nginx_listen){.addr = {.family = AF_INET, .port = HTTP_DEFAULT_PORT},
                                 .last_port = HTTP_DEFAULT_PORT};
}

bool nginx_listen_has_port(const struct nginx_listen *l, uint16_t port)
{
    return !l->is_unix && !l->is_udp && l->addr.port <= port && port <= l->last_port;
}

bool nginx_listen_collides(const struct nginx_listen *a, const struct nginx_listen *b)
{
    if (a->is_unix || b->is_unix || a->is_udp != b->is_udp)
        return false;
    if (a->addr.port > b->last_port || b->addr.port > a->last_port)
        return false;
    if (!a->addr.family || !b->addr.family)
        return true;
    return a->addr.family == b->addr.family &&
           (addr_is_unspecified(&a->addr) || addr_is_unspecified(&b->addr) ||
            addr_ip_eq(&a->addr, &b->addr));
}
