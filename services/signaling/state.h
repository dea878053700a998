/* state.h: sessions, connections, streams and subscriptions as records in the store (store.h), so
 * that the daemon's next life takes up where this one ended.
 *
 * The modules that change state say so here, in the same breath. What was changed is collected and
 * committed as a whole when the event at hand is done, before anything of it leaves by a socket:
 * the web server asks for it (web_before_sending()), and whatever nobody is told of is committed
 * before the loop sleeps. So a change and its events (outbox.h) are there together or not at all,
 * whatever order they were made in, and nobody has ever been told what is not in the store.
 *
 * A record is the state as JSON (record.h); secrets of the server are not in it.
 * Hash "s:<unique id>" of a session: fields "session", "c:<connection>", "p:<stream>" (published),
 * "v:<subscriber>" (view). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct app;
struct connection;
struct session;
struct state;
struct stream;
struct subscription;

/* For app->store; their argument is the app. */
extern const struct store_handlers state_store_handlers;

/* Reads app->store, makes what it tells of (sessions, and the events of app->outbox), and waits for
 * the clients to come back: the grace periods begin now. A store that is not there is logged; we go
 * on without what it has. */
int state_new(struct app *app, struct state **ret_state);

/* The records stay. NULL is fine; returns NULL. */
struct state *state_free(struct state *st);

/* Will there be a next life that reads it? Not when the store is away now. */
bool state_outlives(const struct state *st);

/* New or changed. st may be NULL in all of these: nothing is kept. */
void state_session(struct state *st, struct session *s);
void state_connection(struct state *st, struct connection *c);
void state_stream(struct state *st, struct stream *published);
void state_subscription(struct state *st, struct subscription *sub);

/* About to be freed. That of a session takes everything below it along. */
void state_session_gone(struct state *st, struct session *s);
void state_connection_gone(struct state *st, struct connection *c);
void state_stream_gone(struct state *st, struct stream *published);
void state_subscription_gone(struct state *st, struct subscription *sub);

/* All of it is handed over; then the events that go with it may leave. Cheap when nothing has
 * changed. */
void state_commit(struct state *st);
