/* turn_url.h: the URL of a TURN server (RFC 7065). Pure. */
#pragma once

#include "base/bytes.h"

#define TURN_HOST_SIZE 256

enum turn_transport { TURN_UDP, TURN_TCP, TURN_TLS, TURN_TRANSPORTS };

struct turn_url {
    enum turn_transport transport;
    char host[TURN_HOST_SIZE]; /* name, or IP without brackets */
    uint16_t port;
};

/* "turn:host:port?transport=tcp", "turns:[::1]". -EBADMSG; -ENOTSUP: DTLS, another scheme. */
int turn_url_parse(const char *text, struct turn_url *ret);
