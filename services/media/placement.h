/* placement.h: which worker each stream and each subscriber is on; where the next one goes, and
 * whether there may be one.
 *
 * A room stays together while a worker can carry it: a new room goes to the least loaded worker
 * (load.h). When it has so many transports there as the configuration allows, or the worker is busy
 * while another is not, what comes next goes to another worker: a stream is its own worker's, its
 * subscribers may be on any. Control's; not thread-safe. */
#pragma once

#include "media/limits.h"
#include "media/load.h"
#include "media/worker.h"

struct placed_room {
    char id[COMMAND_ID_SIZE];
    struct map *streams;     /* -> struct placed_stream */
    struct map *subscribers; /* -> struct placed_subscriber */
    unsigned n_transports;
    struct {
        unsigned n_transports;
        bool used; /* something of the room is there, or was */
    } on[];        /* by index of the worker */
};

/* Neither is there before its worker says so; a request that fails takes it away again. */
struct placed {
    struct worker *worker;
    unsigned index;   /* its own; a worker may be gone before its rooms are */
    unsigned n_asked; /* requests that are under way */
    bool there;
};

struct placed_stream {
    struct placed at;
    struct placed_room *room;
    struct list subscribers; /* struct placed_subscriber.node */
    size_t n_subscribers;
    char id[COMMAND_ID_SIZE];
};

struct placed_subscriber {
    struct placed at;
    struct placed_stream *stream;
    struct list node;
    char id[COMMAND_ID_SIZE];
};

struct placement {
    struct map *rooms; /* id -> struct placed_room */
    struct worker **workers;
    unsigned n_workers;
    const struct config *config;
    struct load *loads; /* by index of the worker */
    unsigned n_transports;
    uint64_t send_bps; /* of all workers, as control measures it */
};

int placement_init(struct placement *p, const struct config *c);
int placement_set_workers(struct placement *p, struct worker **workers, unsigned n);
void placement_done(struct placement *p);

/* NULL: nowhere. */
struct placed_room *placement_room(const struct placement *p, const char *room);
struct placed_stream *placement_stream(const struct placement *p, const char *room,
                                       const char *stream);
struct placed_subscriber *placement_subscriber(const struct placement *p, const char *room,
                                               const char *subscriber);

/* Where it is, or from now on will be. -ENOSPC: *ret_limit says which; -ENOMEM. */
int placement_publish(struct placement *p, const char *room, const char *stream,
                      struct placed_stream **ret, enum limit *ret_limit);

/* The same. -ENOENT: no such stream. -EEXIST: it watches another one. */
int placement_subscribe(struct placement *p, const char *room, const char *stream,
                        const char *subscriber, struct placed_subscriber **ret,
                        enum limit *ret_limit);

/* How the request ended; nothing is wrong with one that has been forgotten meanwhile. */
void placement_published(struct placement *p, const char *room, const char *stream, bool ok);
void placement_subscribed(struct placement *p, const char *room, const char *subscriber, bool ok);

/* Forget them, with all that is below. */
void placement_unpublish(struct placement *p, struct placed_stream *s);
void placement_unsubscribe(struct placement *p, struct placed_subscriber *s);
void placement_close(struct placement *p, struct placed_room *r);

/* Forgets what is not in rooms: {room: {streams: [..], subscribers: [..]}}. */
void placement_retain(struct placement *p, const json_t *rooms);
