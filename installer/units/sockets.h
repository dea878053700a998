/* sockets.h: listening stream sockets that a supervisor opens for the daemons, as the .socket units
 * do. */
#pragma once

#include "base/addr.h"

#include <sys/types.h>

/* Non-blocking, close-on-exec. A negative errno when it cannot be had. */
int socket_listen_tcp(const struct addr *a);

/* Replaces a socket that was left there. gid: the group that may connect, besides the owner. */
int socket_listen_unix(const char *path, gid_t gid);
