/* nginx_listen.h: what a `listen` directive of nginx says. Pure. */
#pragma once

#include "base/addr.h"
#include "nginx/nginx_parse.h"

struct nginx_listen {
    struct addr addr; /* family 0: a Unix socket, or a name that nginx would resolve; its port is
                       * the first of the range */
    uint16_t last_port;
    bool is_unix;
    bool is_udp;
    bool is_default; /* default_server */
    bool http2;
};

/* -EBADMSG: nothing that can be understood. in_stream: without a port there is no default one. */
int nginx_listen_parse(const struct nginx_statement *st, bool in_stream, struct nginx_listen *ret);

/* An http server without any `listen`. */
struct nginx_listen nginx_listen_default(void);

bool nginx_listen_has_port(const struct nginx_listen *l, uint16_t port);

/* Could two servers not have both? The same port, and the same address or one that includes it. */
bool nginx_listen_collides(const struct nginx_listen *a, const struct nginx_listen *b);
