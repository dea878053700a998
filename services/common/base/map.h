/* map.h: hash map from a byte string to a pointer.
 * Keys are copied, values stay the caller's. Keys may come from strangers: each map hashes with
 * SipHash under its own random key. The map never holds more than its maximum. */
#pragma once

#include "base/bytes.h"

struct map;

int map_new(size_t max, struct map **ret_map);

/* Frees the map, not the values. NULL is fine; returns NULL. */
struct map *map_free(struct map *m);

size_t map_count(const struct map *m);

/* -EEXIST when the key is there already, -ENOSPC at the maximum, -ENOMEM. value must not be NULL.
 */
int map_put(struct map *m, struct bytes key, void *value);

/* NULL when absent. */
void *map_get(const struct map *m, struct bytes key);

/* Takes the entry out and returns its value; NULL when absent. */
void *map_del(struct map *m, struct bytes key);

/* Visits all entries in no particular order; start with *pos = 0, NULL ends it. The entry just
 * returned may be deleted, nothing may be added in between. */
void *map_next(const struct map *m, size_t *pos);
