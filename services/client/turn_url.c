#include "client/turn_url.h"

#include <errno.h>

int turn_url_parse(const char *text, struct turn_url *ret)
{
    struct turn_url u = {.transport = TURN_UDP};
    struct ice_url url;
    const char *why;

    if (strncmp(text, "turn:", 5) != 0 && strncmp(text, "turns:", 6) != 0)
        return -ENOTSUP;
    if (ice_url_parse(bytes_str(text), &url, &why) < 0)
        return -EBADMSG;
    if (url.is_tls && url.transport == ICE_TRANSPORT_UDP)
        return -ENOTSUP;
    if (url.is_tls)
        u.transport = TURN_TLS;
    else if (url.transport == ICE_TRANSPORT_TCP)
        u.transport = TURN_TCP;
    memcpy(u.host, url.host.p, url.host.len); /* ICE_HOST_MAX at most */
    u.port = url.port;
    *ret = u;
    return 0;
}
