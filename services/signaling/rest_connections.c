#include "signaling/rest.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/lifecycle.h"
#include "signaling/reasons.h"
#include "signaling/shapes.h"

#include <errno.h>

/* A pending connection of s by the request's body, or NULL after answering. */
static struct connection *make(struct rest *r, struct session *s)
{
    struct connection_options options;
    struct connection *c;
    struct problem p;
    int error;

    if (connection_options_parse(&r->app->config, r->body, &options, &p) < 0) {
        rest_reply_problem(r, &p);
        return NULL;
    }
    error = connection_new(&r->app->config, s, &options, &c);
    if (!error)
        return c;
    if (error == -EINVAL || error == -EEXIST) {
        problem_set(&p, 400, "The connection id that 'data' asks for is %s",
                    error == -EINVAL ? "not valid" : "in use");
    } else if (error == -ENOSPC) {
        limit_struck(r->app, STATS_MAX_CONNECTIONS, "session %s: a connection refused", s->id);
        problem_set(&p, 500, "The session has too many connections");
    } else {
        problem_set(&p, 500, "out of memory");
    }
    rest_reply_problem(r, &p);
    return NULL;
}

void rest_connections_post(struct rest *r)
{
    struct session *s = sessions_find(&r->app->sessions, r->args[0]);
    struct connection *c;

    if (!s) {
        rest_reply_empty(r, 404);
        return;
    }
    c = make(r, s);
    if (c)
        rest_reply_json(r, shape_connection(c, &(struct shape_options){.pending = true}));
}

void rest_tokens_post(struct rest *r)
{
    static const struct field fields[] = {{"session", .type = FIELD_STRING, .required = true}};
    struct connection *c;
    struct session *s;
    struct problem p;

    if (validate(r->body, fields, 1, &p) < 0) {
        rest_reply_problem(r, &p);
        return;
    }
    s = sessions_find(&r->app->sessions, body_string(r->body, "session", ""));
    if (!s) {
        problem_set(&p, 404, "Session does not exist");
        rest_reply_problem(r, &p);
        return;
    }
    /* Not for a token. */
    json_object_del(r->body, "record");
    json_object_del(r->body, "type");
    c = make(r, s);
    if (c)
        rest_reply_json(r, shape_token(c));
}

void rest_connections_get(struct rest *r)
{
    struct session *s = sessions_find(&r->app->sessions, r->args[0]);
    struct shape_options o = {.endpoints = r->endpoints};

    if (!rest_query_bool(r, "pendingConnections", true, &o.pending) ||
        !rest_query_bool(r, "webRtcStats", false, &o.webrtc_stats))
        return;
    if (!s)
        rest_reply_empty(r, 404);
    else if (!o.webrtc_stats || rest_has_endpoints(r, s, rest_connections_get))
        rest_reply_json(r, shape_connections(s, &o));
}

/* The connection of the path, or NULL after answering; recorders and the like do not exist here. */
static struct connection *find(struct rest *r)
{
    struct session *s = sessions_find(&r->app->sessions, r->args[0]);
    struct connection *c = s ? session_connection(s, r->args[1]) : NULL;

    if (c && c->kind == CONNECTION_WEBRTC)
        return c;
    rest_reply_empty(r, s ? 404 : 400);
    return NULL;
}

void rest_connection_get(struct rest *r)
{
    struct shape_options o = {.pending = true, .endpoints = r->endpoints};
    struct connection *c;

    if (!rest_query_bool(r, "webRtcStats", false, &o.webrtc_stats))
        return;
    c = find(r);
    if (c && (!o.webrtc_stats || rest_has_endpoints(r, c->session, rest_connection_get)))
        rest_reply_json(r, shape_connection(c, &o));
}

void rest_connection_delete(struct rest *r)
{
    struct connection *c = find(r);

    if (!c)
        return;
    if (connection_is_active(c))
        lifecycle_evict(r->app, c, REASON_FORCE_DISCONNECT_BY_SERVER);
    else
        connection_free(c);
    rest_reply_empty(r, 204);
}
