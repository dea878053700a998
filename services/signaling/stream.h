/* stream.h: a published stream and who watches it. Pure state, but that the store is told.
 * The publishing connection owns the stream; a subscription belongs to its subscriber, and ends
 * with it or with the stream. */
#pragma once

#include "base/list.h"

#include "signaling/ids.h"
#include "signaling/trickle.h"

#include <jansson.h>
#include <stdint.h>

struct connection;

struct stream {
    struct connection *publisher;
    struct list changed; /* of state.c */
    char id[STREAM_ID_SIZE];
    uint64_t created_ms;
    bool has_audio, has_video;
    bool audio_active, video_active;
    bool loopback;
    bool other_codec;       /* its publisher lacks the one that the session asks for */
    char *type_of_video;    /* CAMERA, SCREEN, CUSTOM; NULL when audio only */
    char *video_dimensions; /* the client's JSON text, or NULL */
    json_t *frame_rate;     /* the client's number, or NULL */
    json_t *filter;         /* {} when none */
    struct blob trickled;
    struct list subscriptions;
};

struct subscription {
    struct stream *stream;
    struct connection *subscriber;
    struct list of_stream;
    struct list of_subscriber;
    struct list changed; /* of state.c */
    uint64_t order;      /* among those of both lists */
    uint64_t created_ms;
    bool watched; /* negotiated to its end, and announced as a connection of its own */
    struct blob trickled;
};

/* An unattached stream, "CAM"era and so on by type_of_video; strings are copied. NULL without
 * memory. */
struct stream *stream_new(const char *connection_id, const char *type_of_video);

/* For stream_new() and restarts: without a name and strings. */
struct stream *stream_alloc(void);

/* c begins to publish; it publishes nothing yet. */
void stream_attach(struct stream *st, struct connection *c);

/* Something of an attached one has changed that its record holds. */
void stream_changed(struct stream *st);

/* Ends its subscriptions, and detaches. NULL is fine; returns NULL. */
struct stream *stream_free(struct stream *st);

/* -ENOMEM, or -EINVAL when text is no JSON object or longer than 256 bytes: other clients parse
 * it. */
int stream_set_dimensions(struct stream *st, const char *text);

/* Existing or new; NULL without memory. */
struct subscription *subscription_make(struct stream *st, struct connection *subscriber);
/* For subscription_make() and restarts: the newest of both lists. NULL without memory. */
struct subscription *subscription_add(struct stream *st, struct connection *subscriber,
                                      uint64_t created_ms, uint64_t order);
struct subscription *subscription_find(const struct stream *st,
                                       const struct connection *subscriber);

/* Something of it has changed that its record holds. */
void subscription_changed(struct subscription *sub);
struct subscription *subscription_free(struct subscription *sub);

/* The media daemon's name for a subscriber. */
void subscriber_id(const char *connection_id, const char *stream_id,
                   char ret[static SUBSCRIBER_ID_SIZE]);
