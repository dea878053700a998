/* event_shapes.h: what the CDR and the webhook are told, with exactly the keys of the original, in
 * its order. New references. */
#pragma once

#include "signaling/connection.h"
#include "signaling/session.h"
#include "signaling/stream.h"

/* reason NULL: something begins; else it ends, now, and began as it is. */

json_t *event_session(const struct session *s, const char *reason);
json_t *event_participant(const struct connection *c, const char *reason);

/* OUTBOUND: what the publisher sends. */
json_t *event_published(const struct stream *st, const char *reason);

/* INBOUND: what a subscriber receives. */
json_t *event_subscribed(const struct subscription *sub, const char *reason);

/* from NULL: the REST API. to: array of ids; NULL or empty means everyone. type and data may be
 * NULL. */
json_t *event_signal(const struct session *s, const struct connection *from, json_t *to,
                     const char *type, const char *data);
