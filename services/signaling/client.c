#include "signaling/client.h"

#include "base/clock.h"
#include "signaling/about.h"
#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/lifecycle.h"
#include "signaling/reasons.h"
#include "signaling/rpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAIL_LOG_MS 10000
#define CLOSE_NORMAL 1000
#define CLOSE_POLICY 1008
#define CLOSE_TRY_LATER 1013
#define WATCHDOG_TEXT "Close for not receive ping from client"
#define RECONNECTION_TEXT "Connection closed for reconnection"
#define MIN_PING_MS 500
#define MAX_PING_MS 60000

static void on_defer(struct loop_defer *d)
{
    clients_pump(container_of(d, struct clients, defer));
}

int clients_init(struct clients *all, struct app *app, size_t max)
{
    int error = map_new(max, &all->by_id);

    if (error)
        return error;
    all->app = app;
    all->log_mail.interval_ms = MAIL_LOG_MS;
    list_init(&all->all);
    list_init(&all->waiting);
    list_init(&all->ready);
    error = addr_counts_new(max, &all->participants);
    return error ? error : loop_defer_init(&all->defer, app->loop, on_defer);
}

static void stop_waiting(struct client *c)
{
    if (!list_empty(&c->waiting))
        c->owner->n_waiting--;
    list_del(&c->waiting);
}

static void give_place(struct client *c)
{
    addr_count_release(c->place);
    c->place = NULL;
}

static void drop_mail(struct client *c)
{
    c->owner->mail_bytes -= c->mail.cap;
    blob_clear(&c->mail);
}

/* A request under way outlives its client: whoever works on it finds client NULL. */
static void client_free(struct client *c)
{
    struct rpc *rq;

    if (c->current)
        c->current->client = NULL;
    list_for_each (rq, &c->queue, node)
        rpc_free(rq);
    if (c->participant)
        c->participant->client = NULL;
    drop_mail(c);
    map_del(c->owner->by_id, bytes_str(c->id));
    list_del(&c->node);
    list_del(&c->ready);
    stop_waiting(c);
    give_place(c);
    free(c);
}

static void drop_socket(struct client *c, enum stats_drop why, unsigned code, const char *reason)
{
    struct client_socket *s = c->socket;

    if (!s)
        return;
    c->owner->app->stats.dropped[why]++;
    c->owner->n_sockets--;
    c->socket = NULL;
    s->client = NULL;
    s->close(s, code, reason);
}

/* A participant may come back within the grace period; who has not joined has nothing to come back
 * to, and goes with the next sweep. */
static void cut_off(struct client *c, enum stats_drop why, unsigned code, const char *text)
{
    c->lost_reason = REASON_NETWORK_DISCONNECT;
    c->back_by_ms = clock_ms() + (c->participant ? CLIENT_GRACE_MS : 1);
    drop_socket(c, why, code, text);
}

void clients_done(struct clients *all)
{
    struct client *c;

    if (!all->by_id)
        return;
    list_for_each (c, &all->all, node) {
        drop_socket(c, STATS_STOPPING, CLOSE_NORMAL, "");
        client_free(c);
    }
    loop_defer_done(&all->defer);
    all->by_id = map_free(all->by_id);
    all->participants = addr_counts_free(all->participants);
}

/* Who has a token joins at once. Under a flood of sockets that never do, they make way; but those
 * who are awaited, after a restart nearly all, come as such sockets, too. */
static void make_room(struct clients *all)
{
    struct client *oldest = list_first(&all->waiting, struct client, waiting);
    const struct config *config = &all->app->config;
    size_t n_away = map_count(all->by_id) - all->n_sockets;
    bool many = all->n_waiting >= (size_t) config->max_waiting + n_away;

    if (!oldest || (!many && all->n_sockets < (size_t) config->max_clients))
        return;
    limit_struck(all->app, many ? STATS_MAX_WAITING : STATS_MAX_CLIENTS,
                 "client %s: closed, it has not joined", oldest->ip);
    drop_socket(oldest, STATS_WAITING, CLOSE_TRY_LATER, "Too many clients");
    client_free(oldest);
}

/* id, user_id and ip as of r. */
static int add(struct clients *all, const struct client_record *r, struct client **ret_client)
{
    struct client *c = calloc(1, sizeof(*c));
    int error;

    if (!c)
        return -ENOMEM;
    error = map_put(all->by_id, bytes_str(r->id), c);
    if (error) {
        free(c);
        return error;
    }
    c->owner = all;
    c->mail = blob_init(CLIENT_MAIL_BYTES);
    c->ping_interval_ms = CLIENT_PING_MS;
    memcpy(c->id, r->id, sizeof(c->id));
    memcpy(c->user_id, r->user_id, sizeof(c->user_id));
    memcpy(c->ip, r->ip, sizeof(c->ip));
    list_init(&c->queue);
    list_init(&c->ready);
    list_init(&c->waiting);
    list_append(&all->all, &c->node);
    *ret_client = c;
    return 0;
}

int client_open(struct clients *all, struct client_socket *socket, const char *ip)
{
    struct client_record r;
    struct client *c;
    int error;

    make_room(all);
    rpc_id_new(r.id);
    user_id_new(r.user_id);
    snprintf(r.ip, sizeof(r.ip), "%s", ip);
    error = add(all, &r, &c);
    if (error)
        return error;
    c->socket = socket;
    socket->client = c;
    all->n_sockets++;
    c->ping_by_ms = clock_ms() + CLIENT_FIRST_PING_MS;
    c->close_at_ms = clock_ms() + CLIENT_JOIN_MS;
    list_append(&all->waiting, &c->waiting);
    all->n_waiting++;
    return 0;
}

int client_restore(struct clients *all, const struct client_record *record,
                   struct connection *participant)
{
    struct client *c;
    int error = add(all, record, &c);

    if (error)
        return error;
    c->lost_reason = REASON_NETWORK_DISCONNECT;
    client_joined(c, participant);
    return 0;
}

void clients_begin_grace(struct clients *all)
{
    uint64_t until = clock_ms() + CLIENT_GRACE_MS;
    struct client *c;

    list_for_each (c, &all->all, node) {
        if (!c->socket)
            c->back_by_ms = until;
    }
}

void clients_close_sockets(struct clients *all, unsigned code, const char *reason)
{
    struct client *c;

    list_for_each (c, &all->all, node)
        drop_socket(c, STATS_STOPPING, code, reason);
}

struct client *clients_find(const struct clients *all, const char *id)
{
    return map_get(all->by_id, bytes_str(id));
}

void client_send(struct client *c, const char *text)
{
    if (!c->socket || c->socket->send(c->socket, bytes_str(text)) != -ENOBUFS)
        return;
    limit_struck(c->owner->app, STATS_MAX_UNREAD, "client %s: closed, it does not read", c->ip);
    cut_off(c, STATS_SLOW, CLOSE_POLICY, "Reads too slowly");
}

static void keep(struct client *c, struct bytes text)
{
    struct clients *all = c->owner;
    size_t others = all->mail_bytes - c->mail.cap;

    if (others + blob_cap_for(&c->mail, text.len) > CLIENTS_MAIL_BYTES ||
        blob_append(&c->mail, text) < 0)
        log_limited(&all->log_mail, LOG_LEVEL_NOTICE,
                    "session %s: too much has happened while %s was away, it is not told all",
                    c->participant->session->id, c->participant->id);
    all->mail_bytes = others + c->mail.cap;
}

void client_tell(struct client *c, const char *text)
{
    if (c->socket)
        client_send(c, text);
    else if (c->participant)
        keep(c, bytes_of(text, strlen(text) + 1));
}

void client_deliver(struct client *c)
{
    const char *text = (const char *) c->mail.p;
    size_t left = c->mail.len;

    while (left > 0 && c->socket) {
        size_t len = strlen(text) + 1;

        client_send(c, text);
        text += len;
        left -= len;
    }
    drop_mail(c);
}

/* Runs requests in their order until one has to wait. */
static void pump(struct client *c)
{
    struct rpc *rq;

    while (!c->current && (rq = list_first(&c->queue, struct rpc, node))) {
        list_del(&rq->node);
        c->n_queued--;
        c->current = rq;
        rpc_run(rq);
    }
}

void clients_pump(struct clients *all)
{
    struct client *c;

    while ((c = list_first(&all->ready, struct client, ready))) {
        list_del(&c->ready);
        pump(c);
    }
}

void client_request_done(struct client *c)
{
    c->current = NULL;
    if (list_empty(&c->queue) || !list_empty(&c->ready))
        return;
    list_append(&c->owner->ready, &c->ready);
    loop_defer_arm(&c->owner->defer);
}

/* At the highest rate, or for a while faster. An SDP is a message like any other; what is longer
 * counts as several. */
static bool may_say_more(struct client *c, size_t len)
{
    uint64_t now = clock_us();
    uint64_t cost = (1 + len / CLIENT_MESSAGE_BYTES) * 1000000 /
                    (uint64_t) c->owner->app->config.max_messages_per_s;

    if (c->messages_us < now)
        c->messages_us = now;
    c->messages_us += cost;
    return c->messages_us <= now + CLIENT_BURST_S * UINT64_C(1000000);
}

/* Who has not joined yet has nothing to ask but to. */
static size_t queue_max(const struct client *c)
{
    size_t max = (size_t) c->owner->app->config.max_queued_requests;

    return c->participant || max < CLIENT_QUEUE_BEFORE_JOIN ? max : CLIENT_QUEUE_BEFORE_JOIN;
}

void client_receive(struct client_socket *socket, struct bytes text)
{
    struct client *c = socket->client;
    struct rpc *rq;

    if (!c)
        return;
    if (!may_say_more(c, text.len)) {
        limit_struck(c->owner->app, STATS_MAX_MESSAGES, "client %s: closed", c->ip);
        cut_off(c, STATS_FLOOD, CLOSE_POLICY, "Too many messages");
        return;
    }
    rq = rpc_read(c, text);
    if (!rq)
        return;
    if (rpc_is_immediate(rq)) {
        rpc_run(rq);
        return;
    }
    if (c->n_queued >= queue_max(c)) {
        rpc_free(rq);
        limit_struck(c->owner->app, STATS_MAX_QUEUED, "client %s: closed", c->ip);
        cut_off(c, STATS_FLOOD, CLOSE_POLICY, "Too many requests");
        return;
    }
    list_append(&c->queue, &rq->node);
    c->n_queued++;
    pump(c);
}

/* Clients that go on purpose say so; everything else is a broken network. */
static const char *reason_of_close(const char *text)
{
    bool broken =
        !*text || strcmp(text, RECONNECTION_TEXT) == 0 || strcmp(text, WATCHDOG_TEXT) == 0;

    return broken ? REASON_NETWORK_DISCONNECT : REASON_DISCONNECT;
}

void client_socket_closed(struct client_socket *socket, const char *reason)
{
    struct client *c = socket->client;

    if (!c)
        return;
    socket->client = NULL;
    c->socket = NULL;
    c->owner->n_sockets--;
    c->ping_by_ms = 0;
    c->lost_reason = reason_of_close(reason);
    if (!c->participant) {
        client_free(c);
        return;
    }
    log_about(about_connection(c->participant), LOG_LEVEL_DEBUG, "its socket is lost");
    c->back_by_ms = clock_ms() + CLIENT_GRACE_MS;
}

void client_take_over(struct client *c, struct client *newcomer)
{
    struct client_socket *s = newcomer->socket;

    if (c == newcomer)
        return;
    drop_socket(c, STATS_REPLACED, CLOSE_NORMAL, RECONNECTION_TEXT);
    newcomer->socket = NULL;
    c->socket = s;
    s->client = c;
    c->socket_serial++;
    c->back_by_ms = 0;
    memcpy(c->ip, newcomer->ip, sizeof(c->ip));
    c->ping_interval_ms = CLIENT_PING_MS;
    client_ping(c);
    if (c->participant)
        connection_changed(c->participant);
    client_free(newcomer);
}

void client_set_ping_interval(struct client *c, uint64_t interval_ms)
{
    c->ping_interval_ms = interval_ms;
}

void client_ping(struct client *c)
{
    uint64_t interval_ms = c->ping_interval_ms;

    if (interval_ms < MIN_PING_MS)
        interval_ms = MIN_PING_MS;
    if (interval_ms > MAX_PING_MS)
        interval_ms = MAX_PING_MS;
    c->ping_by_ms = clock_ms() + CLIENT_PINGS_MISSED * interval_ms;
}

int client_take_place(struct client *c)
{
    const struct clients *all = c->owner;
    struct addr a = {0};

    if (c->place)
        return 0;
    (void) addr_parse_ip(c->ip, 0, &a);
    return addr_count_take(all->participants, &a,
                           (size_t) all->app->config.max_participants_per_address, &c->place);
}

void client_joined(struct client *c, struct connection *participant)
{
    stop_waiting(c);
    (void) client_take_place(c); /* one of before a restart is not turned away */
    c->participant = participant;
    participant->client = c;
    c->close_at_ms = 0;
}

void client_left(struct client *c)
{
    if (c->participant)
        c->participant->client = NULL;
    c->participant = NULL;
    give_place(c);
    c->close_at_ms = clock_ms() + CLIENT_LEAVING_MS;
}

void client_end(struct client *c)
{
    drop_socket(c, list_empty(&c->waiting) ? STATS_LEFT : STATS_WAITING, CLOSE_NORMAL, "");
    client_free(c);
}

/* The grace period is over. */
static void give_up(struct client *c)
{
    if (c->participant) {
        log_about(about_connection(c->participant), LOG_LEVEL_INFO, "is gone (%s)", c->lost_reason);
        lifecycle_evict(c->owner->app, c->participant, c->lost_reason);
    }
    client_end(c);
}

void clients_sweep(struct clients *all)
{
    uint64_t now = clock_ms();
    struct client *c;

    list_for_each (c, &all->all, node) {
        if (c->socket && c->ping_by_ms && now >= c->ping_by_ms) {
            c->ping_by_ms = 0;
            cut_off(c, STATS_WATCHDOG, CLOSE_NORMAL, WATCHDOG_TEXT);
        }
        if (c->back_by_ms && now >= c->back_by_ms)
            give_up(c);
        else if (c->close_at_ms && now >= c->close_at_ms)
            client_end(c);
    }
}
