#include "signaling/metrics.h"

#include "base/version.h"
#include "daemon/process.h"
#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/media.h"
#include "signaling/outbox.h"
#include "signaling/rest.h"
#include "signaling/rpc.h"
#include "signaling/stream.h"
#include "signaling/turn_link.h"
#include "store/store.h"
#include "web/web.h"

#define PREFIX "visavis_signaling_"
#define LABELS(...) ((struct prom_label[PROM_LABELS_MAX]){__VA_ARGS__})

static const char *const outcome_names[N_STATS_OUTCOMES] = {
    [STATS_RESULT] = "result", [STATS_ERROR] = "error"};
static const char *const class_names[STATS_CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

/* What there is now. */
struct totals {
    size_t sessions, active, participants, internal, pending, streams, subscriptions;
    size_t clients, lost;
};

static void count_participant(const struct connection *c, struct totals *t)
{
    const struct subscription *sub;

    if (c->kind == CONNECTION_WEBRTC)
        t->participants++;
    else
        t->internal++;
    t->streams += c->stream != NULL;
    list_for_each (sub, &c->subscriptions, of_subscriber)
        t->subscriptions++;
}

static struct totals count_all(const struct app *app)
{
    struct totals t = {.sessions = 0};
    const struct connection *c;
    const struct client *client;
    const struct session *s;

    list_for_each (s, &app->sessions.all, node) {
        t.sessions++;
        t.active += s->active;
        t.pending += map_count(s->pending_tokens);
        list_for_each (c, &s->participants, node)
            count_participant(c, &t);
    }
    list_for_each (client, &app->clients.all, node) {
        t.clients += client->socket != NULL;
        t.lost += client->back_by_ms != 0;
    }
    return t;
}

static void put_totals(const struct prom *p, const struct app *app)
{
    struct totals t = count_all(app);

    prom_head(p, "sessions", "gauge", "Sessions now: active ones have been joined.");
    prom_value(p, "sessions", LABELS({"state", "active"}), t.active);
    prom_value(p, "sessions", LABELS({"state", "waiting"}), t.sessions - t.active);
    prom_gauge(p, "participants", "Participants now, without recorders and the like.",
               (int64_t) t.participants);
    prom_gauge(p, "internal_participants", "Recorders and other participants whom nobody sees.",
               (int64_t) t.internal);
    prom_gauge(p, "pending_connections", "Tokens that were given out and not used yet.",
               (int64_t) t.pending);
    prom_gauge(p, "streams", "Published streams now.", (int64_t) t.streams);
    prom_gauge(p, "subscriptions", "Streams being watched now, each as often as it is.",
               (int64_t) t.subscriptions);
    prom_gauge(p, "clients", "Clients with a WebSocket now.", (int64_t) t.clients);
    prom_gauge(p, "clients_in_grace", "Clients whose WebSocket is lost and who may come back.",
               (int64_t) t.lost);
}

/* A counter with one label. */
static void put_named(const struct prom *p, const char *name, const char *help, const char *label,
                      const char *const *values, const uint64_t *n, size_t n_values)
{
    prom_head(p, name, "counter", help);
    for (size_t i = 0; i < n_values && values[i]; i++)
        prom_value(p, name, LABELS({label, values[i]}), n[i]);
}

static void put_rpc(const struct prom *p, const struct stats *st)
{
    size_t n = rpc_n_methods();

    prom_head(p, "rpc_requests_total", "counter",
              "Requests of clients that were answered, by method and outcome.");
    for (size_t i = 0; i <= n; i++) {
        for (size_t k = 0; k < N_STATS_OUTCOMES; k++)
            prom_value(p, "rpc_requests_total",
                       LABELS({"method", i < n ? rpc_method_name(i) : "unknown"},
                              {"outcome", outcome_names[k]}),
                       st->rpc[i][k]);
    }
    prom_head(p, "join_seconds", "histogram", "From a joinRoom to its answer.");
    prom_histogram(p, "join_seconds", NULL, &st->join);
}

/* A route has few of the classes: those that never were are left out. */
static void put_rest(const struct prom *p, const struct stats *st)
{
    size_t n = rest_n_routes();

    prom_head(p, "rest_requests_total", "counter",
              "Requests of the REST API and for pages that were answered, by route and class of "
              "status.");
    for (size_t i = 0; i <= n; i++) {
        for (size_t k = 0; k < STATS_CLASSES; k++) {
            if (st->rest[i][k] == 0)
                continue;
            prom_value(p, "rest_requests_total",
                       LABELS({"method", i < n ? rest_route_method(i) : "any"},
                              {"route", i < n ? rest_route_path(i) : "other"},
                              {"status", class_names[k]}),
                       st->rest[i][k]);
        }
    }
}

static void put_media(const struct prom *p, const struct app *app)
{
    const struct stats *st = &app->stats;

    prom_gauge(p, "media_up", "1 while the media daemon is there.", media_is_ready(app->media));
    prom_gauge(p, "media_calls_pending", "Requests that the media daemon has not answered yet.",
               (int64_t) st->media_pending);
    prom_head(p, "media_call_seconds", "histogram",
              "From a request of the media daemon to its answer.");
    for (size_t i = 0; i < N_STATS_MEDIA; i++)
        prom_histogram(p, "media_call_seconds",
                       &(struct prom_label){"method", stats_media_names[i]}, &st->media[i]);
    put_named(p, "media_calls_failed_total", "Of these, those without a good answer.", "method",
              stats_media_names, st->media_failed, N_STATS_MEDIA);
    prom_gauge(p, "turn_up", "1 while the TURN server is there, or none of ours is in use.",
               !app->turn || turn_link_is_up(app->turn));
}

static void put_store(const struct prom *p, const struct app *app)
{
    struct store_counts store = {0};
    struct outbox_counts out = {0};

    if (app->store)
        store_count(app->store, &store);
    if (app->outbox)
        outbox_count(app->outbox, &out);
    prom_gauge(p, "store_up", "1 while changes reach the store.",
               !app->store || store_is_up(app->store));
    prom_counter(p, "store_commits_total", "Transactions with changes of state.", store.commits);
    prom_counter(p, "store_losses_total", "How often the store's server went away.", store.losses);
    prom_gauge(p, "cdr_waiting", "Lines that are not written yet.", (int64_t) out.cdr_waiting);
    prom_head(p, "cdr_lines_total", "counter", "Call detail records, by what became of them.");
    prom_value(p, "cdr_lines_total", LABELS({"result", "written"}), out.cdr_written);
    prom_value(p, "cdr_lines_total", LABELS({"result", "lost"}), out.cdr_lost);
    prom_gauge(p, "webhook_waiting", "Events that the webhook has not taken yet.",
               (int64_t) out.webhook_waiting);
    prom_head(p, "webhook_events_total", "counter",
              "Events for the webhook, by what became of "
              "them.");
    prom_value(p, "webhook_events_total", LABELS({"result", "sent"}), out.webhook_sent);
    prom_value(p, "webhook_events_total", LABELS({"result", "refused"}), out.webhook_refused);
    prom_value(p, "webhook_events_total", LABELS({"result", "given_up"}), out.webhook_given_up);
}

static void put_web(const struct prom *p, const struct app *app)
{
    const struct stats *st = &app->stats;
    struct web_counts w = {0};

    if (app->web)
        web_counts(app->web, &w);
    put_named(p, "websockets_ended_total", "WebSockets of clients that ended, by cause.", "cause",
              stats_drop_names, st->dropped, N_STATS_DROPS);
    put_named(p, "refused_total", "What was refused because of a limit.", "limit",
              stats_limit_names, st->refused, N_STATS_LIMITS);
    prom_gauge(p, "http_connections", "HTTP connections now, without WebSockets.",
               (int64_t) w.connections);
    prom_counter(p, "http_connections_refused_total",
                 "Connections that were too many, of one address or in all.", w.refused);
}

static void put_events(const struct prom *p, const struct stats *st)
{
    prom_head(p, "events_total", "counter", "Changes that were announced, by event.");
    for (size_t i = 0; i < EVENT_NAMES_SENT; i++)
        prom_value(p, "events_total", LABELS({"event", event_name(i)}), st->events[i]);
    prom_value(p, "events_total", LABELS({"event", "other"}), st->events[EVENT_NAMES_SENT]);
}

void metrics_render(struct wr *w, const struct app *app)
{
    const struct stats *st = &app->stats;
    const struct prom p = {w, PREFIX};

    prom_head(&p, "build_info", "gauge", "Always 1; its labels say what this is.");
    prom_value(&p, "build_info", LABELS({"version", VISAVIS_VERSION}, {"api", API_VERSION}), 1);
    put_totals(&p, app);
    put_rpc(&p, st);
    put_rest(&p, st);
    put_web(&p, app);
    put_events(&p, st);
    put_named(&p, "participants_left_total", "Participants that left, by reason.", "reason",
              stats_reason_names, st->left, STATS_REASONS_MAX);
    put_store(&p, app);
    put_media(&p, app);
    process_figures(w);
}
