/* placement.h: which worker each room lives on. Control's; not thread-safe. */
#pragma once

#include "media/worker.h"

struct placement {
    struct map *rooms; /* id -> struct worker */
    struct worker **workers;
    unsigned n_workers;
    size_t max_rooms;
};

int placement_init(struct placement *p, size_t max_rooms);
void placement_done(struct placement *p);

struct worker *placement_find(const struct placement *p, const char *room); /* NULL: nowhere */

/* Where it is, or from now on will be: on the least loaded worker. -ENOSPC, -ENOMEM. */
int placement_ensure(struct placement *p, const char *room, struct worker **ret_w);

/* Forgets the room; returns where it was, or NULL. */
struct worker *placement_remove(struct placement *p, const char *room);

/* Keeps only rooms that are keys of this object. */
void placement_retain(struct placement *p, const json_t *rooms);
