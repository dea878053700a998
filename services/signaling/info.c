#include "signaling/info.h"

#include "base/clock.h"
#include "base/list.h"
#include "signaling/access.h"
#include "signaling/app.h"
#include "signaling/rest.h"
#include "web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_SIZE 768 /* three ids, and a few words */

struct info {
    struct list listeners;
    size_t n;
};

struct listener {
    struct info *info;
    struct list node;
    struct ws *ws;
};

int info_new(struct app *app, struct info **ret_info)
{
    struct info *i = calloc(1, sizeof(*i));

    (void) app;
    if (!i)
        return -ENOMEM;
    list_init(&i->listeners);
    *ret_info = i;
    return 0;
}

struct info *info_free(struct info *i)
{
    free(i);
    return NULL;
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
    list_del(&l->node);
    l->info->n--;
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
    struct info *i = app->info;
    struct listener *l = i->n < INFO_LISTENERS_MAX ? calloc(1, sizeof(*l)) : NULL;

    if (!l) {
        rest_refuse(rq, 503);
        return;
    }
    l->info = i;
    if (web_upgrade(rq, &handlers, l, &l->ws) < 0) {
        free(l);
        return;
    }
    list_append(&i->listeners, &l->node);
    i->n++;
}

void info_accept(struct app *app, struct web_request *rq)
{
    if (is_own_page(app, rq))
        access_admit(app, rq, accept_listener);
    else
        rest_refuse(rq, 403);
}

static size_t put_head(char *text, size_t cap, struct log_ids ids)
{
    const struct {
        const char *word, *value;
    } parts[] = {{"session", ids.session}, {"connection", ids.connection}, {"stream", ids.stream}};
    time_t now = (time_t) (clock_wall_ms() / 1000);
    struct tm tm;
    size_t n;

    localtime_r(&now, &tm);
    n = strftime(text, cap, "%H:%M:%S ", &tm);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].value)
            n += (size_t) snprintf(text + n, cap - n, "%s%s %.160s", i == 0 ? "[" : " ",
                                   parts[i].word, parts[i].value);
    return n + (size_t) snprintf(text + n, cap - n, "] ");
}

void info_tell(struct info *i, struct log_ids ids, const char *fmt, ...)
{
    char text[LINE_SIZE];
    struct listener *l;
    va_list ap;
    size_t n;

    if (!i || list_empty(&i->listeners))
        return;
    n = put_head(text, sizeof(text), ids);
    va_start(ap, fmt);
    vsnprintf(text + n, sizeof(text) - n, fmt, ap);
    va_end(ap);
    list_for_each (l, &i->listeners, node)
        (void) ws_send(l->ws, bytes_str(text));
}
