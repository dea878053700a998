/* collect.h: requests of signaling of which several workers answer a part. Control's. */
#pragma once

#include "media/placement.h"

#include "link/link.h"

/* The answer goes to rq (NULL: nobody waits) when all workers have answered. */

/* Tells what of rooms is missing; drops what is not in keep (NULL: nothing). */
void collect_sync(struct placement *p, json_t *rooms, json_t *keep, struct link_request *rq);

/* room NULL: of all of them; brief: without the transports. */
void collect_stats(struct placement *p, const struct limits *limits, const char *room, bool brief,
                   struct link_request *rq);

void collect_close(struct placement *p, struct placed_room *room, struct link_request *rq);

/* Is this a part of an answer? It stays the caller's. */
bool collect_take(struct placement *p, struct message *m);
