#include "media/collect.h"

#include "link/media_api.h"

#include <stdio.h>
#include <stdlib.h>

struct collection {
    struct link_request *rq;
    unsigned waiting;
    json_t *result;
};

static struct collection *collect_new(struct link_request *rq, json_t *result)
{
    struct collection *c = calloc(1, sizeof(*c));

    if (!c || !result) {
        free(c);
        json_decref(result);
        if (rq)
            link_reply_error(rq, MEDIA_ERR_ENDPOINT, "out of memory");
        return NULL;
    }
    c->rq = rq;
    c->result = result;
    c->waiting = 1; /* for those who post */
    return c;
}

static void collect_post(struct collection *c, struct worker *w, struct message *m)
{
    if (!m)
        return;
    m->reply_to = c;
    m->home = w;
    c->waiting++;
    mailbox_post(w->mailbox, &m->mail);
}

static void collect_done(struct collection *c)
{
    if (--c->waiting > 0)
        return;
    if (c->rq)
        link_reply(c->rq, c->result);
    else
        json_decref(c->result);
    free(c);
}

static void take_stats(const struct placement *p, json_t *result, const struct message *m)
{
    json_t *worker = json_object_get(m->result, "worker");
    unsigned i = 0;

    while (p->workers[i] != m->home) /* which may be no more */
        i++;
    (void) json_object_set_new(worker, "load", json_real(p->loads[i].permille / 1000.0));
    (void) json_array_extend(json_object_get(result, "transports"),
                             json_object_get(m->result, "transports"));
    (void) json_array_append(json_object_get(result, "workers"), worker);
}

/* The list of that name, of that room; made when it is needed. */
static json_t *list_in(json_t *rooms, const char *room, const char *key)
{
    json_t *r = json_object_get(rooms, room), *list;

    if (!r)
        (void) json_object_set_new(rooms, room, r = json_object());
    list = json_object_get(r, key);
    if (!list)
        (void) json_object_set_new(r, key, list = json_array());
    return list;
}

/* Both lists of a room that two tell of: those of the workers and of what was never placed. */
static void add_missing(json_t *missing, const json_t *more)
{
    static const char *const keys[] = {"streams", "subscribers"};
    const char *room;
    json_t *r;

    json_object_foreach ((json_t *) more, room, r) {
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            (void) json_array_extend(list_in(missing, room, keys[i]), json_object_get(r, keys[i]));
    }
}

bool collect_take(struct placement *p, struct message *m)
{
    struct collection *c = m->reply_to;

    if (m->type != COMMAND_SYNC && m->type != COMMAND_STATS && m->type != COMMAND_CLOSE_ROOM)
        return false;
    if (m->type == COMMAND_SYNC)
        add_missing(json_object_get(c->result, "missing"), json_object_get(m->result, "missing"));
    else if (m->type == COMMAND_STATS && m->result)
        take_stats(p, c->result, m);
    collect_done(c);
    return true;
}

/* ---- sync ---- */

/* Shares out the ids of one list: each to the worker where it should be, or to the missing ones. */
static void share_out(const struct placement *p, const char *room, const json_t *described,
                      const char *key, json_t **by_worker, json_t *missing)
{
    bool is_stream = strcmp(key, "streams") == 0;
    const json_t *id;
    size_t i;

    json_array_foreach (json_object_get(described, key), i, id) {
        const char *text = json_string_value(id);
        const struct placed_stream *st = is_stream ? placement_stream(p, room, text) : NULL;
        const struct placed_subscriber *sub =
            is_stream ? NULL : placement_subscriber(p, room, text);
        const struct worker *w = st ? st->at.worker : sub ? sub->at.worker : NULL;

        (void) json_array_append_new(list_in(w ? by_worker[w->index] : missing, room, key),
                                     json_string(text));
    }
}

/* Missing rooms have both lists. */
static void complete(json_t *missing)
{
    const char *room;
    json_t *r;

    json_object_foreach (missing, room, r) {
        (void) list_in(missing, room, "streams");
        (void) list_in(missing, room, "subscribers");
    }
}

static struct message *sync_message(json_t *rooms, const json_t *keep)
{
    struct message *m = message_new(COMMAND_SYNC);

    if (m) {
        m->rooms = rooms;
        m->keep = keep ? json_deep_copy(keep) : NULL; /* json_t does not cross threads */
    } else {
        json_decref(rooms);
    }
    return m;
}

void collect_sync(struct placement *p, json_t *rooms, json_t *keep, struct link_request *rq)
{
    json_t **by_worker = calloc(p->n_workers, sizeof(*by_worker));
    json_t *missing = json_object();
    struct collection *c =
        collect_new(rq, by_worker ? json_pack("{s:o}", "missing", missing) : NULL);
    const char *id;
    json_t *room;

    if (!c) {
        free(by_worker);
        return;
    }
    for (unsigned i = 0; i < p->n_workers; i++)
        by_worker[i] = json_object();
    json_object_foreach (rooms, id, room) {
        share_out(p, id, room, "streams", by_worker, missing);
        share_out(p, id, room, "subscribers", by_worker, missing);
    }
    complete(missing);
    if (keep)
        placement_retain(p, keep);
    for (unsigned i = 0; i < p->n_workers; i++)
        collect_post(c, p->workers[i], sync_message(by_worker[i], keep));
    free(by_worker);
    collect_done(c);
}

/* ---- stats, the end of a room ---- */

static json_t *refused_json(const struct limits *l)
{
    json_t *refused = json_object();

    for (enum limit i = LIMIT_NONE + 1; i < N_LIMITS; i++)
        (void) json_object_set_new(refused, limit_key(i), json_integer((json_int_t) l->refused[i]));
    return refused;
}

void collect_stats(struct placement *p, const struct limits *limits, const char *room, bool brief,
                   struct link_request *rq)
{
    struct collection *c = collect_new(rq, json_pack("{s:[], s:i, s:[], s:o}", "transports",
                                                     "rooms", (int) map_count(p->rooms), "workers",
                                                     "refused", refused_json(limits)));

    if (!c)
        return;
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct message *m = message_new(COMMAND_STATS);

        if (m && room)
            snprintf(m->room, sizeof(m->room), "%s", room);
        if (m)
            m->brief = brief;
        collect_post(c, p->workers[i], m);
    }
    collect_done(c);
}

void collect_close(struct placement *p, struct placed_room *room, struct link_request *rq)
{
    struct collection *c = collect_new(rq, json_object());

    if (!c)
        return;
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct message *m = room->on[i].used ? message_new(COMMAND_CLOSE_ROOM) : NULL;

        if (m)
            snprintf(m->room, sizeof(m->room), "%s", room->id);
        collect_post(c, p->workers[i], m);
    }
    placement_close(p, room);
    collect_done(c);
}
