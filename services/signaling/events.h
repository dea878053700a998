/* events.h: the one place where changes of state are announced: to the CDR and the webhook
 * (outbox.h), to the sockets of those concerned, and to the log. */
#pragma once

#include "signaling/session.h"
#include "signaling/stream.h"

struct client;

void events_session_created(const struct session *s);
void events_session_destroyed(const struct session *s, const char *reason);

/* To everyone but c. Internal participants come and go unseen. */
void events_participant_joined(struct connection *c);
/* With what it publishes and watches. */
void events_participant_left(struct connection *c, const char *reason);

/* After it left: to the rest, and to the client it was reached by (NULL: none). */
void events_participant_evicted(struct session *s, struct client *client, const char *id,
                                const char *reason);

/* begun: before the publisher has its answer; published: to the others, after it. */
void events_stream_begun(const struct stream *st);
void events_stream_published(struct stream *st);
/* With its subscriptions. forced: the publisher is told as well. */
void events_stream_unpublished(struct stream *st, bool forced, const char *reason);

/* sub is negotiated to its end; told once. */
void events_subscribed(struct subscription *sub);
/* By itself: not with its stream, nor with its subscriber. */
void events_unsubscribed(const struct subscription *sub, const char *reason);

/* value is borrowed; the others get it as JSON text. */
void events_stream_changed(struct stream *st, const char *property, json_t *value,
                           const char *reason);

/* to: array of participants' ids; empty or NULL means everyone. from NULL: the REST API. type and
 * data may be NULL. */
void events_signal(struct session *s, const struct connection *from, json_t *to, const char *type,
                   const char *data);
