/* state.h: sessions, connections, streams and subscriptions as records in the store (store.h), so
 * that the daemon's next life takes up where this one ended.
 *
 * The modules that change state say so here, in the same breath; state_commit() comes before
 * anybody is answered or told. A record is the state as JSON; secrets of the server are not in it.
 *
 * Hash "s:<unique id>" of a session: fields "session", "c:<connection>", "p:<stream>" (published),
 * "v:<subscriber>" (view). */
#pragma once

#include <stdint.h>

struct app;
struct connection;
struct session;
struct state;
struct stream;
struct subscription;

/* Opens the store as configured, reads it, makes what it tells of, and waits for the clients to
 * come back: the grace periods begin now. */
int state_new(struct app *app, struct state **ret_state);
struct state *state_free(struct state *st);

/* New or changed. st may be NULL in all of these: nothing is kept. */
void state_session(struct state *st, const struct session *s);
void state_connection(struct state *st, const struct connection *c);
void state_stream(struct state *st, const struct stream *published);
void state_subscription(struct state *st, const struct subscription *sub);

/* About to be freed. That of a session takes everything below it along. */
void state_session_gone(struct state *st, const struct session *s);
void state_connection_gone(struct state *st, const struct connection *c);
void state_stream_gone(struct state *st, const struct stream *published);
void state_subscription_gone(struct state *st, const struct subscription *sub);

/* All of it is handed over; then the events that go with it may leave (outbox.h). Cheap when
 * nothing has changed. */
void state_commit(struct state *st);
