#include "signaling/server.h"

#include "base/clock.h"
#include "signaling/connection.h"
#include "signaling/info.h"
#include "signaling/lifecycle.h"
#include "signaling/listeners.h"
#include "signaling/media.h"
#include "signaling/media_sync.h"
#include "signaling/metrics.h"
#include "signaling/outbox.h"
#include "signaling/pages.h"
#include "signaling/reasons.h"
#include "signaling/rest.h"
#include "signaling/rest_list.h"
#include "signaling/socket.h"
#include "signaling/state.h"
#include "signaling/turn_link.h"
#include "store/store.h"
#include "web/throttle.h"
#include "web/web.h"

#include <stdio.h>
#include <string.h>

#define STATUS_WAITING 100 /* events: a few are on their way all the time */
#define SWEEP_US 500000
#define LOG_GUESSING_MS 10000
#define CLIENTS_BESIDE 16 /* those that come back, until they have the place of before */
#define STOP_US 200000    /* for the last words to leave */
#define DRAIN_US 10000    /* between looks whether media has answered everything */
#define DRAIN_MAX_MS 1000 /* it does within milliseconds, unless it hangs */
#define STOP_MAX_MS 10000 /* for those to the webhook; systemd is patient for 15 s */
#define CLOSE_SERVICE_RESTART 1012

/* ---- requests ---- */

/* /openvidu/info; of old /info, too. */
static bool is_info(const struct app *app, const struct web_request *rq)
{
    const char *path = web_path(rq);

    return strcmp(path, "/openvidu/info") == 0 ||
           (app->config.deprecated_api && strcmp(path, "/info") == 0);
}

static void on_request(struct web_request *rq, void *arg)
{
    struct app *app = arg;
    const char *first = web_segment(rq, 0);

    if (app->stopping) /* the next life is for those who come now */
        web_reply(rq, 503, NULL, bytes_str(NULL));
    else if (web_wants_upgrade(rq) && first && strcmp(first, "openvidu") == 0 &&
             web_n_segments(rq) == 1)
        socket_accept(app, rq);
    else if (web_wants_upgrade(rq) && is_info(app, rq))
        info_accept(app, rq);
    else if (!pages_handle(app, rq))
        rest_handle(app, rq);
}

static void before_sending(void *arg)
{
    const struct app *app = arg;

    state_commit(app->state);
}

/* ---- time ---- */

static void on_sweep(struct loop_timer *t)
{
    struct app *app = container_of(t, struct app, sweep_timer);

    clients_sweep(&app->clients);
    loop_timer_start(t, app->loop, SWEEP_US, on_sweep);
}

static int start_gc_timer(struct app *app);

static void on_gc(struct loop_timer *t)
{
    struct app *app = container_of(t, struct app, gc_timer);

    lifecycle_collect_garbage(app, (uint64_t) app->config.gc_threshold_s * 1000);
    (void) start_gc_timer(app);
}

static int start_gc_timer(struct app *app)
{
    app->gc_interval_s = app->config.gc_interval_s;
    loop_timer_stop(&app->gc_timer);
    if (app->config.gc_interval_s == 0)
        return 0;
    return loop_timer_start(&app->gc_timer, app->loop,
                            (uint64_t) app->config.gc_interval_s * 1000000, on_gc);
}

/* ---- TURN ---- */

static void tell_participants(struct turn_link *t, void *arg)
{
    const struct app *app = arg;
    const struct connection *c;
    const struct session *s;

    list_for_each (s, &app->sessions.all, node) {
        list_for_each (c, &s->participants, node)
            turn_link_issued(t, c->turn.username);
    }
}

static int start_turn(struct app *app)
{
    int error = app->config.turn_api ? turn_link_new(app->loop, app->config.turn_api,
                                                     tell_participants, app, &app->turn)
                                     : 0;

    app->sessions.turn = app->turn;
    return error;
}

/* ---- limits ---- */

static void on_web_limit(enum web_limit which, const struct addr *from, void *arg)
{
    static const enum stats_limit limits[] = {
        [WEB_CONNECTIONS] = STATS_MAX_HTTP,
        [WEB_PER_ADDRESS] = STATS_MAX_PER_ADDRESS,
        [WEB_WEBSOCKETS] = STATS_MAX_CLIENTS,
    };
    char ip[ADDR_TEXT_SIZE] = "?";

    if (from->family)
        addr_format_ip(from, ip);
    limit_struck(arg, limits[which], "client %s: refused", ip);
}

/* ---- all of it ---- */

int server_start(struct app *app, struct loop *l)
{
    const struct config *c = &app->config;
    struct web_limits limits = {.connections = (unsigned) c->max_http,
                                .websockets = (unsigned) c->max_clients + CLIENTS_BESIDE,
                                .per_address = (unsigned) c->max_per_address,
                                .ws_queue_bytes = (size_t) c->max_unread_kib << 10,
                                .ws_queues_bytes = (size_t) c->max_unread_total_mib << 20,
                                .struck = on_web_limit};
    int error;

    app->loop = l;
    rpc_waiting_init(&app->waiting);
    error = sessions_init(&app->sessions, (size_t) c->max_sessions);
    app->sessions.stats = &app->stats;
    if (!error)
        error = clients_init(&app->clients, app, 2 * (size_t) c->max_clients + CLIENTS_BESIDE);
    if (!error)
        error = store_new(l, c->store, c->store_prefix, &state_store_handlers, app, &app->store);
    if (!error)
        error = outbox_new(l, c, app->store, &app->outbox);
    if (!error)
        error = state_new(app, &app->state);
    if (!error) /* whose first inventory names what was restored */
        error = media_new(l, c->media_control, (uint64_t) c->media_lost_s * 1000,
                          &media_sync_handlers, app, &app->media);
    if (!error)
        error = start_turn(app);
    app->log_guessing.interval_ms = LOG_GUESSING_MS;
    if (!error)
        error = throttle_new(l, &(struct throttle_limits){0}, &app->throttle);
    if (!error)
        error = web_new(l, &limits, on_request, app, &app->web);
    if (!error)
        web_before_sending(app->web, before_sending, app);
    if (!error)
        web_on_answer(app->web, rest_answered, app);
    if (!error)
        error = metrics_new(app, &app->metrics);
    if (!error)
        error = rest_init(app->web);
    if (!error)
        error = rest_lists_new(app, &app->lists);
    if (!error)
        error = loop_timer_start(&app->sweep_timer, app->loop, SWEEP_US, on_sweep);
    if (!error)
        error = start_gc_timer(app);
    return error ? error : listeners_open(app);
}

void server_reloaded(struct app *app)
{
    /* A timer that is started anew each time would never fire. */
    if (app->config.gc_interval_s != app->gc_interval_s)
        (void) start_gc_timer(app);
    outbox_reload(app->outbox);
    if (app->media)
        media_set_lost_after(app->media, (uint64_t) app->config.media_lost_s * 1000);
}

void server_status(const struct app *app, char *text, size_t size)
{
    const struct session *s;
    size_t n_sessions = 0, n_participants = 0;
    struct outbox_counts events;

    list_for_each (s, &app->sessions.all, node) {
        n_sessions++;
        n_participants += session_n_participants(s);
    }
    outbox_count(app->outbox, &events);
    snprintf(text, size, "%zu sessions, %zu participants%s%s%s", n_sessions, n_participants,
             media_is_ready(app->media) ? "" : "; waiting for the media daemon",
             events.cdr_waiting ? "; CDR lines wait to be written" : "",
             events.webhook_waiting > STATUS_WAITING ? "; events wait for the webhook" : "");
}

static void on_quit(struct loop_timer *t)
{
    struct app *app = container_of(t, struct app, quit_timer);

    if (outbox_is_busy(app->outbox) && clock_ms() < app->quit_by_ms)
        loop_timer_start(t, app->loop, STOP_US, on_quit);
    else
        loop_quit(app->loop, 0);
}

/* Everybody is to come back to our next life. What the media daemon was asked for and has not
 * answered is not told of any more, so it is not to be either. */
static void pause_all(struct app *app)
{
    app->media = media_free(app->media);
    clients_close_sockets(&app->clients, CLOSE_SERVICE_RESTART, "Service restart");
    state_commit(app->state);
}

static void say_goodbye(struct app *app)
{
    bool keeps = state_outlives(app->state);

    if (keeps)
        pause_all(app);
    else
        lifecycle_close_all(app, false, REASON_SERVER_STOPPED);
    turn_link_end(app->turn);
    outbox_stop(app->outbox, !keeps);
    app->quit_by_ms = clock_ms() + STOP_MAX_MS;
    loop_timer_start(&app->quit_timer, app->loop, STOP_US, on_quit);
}

/* Clients take up again what they had, but not what they were about to have: that is finished. */
static void on_drain(struct loop_timer *t)
{
    struct app *app = container_of(t, struct app, quit_timer);

    if (media_is_busy(app->media) && clock_ms() < app->quit_by_ms)
        loop_timer_start(t, app->loop, DRAIN_US, on_drain);
    else
        say_goodbye(app);
}

void server_stop(struct app *app)
{
    if (app->stopping)
        return;
    app->stopping = true;
    web_stop_listening(app->web);
    if (state_outlives(app->state)) {
        app->quit_by_ms = clock_ms() + DRAIN_MAX_MS;
        loop_timer_start(&app->quit_timer, app->loop, 0, on_drain);
    } else {
        say_goodbye(app);
    }
}

void server_done(struct app *app)
{
    app->throttle = throttle_free(app->throttle);
    app->media = media_free(app->media);
    app->lists = rest_lists_free(app->lists);
    app->web = web_free(app->web);
    app->metrics = metrics_free(app->metrics);
    app->outbox = outbox_free(app->outbox);
    if (state_outlives(app->state))
        app->sessions.turn = NULL; /* their credentials live on, too */
    app->state = state_free(app->state);
    app->store = store_free(app->store);
    sessions_done(&app->sessions);
    clients_done(&app->clients);
    rpc_waiting_done(&app->waiting);
    app->turn = turn_link_free(app->turn); /* which has been told of their ends */
    loop_timer_done(&app->sweep_timer);
    loop_timer_done(&app->gc_timer);
    loop_timer_done(&app->quit_timer);
}
