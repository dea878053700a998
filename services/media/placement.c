#include "media/placement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A worker this busy gets nothing more of a room, in permille of a core, while there is another
 * that is less busy by so much. */
#define BUSY 800
#define LESS 300

/* ---- where to ---- */

static unsigned expected(const struct placement *p, const struct worker *w)
{
    return load_expected(&p->loads[w->index]);
}

/* Is a the better place for something new? Rooms that were just placed have neither load nor
 * transports yet. */
static bool is_better(const struct placement *p, const struct worker *a, const struct worker *b)
{
    unsigned load_a = expected(p, a), load_b = expected(p, b);

    if (load_a != load_b)
        return load_a < load_b;
    return atomic_load(&a->n_transports) < atomic_load(&b->n_transports);
}

static struct worker *least_loaded(const struct placement *p)
{
    unsigned start = (unsigned) map_count(p->rooms) % p->n_workers; /* equals take turns */
    struct worker *best = p->workers[start];

    for (unsigned i = 0; i < p->n_workers; i++) {
        struct worker *w = p->workers[(start + i) % p->n_workers];

        if (is_better(p, w, best))
            best = w;
    }
    return best;
}

static bool is_full(const struct placement *p, const struct placed_room *r, const struct worker *w)
{
    int64_t max = p->config->room_spread;

    if (max > 0 && r->on[w->index].n_transports >= (unsigned) max)
        return true;
    return expected(p, w) >= BUSY && expected(p, least_loaded(p)) + LESS <= expected(p, w);
}

/* The best of those that have room for it: on which the room is already, or is not. */
static struct worker *best_with_room(const struct placement *p, const struct placed_room *r,
                                     bool used)
{
    struct worker *best = NULL;

    for (unsigned i = 0; i < p->n_workers; i++) {
        struct worker *w = p->workers[i];

        if (r->on[i].used == used && !is_full(p, r, w) && (!best || is_better(p, w, best)))
            best = w;
    }
    return best;
}

/* All are full: shares it out evenly. */
static struct worker *fewest_of_room(const struct placement *p, const struct placed_room *r)
{
    struct worker *best = p->workers[0];

    for (unsigned i = 1; i < p->n_workers; i++) {
        if (r->on[i].n_transports < r->on[best->index].n_transports)
            best = p->workers[i];
    }
    return best;
}

/* home: where it costs least, or NULL. */
static struct worker *choose(const struct placement *p, const struct placed_room *r,
                             struct worker *home)
{
    struct worker *w = home;

    if (w && !is_full(p, r, w))
        return w;
    w = best_with_room(p, r, true);
    if (!w)
        w = best_with_room(p, r, false);
    return w ? w : fewest_of_room(p, r);
}

/* ---- what is where ---- */

int placement_init(struct placement *p, const struct config *c)
{
    *p = (struct placement){.config = c};
    return map_new(CONFIG_ROOMS_MAX, &p->rooms);
}

int placement_set_workers(struct placement *p, struct worker **workers, unsigned n)
{
    p->loads = calloc(n, sizeof(*p->loads));
    if (!p->loads)
        return -ENOMEM;
    p->workers = workers;
    p->n_workers = n;
    return 0;
}

void placement_done(struct placement *p)
{
    struct placed_room *r;
    size_t pos;

    while (p->rooms && (pos = 0, r = map_next(p->rooms, &pos)))
        placement_close(p, r);
    p->rooms = map_free(p->rooms);
    free(p->loads);
    p->loads = NULL;
}

struct placed_room *placement_room(const struct placement *p, const char *room)
{
    return map_get(p->rooms, bytes_str(room));
}

struct placed_stream *placement_stream(const struct placement *p, const char *room,
                                       const char *stream)
{
    const struct placed_room *r = placement_room(p, room);

    return r ? map_get(r->streams, bytes_str(stream)) : NULL;
}

struct placed_subscriber *placement_subscriber(const struct placement *p, const char *room,
                                               const char *subscriber)
{
    const struct placed_room *r = placement_room(p, room);

    return r ? map_get(r->subscribers, bytes_str(subscriber)) : NULL;
}

static void count_transport(struct placement *p, struct placed_room *r, unsigned index, int by)
{
    r->on[index].n_transports += (unsigned) by;
    r->on[index].used = true;
    r->n_transports += (unsigned) by;
    p->n_transports += (unsigned) by;
    if (by > 0)
        load_place(&p->loads[index]);
}

static struct placed_room *room_free(struct placed_room *r)
{
    map_free(r->streams);
    map_free(r->subscribers);
    free(r);
    return NULL;
}

static struct placed_room *room_new(struct placement *p, const char *id)
{
    struct placed_room *r = calloc(1, sizeof(*r) + p->n_workers * sizeof(r->on[0]));

    if (!r)
        return NULL;
    snprintf(r->id, sizeof(r->id), "%s", id);
    if (map_new(CONFIG_STREAMS_MAX, &r->streams) < 0 ||
        map_new(CONFIG_TRANSPORTS_MAX, &r->subscribers) < 0 ||
        map_put(p->rooms, bytes_str(id), r) < 0)
        return room_free(r);
    return r;
}

void placement_unsubscribe(struct placement *p, struct placed_subscriber *s)
{
    struct placed_room *r = s->stream->room;

    count_transport(p, r, s->at.index, -1);
    list_del(&s->node);
    s->stream->n_subscribers--;
    map_del(r->subscribers, bytes_str(s->id));
    free(s);
}

void placement_unpublish(struct placement *p, struct placed_stream *s)
{
    struct placed_subscriber *sub;

    list_for_each (sub, &s->subscribers, node)
        placement_unsubscribe(p, sub);
    count_transport(p, s->room, s->at.index, -1);
    map_del(s->room->streams, bytes_str(s->id));
    free(s);
}

void placement_close(struct placement *p, struct placed_room *r)
{
    struct placed_stream *s;
    size_t pos;

    while (pos = 0, s = map_next(r->streams, &pos))
        placement_unpublish(p, s);
    map_del(p->rooms, bytes_str(r->id));
    room_free(r);
}

/* ---- requests ---- */

static bool at_limit(int64_t n, int64_t max, enum limit which, enum limit *ret)
{
    if (n < max)
        return false;
    *ret = which;
    return true;
}

static bool rate_is_reached(const struct placement *p, enum limit *ret)
{
    uint64_t max = (uint64_t) p->config->max_send_mbits;

    return max > 0 &&
           at_limit((int64_t) (p->send_bps / 1000000), (int64_t) max, LIMIT_SEND_RATE, ret);
}

/* One more transport, in a room that may not be there yet. */
static bool is_refused(const struct placement *p, const struct placed_room *r, enum limit *ret)
{
    const struct config *c = p->config;

    return (!r && at_limit((int64_t) map_count(p->rooms), c->max_rooms, LIMIT_ROOMS, ret)) ||
           at_limit(p->n_transports, c->max_transports, LIMIT_TRANSPORTS, ret) ||
           (r && at_limit(r->n_transports, c->max_room_transports, LIMIT_ROOM_TRANSPORTS, ret));
}

static int add_stream(struct placement *p, struct placed_room *r, const char *id,
                      struct placed_stream **ret)
{
    bool empty = map_count(r->streams) == 0;
    struct placed_stream *s = calloc(1, sizeof(*s));
    int error;

    if (!s)
        return -ENOMEM;
    s->room = r;
    list_init(&s->subscribers);
    snprintf(s->id, sizeof(s->id), "%s", id);
    error = map_put(r->streams, bytes_str(id), s);
    if (error < 0) {
        free(s);
        return error;
    }
    s->at.worker = empty && r->n_transports == 0 ? least_loaded(p) : choose(p, r, NULL);
    s->at.index = s->at.worker->index;
    count_transport(p, r, s->at.index, 1);
    *ret = s;
    return 0;
}

int placement_publish(struct placement *p, const char *room, const char *stream,
                      struct placed_stream **ret, enum limit *ret_limit)
{
    struct placed_room *r = placement_room(p, room);
    struct placed_stream *s = r ? map_get(r->streams, bytes_str(stream)) : NULL;
    int error = 0;

    if (!s) {
        if (is_refused(p, r, ret_limit) ||
            (r && at_limit((int64_t) map_count(r->streams), p->config->max_streams,
                           LIMIT_PUBLISHERS, ret_limit)))
            return -ENOSPC;
        if (!r)
            r = room_new(p, room);
        error = r ? add_stream(p, r, stream, &s) : -ENOMEM;
    }
    if (error < 0)
        return error;
    s->at.n_asked++;
    *ret = s;
    return 0;
}

static int add_subscriber(struct placement *p, struct placed_stream *stream, const char *id,
                          struct placed_subscriber **ret)
{
    struct placed_room *r = stream->room;
    struct placed_subscriber *s = calloc(1, sizeof(*s));
    int error;

    if (!s)
        return -ENOMEM;
    s->stream = stream;
    snprintf(s->id, sizeof(s->id), "%s", id);
    error = map_put(r->subscribers, bytes_str(id), s);
    if (error < 0) {
        free(s);
        return error;
    }
    list_append(&stream->subscribers, &s->node);
    stream->n_subscribers++;
    s->at.worker = choose(p, r, stream->at.worker);
    s->at.index = s->at.worker->index;
    count_transport(p, r, s->at.index, 1);
    *ret = s;
    return 0;
}

int placement_subscribe(struct placement *p, const char *room, const char *stream,
                        const char *subscriber, struct placed_subscriber **ret,
                        enum limit *ret_limit)
{
    struct placed_stream *from = placement_stream(p, room, stream);
    struct placed_subscriber *s = placement_subscriber(p, room, subscriber);
    int error = 0;

    if (!from)
        return -ENOENT;
    if (s && s->stream != from)
        return -EEXIST;
    if (!s) {
        if (is_refused(p, from->room, ret_limit) || rate_is_reached(p, ret_limit) ||
            at_limit((int64_t) from->n_subscribers, p->config->max_subscribers, LIMIT_SUBSCRIBERS,
                     ret_limit))
            return -ENOSPC;
        error = add_subscriber(p, from, subscriber, &s);
    }
    if (error < 0)
        return error;
    s->at.n_asked++;
    *ret = s;
    return 0;
}

/* True: it was made by this request alone, which failed. */
static bool vanishes(struct placed *at, bool ok)
{
    if (at->n_asked > 0)
        at->n_asked--;
    at->there |= ok;
    return !at->there && at->n_asked == 0;
}

void placement_published(struct placement *p, const char *room, const char *stream, bool ok)
{
    struct placed_stream *s = placement_stream(p, room, stream);

    if (s && vanishes(&s->at, ok))
        placement_unpublish(p, s);
}

void placement_subscribed(struct placement *p, const char *room, const char *subscriber, bool ok)
{
    struct placed_subscriber *s = placement_subscriber(p, room, subscriber);

    if (s && vanishes(&s->at, ok))
        placement_unsubscribe(p, s);
}

/* ---- inventories ---- */

static void retain_in_room(struct placement *p, struct placed_room *r, const json_t *room)
{
    json_t *streams = command_id_set(json_object_get(room, "streams"));
    json_t *subscribers = command_id_set(json_object_get(room, "subscribers"));
    struct placed_subscriber *sub;
    struct placed_stream *s;
    size_t pos = 0;

    while ((sub = map_next(r->subscribers, &pos))) {
        if (!json_object_get(subscribers, sub->id))
            placement_unsubscribe(p, sub);
    }
    for (pos = 0; (s = map_next(r->streams, &pos));) {
        if (!json_object_get(streams, s->id))
            placement_unpublish(p, s);
    }
    json_decref(streams);
    json_decref(subscribers);
}

void placement_retain(struct placement *p, const json_t *rooms)
{
    struct placed_room *r;
    size_t pos = 0;

    while ((r = map_next(p->rooms, &pos))) {
        json_t *room = json_object_get(rooms, r->id);

        if (room)
            retain_in_room(p, r, room);
        else
            placement_close(p, r);
    }
}
