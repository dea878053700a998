/* api.h: TURN's end of the link to signaling (link/turn_api.h): who has credentials, whose are
 * dead, what was relayed for whom. On the main thread. */
#pragma once

#include "loop/loop.h"
#include "turn/server.h"

struct api;

/* Listens on the socket that the service manager hands us under the name "turn", else at path
 * (NULL: nowhere). Failures are logged. */
int api_new(struct loop *l, const char *path, struct server *server, struct api **ret_api);

/* A connection of a client, which it takes over also on failure. */
int api_add_peer(struct api *a, int fd);

/* After server_free(), which gives back what it was asked for. NULL is fine; returns NULL. */
struct api *api_free(struct api *a);
