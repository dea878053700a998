#include "client/turn_url.h"

#include <errno.h>

#define PORT 3478
#define TLS_PORT 5349

/* Host and port up to the end or '?'; returns what follows, or NULL. */
static const char *take_host(const char *at, struct turn_url *u)
{
    const char *host = at;
    size_t len;
    uint64_t port = u->port;

    if (*at == '[') {
        host = at + 1;
        len = strcspn(host, "]");
        at = host + len;
        if (*at++ != ']')
            return NULL;
    } else {
        len = strcspn(at, ":?");
        at += len;
    }
    if (len == 0 || len >= sizeof(u->host))
        return NULL;
    memcpy(u->host, host, len);
    u->host[len] = '\0';
    if (*at == ':') {
        size_t digits = strcspn(++at, "?");

        if (bytes_to_u64(bytes_of(at, digits), UINT16_MAX, &port) < 0 || port == 0)
            return NULL;
        at += digits;
    }
    u->port = (uint16_t) port;
    return at;
}

int turn_url_parse(const char *text, struct turn_url *ret)
{
    struct turn_url u = {.transport = TURN_UDP, .port = PORT};
    bool tcp;

    if (strncmp(text, "turns:", 6) == 0) {
        u = (struct turn_url){.transport = TURN_TLS, .port = TLS_PORT};
        text += 6;
    } else if (strncmp(text, "turn:", 5) == 0) {
        text += 5;
    } else {
        return -ENOTSUP;
    }
    text = take_host(text, &u);
    if (!text)
        return -EBADMSG;
    tcp = strcmp(text, "?transport=tcp") == 0;
    if (*text && !tcp && strcmp(text, "?transport=udp") != 0)
        return -EBADMSG;
    if (u.transport == TURN_TLS && *text && !tcp)
        return -ENOTSUP;
    if (u.transport == TURN_UDP && tcp)
        u.transport = TURN_TCP;
    *ret = u;
    return 0;
}
