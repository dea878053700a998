#include "media/placement.h"

int placement_init(struct placement *p, size_t max_rooms)
{
    *p = (struct placement){.max_rooms = max_rooms};
    return map_new(max_rooms, &p->rooms);
}

void placement_done(struct placement *p)
{
    p->rooms = map_free(p->rooms);
}

struct worker *placement_find(const struct placement *p, const char *room)
{
    return map_get(p->rooms, bytes_str(room));
}

/* Rooms that were just placed have no transports yet: among equals they go round. */
static struct worker *least_loaded(const struct placement *p)
{
    unsigned start = (unsigned) map_count(p->rooms) % p->n_workers;
    struct worker *best = p->workers[start];

    for (unsigned i = 0; i < p->n_workers; i++) {
        struct worker *w = p->workers[(start + i) % p->n_workers];

        if (atomic_load(&w->n_transports) < atomic_load(&best->n_transports))
            best = w;
    }
    return best;
}

int placement_ensure(struct placement *p, const char *room, struct worker **ret_w)
{
    struct worker *w = placement_find(p, room);
    int r;

    if (!w) {
        w = least_loaded(p);
        r = map_put(p->rooms, bytes_str(room), w);
        if (r < 0)
            return r;
    }
    *ret_w = w;
    return 0;
}

struct worker *placement_remove(struct placement *p, const char *room)
{
    return map_del(p->rooms, bytes_str(room));
}

void placement_retain(struct placement *p, const json_t *rooms)
{
    struct map *kept;
    const char *id;
    json_t *room;

    if (map_new(p->max_rooms, &kept) < 0)
        return;
    json_object_foreach ((json_t *) rooms, id, room) {
        struct worker *w = placement_find(p, id);

        if (w)
            (void) map_put(kept, bytes_str(id), w);
    }
    map_free(p->rooms);
    p->rooms = kept;
}
