#include "media/router.h"

#include "media/publisher.h"
#include "media/subscriber.h"

#include "link/media_api.h"

#include <stdio.h>
#include <stdlib.h>

struct router *router_find(struct worker *w, const char *id)
{
    return map_get(w->rooms, bytes_str(id));
}

int router_ensure(struct worker *w, const char *id, struct router **ret_router)
{
    struct router *r = router_find(w, id);
    int error;

    if (r) {
        *ret_router = r;
        return 0;
    }
    r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->worker = w;
    snprintf(r->id, sizeof(r->id), "%s", id);
    last_n_init(&r->last_n, w);
    snprintf(r->session, sizeof(r->session), "%.*s", (int) media_room_session_len(id), id);
    error = map_new(CONFIG_STREAMS_MAX, &r->publishers);
    if (error == 0)
        error = map_new(CONFIG_TRANSPORTS_MAX, &r->subscribers);
    if (error == 0)
        error = map_put(w->rooms, bytes_str(id), r);
    if (error < 0) {
        map_free(r->publishers);
        map_free(r->subscribers);
        free(r);
        return error;
    }
    *ret_router = r;
    return 0;
}

struct router *router_free(struct router *r)
{
    struct publisher *p;
    size_t pos;

    if (!r)
        return NULL;
    while (pos = 0, (p = map_next(r->publishers, &pos)))
        publisher_free(p); /* takes its subscribers with it */
    last_n_done(&r->last_n);
    map_del(r->worker->rooms, bytes_str(r->id));
    map_free(r->publishers);
    map_free(r->subscribers);
    free(r);
    return NULL;
}

struct publisher *router_publisher(const struct router *r, const char *stream)
{
    return map_get(r->publishers, bytes_str(stream));
}

struct subscriber *router_subscriber(const struct router *r, const char *subscriber)
{
    return map_get(r->subscribers, bytes_str(subscriber));
}

void router_note_state(struct router *r, const char *stream, const char *subscriber,
                       enum transport_state state)
{
    struct message *m = message_new(NOTE_TRANSPORT);

    if (!m)
        return;
    snprintf(m->room, sizeof(m->room), "%s", r->id);
    snprintf(m->stream, sizeof(m->stream), "%s", stream);
    snprintf(m->subscriber, sizeof(m->subscriber), "%s", subscriber);
    m->state = state;
    mailbox_post(r->worker->node->control, &m->mail);
}
