/* Publishing a stream, and what changes of it. */
#include "signaling/rpc_media.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/events.h"
#include "signaling/lifecycle.h"
#include "signaling/reasons.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REASON_LEN_MAX 64

/* Nothing is transcoded here. Where it is allowed to be, a publisher without the session's codec
 * may send the other one that every browser is to have (RFC 7742 section 5). */
static const char *other_codec(const char *forced)
{
    return strcmp(forced, "VP8") == 0 ? "H264" : "VP8";
}

/* Does somebody here lack the session's codec? Then those who come later take the other one too. */
static bool other_codec_is_needed(const struct session *s)
{
    struct connection *c;

    list_for_each (c, &s->participants, node) {
        if (c->stream && c->stream->other_codec)
            return true;
    }
    return false;
}

/* publishVideo and reconnectStream have different names for it. */
static const char *offer_of(const struct rpc *rq)
{
    return rpc_string_opt(rq, "sdpOffer", rpc_string_opt(rq, "sdpString", ""));
}

static json_t *publish_params(const struct rpc *rq, const struct connection *c,
                              const struct stream *st)
{
    const struct config *config = &rq->app->config;
    const char *codec = session_options_codec(&c->session->options);
    json_t *p = json_pack("{s:s,s:b}", "offer", offer_of(rq), "loopback", st->loopback);

    if (codec)
        json_object_set_new(p, "forcedCodec",
                            json_string(st->other_codec ? other_codec(codec) : codec));
    negotiation_limit(p, "maxRecvKbps", c, "videoMaxRecvBandwidth", config->max_recv_kbps);
    negotiation_limit(p, "minRecvKbps", c, "videoMinRecvBandwidth", config->min_recv_kbps);
    return p;
}

/* Did the publisher lack the codec, and may it have the other one? */
static bool take_other_codec(struct stream *st, const struct connection *c,
                             const struct link_answer *a)
{
    if (a->error != -EREMOTEIO || a->code != MEDIA_ERR_FORCED_CODEC || st->other_codec ||
        !c->session->options.allow_transcoding)
        return false;
    st->other_codec = true;
    if (st->publisher)
        stream_changed(st);
    return true;
}

/* CAMERA, SCREEN or CUSTOM; NULL for audio only. -EINVAL after answering. */
static int type_of_video(struct rpc *rq, const char **ret_type)
{
    const char *type = rpc_string_opt(rq, "typeOfVideo", "CAMERA");

    if (strcmp(type, "CAMERA") != 0 && strcmp(type, "SCREEN") != 0 && strcmp(type, "CUSTOM") != 0) {
        rpc_error(rq, RPC_MISSING_PARAMETER,
                  "Request element 'typeOfVideo' must be CAMERA, SCREEN or CUSTOM");
        return -EINVAL;
    }
    *ret_type = rpc_bool_opt(rq, "hasVideo", true) ? type : NULL;
    return 0;
}

/* Answers when it does. */
static bool asks_for_filter(struct rpc *rq, const struct connection *c)
{
    json_t *filter = json_object_get(rq->message.params, "filter");
    const char *type = json_string_value(json_object_get(filter, "type"));

    if (json_object_size(filter) == 0)
        return false;
    if (filter_is_allowed(c, type ? type : ""))
        rpc_error(rq, RPC_FILTER_NOT_APPLIED, FILTERS_UNSUPPORTED);
    else
        rpc_error(rq, RPC_FILTER_NOT_APPLIED,
                  "Error applying filter for publishing user %s. The token has no permissions to "
                  "apply filter %.64s",
                  c->id, type ? type : "");
    return true;
}

/* A stream as the request describes it, or NULL after answering. */
static struct stream *described(struct rpc *rq, const struct connection *c)
{
    const char *dimensions = rpc_string_opt(rq, "videoDimensions", NULL);
    struct stream *st;
    const char *type;

    if (asks_for_filter(rq, c) || type_of_video(rq, &type) < 0)
        return NULL;
    st = stream_new(c->id, type);
    if (!st) {
        rpc_error(rq, RPC_GENERIC, "out of memory");
        return NULL;
    }
    st->audio_active = rpc_bool_opt(rq, "audioActive", true);
    st->video_active = rpc_bool_opt(rq, "videoActive", true);
    st->loopback = rpc_bool_opt(rq, "doLoopback", false);
    st->frame_rate = rpc_number_opt(rq, "frameRate");
    st->other_codec = other_codec_is_needed(c->session);
    if (dimensions)
        (void) stream_set_dimensions(st, dimensions); /* nonsense is as good as none */
    return st;
}

static void reply_published(struct rpc *rq, const struct stream *st, const struct link_answer *a)
{
    rpc_reply(rq, json_pack("{s:O,s:s,s:I}", "sdpAnswer", json_object_get(a->result, "answer"),
                            "id", st->id, "createdAt", (json_int_t) st->created_ms));
}

/* The offer knows better than the request what is in it. */
static void trust_offer(struct stream *st, json_t *result)
{
    st->has_audio = json_is_true(json_object_get(result, "audio"));
    st->has_video = json_is_true(json_object_get(result, "video"));
    if (!st->has_video) {
        free(st->type_of_video);
        st->type_of_video = NULL;
    }
}

static void take_back(const struct negotiation *n)
{
    media_tell(n->app->media, "unpublish",
               json_pack("{s:s,s:s}", "room", n->room, "stream", n->stream));
}

static link_answer_fn on_published, on_published_again;

/* st is not attached yet: handed over. */
static void publish(struct rpc *rq, struct connection *c, struct stream *st)
{
    negotiate(rq, c, st->id, "publish", publish_params(rq, c, st), on_published, st);
}

void publish_again(struct rpc *rq, struct stream *st)
{
    struct connection *c = st->publisher;

    negotiate(rq, c, st->id, "publish", publish_params(rq, c, st), on_published_again, NULL);
}

static void on_published(const struct link_answer *a, void *arg)
{
    struct negotiation *n = arg;
    struct connection *c = negotiation_participant(n);
    struct stream *st = n->published;

    if (c && take_other_codec(st, c, a)) {
        n->published = NULL;
        publish(n->rq, c, st);
    } else if (a->error) {
        if (a->error == -ETIMEDOUT) /* it may be done yet */
            take_back(n);
        negotiation_error(n, a);
    } else if (!c || c->stream) {
        take_back(n);
        rpc_error(n->rq, RPC_TRANSPORT, "The session was left");
    } else {
        n->published = NULL;
        trust_offer(st, a->result);
        stream_attach(st, c);
        trickle_settle(n->app, c, st->id);
        events_stream_begun(st);
        reply_published(n->rq, st, a);
        events_stream_published(st);
    }
    negotiation_free(n);
}

void rpc_publish_video(struct rpc *rq)
{
    struct connection *c = rq->client->participant;
    const char *offer = rpc_string(rq, "sdpOffer");
    struct stream *st;

    if (!offer)
        return;
    if (c->stream) {
        rpc_error(rq, RPC_USER_ALREADY_STREAMING, "User '%s' is already streaming in session '%s'",
                  c->id, c->session->id);
        return;
    }
    st = described(rq, c);
    if (st)
        publish(rq, c, st);
}

static void on_published_again(const struct link_answer *a, void *arg)
{
    struct negotiation *n = arg;
    struct connection *c = negotiation_participant(n);
    struct stream *st = c && c->stream && strcmp(c->stream->id, n->stream) == 0 ? c->stream : NULL;

    if (st && take_other_codec(st, c, a))
        publish_again(n->rq, st);
    else if (a->error)
        negotiation_error(n, a);
    else if (!st)
        rpc_error(n->rq, RPC_USER_NOT_STREAMING, "The stream was unpublished");
    else {
        blob_clear(&st->trickled);
        reply_published(n->rq, st, a);
    }
    negotiation_free(n);
}

/* What c publishes, or NULL after answering. */
static struct stream *own_stream(struct rpc *rq)
{
    struct connection *c = rq->client->participant;

    if (!c->stream)
        rpc_error(rq, RPC_USER_NOT_STREAMING, "User '%s' is not streaming in session '%s'", c->id,
                  c->session->id);
    return c->stream;
}

void rpc_unpublish_video(struct rpc *rq)
{
    struct stream *st = own_stream(rq);

    if (!st)
        return;
    lifecycle_unpublish(rq->app, st, false, REASON_UNPUBLISH);
    rpc_reply(rq, NULL);
}

void rpc_video_data(struct rpc *rq)
{
    rpc_reply(rq, NULL);
}

static bool change_active(bool *active, json_t *value)
{
    if (!json_is_boolean(value))
        return false;
    *active = json_is_true(value);
    return true;
}

/* Takes the new value over as far as later joiners and REST see it; false: not a value for it. */
static bool change(struct stream *st, const char *property, json_t *value)
{
    if (strcmp(property, "audioActive") == 0)
        return change_active(&st->audio_active, value);
    if (strcmp(property, "videoActive") == 0)
        return change_active(&st->video_active, value);
    if (strcmp(property, "videoDimensions") == 0)
        return json_is_string(value) && stream_set_dimensions(st, json_string_value(value)) == 0;
    if (strcmp(property, "audioTrack") == 0 || strcmp(property, "videoTrack") == 0)
        return json_is_object(value);
    return false;
}

void rpc_stream_property_changed(struct rpc *rq)
{
    const char *property = rpc_string(rq, "property");
    const char *reason;
    struct stream *st;
    json_t *value;

    if (!property || !(value = rpc_param(rq, "newValue")) || !(reason = rpc_string(rq, "reason")))
        return;
    st = own_stream(rq);
    if (!st)
        return;
    if (strlen(reason) > REASON_LEN_MAX || !change(st, property, value)) {
        rpc_error(rq, RPC_MISSING_PARAMETER, "Property '%.32s' of a stream cannot have this value",
                  property);
        return;
    }
    stream_changed(st);
    events_stream_changed(st, property, value, reason);
    rpc_reply(rq, NULL);
}
