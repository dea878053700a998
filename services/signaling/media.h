/* media.h: the client of the media daemon (link/media_api.h).
 *
 * Keeps a link to it, says hello and sync each time it comes up, and only then is ready. Calls made
 * while it is not ready fail at once. */
#pragma once

#include "link/link.h"
#include "link/media_api.h"

struct media;

struct media_handlers {
    /* What we think is there, {room: {"streams": [..], "subscribers": [..]}}, as an array of parts
     * that fit into a message each; at least one. A new reference. */
    json_t *(*inventory)(void *arg);
    /* Of such a part, what the daemon does not have (any more); one call for each, when all of them
     * are answered. */
    void (*on_missing)(json_t *missing, void *arg);
    /* Afterwards: it can be called (again). */
    void (*on_ready)(void *arg);
    /* The daemon has been away for the given time, or did not come at first; told once. */
    void (*on_lost)(void *arg);
};

int media_new(struct loop *l, const char *path, uint64_t lost_after_ms,
              const struct media_handlers *handlers, void *arg, struct media **ret_media);
struct media *media_free(struct media *m);

/* Counts from the next loss on. */
void media_set_lost_after(struct media *m, uint64_t lost_after_ms);

bool media_is_ready(const struct media *m);

/* Does it want the candidates that clients send one by one? */
bool media_wants_candidates(const struct media *m);

/* For how long it has not been ready; 0 while it is. */
uint64_t media_away_ms(const struct media *m);

/* Is an answer of it awaited? */
bool media_is_busy(const struct media *m);

/* As link_call(); steals params. -ENOTCONN when not ready, fn is not called then. */
int media_call(struct media *m, const char *method, json_t *params, link_answer_fn *fn, void *arg);

/* A call whose outcome changes nothing here. Dropped while there is no link: the next sync does its
 * work. */
void media_tell(struct media *m, const char *method, json_t *params);
