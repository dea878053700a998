#include "signaling/public_url.h"

#include "base/bytes.h"
#include "base/rnd.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_RANDOM 16

static bool host_is_plain(const char *host, size_t len)
{
    return len > 0 && strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   ".-_:") >= len;
}

int public_url_parse(const char *text, struct public_url *ret)
{
    struct public_url u = {.tls = strncmp(text, "https://", 8) == 0};
    const char *host = text + (u.tls ? 8 : 7);
    bool bracketed = false;
    uint64_t port = u.tls ? 443 : 80;
    size_t len;

    if (!u.tls && strncmp(text, "http://", 7) != 0)
        return -EINVAL;
    if (*host == '[') {
        host++;
        bracketed = true;
    }
    len = strcspn(host, bracketed ? "]" : ":/");
    if (!host_is_plain(host, len) || len >= sizeof(u.host))
        return -EINVAL;
    memcpy(u.host, host, len);
    host += len;
    if (bracketed && *host++ != ']')
        return -EINVAL;
    if (*host == ':') {
        size_t digits = strcspn(++host, "/");

        if (bytes_to_u64(bytes_of(host, digits), 65535, &port) < 0 || port == 0)
            return -EINVAL;
        host += digits;
    }
    if (*host == '/')
        host++;
    if (*host)
        return -EINVAL;
    u.port = (unsigned) port;
    snprintf(u.authority, sizeof(u.authority), bracketed ? "[%s]" : "%s", u.host);
    if (port != (u.tls ? 443 : 80))
        snprintf(u.authority + strlen(u.authority), sizeof(u.authority) - strlen(u.authority),
                 ":%u", u.port);
    *ret = u;
    return 0;
}

void public_url_format(const struct public_url *u, char ret[static PUBLIC_URL_SIZE])
{
    snprintf(ret, PUBLIC_URL_SIZE, "http%s://%s/", u->tls ? "s" : "", u->authority);
}

char *token_new(const struct public_url *u, const char *session_id)
{
    char random[TOKEN_RANDOM + 1];
    char *token;

    rnd_id(random, TOKEN_RANDOM);
    if (asprintf(&token, "ws%s://%s?sessionId=%s&token=tok_%s", u->tls ? "s" : "", u->authority,
                 session_id, random) < 0)
        return NULL;
    return token;
}
