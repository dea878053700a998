/* endpoints.h: what the media daemon knows of the endpoints of sessions (media_api.h, describe),
 * gathered for one answer. */
#pragma once

#include <jansson.h>

struct app;
struct session;

/* facts: {room: {name of the endpoint: what describe gave}}, a new reference; without those that
 * could not be asked for, or are beyond the limits. */
typedef void endpoints_fn(json_t *facts, void *arg);

/* Of s (NULL: of all sessions). fn is called once, maybe before this returns. -EBUSY: too many are
 * asking; -ENOMEM. fn is not called then. */
int endpoints_ask(struct app *app, const struct session *s, endpoints_fn *fn, void *arg);
