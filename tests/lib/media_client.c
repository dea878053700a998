#include "tests/lib/media_client.h"

#include "base/rnd.h"
#include "link/link.h"
#include "link/media_api.h"

#include <stdio.h>
#include <stdlib.h>

#define CONNECT_US 5000000

struct media_client {
    struct loop *loop;
    struct link_dialer *dialer;
    struct loop_timer deadline;
    media_notice_fn *fn;
    void *arg;

    json_t *result; /* of the call under way */
    int r, code;
    char error[256];
};

static void on_up(struct link_dialer *d, struct link *k, void *arg)
{
    struct media_client *m = arg;

    (void) d, (void) k;
    m->r = 0;
    loop_quit(m->loop, 0);
}

static void on_notification(struct link *k, const char *method, json_t *params, void *arg)
{
    struct media_client *m = arg;

    (void) k;
    if (m->fn)
        m->fn(method, params, m->arg);
}

static void on_deadline(struct loop_timer *t)
{
    struct media_client *m = container_of(t, struct media_client, deadline);

    m->r = -ETIMEDOUT;
    loop_quit(m->loop, 0);
}

static int connect_and_greet(struct media_client *m, const char *path)
{
    static const struct link_dialer_handlers handlers = {
        .on_up = on_up,
        .handlers = {.on_notification = on_notification},
    };
    char instance[17];
    int r = link_dial(m->loop, path, &handlers, m, &m->dialer);

    if (r == 0)
        r = loop_timer_start(&m->deadline, m->loop, CONNECT_US, on_deadline);
    if (r == 0)
        r = loop_run(m->loop);
    loop_timer_stop(&m->deadline);
    if (r < 0 || m->r < 0)
        return r < 0 ? r : m->r;
    rnd_alnum(instance, sizeof(instance) - 1);
    return media_client_call(
        m, "hello", json_pack("{s:s, s:s}", "client", "signaling", "instance", instance), NULL);
}

int media_client_new(struct loop *l, const char *path, media_notice_fn *fn, void *arg,
                     struct media_client **ret_m)
{
    struct media_client *m = calloc(1, sizeof(*m));
    int r;

    if (!m)
        return -ENOMEM;
    m->loop = l;
    m->fn = fn;
    m->arg = arg;
    r = connect_and_greet(m, path);
    if (r < 0) {
        media_client_free(m);
        return r;
    }
    *ret_m = m;
    return 0;
}

struct media_client *media_client_free(struct media_client *m)
{
    if (!m)
        return NULL;
    loop_timer_done(&m->deadline);
    link_dialer_free(m->dialer);
    free(m);
    return NULL;
}

const char *media_client_error(const struct media_client *m)
{
    return m->error;
}

int media_client_error_code(const struct media_client *m)
{
    return m->code;
}

/* ---- calls ---- */

static void on_answer(const struct link_answer *answer, void *arg)
{
    struct media_client *m = arg;

    m->r = answer->error;
    m->code = answer->code;
    snprintf(m->error, sizeof(m->error), "%s",
             answer->message ? answer->message : strerror(-answer->error));
    m->result = answer->result ? json_incref(answer->result) : NULL;
    loop_quit(m->loop, 0);
}

int media_client_call(struct media_client *m, const char *method, json_t *params, json_t **ret)
{
    struct link *k = link_dialer_link(m->dialer);
    int r;

    if (!k) {
        json_decref(params);
        return -ENOTCONN;
    }
    m->result = NULL;
    r = link_call(k, method, params, MEDIA_CALL_TIMEOUT_MS, on_answer, m);
    if (r == 0)
        r = loop_run(m->loop);
    if (r == 0)
        r = m->r;
    if (r == 0 && ret)
        *ret = m->result;
    else
        json_decref(m->result);
    return r;
}

/* A call without a result of interest. */
static int tell(struct media_client *m, const char *method, json_t *params)
{
    return media_client_call(m, method, params, NULL);
}

static int offer_and_take(struct media_client *m, const char *method, json_t *params,
                          struct rtc_peer *p)
{
    char offer[RTC_SDP_SIZE];
    json_t *result;
    int r = rtc_peer_offer(p, offer, sizeof(offer));

    if (r < 0) {
        json_decref(params);
        return r;
    }
    (void) json_object_set_new(params, "offer", json_string(offer));
    r = media_client_call(m, method, params, &result);
    if (r < 0)
        return r;
    r = rtc_peer_take_answer(p, json_string_value(json_object_get(result, "answer")));
    json_decref(result);
    return r;
}

int media_client_publish(struct media_client *m, const char *room, const char *stream,
                         struct rtc_peer *p)
{
    return offer_and_take(m, "publish", json_pack("{s:s, s:s}", "room", room, "stream", stream), p);
}

int media_client_subscribe(struct media_client *m, const char *room, const char *stream,
                           const char *subscriber, struct rtc_peer *p)
{
    return offer_and_take(
        m, "subscribe",
        json_pack("{s:s, s:s, s:s}", "room", room, "stream", stream, "subscriber", subscriber), p);
}

int media_client_subscribe_offered(struct media_client *m, const char *room, const char *stream,
                                   const char *subscriber, struct rtc_peer *p)
{
    char answer[RTC_SDP_SIZE];
    json_t *result;
    int r = media_client_call(
        m, "offer",
        json_pack("{s:s, s:s, s:s}", "room", room, "stream", stream, "subscriber", subscriber),
        &result);

    if (r < 0)
        return r;
    r = rtc_peer_answer(p, json_string_value(json_object_get(result, "offer")), answer,
                        sizeof(answer));
    json_decref(result);
    if (r < 0)
        return r;
    return tell(
        m, "answer",
        json_pack("{s:s, s:s, s:s}", "room", room, "subscriber", subscriber, "answer", answer));
}

int media_client_unsubscribe(struct media_client *m, const char *room, const char *subscriber)
{
    return tell(m, "unsubscribe", json_pack("{s:s, s:s}", "room", room, "subscriber", subscriber));
}

int media_client_close_room(struct media_client *m, const char *room)
{
    return tell(m, "closeRoom", json_pack("{s:s}", "room", room));
}

int media_client_stats(struct media_client *m, json_t **ret)
{
    return media_client_call(m, "stats", NULL, ret);
}
