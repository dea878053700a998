#include "signaling/webhook.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "http/http.h"
#include "signaling/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TIMEOUT_MS 10000
#define ANSWER_MAX 65536 /* nobody reads it */
#define LOG_INTERVAL_MS 10000
#define OWN_HEADERS 2
#define SIGNATURE_SIZE 128

/* Between the attempts: a receiver that is started anew is there again by the last of them. */
static const uint64_t pauses_us[WEBHOOK_ATTEMPTS - 1] = {250000, 1000000, 2000000, 4000000};

struct webhook {
    struct loop *loop;
    const struct config *config;
    webhook_done_fn *fn;
    void *arg;
    struct http *http;
    struct list waiting; /* the first is tried */
    size_t bytes;
    struct http_call *call;  /* under way, or NULL */
    struct loop_timer timer; /* to the next attempt */
    unsigned attempts;       /* at the first */
    bool stopping, drains;
    struct webhook_counts counts;
    struct log_limit log_full, log_status, log_lost;
};

static void pump(struct webhook *w);

static struct outbox_event *first(const struct webhook *w)
{
    return list_first(&w->waiting, struct outbox_event, in_webhook);
}

static void finish(struct webhook *w, struct outbox_event *e)
{
    if (w->waiting.next == &e->in_webhook) { /* the first */
        loop_timer_stop(&w->timer);
        w->attempts = 0;
    }
    list_del(&e->in_webhook);
    w->counts.waiting--;
    w->bytes -= e->len;
    e->webhook = false;
    w->fn(e, w->arg);
}

/* ---- answers ---- */

static void on_pause_over(struct loop_timer *t)
{
    pump(container_of(t, struct webhook, timer));
}

/* No answer has come. */
static void try_again(struct webhook *w, struct outbox_event *e, const char *why)
{
    if (w->stopping) { /* the others have no better chance */
        w->drains = false;
        return;
    }
    w->attempts++;
    if (w->attempts < WEBHOOK_ATTEMPTS &&
        loop_timer_start(&w->timer, w->loop, pauses_us[w->attempts - 1], on_pause_over) == 0)
        return;
    w->counts.given_up++;
    log_limited(&w->log_lost, LOG_LEVEL_ERROR, "webhook: %s of id %s is given up: %s", e->name,
                e->id, why);
    finish(w, e);
    pump(w);
}

/* Who has begun an answer has the event, be the rest as it may. */
static void on_answer(const struct http_response *rs, void *arg)
{
    struct webhook *w = arg;
    struct outbox_event *e = first(w);

    w->call = NULL;
    if (rs->status == 0) {
        try_again(w, e, rs->message);
        return;
    }
    if (rs->status == 200) {
        w->counts.sent++;
    } else {
        w->counts.refused++;
        log_limited(&w->log_status, LOG_LEVEL_ERROR,
                    "webhook: %s of id %s was answered with status %u, not 200", e->name, e->id,
                    rs->status);
    }
    finish(w, e);
    pump(w);
}

/* ---- requests ---- */

/* So that the receiver can tell that it is us: over "<t>.<body>", with the secret of the API. */
static int sign(const struct webhook *w, struct bytes body, char ret[static SIGNATURE_SIZE])
{
    char time[24];
    uint8_t sum[SHA256_SIZE];
    int n = snprintf(time, sizeof(time), "%" PRIu64 ".", clock_wall_ms() / 1000);
    const struct bytes parts[] = {bytes_of(time, (size_t) n), body};
    int error = hmac_sha256(bytes_str(w->config->secret), parts, 2, sum);
    int at = snprintf(ret, SIGNATURE_SIZE, "X-Visavis-Signature: t=%.*s,v1=", n - 1, time);

    for (size_t i = 0; i < sizeof(sum); i++)
        at += snprintf(ret + at, SIGNATURE_SIZE - (size_t) at, "%02x", sum[i]);
    return error;
}

static bool has_content_type(const struct conf_strings *headers)
{
    for (size_t i = 0; i < headers->n; i++) {
        if (strncasecmp(headers->items[i], "Content-Type:", 13) == 0)
            return true;
    }
    return false;
}

static int start_call(struct webhook *w, const struct outbox_event *e, struct bytes body)
{
    const struct conf_strings *more = &w->config->webhook_headers;
    const char **headers = calloc(more->n + OWN_HEADERS + 1, sizeof(*headers));
    char id[EVENT_ID_SIZE + 32], signature[SIGNATURE_SIZE];
    int error = headers ? sign(w, body, signature) : -ENOMEM;

    if (!error) {
        snprintf(id, sizeof(id), "X-Visavis-Event-Id: %s", e->id);
        headers[0] = id;
        headers[1] = signature;
        for (size_t i = 0; i < more->n; i++)
            headers[OWN_HEADERS + i] = more->items[i];
        error = http_start(w->http,
                           &(struct http_request){
                               .method = "POST",
                               .url = w->config->webhook_endpoint,
                               .headers = headers,
                               .body = body,
                               .content_type = has_content_type(more) ? NULL : "application/json",
                               .timeout_ms = TIMEOUT_MS,
                               .max_body = ANSWER_MAX,
                               .any_certificate = true,
                               .once = w->attempts > 0, /* a connection gone stale is no trouble */
                           },
                           on_answer, w, &w->call);
    }
    free(headers);
    return error;
}

/* Begins with the first that waits, unless something is going on. */
static void pump(struct webhook *w)
{
    struct outbox_event *e = first(w);
    char *body;
    int error;

    if (!e || w->call || loop_timer_is_armed(&w->timer) || (w->stopping && !w->drains))
        return;
    body = outbox_event_body(e);
    error = body ? start_call(w, e, bytes_str(body)) : -ENOMEM;
    free(body);
    if (error)
        try_again(w, e, strerror(-error));
}

/* ---- the queue ---- */

bool webhook_wants(const struct webhook *w, const char *name)
{
    const struct conf_strings *events = &w->config->webhook_events;

    if (!*w->config->webhook_endpoint)
        return false;
    if (!events->items)
        return true;
    for (size_t i = 0; i < events->n; i++) {
        if (strcmp(events->items[i], name) == 0)
            return true;
    }
    return false;
}

/* The oldest that is not under way just now. */
static struct outbox_event *oldest(const struct webhook *w)
{
    struct outbox_event *e;

    list_for_each (e, &w->waiting, in_webhook) {
        if (!w->call || e != first(w))
            return e;
    }
    return NULL;
}

static bool is_over_limit(const struct webhook *w)
{
    return w->counts.waiting > WEBHOOK_WAITING_MAX || w->bytes > WEBHOOK_WAITING_BYTES;
}

void webhook_put(struct webhook *w, struct outbox_event *e)
{
    struct outbox_event *victim;

    list_append(&w->waiting, &e->in_webhook);
    w->counts.waiting++;
    w->bytes += e->len;
    while (is_over_limit(w) && (victim = oldest(w))) {
        w->counts.given_up++;
        log_limited(
            &w->log_full, LOG_LEVEL_ERROR,
            "webhook: too many events wait for the endpoint, the oldest are given up (%" PRIu64
            " so far)",
            w->counts.given_up);
        finish(w, victim);
    }
    pump(w);
}

void webhook_reload(struct webhook *w)
{
    struct outbox_event *e;

    list_for_each (e, &w->waiting, in_webhook) {
        if (!webhook_wants(w, e->name) && !(w->call && e == first(w)))
            finish(w, e);
    }
    pump(w);
}

/* ---- the whole ---- */

int webhook_new(struct loop *l, const struct config *config, webhook_done_fn *fn, void *arg,
                struct webhook **ret_webhook)
{
    struct webhook *w = calloc(1, sizeof(*w));
    int error;

    if (!w)
        return -ENOMEM;
    error = http_new(l, &w->http);
    if (error) {
        free(w);
        return error;
    }
    w->loop = l;
    w->config = config;
    w->fn = fn;
    w->arg = arg;
    list_init(&w->waiting);
    w->log_full.interval_ms = w->log_status.interval_ms = w->log_lost.interval_ms = LOG_INTERVAL_MS;
    *ret_webhook = w;
    return 0;
}

struct webhook *webhook_free(struct webhook *w)
{
    if (!w)
        return NULL;
    http_free(w->http);
    loop_timer_done(&w->timer);
    free(w);
    return NULL;
}

void webhook_stop(struct webhook *w, bool all)
{
    w->stopping = true;
    w->drains = all;
    if (loop_timer_is_armed(&w->timer)) { /* once more, at once */
        loop_timer_stop(&w->timer);
        pump(w);
    }
}

bool webhook_is_busy(const struct webhook *w)
{
    return w->call;
}

const struct webhook_counts *webhook_counts(const struct webhook *w)
{
    return &w->counts;
}
