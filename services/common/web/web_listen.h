/* web_listen.h: listening sockets by their text in a configuration file. */
#pragma once

#include "web/web.h"

/* "tcp:127.0.0.1:4443", "tcp:[::1]:4443", or "unix:/path" (mode 0660; reached by the proxy alone,
 * so its X-Real-IP is believed; a stale socket file is replaced). Opens it and gives it to the
 * server. -EINVAL: not such a text; else what the kernel said. */
int web_listen(struct web *w, const char *text);

/* Splits "IP:PORT" and "[IPv6]:PORT". -EINVAL. */
int web_parse_address(const char *text, struct addr *ret);
