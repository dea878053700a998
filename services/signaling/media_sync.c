#include "signaling/media_sync.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/events.h"
#include "signaling/lifecycle.h"
#include "signaling/media.h"
#include "signaling/reasons.h"
#include "signaling/stream.h"

#include <string.h>

/* Of ids, with quotes and commas; what is around them fits into the rest. */
#define PART_BYTES (LINK_MESSAGE_MAX / 2)
#define ID_COST 3
#define ROOM_COST 64 /* of a room without ids */

/* An inventory that is being written. */
struct inventory {
    json_t *parts;
    json_t *rooms; /* of the last part */
    size_t bytes;  /* in it */
};

static void begin_part(struct inventory *v)
{
    v->rooms = json_object();
    v->bytes = 0;
    json_array_append_new(v->parts, v->rooms);
}

/* The session's entry in a part that has room for cost bytes more. */
static json_t *entry_of(struct inventory *v, const struct session *s, size_t cost)
{
    json_t *entry;

    if (v->bytes + cost > PART_BYTES)
        begin_part(v);
    entry = json_object_get(v->rooms, s->unique_id);
    if (!entry) {
        entry = json_pack("{s:[],s:[]}", "streams", "subscribers");
        json_object_set_new(v->rooms, s->unique_id, entry);
        cost += strlen(s->unique_id) + ROOM_COST;
    }
    v->bytes += cost;
    return entry;
}

static void add(struct inventory *v, const struct session *s, const char *key, const char *id)
{
    json_t *entry = entry_of(v, s, strlen(id) + ID_COST);

    json_array_append_new(json_object_get(entry, key), json_string(id));
}

/* Everything that the media daemon should have of one session. */
static void add_session(struct inventory *v, const struct session *s)
{
    char name[SUBSCRIBER_ID_SIZE];
    struct subscription *sub;
    struct connection *c;

    (void) entry_of(v, s, 0);
    list_for_each (c, &s->participants, node) {
        if (c->stream)
            add(v, s, "streams", c->stream->id);
        list_for_each (sub, &c->subscriptions, of_subscriber) {
            subscriber_id(c->id, sub->stream->id, name);
            add(v, s, "subscribers", name);
        }
    }
}

static json_t *inventory(void *arg)
{
    struct inventory v = {.parts = json_array()};
    struct app *app = arg;
    struct session *s;

    begin_part(&v);
    list_for_each (s, &app->sessions.all, node) {
        if (s->active)
            add_session(&v, s);
    }
    return v.parts;
}

/* The ids of a list, to look them up in. */
static json_t *set_of(json_t *list)
{
    json_t *set = json_object(), *entry;
    size_t i;

    json_array_foreach (list, i, entry) {
        if (json_is_string(entry))
            json_object_set_new(set, json_string_value(entry), json_null());
    }
    return set;
}

static void drop_missing(struct app *app, struct session *s, json_t *missing)
{
    json_t *streams = set_of(json_object_get(missing, "streams"));
    json_t *subscribers = set_of(json_object_get(missing, "subscribers"));
    char name[SUBSCRIBER_ID_SIZE];
    struct subscription *sub;
    struct connection *c;

    list_for_each (c, &s->participants, node) {
        if (c->stream && json_object_get(streams, c->stream->id))
            lifecycle_unpublish(app, c->stream, true, REASON_MEDIA_SERVER_RECONNECT);
    }
    list_for_each (c, &s->participants, node) {
        list_for_each (sub, &c->subscriptions, of_subscriber) {
            subscriber_id(c->id, sub->stream->id, name);
            if (!json_object_get(subscribers, name))
                continue;
            events_unsubscribed(sub, REASON_MEDIA_SERVER_RECONNECT);
            subscription_free(sub);
        }
    }
    json_decref(streams);
    json_decref(subscribers);
}

static void on_missing(json_t *missing, void *arg)
{
    struct app *app = arg;
    struct session *s;

    list_for_each (s, &app->sessions.all, node) {
        json_t *room = json_object_get(missing, s->unique_id);

        if (room)
            drop_missing(app, s, room);
    }
}

static void on_lost(void *arg)
{
    lifecycle_close_all(arg, true, REASON_NODE_CRASHED);
}

static void on_ready(void *arg)
{
    rpc_wait_over(arg);
}

const struct media_handlers media_sync_handlers = {
    .inventory = inventory, .on_missing = on_missing, .on_ready = on_ready, .on_lost = on_lost};
