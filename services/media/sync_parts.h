/* sync_parts.h: an inventory that a signaling daemon tells in several messages, because one would
 * be too large. It counts as a whole: with its last part, or, when a part is wrong or the link
 * ends, not at all. */
#pragma once

#include "link/link.h"

#include <stdbool.h>

#define SYNC_BYTES_MAX LINK_QUEUE_MAX /* of all ids: what a link takes without an answer */

struct sync_parts { /* {0} before the first part */
    json_t *rooms;  /* of the parts up to now */
    size_t bytes;
    bool refused;
};

/* Adds a part (borrowed, checked by method_sync_rooms_ok()); a room may come in several. 0: go on;
 * *ret_whole gets the whole inventory, a new reference, when this was the last part, else NULL.
 * -ENOSPC, -ENOMEM: this part and all up to and with the last one are refused (-EBADMSG). */
int sync_parts_add(struct sync_parts *p, const json_t *rooms, bool more, json_t **ret_whole);

/* A part was wrong. */
void sync_parts_refuse(struct sync_parts *p, bool more);

void sync_parts_done(struct sync_parts *p);
