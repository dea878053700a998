#include "media/ice_servers.h"

#include <errno.h>

#define PORT_DEFAULT 3478 /* RFC 8489 section 8.1 */

static int fail(const char *why, const char **ret_why)
{
    *ret_why = why;
    return -EBADMSG;
}

static bool take(struct bytes part, const char *name, struct bytes *ret)
{
    size_t len = strlen(name);

    if (!bytes_starts_with(part, name))
        return false;
    *ret = bytes_of(part.p + len, part.len - len);
    return true;
}

/* Steps over a prefix. */
static bool step(struct bytes *text, const char *prefix)
{
    return take(*text, prefix, text);
}

/* "192.0.2.1", "192.0.2.1:3478", "2001:db8::1" in brackets with or without a port. */
static bool parse_host(struct bytes host, struct addr *ret)
{
    char text[ADDR_TEXT_SIZE];
    size_t len = host.len;

    if (len == 0 || len >= sizeof(text) || memchr(host.p, '\0', len))
        return false;
    memcpy(text, host.p, len);
    text[len] = '\0';
    if (addr_parse(text, ret) == 0)
        return ret->port != 0;
    if (text[0] != '[')
        return !strchr(text, ':') && addr_parse_ip(text, PORT_DEFAULT, ret) == 0;
    if (text[len - 1] != ']')
        return false;
    text[len - 1] = '\0';
    return addr_parse_ip(text + 1, PORT_DEFAULT, ret) == 0 && ret->family == AF_INET6;
}

static int parse_url(struct bytes url, struct ice_server *s, const char **ret_why)
{
    const uint8_t *question;
    struct bytes host, query = bytes_of(NULL, 0);

    if (bytes_starts_with(url, "turns:") || bytes_starts_with(url, "stuns:"))
        return fail("speaks TLS, which the media server's agent does not", ret_why);
    s->is_turn = step(&url, "turn:");
    if (!s->is_turn && !step(&url, "stun:"))
        return fail("has a url that is neither stun: nor turn:", ret_why);
    question = memchr(url.p, '?', url.len);
    host = url;
    if (question) {
        host.len = (size_t) (question - url.p);
        query = bytes_of(question, url.len - host.len);
    }
    s->tcp = bytes_eq_str(query, "?transport=tcp");
    if (query.len > 0 && (!s->is_turn || (!s->tcp && !bytes_eq_str(query, "?transport=udp"))))
        return fail("may have nothing but ?transport=udp or ?transport=tcp behind the url, and "
                    "that for turn alone",
                    ret_why);
    if (!parse_host(host, &s->addr))
        return fail("needs an IP address in its url; names are not looked up", ret_why);
    return 0;
}

static int check_credentials(const struct ice_server *s, const char **ret_why)
{
    bool any = s->username.len > 0 || s->credential.len > 0;
    bool pair = s->username.len > 0 && s->credential.len > 0;

    if (!s->is_turn)
        return any || s->secret.len > 0
                   ? fail("is a STUN server, and those take no credentials", ret_why)
                   : 0;
    if (s->secret.len > 0 ? any : !pair)
        return fail("is a TURN server, and those need either username=... and credential=..., or "
                    "staticAuthSecret=...",
                    ret_why);
    return 0;
}

int ice_server_parse(const char *text, struct ice_server *ret, const char **ret_why)
{
    struct ice_server s = {.is_turn = false};
    struct bytes url = bytes_str("");
    int r;

    for (;;) {
        size_t len = strcspn(text, ",");
        struct bytes part = bytes_of(text, len);

        if (!take(part, "url=", &url) && !take(part, "username=", &s.username) &&
            !take(part, "credential=", &s.credential) &&
            !take(part, "staticAuthSecret=", &s.secret))
            return fail("has a part that is none of url=, username=, credential=, "
                        "staticAuthSecret=",
                        ret_why);
        if (!text[len])
            break;
        text += len + 1;
    }
    r = parse_url(url, &s, ret_why);
    if (r == 0)
        r = check_credentials(&s, ret_why);
    if (r == 0)
        *ret = s;
    return r;
}
