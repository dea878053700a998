#include "signaling/stream.h"

#include "base/clock.h"
#include "signaling/connection.h"
#include "signaling/session.h"
#include "signaling/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIMENSIONS_MAX 256

static struct sessions *sessions_of(const struct connection *c)
{
    return c->session->owner;
}

struct stream *stream_alloc(void)
{
    struct stream *st = calloc(1, sizeof(*st));

    if (!st)
        return NULL;
    st->trickled = trickle_init();
    list_init(&st->changed);
    list_init(&st->subscriptions);
    return st;
}

struct stream *stream_new(const char *connection_id, const char *type_of_video)
{
    struct stream *st = stream_alloc();

    if (!st)
        return NULL;
    stream_id_new(type_of_video, connection_id, st->id);
    st->created_ms = clock_wall_ms();
    st->filter = json_object();
    if (type_of_video)
        st->type_of_video = strdup(type_of_video);
    if (!st->filter || (type_of_video && !st->type_of_video))
        return stream_free(st);
    return st;
}

void stream_attach(struct stream *st, struct connection *c)
{
    st->publisher = c;
    c->stream = st;
    stream_changed(st);
}

void stream_changed(struct stream *st)
{
    state_stream(sessions_of(st->publisher)->state, st);
}

struct stream *stream_free(struct stream *st)
{
    struct subscription *sub;

    if (!st)
        return NULL;
    list_for_each (sub, &st->subscriptions, of_stream)
        subscription_free(sub);
    if (st->publisher) {
        state_stream_gone(sessions_of(st->publisher)->state, st);
        st->publisher->stream = NULL;
    }
    free(st->type_of_video);
    free(st->video_dimensions);
    json_decref(st->frame_rate);
    json_decref(st->filter);
    blob_clear(&st->trickled);
    free(st);
    return NULL;
}

int stream_set_dimensions(struct stream *st, const char *text)
{
    json_t *parsed;
    bool is_object;
    char *copy;

    if (strlen(text) > DIMENSIONS_MAX)
        return -EINVAL;
    parsed = json_loads(text, 0, NULL);
    is_object = json_is_object(parsed);
    json_decref(parsed);
    if (!is_object)
        return -EINVAL;
    copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    free(st->video_dimensions);
    st->video_dimensions = copy;
    return 0;
}

struct subscription *subscription_find(const struct stream *st, const struct connection *subscriber)
{
    struct subscription *sub;

    list_for_each (sub, &st->subscriptions, of_stream) {
        if (sub->subscriber == subscriber)
            return sub;
    }
    return NULL;
}

struct subscription *subscription_add(struct stream *st, struct connection *subscriber,
                                      uint64_t created_ms, uint64_t order)
{
    struct subscription *sub = calloc(1, sizeof(*sub));

    if (!sub)
        return NULL;
    sub->stream = st;
    sub->subscriber = subscriber;
    sub->created_ms = created_ms;
    sub->order = order;
    sub->trickled = trickle_init();
    list_init(&sub->changed);
    list_append(&st->subscriptions, &sub->of_stream);
    list_append(&subscriber->subscriptions, &sub->of_subscriber);
    return sub;
}

struct subscription *subscription_make(struct stream *st, struct connection *subscriber)
{
    struct subscription *sub = subscription_find(st, subscriber);

    if (sub) {
        blob_clear(&sub->trickled); /* they were of the transport before */
        return sub;
    }
    sub = subscription_add(st, subscriber, clock_wall_ms(),
                           sessions_next_order(sessions_of(subscriber)));
    if (sub)
        subscription_changed(sub);
    return sub;
}

void subscription_changed(struct subscription *sub)
{
    state_subscription(sessions_of(sub->subscriber)->state, sub);
}

struct subscription *subscription_free(struct subscription *sub)
{
    if (!sub)
        return NULL;
    state_subscription_gone(sessions_of(sub->subscriber)->state, sub);
    list_del(&sub->of_stream);
    list_del(&sub->of_subscriber);
    blob_clear(&sub->trickled);
    free(sub);
    return NULL;
}

void subscriber_id(const char *connection_id, const char *stream_id,
                   char ret[static SUBSCRIBER_ID_SIZE])
{
    snprintf(ret, SUBSCRIBER_ID_SIZE, "%s_%s", connection_id, stream_id);
}
