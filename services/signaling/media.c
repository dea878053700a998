#include "signaling/media.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/rnd.h"
#include "signaling/ids.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_US 2000000
#define INSTANCE_SIZE 17

struct media {
    struct loop *loop;
    char *path;
    char instance[INSTANCE_SIZE];
    char peer_instance[64]; /* of the daemon we spoke to last */
    const struct media_handlers *handlers;
    void *arg;
    struct link_dialer *dialer;
    bool wants_candidates;
    bool greeted;    /* hello was answered: what is told now comes after the inventory */
    bool ready;      /* and sync, too */
    json_t *missing; /* what the parts of it were answered, up to now */
    size_t n_syncs;  /* parts that are not answered yet */
    bool complained; /* since it was ready last */
    uint64_t lost_after_ms;
    uint64_t away_since_ms;
    struct loop_timer lost_timer;
    struct loop_timer retry_timer;
};

static int dial(struct media *m);

static const char *reason_of(const struct link_answer *a)
{
    return a->error == -EREMOTEIO ? a->message : strerror(-a->error);
}

static struct media *of_retry(struct loop_timer *t)
{
    return container_of(t, struct media, retry_timer);
}

static struct media *of_lost(struct loop_timer *t)
{
    return container_of(t, struct media, lost_timer);
}

static void on_retry(struct loop_timer *t)
{
    struct media *m = of_retry(t);

    m->dialer = link_dialer_free(m->dialer);
    if (dial(m) == 0)
        return;
    log_error("media: cannot dial %s", m->path);
    loop_timer_start(&m->retry_timer, m->loop, RETRY_US, on_retry);
}

/* A daemon that answers, but not as it should: start over later. */
static void handshake_failed(struct media *m, const char *what, const struct link_answer *a)
{
    if (!m->complained)
        log_error("media: %s failed: %s, trying again", what, reason_of(a));
    m->complained = true;
    if (a->error != -ECONNRESET)
        loop_timer_start(&m->retry_timer, m->loop, RETRY_US, on_retry);
}

static void become_ready(struct media *m)
{
    json_t *missing = m->missing, *part;
    size_t i;

    m->missing = NULL;
    m->ready = true;
    m->complained = false;
    loop_timer_stop(&m->lost_timer);
    loop_timer_stop(&m->retry_timer);
    log_info("media: ready");
    json_array_foreach (missing, i, part)
        m->handlers->on_missing(part, m->arg);
    json_decref(missing);
    m->handlers->on_ready(m->arg);
}

static void on_synced(const struct link_answer *a, void *arg)
{
    struct media *m = arg;

    if (a->error) {
        handshake_failed(m, "sync", a);
        return;
    }
    json_array_append(m->missing, json_object_get(a->result, "missing"));
    if (--m->n_syncs == 0)
        become_ready(m);
}

/* All parts at once: what is told next must come after the inventory, and be later than it. */
static int sync_all(struct media *m, struct link *k)
{
    json_t *parts = m->handlers->inventory(m->arg), *rooms;
    int error = 0;
    size_t i;

    json_decref(m->missing);
    m->missing = json_array();
    m->n_syncs = json_array_size(parts);
    json_array_foreach (parts, i, rooms) {
        json_t *params = json_pack("{s:O,s:b}", "rooms", rooms, "more", i + 1 < m->n_syncs);

        if (!error)
            error = link_call(k, "sync", params, MEDIA_CALL_TIMEOUT_MS, on_synced, m);
        else
            json_decref(params);
    }
    json_decref(parts);
    return error;
}

static void on_hello(const struct link_answer *a, void *arg)
{
    struct media *m = arg;
    const char *instance = json_string_value(json_object_get(a->result, "instance"));
    struct link *k = link_dialer_link(m->dialer);

    if (a->error) {
        handshake_failed(m, "hello", a);
        return;
    }
    if (!instance)
        instance = "";
    if (*m->peer_instance && strcmp(m->peer_instance, instance) != 0)
        log_warning("media: the daemon was restarted, its streams are gone");
    snprintf(m->peer_instance, sizeof(m->peer_instance), "%s", instance);
    if (!k || sync_all(m, k) < 0)
        loop_timer_start(&m->retry_timer, m->loop, RETRY_US, on_retry);
    m->greeted = true;
    m->wants_candidates = json_is_true(json_object_get(a->result, "trickle"));
}

static void on_up(struct link_dialer *d, struct link *k, void *arg)
{
    struct media *m = arg;
    json_t *params = json_pack("{s:s,s:s}", "client", "signaling", "instance", m->instance);

    (void) d;
    loop_timer_stop(&m->retry_timer);
    if (link_call(k, "hello", params, MEDIA_CALL_TIMEOUT_MS, on_hello, m) < 0)
        loop_timer_start(&m->retry_timer, m->loop, RETRY_US, on_retry);
}

static void on_lost(struct loop_timer *t)
{
    struct media *m = of_lost(t);

    log_error("media: the daemon stays away, giving up its sessions");
    m->handlers->on_lost(m->arg);
}

static void wait_for_daemon(struct media *m)
{
    if (m->ready)
        m->away_since_ms = clock_ms();
    m->ready = m->greeted = false;
    if (!loop_timer_is_armed(&m->lost_timer))
        loop_timer_start(&m->lost_timer, m->loop, m->lost_after_ms * 1000, on_lost);
}

static void on_down(struct link_dialer *d, void *arg)
{
    struct media *m = arg;

    (void) d;
    if (m->ready)
        log_warning("media: link lost, trying again");
    wait_for_daemon(m);
}

static void on_failed(struct link_dialer *d, int error, void *arg)
{
    struct media *m = arg;

    (void) d;
    log_warning("media: cannot reach the daemon at %s: %s, trying again", m->path,
                strerror(-error));
}

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    (void) k;
    (void) params;
    (void) arg;
    log_debug("media: asks for %s, ignoring", method);
    link_reply_error(rq, -32601, "Unknown method");
}

static void on_notification(struct link *k, const char *method, json_t *params, void *arg)
{
    const char *room = json_string_value(json_object_get(params, "room"));
    const char *state = json_string_value(json_object_get(params, "state"));
    const char *name = json_string_value(json_object_get(params, "stream"));
    char session[SESSION_ID_SIZE];

    (void) k;
    (void) arg;
    if (!name)
        name = json_string_value(json_object_get(params, "subscriber"));
    if (strcmp(method, "transport") != 0 || !room || !state || !name)
        return;
    snprintf(session, sizeof(session), "%.*s", (int) media_room_session_len(room), room);
    log_about((struct log_ids){.session = session}, LOG_LEVEL_INFO, "media: %s is %s", name, state);
}

static int dial(struct media *m)
{
    static const struct link_dialer_handlers handlers = {
        .on_up = on_up,
        .on_down = on_down,
        .on_failed = on_failed,
        .handlers = {.on_request = on_request, .on_notification = on_notification},
    };

    m->ready = m->greeted = false;
    return link_dial(m->loop, m->path, &handlers, m, &m->dialer);
}

int media_new(struct loop *l, const char *path, uint64_t lost_after_ms,
              const struct media_handlers *handlers, void *arg, struct media **ret_media)
{
    static const char hex[] = "0123456789abcdef";
    struct media *m = calloc(1, sizeof(*m));
    uint8_t random[INSTANCE_SIZE - 1];
    int error;

    if (!m)
        return -ENOMEM;
    m->loop = l;
    m->handlers = handlers;
    m->arg = arg;
    m->lost_after_ms = lost_after_ms;
    m->away_since_ms = clock_ms();
    rnd_bytes(random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++)
        m->instance[i] = hex[random[i] & 15];
    m->path = strdup(path);
    error = m->path ? dial(m) : -ENOMEM;
    if (error) {
        media_free(m);
        return error;
    }
    wait_for_daemon(m);
    *ret_media = m;
    return 0;
}

struct media *media_free(struct media *m)
{
    if (!m)
        return NULL;
    m->ready = m->greeted = false;
    link_dialer_free(m->dialer);
    loop_timer_done(&m->lost_timer);
    loop_timer_done(&m->retry_timer);
    json_decref(m->missing);
    free(m->path);
    free(m);
    return NULL;
}

void media_set_lost_after(struct media *m, uint64_t lost_after_ms)
{
    m->lost_after_ms = lost_after_ms;
}

bool media_is_ready(const struct media *m)
{
    return m && m->ready;
}

bool media_wants_candidates(const struct media *m)
{
    return m && m->wants_candidates;
}

uint64_t media_away_ms(const struct media *m)
{
    return media_is_ready(m) || !m ? 0 : clock_ms() - m->away_since_ms;
}

bool media_is_busy(const struct media *m)
{
    const struct link *k = m->dialer ? link_dialer_link(m->dialer) : NULL;

    return k && link_n_calls(k) > 0;
}

int media_call(struct media *m, const char *method, json_t *params, link_answer_fn *fn, void *arg)
{
    struct link *k = media_is_ready(m) ? link_dialer_link(m->dialer) : NULL;

    if (!k) {
        json_decref(params);
        return -ENOTCONN;
    }
    return link_call(k, method, params, MEDIA_CALL_TIMEOUT_MS, fn, arg);
}

static void on_told(const struct link_answer *a, void *arg)
{
    (void) arg;
    if (a->error && a->error != -ECONNRESET)
        log_warning("media: a request failed: %s, ignoring", reason_of(a));
}

void media_tell(struct media *m, const char *method, json_t *params)
{
    struct link *k = m && m->greeted ? link_dialer_link(m->dialer) : NULL;

    if (k)
        (void) link_call(k, method, params, MEDIA_CALL_TIMEOUT_MS, on_told, NULL);
    else
        json_decref(params);
}
