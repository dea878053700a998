/* inventory.h: what a worker holds: compared with what signaling believes, and as statistics. */
#pragma once

#include "media/worker.h"

/* Drops what m->rooms does not name; the result is what it names and is not here. */
void inventory_sync(struct worker *w, struct message *m);

/* The result: {transports: [..], worker}; transports of m->room alone unless it is empty, and none
 * if it is m->brief. */
void inventory_stats(struct worker *w, struct message *m);
