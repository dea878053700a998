#include "signaling/rest.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/events.h"
#include "signaling/lifecycle.h"
#include "signaling/reasons.h"
#include "signaling/rest_list.h"
#include "signaling/shapes.h"

#include <errno.h>
#include <string.h>

void rest_sessions_post(struct rest *r)
{
    const struct config *config = &r->app->config;
    struct session_options options;
    struct session *s;
    struct problem p;
    int error;

    if (session_options_parse(config, r->body, &options, &p) < 0) {
        rest_reply_problem(r, &p);
        return;
    }
    error = session_new(&r->app->sessions, &options, (size_t) config->max_connections, &s);
    if (error == -EEXIST) {
        rest_reply_empty(r, 409);
        return;
    }
    if (error == -ENOSPC)
        limit_struck(r->app, STATS_MAX_SESSIONS, "POST sessions: refused");
    if (error) {
        problem_set(&p, 500,
                    error == -ENOSPC ? "The server has too many sessions" : "out of memory");
        rest_reply_problem(r, &p);
        return;
    }
    events_session_created(s);
    rest_reply_json(r, shape_session(s, &(struct shape_options){.pending = false}));
}

/* False after answering. */
static bool read_options(struct rest *r, struct shape_options *ret)
{
    ret->endpoints = r->endpoints;
    return rest_query_bool(r, "pendingConnections", false, &ret->pending) &&
           rest_query_bool(r, "webRtcStats", false, &ret->webrtc_stats);
}

void rest_sessions_get(struct rest *r)
{
    struct shape_options o;

    if (!read_options(r, &o))
        return;
    if (!o.webrtc_stats || rest_has_endpoints(r, NULL, rest_sessions_get))
        rest_list_sessions(r, &o);
}

void rest_session_get(struct rest *r)
{
    struct session *s = sessions_find(&r->app->sessions, r->args[0]);
    struct shape_options o;

    if (!read_options(r, &o))
        return;
    if (!s)
        rest_reply_empty(r, 404);
    else if (!o.webrtc_stats || rest_has_endpoints(r, s, rest_session_get))
        rest_reply_json(r, shape_session(s, &o));
}

void rest_session_delete(struct rest *r)
{
    struct session *s = sessions_find(&r->app->sessions, r->args[0]);

    if (s)
        lifecycle_close(r->app, s, REASON_SESSION_CLOSED_BY_SERVER);
    rest_reply_empty(r, s ? 204 : 404);
}

void rest_stream_delete(struct rest *r)
{
    struct session *s = sessions_find(&r->app->sessions, r->args[0]);
    struct connection *c;

    if (!s) {
        rest_reply_empty(r, 400);
        return;
    }
    list_for_each (c, &s->participants, node) {
        if (c->stream && strcmp(c->stream->id, r->args[1]) == 0) {
            lifecycle_unpublish(r->app, c->stream, true, REASON_FORCE_UNPUBLISH_BY_SERVER);
            rest_reply_empty(r, 204);
            return;
        }
    }
    rest_reply_empty(r, 404);
}
