#include "media/inventory.h"

#include "media/ice_tcp.h"
#include "media/publisher.h"
#include "media/quality.h"
#include "media/subscriber.h"

/* ---- sync ---- */

static void drop_unnamed(struct router *r, const json_t *room)
{
    json_t *streams = command_id_set(json_object_get(room, "streams"));
    json_t *subscribers = command_id_set(json_object_get(room, "subscribers"));
    struct publisher *p;
    struct subscriber *s;
    size_t pos = 0;

    while ((s = map_next(r->subscribers, &pos))) {
        if (s->owns_transport && !json_object_get(subscribers, s->id))
            subscriber_free(s);
    }
    for (pos = 0; (p = map_next(r->publishers, &pos));) {
        if (!json_object_get(streams, p->id))
            publisher_free(p);
    }
    json_decref(streams);
    json_decref(subscribers);
}

/* The ids of a list that are no key of the map. */
static json_t *absent(const json_t *list, const struct map *present)
{
    json_t *missing = json_array();
    json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        const char *id = json_string_value(item);

        if (id && (!present || !map_get(present, bytes_str(id))))
            (void) json_array_append_new(missing, json_string(id));
    }
    return missing;
}

static void add_missing(json_t *missing, const char *id, const json_t *room, struct router *r)
{
    json_t *streams = absent(json_object_get(room, "streams"), r ? r->publishers : NULL);
    json_t *subscribers = absent(json_object_get(room, "subscribers"), r ? r->subscribers : NULL);

    if (json_array_size(streams) + json_array_size(subscribers) > 0)
        (void) json_object_set_new(
            missing, id, json_pack("{s:O, s:O}", "streams", streams, "subscribers", subscribers));
    json_decref(streams);
    json_decref(subscribers);
}

void inventory_sync(struct worker *w, struct message *m)
{
    json_t *missing = json_object();
    struct router *r;
    const char *id;
    json_t *room;
    size_t pos = 0;

    while (m->keep && (r = map_next(w->rooms, &pos))) {
        room = json_object_get(m->keep, r->id);
        if (room)
            drop_unnamed(r, room);
        else
            router_free(r);
    }
    json_object_foreach (m->rooms, id, room)
        add_missing(missing, id, room, router_find(w, id));
    m->result = json_pack("{s:o}", "missing", missing);
}

/* ---- stats ---- */

static void add_endpoint(json_t *list, const struct router *r, const char *key, const char *id,
                         json_t *figures)
{
    (void) json_object_set_new(figures, "room", json_string(r->id));
    (void) json_object_set_new(figures, key, json_string(id));
    (void) json_array_append_new(list, figures);
}

static void add_router(json_t *list, const struct router *r)
{
    struct publisher *p;
    struct subscriber *s;
    size_t pos = 0;

    while ((p = map_next(r->publishers, &pos))) {
        if (!publisher_is_mirror(p))
            add_endpoint(list, r, "stream", p->id, quality_of_publisher(p));
    }
    for (pos = 0; (s = map_next(r->subscribers, &pos));) {
        if (s->owns_transport)
            add_endpoint(list, r, "subscriber", s->id, quality_of_subscriber(s));
    }
}

static json_t *worker_json(const struct worker *w)
{
    const struct udp_counters *c = udp_counters(w->udp);
    const struct pipe_counters *pipes = pipes_counters(w->pipes);
    struct quality_sums sums;

    quality_sum(w, &sums);
    return json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:o}",
                     "port", (int) udp_port(w->udp), "transports", (int) w->n_transports,
                     "packetsIn", (json_int_t) c->packets_in, "packetsOut",
                     (json_int_t) c->packets_out, "messagesOut", (json_int_t) c->messages_out,
                     "droppedOut", (json_int_t) c->dropped_out, "junk", (json_int_t) w->n_junk,
                     "badMedia", (json_int_t) w->n_bad_media, "rooms",
                     (json_int_t) map_count(w->rooms), "gso", udp_uses_gso(w->udp), "pipedIn",
                     (json_int_t) pipes->records_in, "pipedOut", (json_int_t) pipes->records_out,
                     "pipeDropped", (json_int_t) pipes->dropped, "media", quality_sums_json(&sums));
}

static json_t *tcp_json(const struct worker *w)
{
    const struct ice_tcp_counters *c = w->tcp ? ice_tcp_counters(w->tcp) : NULL;

    if (!c)
        return json_null();
    return json_pack("{s:I, s:I, s:I}", "connections", (json_int_t) c->connections, "refused",
                     (json_int_t) c->refused, "droppedOut", (json_int_t) c->dropped_out);
}

void inventory_stats(struct worker *w, struct message *m)
{
    json_t *list = json_array();
    struct router *r;
    size_t pos = 0;

    if (*m->room) {
        r = router_find(w, m->room);
        if (r)
            add_router(list, r);
    } else if (!m->brief) {
        while ((r = map_next(w->rooms, &pos)))
            add_router(list, r);
    }
    m->result = json_pack("{s:o, s:o}", "transports", list, "worker", worker_json(w));
    (void) json_object_set_new(json_object_get(m->result, "worker"), "tcp", tcp_json(w));
}
