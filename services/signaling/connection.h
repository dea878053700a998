/* connection.h: one member of a session: first a token that waits (pending), then a participant
 * with the same id. Owned by its session. Pure state, but that the store and the TURN server are
 * told. */
#pragma once

#include "base/addr.h"
#include "base/list.h"
#include "base/turn_cred.h"

#include "signaling/connection_options.h"
#include "signaling/ids.h"
#include "signaling/trickle.h"

struct session;
struct client;
struct stream;

enum connection_kind {
    CONNECTION_WEBRTC,
    CONNECTION_RECORDER, /* records the session: hidden from REST and from the others */
    CONNECTION_STT,      /* transcribes it, likewise */
};

struct connection {
    struct session *session;
    struct list node;    /* of the session's participants or pending */
    struct list changed; /* of state.c */
    uint64_t order;      /* among those of its list */
    enum connection_kind kind;
    char id[CONNECTION_ID_SIZE];
    char join[JOIN_ID_SIZE]; /* names the participant in the logs of all daemons */
    char *token;             /* NULL: joined by the server's secret */
    uint64_t created_ms;
    struct connection_options options;
    struct turn_cred turn; /* "" when the server has no TURN */

    /* of a participant */
    uint64_t active_ms; /* 0: pending */
    char *client_data;
    char *platform;
    char ip[ADDR_TEXT_SIZE]; /* "" when not known */
    struct client *client;   /* who it is reached by; borrowed */
    struct stream *stream;   /* what it publishes, or NULL */
    struct list subscriptions;
    struct blob early; /* candidates of endpoints that are not there yet (trickle.h) */
};

/* A pending connection. Takes over *options (also on failure). -EINVAL: data asks for an id that
 * cannot be; -EEXIST: one that is taken; -ENOSPC: the session is full. */
int connection_new(const struct config *c, struct session *s, struct connection_options *options,
                   struct connection **ret_connection);

/* A participant without a token, not yet activated. options as above. */
int connection_new_internal(const struct config *c, struct session *s, enum connection_kind kind,
                            struct connection_options *options, struct connection **ret_connection);

/* The token is used up: the connection becomes the session's newest participant. -ENOMEM. */
int connection_activate(struct connection *c, const char *client_data, const char *platform,
                        const char *ip);

/* For those above and restarts: one that belongs to nobody; then, named and filled in, among the
 * others of s: pending, or a participant. connection_add() takes c over, also on failure. -EEXIST,
 * -ENOSPC, -ENOMEM. */
struct connection *connection_alloc(void);
int connection_add(struct session *s, struct connection *c);

/* Something of it has changed that its record holds. */
void connection_changed(struct connection *c);

/* Ends what it publishes and its subscriptions, and takes it out of its session. */
struct connection *connection_free(struct connection *c);

bool connection_is_active(const struct connection *c);
bool connection_is_moderator(const struct connection *c);
bool connection_may_publish(const struct connection *c);
