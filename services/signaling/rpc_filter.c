/* Filters of published streams: this server has none. Who may not ask is told so first; who may
 * hears that there is nothing to apply, and that nothing is applied. */
#include "signaling/rpc_media.h"

#include "signaling/connection.h"

#include <string.h>

bool filter_is_allowed(const struct connection *c, const char *type)
{
    json_t *allowed = json_object_get(c->options.kurento, "allowedFilters"), *name;
    size_t i;

    if (connection_is_moderator(c))
        return true;
    json_array_foreach (allowed, i, name) {
        if (strcmp(json_string_value(name), type) == 0)
            return true;
    }
    return false;
}

static bool is_owner(const struct connection *c, const char *stream_id)
{
    return c->stream && strcmp(c->stream->id, stream_id) == 0;
}

static void refuse(struct rpc *rq, const char *what)
{
    rpc_error(rq, RPC_USER_UNAUTHORIZED, "Unable to %s. The user does not have a valid token",
              what);
}

static bool is_object_text(const char *text)
{
    json_t *parsed = json_loads(text, 0, NULL);
    bool is_object = json_is_object(parsed);

    json_decref(parsed);
    return is_object;
}

void rpc_apply_filter(struct rpc *rq)
{
    const struct connection *c = rq->client->participant;
    const char *stream = rpc_string(rq, "streamId"), *type, *options;

    if (!stream || !(type = rpc_string(rq, "type")) || !(options = rpc_string(rq, "options")))
        return;
    if (!filter_is_allowed(c, type) || !(connection_is_moderator(c) || is_owner(c, stream)))
        refuse(rq, "apply filter");
    else if (!is_object_text(options))
        rpc_error(rq, RPC_FILTER_NOT_APPLIED, "'options' parameter is not a JSON object");
    else if (rpc_stream(rq, c->session, stream))
        rpc_error(rq, RPC_FILTER_NOT_APPLIED, FILTERS_UNSUPPORTED);
}

/* What needs a filter that is there, by a moderator or the stream's owner; `also` is one more
 * parameter that must be given, or NULL. */
static void about_filter(struct rpc *rq, const char *what, const char *also)
{
    const struct connection *c = rq->client->participant;
    const char *id = rpc_string(rq, "streamId");
    const struct stream *st;

    if (!id || (also && !rpc_string(rq, also)))
        return;
    if (!connection_is_moderator(c) && !is_owner(c, id)) {
        refuse(rq, what);
        return;
    }
    st = rpc_stream(rq, c->session, id);
    if (st)
        rpc_error(rq, RPC_FILTER_NOT_APPLIED, "User '%s' has no filter applied in session '%s'",
                  st->publisher->id, c->session->id);
}

void rpc_remove_filter(struct rpc *rq)
{
    about_filter(rq, "remove filter", NULL);
}

void rpc_exec_filter_method(struct rpc *rq)
{
    about_filter(rq, "execute filter method", "method");
}

void rpc_add_filter_event_listener(struct rpc *rq)
{
    about_filter(rq, "add filter event listener", "eventType");
}

void rpc_remove_filter_event_listener(struct rpc *rq)
{
    about_filter(rq, "remove filter event listener", "eventType");
}
