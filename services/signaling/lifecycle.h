/* lifecycle.h: what ends, and in which order everybody hears of it (state, media, events). */
#pragma once

#include "signaling/session.h"

struct app;
struct stream;

/* A participant leaves by itself: the others are told; frees c. Follow it with
 * lifecycle_end_if_empty() once the leaver has its answer. */
void lifecycle_leave(struct app *app, struct connection *c, const char *reason);

/* A participant is thrown out; frees c, and ends the session when nobody is left. */
void lifecycle_evict(struct app *app, struct connection *c, const char *reason);

/* The same on behalf of a moderator, whose request is answered between the two notifications. */
struct rpc;
void lifecycle_evict_by(struct app *app, struct connection *c, const char *reason, struct rpc *rq);

/* Ends the publishing; frees st. forced: its owner is told as well. */
void lifecycle_unpublish(struct app *app, struct stream *st, bool forced, const char *reason);

/* Evicts everyone, one after the other, and frees s. */
void lifecycle_close(struct app *app, struct session *s, const char *reason);
void lifecycle_close_all(struct app *app, bool active_only, const char *reason);

/* Destroys an active session without users. Returns whether it did. */
bool lifecycle_end_if_empty(struct app *app, struct session *s);

/* Frees sessions that nobody joined within max_age_ms; nobody is told. */
void lifecycle_collect_garbage(struct app *app, uint64_t max_age_ms);
