/* control.h: what the media daemon says about the addresses and ports it uses (media_api.h).
 * While the link is down the last known ones stay. */
#pragma once

#include "loop/loop.h"
#include "turn/peers.h"

#include <jansson.h>

struct control;

/* A new list; borrowed. On the loop's thread. */
typedef void control_fn(const struct peers *peers, void *arg);

/* Keeps a connection to the socket at path. */
int control_new(struct loop *l, const char *path, control_fn *fn, void *arg,
                struct control **ret_control);

/* NULL is fine; returns NULL. */
struct control *control_free(struct control *c);

/* {"peers": [{"ip": text, "port": number}, ...]}, of which unusable entries are left out. -EBADMSG
 * when it is something else, -ENOSPC when there are too many. */
int control_parse_peers(const json_t *params, struct peers *ret);
