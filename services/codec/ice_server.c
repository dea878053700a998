#include "codec/ice_server.h"

#include <ctype.h>
#include <errno.h>

#define PORT 3478 /* RFC 8489 section 18.6 */
#define PORT_TLS 5349
#define PORT_DIGITS 5
#define LABEL_MAX 63

static int fail(const char *why, const char **ret_why)
{
    *ret_why = why;
    return -EBADMSG;
}

static struct bytes from(struct bytes text, size_t at)
{
    return bytes_of(text.p + at, text.len - at);
}

/* The length up to one of the stops, or to the end. */
static size_t span(struct bytes text, const char *stops)
{
    size_t len = 0;

    while (len < text.len && !memchr(stops, text.p[len], strlen(stops)))
        len++;
    return len;
}

static bool take(struct bytes part, const char *name, struct bytes *ret)
{
    size_t len = strlen(name);

    if (!bytes_starts_with(part, name))
        return false;
    *ret = part.len > len ? from(part, len) : bytes_of(NULL, 0);
    return true;
}

/* ---- the URL ---- */

static bool take_scheme(struct bytes *text, struct ice_url *u)
{
    static const struct {
        const char *text;
        bool is_turn, is_tls;
    } schemes[] = {
        {"stun:", false, false},
        {"stuns:", false, true},
        {"turn:", true, false},
        {"turns:", true, true},
    };

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (!take(*text, schemes[i].text, text))
            continue;
        u->is_turn = schemes[i].is_turn;
        u->is_tls = schemes[i].is_tls;
        u->port = u->is_tls ? PORT_TLS : PORT;
        return true;
    }
    return false;
}

static bool is_label(struct bytes label)
{
    if (label.len == 0 || label.len > LABEL_MAX || label.p[0] == '-' ||
        label.p[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        if (!isalnum(label.p[i]) && label.p[i] != '-')
            return false;
    }
    return true;
}

/* RFC 1123 section 2.1. A last label of digits alone would be an address, and a wrong one. */
static bool is_name(struct bytes name)
{
    struct bytes label;
    uint64_t number;

    if (name.len > ICE_HOST_MAX)
        return false;
    for (;;) {
        label = bytes_of(name.p, span(name, "."));
        if (!is_label(label))
            return false;
        if (label.len == name.len)
            return bytes_to_u64(label, UINT64_MAX, &number) < 0;
        name = from(name, label.len + 1);
    }
}

/* A name, or an IP: an IPv6 address in brackets, and nothing else in these. */
static bool take_host(struct bytes *text, struct ice_url *u)
{
    bool bracketed = text->len > 0 && text->p[0] == '[';
    char copy[ADDR_TEXT_SIZE];
    size_t len;

    if (bracketed)
        *text = from(*text, 1);
    len = span(*text, bracketed ? "]" : ":?");
    if (len == 0 || (bracketed && len == text->len))
        return false;
    u->host = bytes_of(text->p, len);
    *text = from(*text, len + bracketed);
    if (len < sizeof(copy) && !memchr(u->host.p, '\0', len)) {
        memcpy(copy, u->host.p, len);
        copy[len] = '\0';
        if (addr_parse_ip(copy, 0, &u->addr) == 0)
            return bracketed == (strchr(copy, ':') != NULL);
    }
    return !bracketed && is_name(u->host);
}

static bool take_port(struct bytes *text, struct ice_url *u)
{
    uint64_t port = 0;
    size_t len;

    if (text->len == 0 || text->p[0] != ':')
        return true;
    *text = from(*text, 1);
    len = span(*text, "?");
    if (len > PORT_DIGITS || bytes_to_u64(bytes_of(text->p, len), UINT16_MAX, &port) < 0 ||
        port == 0)
        return false;
    u->port = (uint16_t) port;
    *text = from(*text, len);
    return true;
}

static bool take_transport(struct bytes text, struct ice_url *u)
{
    if (text.len == 0)
        return true;
    u->transport = bytes_eq_str(text, "?transport=tcp") ? ICE_TRANSPORT_TCP : ICE_TRANSPORT_UDP;
    return u->is_turn &&
           (u->transport == ICE_TRANSPORT_TCP || bytes_eq_str(text, "?transport=udp"));
}

int ice_url_parse(struct bytes text, struct ice_url *ret, const char **ret_why)
{
    struct ice_url u = {.is_turn = false};

    if (text.len == 0)
        return fail("has no url", ret_why);
    if (!take_scheme(&text, &u))
        return fail("has a url that is none of stun:, stuns:, turn:, turns:", ret_why);
    if (!take_host(&text, &u) || !take_port(&text, &u))
        return fail("has a url without a proper host name and port", ret_why);
    if (!take_transport(text, &u))
        return fail("may have nothing but ?transport=udp or ?transport=tcp behind the url, and "
                    "that for turn alone",
                    ret_why);
    if (u.addr.family != 0)
        u.addr.port = u.port;
    *ret = u;
    return 0;
}

/* ---- the server ---- */

static int check_credentials(const struct ice_server *s, const char **ret_why)
{
    bool any = s->username.p || s->credential.p;

    if (!s->url.is_turn)
        return any || s->secret.p ? fail("is a STUN server, and those take no credentials", ret_why)
                                  : 0;
    if (s->secret.p && any)
        return fail("has a username or a credential beside staticAuthSecret", ret_why);
    if (!s->secret.p && (!s->username.p || !s->credential.p))
        return fail("is a TURN server, and those need either username and credential, or "
                    "staticAuthSecret",
                    ret_why);
    return 0;
}

int ice_server_check(struct ice_server *s, const char **ret_why)
{
    int r = ice_url_parse(s->url_text, &s->url, ret_why);

    return r < 0 ? r : check_credentials(s, ret_why);
}

int ice_server_parse(const char *text, struct ice_server *ret, const char **ret_why)
{
    struct ice_server s = {.url_text = {.p = NULL}};
    int r;

    for (;;) {
        size_t len = strcspn(text, ",");
        struct bytes part = bytes_of(text, len);

        if (!take(part, "url=", &s.url_text) && !take(part, "username=", &s.username) &&
            !take(part, "credential=", &s.credential) &&
            !take(part, "staticAuthSecret=", &s.secret))
            return fail("has a part that is none of url=, username=, credential=, "
                        "staticAuthSecret=",
                        ret_why);
        if (!text[len])
            break;
        text += len + 1;
    }
    r = ice_server_check(&s, ret_why);
    if (r == 0)
        *ret = s;
    return r;
}

const char *ice_server_agent_problem(const struct ice_server *s)
{
    if (s->url.is_tls)
        return "speaks TLS, which the media server does not as a client";
    return s->url.addr.family == 0 ? "has a name: it must be an IP address" : NULL;
}
