/* router.h: a room on its worker: its publishers and subscribers by id. */
#pragma once

#include "media/last_n.h"
#include "media/worker.h"

struct publisher;
struct subscriber;

struct router {
    struct worker *worker;
    char id[COMMAND_ID_SIZE];
    char session[COMMAND_ID_SIZE]; /* of it, that of the session, for the log */
    struct map *publishers;        /* stream id -> struct publisher */
    struct map *subscribers;       /* subscriber id -> struct subscriber */
    struct last_n last_n;
};

/* Finds or makes the room. */
int router_ensure(struct worker *w, const char *id, struct router **ret_router);
struct router *router_find(struct worker *w, const char *id); /* NULL: not here */

/* Drops everything in it. NULL is fine; returns NULL. */
struct router *router_free(struct router *r);

struct publisher *router_publisher(const struct router *r, const char *stream);
struct subscriber *router_subscriber(const struct router *r, const char *subscriber);

/* Tells control about a transport's state; subscriber "" for a publisher's. */
void router_note_state(struct router *r, const char *stream, const char *subscriber,
                       enum transport_state state);
