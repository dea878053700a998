/* web_listen.h: listening sockets by their text in a configuration file: "tcp:127.0.0.1:4443",
 * "tcp:[::1]:4443", or "unix:/path" (mode 0660; reached by the proxy alone, so its X-Real-IP is
 * believed; a stale socket file is replaced). */
#pragma once

#include "web/web.h"

/* Is it such a text? Fits struct conf_key's check. */
bool web_listen_check(const char *text, char *why, size_t why_size);

#define WEB_LISTEN_TEXT_SIZE 128

/* Opens it and gives it to the server. ret_bound is the same text with the port that the kernel
 * chose. -EINVAL: not such a text; else what the kernel said. */
int web_listen(struct web *w, const char *text, char ret_bound[static WEB_LISTEN_TEXT_SIZE]);

/* Of a text that passed the check: a Unix socket, trusted, or else TCP? */
bool web_listen_is_unix(const char *text);

/* Gives the server the sockets that were handed to this process under that name
 * (notify_listen_fds()), and returns how many those are, 0 for none. trusted_proxy as for
 * web_add_listener(), which takes a Unix socket: -EPROTOTYPE for another. */
int web_listen_inherited(struct web *w, const char *name, bool trusted_proxy);
