#include "acme/redirect.h"

#include <stdio.h>
#include <strings.h>

/* "host", "host:8080", "[2001:db8::1]:8080", after a "user@" that is passed over. */
static bool split_authority(struct bytes in, struct redirect *r)
{
    const uint8_t *at = memrchr(in.p, '@', in.len), *end;
    size_t port_at;
    struct bytes host;
    uint64_t port;

    if (at)
        in = bytes_of(at + 1, in.len - (size_t) (at + 1 - in.p));
    if (in.len && in.p[0] == '[') {
        end = memchr(in.p, ']', in.len);
        if (!end)
            return false;
        host = bytes_of(in.p + 1, (size_t) (end - in.p) - 1);
        port_at = host.len + 2;
    } else {
        end = memchr(in.p, ':', in.len);
        host = bytes_of(in.p, end ? (size_t) (end - in.p) : in.len);
        port_at = host.len;
    }
    if (host.len == 0 || host.len >= sizeof(r->host) || memchr(host.p, '\0', host.len))
        return false;
    memcpy(r->host, host.p, host.len);
    r->host[host.len] = '\0';
    if (port_at == in.len)
        return true;
    if (in.p[port_at] != ':' ||
        bytes_to_u64(bytes_of(in.p + port_at + 1, in.len - port_at - 1), 65535, &port) < 0)
        return false;
    r->port = (uint16_t) port;
    return true;
}

const char *redirect_parse(const char *url, uint16_t http_port, uint16_t https_port,
                           struct redirect *ret)
{
    struct redirect r = {.port = 80};
    const char *rest = url;

    if (*url == '\0')
        return "the answer does not say where to (Location)";
    if (strlen(url) >= sizeof(r.url))
        return "the address is too long";
    if (strncasecmp(rest, "https://", 8) == 0) {
        r.https = true;
        r.port = 443;
        rest += 8;
    } else if (strncasecmp(rest, "http://", 7) == 0) {
        rest += 7;
    } else {
        return "a CA follows http:// and https:// alone";
    }
    if (!split_authority(bytes_of(rest, strcspn(rest, "/?#")), &r))
        return "that is no address of a web server";
    if (r.port != http_port && r.port != https_port)
        return "a CA comes to the ports 80 and 443 alone";
    snprintf(r.url, sizeof(r.url), "%s", url);
    *ret = r;
    return NULL;
}
