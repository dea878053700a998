/* control.h: what one media daemon says about the addresses and ports it uses (media_api.h).
 * While the link is down the last known ones stay. */
#pragma once

#include "loop/loop.h"
#include "turn/peers.h"

#include <jansson.h>

#define CONTROL_LIST_MAX 1024

struct control;

/* There is a new list. On the loop's thread. */
typedef void control_fn(struct control *c, void *arg);

/* Keeps a connection to the socket at path, which must outlive it. */
int control_new(struct loop *l, const char *path, control_fn *fn, void *arg,
                struct control **ret_control);

/* NULL is fine; returns NULL. */
struct control *control_free(struct control *c);

/* The last list; empty before the first. */
const struct peers_media *control_list(const struct control *c, size_t *ret_n);

/* {"peers": [{"ip": text, "port": number, "via": text (optional)}, ...]}. -EBADMSG when it is
 * something else, -ENOSPC when there are too many. */
int control_parse_peers(const json_t *params, struct peers_media ret[static CONTROL_LIST_MAX],
                        size_t *ret_n);
