/* web.h: TURN on the web server's port, for networks that let nothing else out. nginx' stream
 * module hands us connections whose TLS hello offers no protocol, or TURN's: with a PROXY protocol
 * header, by a Unix socket. On the main thread, which gives them to the server's. */
#pragma once

#include "loop/loop.h"
#include "turn/server.h"

struct web_port;

/* Listens on the socket that the service manager hands us under the name "turn-web", else at path.
 * Without one the rest is served all the same: failures are logged, but for -ENOMEM. server must
 * outlive it. */
int web_port_new(struct loop *l, const char *path, struct server *server,
                 struct web_port **ret_port);

/* NULL is fine; returns NULL. */
struct web_port *web_port_free(struct web_port *p);
