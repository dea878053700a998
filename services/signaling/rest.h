/* rest.h: the REST API: authentication, CORS, routes by a table, and the shapes of answers. */
#pragma once

#include "web/web.h"

#include "signaling/validate.h"

struct app;
struct session;

/* The headers that every answer has. Once, before there are requests. */
int rest_init(struct web *w);

/* Answers any request that is no WebSocket handshake. */
void rest_handle(struct app *app, struct web_request *rq);

/* Answers in the shape that the framework below the original API has for what it refuses itself. */
void rest_refuse(struct web_request *rq, unsigned status);

/* A web_answer_fn: counts. */
void rest_answered(const struct web_request *rq, unsigned status, void *app);

/* The table of routes. */
size_t rest_n_routes(void);
const char *rest_route_method(size_t i);
const char *rest_route_path(size_t i);

/* ---- for the handlers ---- */

/* A request with its place in the API. */
struct rest {
    struct app *app;
    struct web_request *rq;
    json_t *body;                  /* an object; NULL when none was sent */
    const char *args[2];           /* what the variable parts of the path matched */
    json_t *endpoints;             /* as of endpoints.h, once that was asked for; else NULL */
    void (*again)(struct rest *r); /* with these */
};
typedef void rest_fn(struct rest *r);

/* Each answers the request. */
void rest_reply_json(struct rest *r, json_t *j); /* 200; steals j */
void rest_reply_text(struct rest *r, const char *text);
void rest_reply_empty(struct rest *r, unsigned status);           /* shape E0 */
void rest_reply_problem(struct rest *r, const struct problem *p); /* shape E1 */

/* A boolean of the query; false after answering 400. */
bool rest_query_bool(struct rest *r, const char *name, bool fallback, bool *ret);

/* For an answer that comes later: r on the heap, with what it owns; NULL after answering 500. Free
 * it once it is answered. */
struct rest *rest_keep(struct rest *r);
struct rest *rest_free(struct rest *r);

/* The answer needs r->endpoints, of session s (NULL: of all). True when it has it; else again is
 * called once it does. */
bool rest_has_endpoints(struct rest *r, const struct session *s, rest_fn *again);

/* rest_sessions.c */
rest_fn rest_sessions_post, rest_sessions_get, rest_session_get, rest_session_delete,
    rest_stream_delete;
/* rest_connections.c */
rest_fn rest_connections_post, rest_connections_get, rest_connection_get, rest_connection_delete,
    rest_tokens_post;
/* rest_config.c */
rest_fn rest_config_get, rest_config_version, rest_config_public_url, rest_config_recording,
    rest_config_recording_path, rest_config_cdr;
/* rest_recordings.c */
rest_fn rest_recordings_start, rest_recordings_stop, rest_recordings_get, rest_recording_get,
    rest_recording_delete;
/* rest_signal.c */
rest_fn rest_signal_post;
