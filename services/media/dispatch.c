#include "media/dispatch.h"

#include "media/collect.h"

#include "link/media_api.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

#define LOAD_US 1000000 /* between two looks at how busy the workers are */

enum { RPC_INVALID_PARAMS = -32602 };

void dispatch_invalid_params(struct link_request *rq, const char *what)
{
    char text[96] = "wrong parameter: ";

    strncat(text, what, sizeof(text) - strlen(text) - 1);
    link_reply_error(rq, RPC_INVALID_PARAMS, text);
}

/* ---- load ---- */

static void on_load_timer(struct loop_timer *t)
{
    struct dispatch *d = container_of(t, struct dispatch, load_timer);
    struct placement *p = &d->placement;
    uint64_t now_us = clock_us(), bytes = 0;

    for (unsigned i = 0; i < p->n_workers; i++) {
        load_measure(&p->loads[i], worker_cpu_us(p->workers[i]), now_us);
        bytes += atomic_load_explicit(&p->workers[i]->bytes_sent, memory_order_relaxed);
    }
    if (now_us > d->sent_us)
        p->send_bps = (bytes - d->bytes_sent) * 8 * 1000000 / (now_us - d->sent_us);
    d->bytes_sent = bytes;
    d->sent_us = now_us;
    if (map_count(p->rooms) > 0)
        (void) loop_timer_start(t, d->loop, LOAD_US, on_load_timer);
}

static void watch_load(struct dispatch *d)
{
    if (!loop_timer_is_armed(&d->load_timer))
        on_load_timer(&d->load_timer);
}

/* ---- requests about one room ---- */

static void refuse(struct dispatch *d, const char *room, enum limit which, struct link_request *rq)
{
    char text[192];

    limits_struck(&d->limits, which, d->config, room);
    limit_text(which, d->config, text, sizeof(text));
    link_reply_error(rq, MEDIA_ERR_ENDPOINT, text);
}

static void fail(struct dispatch *d, const struct message *m, int error, enum limit which,
                 struct link_request *rq)
{
    char text[192];

    if (error == -ENOSPC) {
        refuse(d, m->room, which, rq);
    } else if (error == -ENOENT) {
        (void) snprintf(text, sizeof(text), "There is no stream %.100s", m->stream);
        link_reply_error(rq, MEDIA_ERR_NO_STREAM, text);
    } else {
        link_reply_error(rq, MEDIA_ERR_ENDPOINT, "out of memory");
    }
}

static void post(struct message *m, struct worker *home, struct worker *at, void *reply_to)
{
    m->home = home;
    m->at = at;
    m->reply_to = reply_to;
    mailbox_post(home->mailbox, &m->mail);
}

/* Each of these posts the message or answers; true: it is posted. */

static bool publish(struct dispatch *d, struct message *m, struct link_request *rq)
{
    enum limit which = LIMIT_NONE;
    struct placed_stream *s;
    int r = placement_publish(&d->placement, m->room, m->stream, &s, &which);

    if (r < 0) {
        fail(d, m, r, which, rq);
        return false;
    }
    watch_load(d);
    post(m, s->at.worker, NULL, rq);
    return true;
}

static bool unpublish(struct dispatch *d, struct message *m, struct link_request *rq)
{
    struct placed_stream *s = placement_stream(&d->placement, m->room, m->stream);

    if (!s) {
        link_reply(rq, NULL);
        return false;
    }
    post(m, s->at.worker, NULL, rq);
    placement_unpublish(&d->placement, s);
    return true;
}

/* Nobody waits for it; the request that made it, or a removal, may be under way. */
static void take_back(const char *room, const char *subscriber, struct worker *home,
                      struct worker *at)
{
    struct message *m = message_new(COMMAND_UNSUBSCRIBE);

    if (!m)
        return;
    snprintf(m->room, sizeof(m->room), "%s", room);
    snprintf(m->subscriber, sizeof(m->subscriber), "%s", subscriber);
    post(m, home, at, NULL);
}

static bool subscribe(struct dispatch *d, struct message *m, struct link_request *rq)
{
    struct placed_subscriber *s = placement_subscriber(&d->placement, m->room, m->subscriber);
    enum limit which = LIMIT_NONE;
    int r;

    if (s && strcmp(s->stream->id, m->stream) != 0) { /* it watches another one from now on */
        take_back(m->room, s->id, s->stream->at.worker, s->at.worker);
        placement_unsubscribe(&d->placement, s);
    }
    r = placement_subscribe(&d->placement, m->room, m->stream, m->subscriber, &s, &which);
    if (r < 0) {
        fail(d, m, r, which, rq);
        return false;
    }
    post(m, s->stream->at.worker, s->at.worker, rq);
    return true;
}

static bool answer(struct dispatch *d, struct message *m, struct link_request *rq)
{
    struct placed_subscriber *s = placement_subscriber(&d->placement, m->room, m->subscriber);

    if (!s) {
        link_reply_error(rq, MEDIA_ERR_ENDPOINT, "No offer is waiting for this answer");
        return false;
    }
    post(m, s->stream->at.worker, s->at.worker, rq);
    return true;
}

static bool unsubscribe(struct dispatch *d, struct message *m, struct link_request *rq)
{
    struct placed_subscriber *s = placement_subscriber(&d->placement, m->room, m->subscriber);

    if (!s) {
        link_reply(rq, NULL);
        return false;
    }
    post(m, s->stream->at.worker, s->at.worker, rq);
    placement_unsubscribe(&d->placement, s);
    return true;
}

/* To the worker that has the endpoint. False: there is none. */
static bool post_to_endpoint(struct dispatch *d, struct message *m, struct link_request *rq)
{
    struct placed_subscriber *sub = placement_subscriber(&d->placement, m->room, m->subscriber);
    struct placed_stream *s =
        sub ? sub->stream : placement_stream(&d->placement, m->room, m->stream);

    if (s)
        post(m, s->at.worker, sub ? sub->at.worker : NULL, rq);
    return s != NULL;
}

static bool trickle(struct dispatch *d, struct message *m, struct link_request *rq)
{
    if (post_to_endpoint(d, m, rq))
        return true;
    link_reply(rq, NULL);
    return false;
}

static bool describe(struct dispatch *d, struct message *m, struct link_request *rq)
{
    if (post_to_endpoint(d, m, rq))
        return true;
    link_reply_error(rq, MEDIA_ERR_NO_STREAM, "There is no such stream");
    return false;
}

static bool close_room(struct dispatch *d, struct message *m, struct link_request *rq)
{
    struct placed_room *r = placement_room(&d->placement, m->room);

    if (r)
        collect_close(&d->placement, r, rq);
    else
        link_reply(rq, NULL);
    return false;
}

void dispatch_request(struct dispatch *d, const struct method *method, json_t *params,
                      struct link_request *rq)
{
    static bool (*const table[])(struct dispatch *, struct message *, struct link_request *) = {
        [COMMAND_PUBLISH] = publish,     [COMMAND_UNPUBLISH] = unpublish,
        [COMMAND_SUBSCRIBE] = subscribe, [COMMAND_OFFER] = subscribe,
        [COMMAND_ANSWER] = answer,       [COMMAND_UNSUBSCRIBE] = unsubscribe,
        [COMMAND_DESCRIBE] = describe,   [COMMAND_CLOSE_ROOM] = close_room,
        [COMMAND_TRICKLE] = trickle,
    };
    struct message *m;
    const char *wrong = "";
    int r = method_parse(method, params, &m, &wrong);

    if (r == -EINVAL)
        dispatch_invalid_params(rq, wrong);
    else if (r < 0)
        link_reply_error(rq, MEDIA_ERR_ENDPOINT, "out of memory");
    else if (!table[m->type](d, m, rq))
        message_free(m);
}

/* ---- outcomes ---- */

/* A subscriber that was taken out of the books (by an inventory, which takes another way) while it
 * was made. */
static void check_books(struct dispatch *d, const struct message *m)
{
    const struct placed_subscriber *s = placement_subscriber(&d->placement, m->room, m->subscriber);

    if (!s || s->at.worker != m->at)
        take_back(m->room, m->subscriber, m->home, m->at);
}

static void keep_books(struct dispatch *d, const struct message *m)
{
    bool ok = m->code == 0;

    if (m->type == COMMAND_PUBLISH) {
        placement_published(&d->placement, m->room, m->stream, ok);
    } else if (m->type == COMMAND_SUBSCRIBE || m->type == COMMAND_OFFER) {
        placement_subscribed(&d->placement, m->room, m->subscriber, ok);
        if (ok)
            check_books(d, m);
    }
}

void dispatch_on_outcome(struct dispatch *d, struct message *m)
{
    if (!m->reply_to || collect_take(&d->placement, m))
        return;
    keep_books(d, m);
    if (m->limit != LIMIT_NONE) {
        refuse(d, m->room, m->limit, m->reply_to);
    } else if (m->code != 0) {
        link_reply_error(m->reply_to, m->code, m->text);
    } else {
        link_reply(m->reply_to, m->result);
        m->result = NULL;
    }
}

void dispatch_on_dropped(struct dispatch *d, struct message *m)
{
    if (m->reply_to && !collect_take(&d->placement, m))
        link_reply_error(m->reply_to, MEDIA_ERR_ENDPOINT, "the media server stops");
}

/* ---- life ---- */

int dispatch_init(struct dispatch *d, struct loop *l, const struct config *c)
{
    *d = (struct dispatch){.loop = l, .config = c};
    return placement_init(&d->placement, c);
}

void dispatch_done(struct dispatch *d)
{
    loop_timer_done(&d->load_timer);
    placement_done(&d->placement);
}
