/* The web server of metrics.h. */
#include "signaling/metrics.h"

#include "base/log.h"
#include "signaling/app.h"
#include "signaling/media.h"
#include "signaling/turn_link.h"
#include "store/store.h"
#include "web/web.h"
#include "web/web_listen.h"

#include <stdlib.h>
#include <string.h>

struct metrics {
    struct app *app;
    struct web *web;
};

/* A request for the figures that waits for those of the media daemon. */
struct look {
    const struct app *app;
    struct web_request *rq;
};

static void reply_text(struct web_request *rq, unsigned status, const char *text)
{
    web_reply(rq, status, "text/plain; charset=utf-8", bytes_str(text));
}

/* stats: NULL without the media daemon. */
static void reply_figures(const struct app *app, struct web_request *rq, const json_t *stats)
{
    uint8_t *text = malloc(METRICS_SIZE);
    struct wr w = wr_init(text, text ? METRICS_SIZE : 0);
    size_t len = 0;

    metrics_render(&w, app);
    if (stats)
        metrics_render_media(&w, stats);
    if (wr_finish(&w, &len) < 0)
        reply_text(rq, 500, "out of memory\n");
    else
        web_reply(rq, 200, PROM_TYPE, bytes_of(text, len));
    free(text);
}

static void on_media_stats(const struct link_answer *a, void *arg)
{
    struct look *look = arg;

    reply_figures(look->app, look->rq, a->error ? NULL : a->result);
    free(look);
}

static void reply_metrics(struct app *app, struct web_request *rq)
{
    struct look *look = malloc(sizeof(*look));

    if (look) {
        *look = (struct look){.app = app, .rq = rq};
        if (media_call(app->media, "stats", json_pack("{s:b}", "brief", true), on_media_stats,
                       look) == 0)
            return;
    }
    free(look);
    reply_figures(app, rq, NULL);
}

static void reply_live(struct app *app, struct web_request *rq)
{
    (void) app;
    reply_text(rq, 200, "live\n");
}

static bool is_stopping(const struct app *app)
{
    return loop_timer_is_armed(&app->quit_timer);
}

static void reply_ready(struct app *app, struct web_request *rq)
{
    if (is_stopping(app))
        reply_text(rq, 503, "stopping\n");
    else if (!media_is_ready(app->media))
        reply_text(rq, 503, "waiting for the media daemon\n");
    else
        reply_text(rq, 200, "ready\n");
}

/* "ok"; "degraded": what runs goes on; "failed": it does not. */
static const char *health_of(const struct app *app, bool turn, bool store)
{
    bool media = media_is_ready(app->media);

    if (is_stopping(app) || media_away_ms(app->media) >= (uint64_t) app->config.media_lost_s * 1000)
        return "failed";
    return media && turn && store ? "ok" : "degraded";
}

static void reply_health(struct app *app, struct web_request *rq)
{
    bool turn = !app->turn || turn_link_is_up(app->turn);
    bool store = store_is_up(app->store);
    const char *status = health_of(app, turn, store);
    json_t *o = json_pack("{s:s,s:b,s:b,s:b}", "status", status, "media",
                          media_is_ready(app->media), "turn", turn, "store", store);
    char *text = json_dumps(o, JSON_COMPACT);

    json_decref(o);
    web_reply(rq, strcmp(status, "failed") == 0 ? 503 : 200, "application/json", bytes_str(text));
    free(text);
}

static const struct {
    const char *path;
    void (*fn)(struct app *app, struct web_request *rq);
} pages[] = {
    {"/metrics", reply_metrics},
    {"/live", reply_live},
    {"/ready", reply_ready},
    {"/health", reply_health},
};

static void on_request(struct web_request *rq, void *arg)
{
    const struct metrics *m = arg;
    const char *method = web_method(rq);

    web_reply_header(rq, "Cache-Control", "no-store");
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        reply_text(rq, 405, "GET it\n");
        return;
    }
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (strcmp(pages[i].path, web_path(rq)) == 0) {
            pages[i].fn(m->app, rq);
            return;
        }
    }
    reply_text(rq, 404, "There are /metrics, /live, /ready and /health\n");
}

static void listen_on(const struct metrics *m, const char *text)
{
    char bound[WEB_LISTEN_TEXT_SIZE];
    int error = web_listen(m->web, text, bound);

    if (error)
        log_error("no metrics on %s: cannot listen: %s", text, strerror(-error));
    else
        log_info("metrics on %s", bound);
}

int metrics_new(struct app *app, struct metrics **ret_metrics)
{
    /* A few programs that ask now and then. */
    static const struct web_limits limits = {
        .header_bytes = 8192,
        .body_bytes = 1,
        .connections = 16,
        .websockets = 1,
        .request_s = 10,
        .idle_s = 60,
    };
    const struct conf_strings *listen = &app->config.metrics_listen;
    struct metrics *m;
    int r;

    if (listen->n == 0)
        return 0;
    m = calloc(1, sizeof(*m));
    if (!m)
        return -ENOMEM;
    m->app = app;
    r = web_new(app->loop, &limits, on_request, m, &m->web);
    if (r < 0) {
        free(m);
        return r;
    }
    for (size_t i = 0; i < listen->n; i++)
        listen_on(m, listen->items[i]);
    *ret_metrics = m;
    return 0;
}

struct metrics *metrics_free(struct metrics *m)
{
    if (m)
        web_free(m->web);
    free(m);
    return NULL;
}
