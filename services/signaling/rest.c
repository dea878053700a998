#include "signaling/rest.h"

#include "signaling/access.h"
#include "signaling/app.h"
#include "signaling/endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum body { BODY_NONE, BODY_OPTIONAL, BODY_REQUIRED };

struct route {
    const char *method;
    const char *path; /* below /openvidu/api; "*" matches any one segment */
    rest_fn *fn;
    enum body body;
    bool open; /* without credentials */
};

static const struct route routes[] = {
    {"POST", "sessions", .fn = rest_sessions_post, .body = BODY_OPTIONAL},
    {"GET", "sessions", .fn = rest_sessions_get},
    {"GET", "sessions/*", .fn = rest_session_get},
    {"DELETE", "sessions/*", .fn = rest_session_delete},
    {"POST", "sessions/*/connection", .fn = rest_connections_post, .body = BODY_OPTIONAL},
    {"GET", "sessions/*/connection", .fn = rest_connections_get},
    {"GET", "sessions/*/connection/*", .fn = rest_connection_get},
    {"DELETE", "sessions/*/connection/*", .fn = rest_connection_delete},
    {"DELETE", "sessions/*/stream/*", .fn = rest_stream_delete},
    {"POST", "tokens", .fn = rest_tokens_post, .body = BODY_REQUIRED},
    {"POST", "signal", .fn = rest_signal_post, .body = BODY_REQUIRED},
    {"POST", "recordings/start", .fn = rest_recordings_start, .body = BODY_REQUIRED},
    {"POST", "recordings/stop/*", .fn = rest_recordings_stop},
    {"GET", "recordings", .fn = rest_recordings_get},
    {"GET", "recordings/*", .fn = rest_recording_get},
    {"DELETE", "recordings/*", .fn = rest_recording_delete},
    {"GET", "config", .fn = rest_config_get},
    {"GET", "config/openvidu-version", .fn = rest_config_version},
    {"GET", "config/openvidu-publicurl", .fn = rest_config_public_url, .open = true},
    {"GET", "config/openvidu-recording", .fn = rest_config_recording},
    {"GET", "config/openvidu-recording-path", .fn = rest_config_recording_path},
    {"GET", "config/openvidu-cdr", .fn = rest_config_cdr},
};

#define N_ROUTES (sizeof(routes) / sizeof(routes[0]))
_Static_assert(N_ROUTES <= STATS_ROUTES_MAX, "not all routes can be counted");

size_t rest_n_routes(void)
{
    return N_ROUTES;
}

const char *rest_route_method(size_t i)
{
    return routes[i].method;
}

const char *rest_route_path(size_t i)
{
    return routes[i].path;
}

/* ---- CORS and credentials ---- */

/* Of every answer: pages of other origins read errors, too. */
int rest_init(struct web *w)
{
    int error = web_always(w, "Access-Control-Allow-Origin", "*");

    if (error)
        return error;
    return web_always(w, "Vary",
                      "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
}

static bool is_method(const struct web_request *rq, const char *method)
{
    return strcmp(web_method(rq), method) == 0;
}

static void add_headers(struct web_request *rq)
{
    web_reply_header(rq, "X-Content-Type-Options", "nosniff");
    web_reply_header(rq, "X-XSS-Protection", "0");
    web_reply_header(rq, "Cache-Control", "no-cache, no-store, max-age=0, must-revalidate");
    web_reply_header(rq, "Pragma", "no-cache");
    web_reply_header(rq, "Expires", "0");
    web_reply_header(rq, "X-Frame-Options", "DENY");
}

static void reply_preflight(struct web_request *rq)
{
    const char *method = web_header(rq, "Access-Control-Request-Method");
    const char *headers = web_header(rq, "Access-Control-Request-Headers");

    web_reply_header(rq, "Access-Control-Allow-Methods",
                     method ? method : "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS");
    if (headers)
        web_reply_header(rq, "Access-Control-Allow-Headers", headers);
    web_reply_header(rq, "Access-Control-Max-Age", "1800");
    web_reply(rq, 200, NULL, bytes_str(NULL));
}

/* ---- for the handlers ---- */

/* The words that the original takes. */
static bool bool_of(const char *text, bool *ret)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true},   {"on", true},   {"yes", true}, {"1", true},
                 {"false", false}, {"off", false}, {"no", false}, {"0", false}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i].word) != 0)
            continue;
        *ret = words[i].value;
        return true;
    }
    return false;
}

bool rest_query_bool(struct rest *r, const char *name, bool fallback, bool *ret)
{
    const char *text = web_query(r->rq, name);

    *ret = fallback;
    if (!text || !*text || bool_of(text, ret))
        return true;
    rest_refuse(r->rq, 400);
    return false;
}

struct rest *rest_keep(struct rest *r)
{
    struct rest *kept = malloc(sizeof(*kept));

    if (!kept) {
        rest_reply_problem(r, &(struct problem){500, "out of memory"});
        return NULL;
    }
    *kept = *r;
    r->body = NULL;
    r->endpoints = NULL;
    return kept;
}

struct rest *rest_free(struct rest *r)
{
    if (!r)
        return NULL;
    json_decref(r->body);
    json_decref(r->endpoints);
    free(r);
    return NULL;
}

static void on_endpoints(json_t *facts, void *arg)
{
    struct rest *r = arg;

    r->endpoints = facts;
    r->again(r);
    rest_free(r);
}

bool rest_has_endpoints(struct rest *r, const struct session *s, rest_fn *again)
{
    struct rest *kept;

    if (r->endpoints)
        return true;
    kept = rest_keep(r);
    if (!kept)
        return false;
    kept->again = again;
    if (endpoints_ask(r->app, s, on_endpoints, kept) < 0) {
        rest_reply_problem(kept, &(struct problem){503, "Too many ask for statistics"});
        rest_free(kept);
    }
    return false;
}

/* ---- routing ---- */

/* Segments of the path that come before those of the routes: 2 for /openvidu/api/..., 1 for the
 * deprecated /api/..., 0 for the deprecated /config...; -1: not of the API. */
static int api_prefix(const struct app *app, const struct web_request *rq)
{
    const char *first = web_segment(rq, 0), *second = web_segment(rq, 1);

    if (first && second && strcmp(first, "openvidu") == 0 && strcmp(second, "api") == 0)
        return 2;
    if (!app->config.deprecated_api || !first)
        return -1;
    if (strcmp(first, "api") == 0)
        return 1;
    return strcmp(first, "config") == 0 ? 0 : -1;
}

static bool path_matches(const char *pattern, const struct web_request *rq, unsigned at,
                         const char *args[2])
{
    unsigned n_args = 0;

    for (;; at++) {
        const char *segment = web_segment(rq, at);
        size_t len = strcspn(pattern, "/");

        if (!segment)
            return false;
        if (*pattern == '*')
            args[n_args++] = segment;
        else if (strlen(segment) != len || strncmp(segment, pattern, len) != 0)
            return false;
        pattern += len;
        if (!*pattern)
            return web_segment(rq, at + 1) == NULL;
        pattern++;
    }
}

/* HEAD goes where GET goes. *ret_known: the path is there for another method. */
static const struct route *find_route(const struct web_request *rq, unsigned prefix,
                                      const char *args[2], bool *ret_known)
{
    const char *method = is_method(rq, "HEAD") ? "GET" : web_method(rq);

    for (size_t i = 0; i < N_ROUTES; i++) {
        if (!path_matches(routes[i].path, rq, prefix, args))
            continue;
        if (strcmp(routes[i].method, method) == 0)
            return &routes[i];
        *ret_known = true;
    }
    return NULL;
}

/* "application/json", or that in UTF-8: there is no JSON in another charset (RFC 8259). */
static bool has_json_type(const struct web_request *rq)
{
    static const char json[] = "application/json", charset[] = "charset=", utf8[] = "utf-8";
    const char *type = web_header(rq, "Content-Type");

    if (!type || strncasecmp(type, json, strlen(json)) != 0)
        return false;
    type += strlen(json);
    type += strspn(type, "; \t");
    if (!*type)
        return true;
    if (type[-1] != ';' && type[-1] != ' ' && type[-1] != '\t')
        return false;
    if (strncasecmp(type, charset, strlen(charset)) != 0)
        return true;
    type += strlen(charset);
    type += *type == '"';
    return strncasecmp(type, utf8, strlen(utf8)) == 0 && strchr("\"; \t", type[strlen(utf8)]);
}

/* The body as the route wants it; a status to refuse with, or 0. */
static unsigned read_body(struct rest *r, enum body want)
{
    struct bytes text = web_body(r->rq);

    if (want == BODY_NONE)
        return 0;
    if (text.len == 0)
        return want == BODY_REQUIRED ? 400 : 0;
    if (!has_json_type(r->rq))
        return 415;
    r->body = json_loadb((const char *) text.p, text.len, JSON_DECODE_ANY, NULL);
    if (json_is_object(r->body))
        return 0;
    if (json_is_null(r->body)) {
        r->body = NULL;
        return want == BODY_REQUIRED ? 400 : 0;
    }
    return 400;
}

static void run(struct app *app, struct web_request *rq, const struct route *route,
                const char *const args[2])
{
    struct rest r = {.app = app, .rq = rq, .args = {args[0], args[1]}};
    unsigned status = read_body(&r, route->body);

    if (status)
        rest_refuse(rq, status);
    else
        route->fn(&r);
    json_decref(r.body);
}

/* Says which methods there are. Where nothing is, the original has the files of its web site. */
static void refuse_method(struct web_request *rq, int prefix)
{
    char allow[64] = "";
    size_t len = 0;
    const char *args[2];

    for (size_t i = 0; prefix >= 0 && i < sizeof(routes) / sizeof(routes[0]); i++) {
        const char *method = routes[i].method;

        if (!path_matches(routes[i].path, rq, (unsigned) prefix, args))
            continue;
        len += (size_t) snprintf(allow + len, sizeof(allow) - len, "%s%s%s", len ? ", " : "",
                                 method, strcmp(method, "GET") == 0 ? ", HEAD" : "");
    }
    web_reply_header(rq, "Allow", len ? allow : "GET, HEAD");
    rest_refuse(rq, 405);
}

static void route(struct app *app, struct web_request *rq)
{
    const char *args[2] = {NULL, NULL};
    int prefix = api_prefix(app, rq);
    const struct route *found = NULL;
    bool known = false;

    if (prefix >= 0)
        found = find_route(rq, (unsigned) prefix, args, &known);
    if (found)
        run(app, rq, found, args);
    else if (!known && (is_method(rq, "GET") || is_method(rq, "HEAD")))
        rest_refuse(rq, 404);
    else
        refuse_method(rq, prefix);
}

/* Whatever is below the API needs credentials, whether it is there or not. */
static bool is_open(const struct app *app, struct web_request *rq)
{
    const char *args[2] = {NULL, NULL};
    int prefix = api_prefix(app, rq);
    const struct route *found;
    bool known = false;

    if (prefix < 0)
        return true;
    found = find_route(rq, (unsigned) prefix, args, &known);
    return found && found->open;
}

void rest_answered(const struct web_request *rq, unsigned status, void *arg)
{
    struct app *app = arg;
    const char *args[2] = {NULL, NULL};
    int prefix = api_prefix(app, rq);
    const struct route *found = NULL;
    bool known = false;

    if (prefix >= 0)
        found = find_route(rq, (unsigned) prefix, args, &known);
    if (status >= 100 && status < 100 + 100 * STATS_CLASSES)
        app->stats.rest[found ? (size_t) (found - routes) : N_ROUTES][status / 100 - 1]++;
}

/* A form of another site, sent with the credentials that the browser remembers of the dashboard.
 * Pages that know the secret ask by scripts (CORS). */
static bool is_forged(struct web_request *rq)
{
    const char *site = web_header(rq, "Sec-Fetch-Site"), *mode = web_header(rq, "Sec-Fetch-Mode");

    return site && mode && strcmp(site, "cross-site") == 0 && strcmp(mode, "cors") != 0 &&
           !is_method(rq, "GET") && !is_method(rq, "HEAD");
}

void rest_handle(struct app *app, struct web_request *rq)
{
    add_headers(rq);
    if (is_method(rq, "OPTIONS"))
        reply_preflight(rq);
    else if (is_forged(rq))
        rest_refuse(rq, 403);
    else if (is_open(app, rq))
        route(app, rq);
    else
        access_admit(app, rq, route);
}
