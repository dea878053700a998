/* session.h: sessions and who belongs to them.
 * sessions own sessions, a session owns its connections: pending ones (a token that waits for its
 * user) and participants, in the order in which they came. Freeing the owner frees what it owns.
 * Pure state: nobody is told anything here (see lifecycle.h), but for the store (state.h), and the
 * TURN server, for which a credential lives exactly as long as its participant. */
#pragma once

#include "base/list.h"
#include "base/map.h"

#include "signaling/ids.h"
#include "signaling/session_options.h"

struct state;
struct stats;
struct turn_link;

struct sessions {
    struct map *by_id;
    struct list all;        /* in the order of creation */
    struct turn_link *turn; /* hears of the participants' credentials; NULL: nobody does */
    struct state *state;    /* hears of every change; NULL: nobody does */
    uint64_t last_order;
    struct stats *stats; /* NULL: nobody counts */
};

struct session {
    struct sessions *owner;
    struct list node;
    struct list changed; /* of state.c */
    uint64_t order;      /* rises from each to the next */
    char id[SESSION_ID_SIZE];
    char unique_id[UNIQUE_ID_SIZE]; /* "<id>_<ms of creation>": the media daemon's room */
    uint64_t created_ms;
    struct session_options options;
    bool active; /* somebody has joined */
    struct list participants;
    struct list pending;
    struct map *connections;    /* both, by id */
    struct map *pending_tokens; /* pending connections by token */
};

int sessions_init(struct sessions *all, size_t max);
void sessions_done(struct sessions *all);
struct session *sessions_find(const struct sessions *all, const char *id);

/* Takes over *options (also on failure). The id is the custom one, or made. -EEXIST, -ENOSPC. */
int session_new(struct sessions *all, struct session_options *options, size_t max_connections,
                struct session **ret_session);
struct session *session_free(struct session *s);

/* For session_new() and restarts: one that belongs to nobody and has no options yet; then, named
 * and filled in, among the others. session_add() takes s over, also on failure. */
struct session *session_alloc(void);
int session_add(struct sessions *all, struct session *s, size_t max_connections);

/* The next place in all lists of sessions, connections and subscriptions. */
uint64_t sessions_next_order(struct sessions *all);

struct connection *session_connection(const struct session *s, const char *id);
struct connection *session_pending_by_token(const struct session *s, const char *token);

/* A participant, not a pending connection; NULL when there is none of that id. */
struct connection *session_participant(const struct session *s, const char *id);

/* Participants; users are those that REST lists (no recorder). */
size_t session_n_participants(const struct session *s);
bool session_has_users(const struct session *s);
