#include "call/app.h"

#include "base/log.h"
#include "call/login.h"
#include "call/reply.h"
#include "call/room.h"
#include "web/web.h"
#include "web/web_listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 16384

struct app {
    const struct call_config *config;
    struct web *web;
    struct http *http;
    struct rooms *rooms;
    struct login *login;
    struct log_limit log_busy;
};

/* ---- routes ---- */

static void get_config(struct app *a, struct web_request *rq)
{
    bool is_private = a->config->private_access, is_in = login_is_in(a->login, rq);
    json_t *body = json_pack("{s:b, s:b}", "isPrivate", is_private, "isLoggedIn", is_in);

    if (is_private && is_in)
        json_object_set_new(body, "user", json_string(a->config->user));
    reply_json(rq, 200, body);
}

static void on_entry(const struct room_entry *e, void *arg)
{
    struct web_request *rq = arg;

    if (e->status != 200) {
        reply_error(rq, e->status, e->message);
        return;
    }
    reply_json(rq, 200,
               json_pack("{s:s, s:s, s:b, s:b, s:[], s:b, s:b}", "cameraToken", e->camera_token,
                         "screenToken", e->screen_token, "recordingEnabled", 0,
                         "broadcastingEnabled", 0, "recordings", "isRecordingActive", 0,
                         "isBroadcastingActive", 0));
}

static void enter_room(struct app *a, struct web_request *rq)
{
    struct bytes body = web_body(rq);
    json_t *in = json_loadb((const char *) body.p, body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(in, "sessionId"));
    int r;

    if (!name || !room_name_is_valid(name)) {
        json_decref(in);
        reply_error(rq, 400,
                    "sessionId must be a room's name: up to 64 letters, digits, '_' and '-'.");
        return;
    }
    r = rooms_enter(a->rooms, name, on_entry, rq);
    json_decref(in);
    if (r < 0) {
        log_limited(&a->log_busy, LOG_LEVEL_WARNING, "cannot open a room: %s", strerror(-r));
        reply_error(rq, 503, "Too many people are joining right now; try again.");
    }
}

static void post_sessions(struct app *a, struct web_request *rq)
{
    login_admit(a->login, rq, enter_room, a);
}

static void post_login(struct app *a, struct web_request *rq)
{
    login_user_in(a->login, rq);
}

static void post_logout(struct app *a, struct web_request *rq)
{
    login_user_out(a->login, rq);
}

static void post_admin_login(struct app *a, struct web_request *rq)
{
    login_admin_in(a->login, rq);
}

static void post_admin_logout(struct app *a, struct web_request *rq)
{
    login_admin_out(a->login, rq);
}

static const struct {
    const char *method, *path;
    void (*fn)(struct app *a, struct web_request *rq);
} routes[] = {
    {"GET", "/call/config", get_config},
    {"POST", "/sessions", post_sessions},
    {"POST", "/auth/login", post_login},
    {"POST", "/auth/logout", post_logout},
    {"POST", "/auth/admin/login", post_admin_login},
    {"POST", "/auth/admin/logout", post_admin_logout},
};

/* Nothing from other hosts; connections only to the video server, whose address is the operator's
 * to choose and stands in the token. */
static void add_security_headers(struct web_request *rq)
{
    web_reply_header(rq, "Content-Security-Policy",
                     "default-src 'self'; connect-src 'self' ws: wss: http: https:; img-src 'self' "
                     "data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
                     "object-src 'none'; base-uri 'none'");
    web_reply_header(rq, "X-Content-Type-Options", "nosniff");
    web_reply_header(rq, "Referrer-Policy", "same-origin");
}

static void on_request(struct web_request *rq, void *arg)
{
    struct app *a = arg;
    const char *method = web_method(rq);
    const char *path = web_path(rq);
    bool path_known = false;

    add_security_headers(rq);
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(routes[i].path, path) != 0)
            continue;
        path_known = true;
        if (strcmp(routes[i].method, method) == 0) {
            routes[i].fn(a, rq);
            return;
        }
    }
    if (path_known || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)) {
        reply_error(rq, 405, "This method is not allowed here.");
        return;
    }
    web_reply_header(rq, "Cache-Control",
                     "no-cache"); /* asks each time; the ETag spares the rest */
    web_reply_file(rq, a->config->pages, path + 1);
}

static int open_configured(struct app *a)
{
    char bound[WEB_LISTEN_TEXT_SIZE];
    int r = 0;

    for (size_t i = 0; r == 0 && i < a->config->listen.n; i++) {
        r = web_listen(a->web, a->config->listen.items[i], bound);
        if (r < 0)
            log_error("cannot listen on %s: %s", a->config->listen.items[i], strerror(-r));
        else
            log_info("listening on %s", bound);
    }
    return r;
}

static int open_listeners(struct app *a)
{
    int n = web_listen_inherited(a->web, "call", false);

    if (n == 0)
        return open_configured(a);
    if (n < 0)
        log_error("cannot listen on the inherited sockets: %s", strerror(-n));
    else
        log_info("listening on %d inherited sockets", n);
    return n < 0 ? n : 0;
}

int app_new(struct loop *l, const struct call_config *config, struct app **ret_app)
{
    struct web_limits limits = {.body_bytes = BODY_MAX, .per_address = 64};
    struct app *a = calloc(1, sizeof(*a));
    int r;

    if (!a)
        return -ENOMEM;
    a->config = config;
    a->log_busy.interval_ms = 1000;
    r = web_new(l, &limits, on_request, a, &a->web);
    if (r == 0)
        r = http_new(l, &a->http);
    if (r == 0)
        r = rooms_new(a->http, config, &a->rooms);
    if (r == 0)
        r = login_new(l, config, &a->login);
    if (r == 0)
        r = open_listeners(a);
    if (r < 0) {
        app_free(a);
        return r;
    }
    *ret_app = a;
    return 0;
}

void app_reloaded(struct app *a)
{
    int r = login_reloaded(a->login);

    if (r < 0)
        log_error("cannot make the keys of logins: %s", strerror(-r));
}

void app_status(const struct app *a, char *text, size_t size)
{
    snprintf(text, size, "%llu guests let in since the start",
             (unsigned long long) rooms_n_entered(a->rooms));
}

struct app *app_free(struct app *a)
{
    if (!a)
        return NULL;
    /* These first: they hold requests, which the server answers as it ends. */
    login_free(a->login);
    rooms_free(a->rooms);
    http_free(a->http);
    web_free(a->web);
    free(a);
    return NULL;
}
