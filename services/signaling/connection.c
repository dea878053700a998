#include "signaling/connection.h"

#include "base/clock.h"
#include "signaling/about.h"
#include "signaling/client.h"
#include "signaling/session.h"
#include "signaling/state.h"
#include "signaling/stream.h"
#include "signaling/turn_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUSTOM_ID_KEY "openviduCustomConnectionId"

/* For developers: server data may name the connection's id. */
static int choose_id(const char *data, char ret[static CONNECTION_ID_SIZE])
{
    json_t *root = strstr(data, CUSTOM_ID_KEY) ? json_loads(data, 0, NULL) : NULL;
    const char *wish = json_string_value(json_object_get(root, CUSTOM_ID_KEY));
    int error = 0;

    if (wish)
        error = connection_id_custom(wish, ret);
    else
        connection_id_new(ret);
    json_decref(root);
    return error;
}

struct connection *connection_alloc(void)
{
    struct connection *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    list_init(&c->node);
    list_init(&c->changed);
    list_init(&c->subscriptions);
    c->early = trickle_init();
    return c;
}

int connection_add(struct session *s, struct connection *c)
{
    bool pending = c->token && !connection_is_active(c);
    int error = map_put(s->connections, bytes_str(c->id), c);

    if (!error && pending) {
        error = map_put(s->pending_tokens, bytes_str(c->token), c);
        if (error)
            map_del(s->connections, bytes_str(c->id));
    }
    if (error) {
        connection_free(c);
        return error;
    }
    c->session = s;
    list_append(pending ? &s->pending : &s->participants, &c->node);
    return 0;
}

void connection_changed(struct connection *c)
{
    state_connection(c->session->owner->state, c);
}

/* A new one joins those of s. */
static int add(const struct config *config, struct connection *c, struct session *s)
{
    int error;

    if (config->turn_secret)
        turn_cred_new(config->turn_secret, clock_wall_ms(), c->join, &c->turn);
    c->order = sessions_next_order(s->owner);
    error = connection_add(s, c);
    if (!error && c->token) /* one without is recorded once it is active */
        connection_changed(c);
    return error;
}

static struct connection *make(enum connection_kind kind, struct connection_options *options)
{
    struct connection *c = connection_alloc();

    if (!c) {
        connection_options_done(options);
        return NULL;
    }
    c->kind = kind;
    c->options = *options;
    *options = (struct connection_options){.data = NULL};
    c->created_ms = clock_wall_ms();
    join_id_new(c->join);
    return c;
}

int connection_new(const struct config *config, struct session *s,
                   struct connection_options *options, struct connection **ret_connection)
{
    struct connection *c = make(CONNECTION_WEBRTC, options);
    int error;

    if (!c)
        return -ENOMEM;
    error = choose_id(c->options.data, c->id);
    if (!error) {
        c->token = token_new(&config->public_url, s->id);
        error = c->token ? 0 : -ENOMEM;
    }
    if (error) {
        connection_free(c);
        return error;
    }
    error = add(config, c, s);
    if (error)
        return error;
    *ret_connection = c;
    return 0;
}

int connection_new_internal(const struct config *config, struct session *s,
                            enum connection_kind kind, struct connection_options *options,
                            struct connection **ret_connection)
{
    struct connection *c = make(kind, options);
    int error;

    if (!c)
        return -ENOMEM;
    if (kind == CONNECTION_WEBRTC)
        connection_id_new(c->id);
    else
        snprintf(c->id, sizeof(c->id), "%s",
                 kind == CONNECTION_RECORDER ? "RECORDER" : "SPEECH_TO_TEXT");
    error = add(config, c, s);
    if (error)
        return error;
    *ret_connection = c;
    return 0;
}

int connection_activate(struct connection *c, const char *client_data, const char *platform,
                        const char *ip)
{
    char *data = strdup(client_data);
    char *name = strdup(platform);

    if (!data || !name) {
        free(data);
        free(name);
        return -ENOMEM;
    }
    if (c->token)
        map_del(c->session->pending_tokens, bytes_str(c->token));
    list_del(&c->node);
    list_append(&c->session->participants, &c->node);
    c->client_data = data;
    c->platform = name;
    snprintf(c->ip, sizeof(c->ip), "%s", ip);
    c->active_ms = clock_wall_ms();
    c->order = sessions_next_order(c->session->owner);
    connection_changed(c);
    if (!c->session->active) {
        c->session->active = true;
        state_session(c->session->owner->state, c->session);
    }
    turn_link_issued(c->session->owner->turn, c->turn.username);
    return 0;
}

struct connection *connection_free(struct connection *c)
{
    struct subscription *sub;

    if (!c)
        return NULL;
    stream_free(c->stream);
    if (c->client)
        c->client->participant = NULL;
    list_for_each (sub, &c->subscriptions, of_subscriber)
        subscription_free(sub);
    if (c->session) {
        state_connection_gone(c->session->owner->state, c);
        if (connection_is_active(c)) /* nobody else was told the credential */
            turn_link_revoke(c->session->owner->turn, c->turn.username, about_connection(c));
        map_del(c->session->connections, bytes_str(c->id));
        if (c->token && !connection_is_active(c))
            map_del(c->session->pending_tokens, bytes_str(c->token));
    }
    list_del(&c->node);
    connection_options_done(&c->options);
    free(c->token);
    free(c->client_data);
    free(c->platform);
    blob_clear(&c->early);
    free(c);
    return NULL;
}

bool connection_is_active(const struct connection *c)
{
    return c->active_ms != 0;
}

bool connection_is_moderator(const struct connection *c)
{
    return strcmp(c->options.role, "MODERATOR") == 0;
}

bool connection_may_publish(const struct connection *c)
{
    return strcmp(c->options.role, "SUBSCRIBER") != 0;
}
