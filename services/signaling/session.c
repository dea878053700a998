#include "signaling/session.h"

#include "base/clock.h"
#include "signaling/connection.h"
#include "signaling/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int sessions_init(struct sessions *all, size_t max)
{
    list_init(&all->all);
    return map_new(max, &all->by_id);
}

void sessions_done(struct sessions *all)
{
    struct session *s;

    if (!all->by_id)
        return;
    list_for_each (s, &all->all, node)
        session_free(s);
    all->by_id = map_free(all->by_id);
}

struct session *sessions_find(const struct sessions *all, const char *id)
{
    return map_get(all->by_id, bytes_str(id));
}

uint64_t sessions_next_order(struct sessions *all)
{
    return ++all->last_order;
}

struct session *session_alloc(void)
{
    struct session *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    list_init(&s->node);
    list_init(&s->changed);
    list_init(&s->participants);
    list_init(&s->pending);
    return s;
}

int session_add(struct sessions *all, struct session *s, size_t max_connections)
{
    int error = map_new(max_connections, &s->connections);

    if (!error)
        error = map_new(max_connections, &s->pending_tokens);
    if (!error)
        error = map_put(all->by_id, bytes_str(s->id), s);
    if (error) {
        session_free(s);
        return error;
    }
    s->owner = all;
    list_append(&all->all, &s->node);
    return 0;
}

int session_new(struct sessions *all, struct session_options *options, size_t max_connections,
                struct session **ret_session)
{
    struct session *s = session_alloc();
    int error;

    if (!s) {
        session_options_done(options);
        return -ENOMEM;
    }
    s->options = *options;
    *options = (struct session_options){.custom_id = NULL};
    s->created_ms = clock_wall_ms();
    s->order = sessions_next_order(all);
    if (*s->options.custom_id)
        snprintf(s->id, sizeof(s->id), "%s", s->options.custom_id);
    else
        session_id_new(s->id);
    snprintf(s->unique_id, sizeof(s->unique_id), "%s_%" PRIu64, s->id, s->created_ms);
    error = session_add(all, s, max_connections);
    if (error)
        return error;
    state_session(all->state, s);
    *ret_session = s;
    return 0;
}

struct session *session_free(struct session *s)
{
    struct connection *c;

    if (!s)
        return NULL;
    if (s->owner)
        state_session_gone(s->owner->state, s);
    list_for_each (c, &s->participants, node)
        connection_free(c);
    list_for_each (c, &s->pending, node)
        connection_free(c);
    if (s->owner)
        map_del(s->owner->by_id, bytes_str(s->id));
    list_del(&s->node);
    map_free(s->connections);
    map_free(s->pending_tokens);
    session_options_done(&s->options);
    free(s);
    return NULL;
}

struct connection *session_connection(const struct session *s, const char *id)
{
    return map_get(s->connections, bytes_str(id));
}

struct connection *session_pending_by_token(const struct session *s, const char *token)
{
    return map_get(s->pending_tokens, bytes_str(token));
}

struct connection *session_participant(const struct session *s, const char *id)
{
    struct connection *c = session_connection(s, id);

    return c && connection_is_active(c) ? c : NULL;
}

size_t session_n_participants(const struct session *s)
{
    return map_count(s->connections) - map_count(s->pending_tokens);
}

bool session_has_users(const struct session *s)
{
    struct connection *c;

    list_for_each (c, &s->participants, node) {
        if (c->kind == CONNECTION_WEBRTC)
            return true;
    }
    return false;
}
