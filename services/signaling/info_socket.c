/* Those who listen by WebSocket. */
#include "signaling/info.h"

#include "signaling/access.h"
#include "signaling/app.h"
#include "signaling/rest.h"
#include "web/web.h"

#include <stdlib.h>
#include <string.h>

struct listener {
    struct info_listener base;
    struct app *app;
    struct ws *ws;
};

/* One that cannot take it is being dropped: on_closed comes, later. */
static void send_line(struct info_listener *base, struct bytes line)
{
    (void) ws_send(container_of(base, struct listener, base)->ws, line);
}

/* What it says is not heard. */
static void on_text(struct ws *ws, struct bytes text, void *arg)
{
    (void) ws;
    (void) text;
    (void) arg;
}

static void on_closed(struct ws *ws, unsigned code, const char *reason, void *arg)
{
    struct listener *l = arg;

    (void) ws;
    (void) code;
    (void) reason;
    info_remove(&l->app->info, &l->base);
    free(l);
}

/* Browsers say which page asks; programs say nothing. */
static bool is_own_page(const struct app *app, const struct web_request *rq)
{
    const char *origin = web_header(rq, "Origin"), *host = web_header(rq, "Host");
    const char *authority = origin ? strstr(origin, "://") : NULL;

    if (!origin)
        return true;
    if (!authority)
        return false;
    authority += strlen("://");
    return (host && strcmp(authority, host) == 0) ||
           strcmp(authority, app->config.public_url.authority) == 0;
}

static void accept_listener(struct app *app, struct web_request *rq)
{
    static const struct ws_handlers handlers = {.on_text = on_text, .on_closed = on_closed};
    struct listener *l = calloc(1, sizeof(*l));

    if (!l || info_add(&app->info, &l->base) < 0) {
        free(l);
        rest_refuse(rq, 503);
        return;
    }
    l->base.send = send_line;
    l->app = app;
    if (web_upgrade(rq, &handlers, l, &l->ws) < 0) {
        info_remove(&app->info, &l->base);
        free(l);
    }
}

void info_accept(struct app *app, struct web_request *rq)
{
    if (is_own_page(app, rq))
        access_admit(app, rq, accept_listener);
    else
        rest_refuse(rq, 403);
}
