/* turn_url.h: how a TURN server is reached, by its URL (RFC 7065). Pure. */
#pragma once

#include "codec/ice_server.h"

#define TURN_HOST_SIZE (ICE_HOST_MAX + 1)

enum turn_transport { TURN_UDP, TURN_TCP, TURN_TLS, TURN_TRANSPORTS };

struct turn_url {
    enum turn_transport transport;
    char host[TURN_HOST_SIZE]; /* name, or IP without brackets */
    uint16_t port;
};

/* "turn:host:port?transport=tcp", "turns:[::1]". -EBADMSG; -ENOTSUP: DTLS, another scheme. */
int turn_url_parse(const char *text, struct turn_url *ret);
