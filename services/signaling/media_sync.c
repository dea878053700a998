#include "signaling/media_sync.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/events.h"
#include "signaling/lifecycle.h"
#include "signaling/reasons.h"
#include "signaling/stream.h"

/* Everything that the media daemon should have of one session. */
static json_t *room_inventory(const struct session *s)
{
    json_t *streams = json_array(), *subscribers = json_array();
    char name[SUBSCRIBER_ID_SIZE];
    struct subscription *sub;
    struct connection *c;

    list_for_each (c, &s->participants, node) {
        if (c->stream)
            json_array_append_new(streams, json_string(c->stream->id));
        list_for_each (sub, &c->subscriptions, of_subscriber) {
            subscriber_id(c->id, sub->stream->id, name);
            json_array_append_new(subscribers, json_string(name));
        }
    }
    return json_pack("{s:o,s:o}", "streams", streams, "subscribers", subscribers);
}

static json_t *inventory(void *arg)
{
    struct app *app = arg;
    json_t *rooms = json_object();
    struct session *s;

    list_for_each (s, &app->sessions.all, node) {
        if (s->active)
            json_object_set_new(rooms, s->unique_id, room_inventory(s));
    }
    return rooms;
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

const struct media_handlers media_sync_handlers = {
    .inventory = inventory, .on_missing = on_missing, .on_lost = on_lost};
